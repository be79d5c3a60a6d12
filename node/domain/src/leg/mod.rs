//! The leg (交办): the contract on a matter between a giver and a taker.

mod act;
mod state;

pub use act::{Act, Asking, Due, Lane, LegKind, LegRole, Offer, Party, RecallGround, RuleVersion};
pub use state::{Closure, Leg, Order, Outcome, Request, Side, Stage};
