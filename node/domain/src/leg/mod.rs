//! The leg (交办): the contract on a matter between a giver and a taker.

mod act;
mod apply;
mod automatic;
mod check;
mod contract;
mod receive;
mod state;
mod word;

pub use act::{
    Act, Asking, Due, Lane, LegKind, LegRole, Offer, Party, RecallGround, RequestKind, RuleVersion,
};
pub use automatic::automatic;
pub use check::check;
pub use receive::{Reception, receive};
pub use state::{Closure, Leg, Order, Outcome, Request, Side, Stage};
pub use word::stage_word;
