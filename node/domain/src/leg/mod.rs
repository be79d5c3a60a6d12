//! The leg (交办): the contract on a matter between a giver and a taker.
//!
//! A leg is the fold of its acts. Each act is recorded by its author, travels, and is recorded by the other side:
//!
//! ```text
//!      author's node                                     other side's node
//!
//!      check ──► fact ──► apply ─ ─ ─ ─ act ─ ─ ─ ─► receive ──► fact ──► apply
//!                                                                           │
//!                                    upward legs, at the giver: automatic ◄─┘  its ruling, in the same commit
//! ```
//!
//! ```text
//!                 receipt               sign
//!      Offered ───────────► Delivered ─────────► Signed      requests, progress, orders and due dates
//!         │                     │                   │        leave the stage as it is
//!         └─────────────────────┴───────────────────┘
//!                               │  granted return, accepted escalation, accepted result, recall
//!                               ▼
//!                            Closed
//! ```
//!
//! The rules of the machine:
//!
//! - **The giver alone closes.** What it commits first counts; the taker closes on the giver's message and on nothing
//!   else. A closing closes whatever else is under way: the taker's open request then ends as late, is kept on both
//!   sides, and may be adopted by a decision.
//! - **One request at a time.** A newer one withdraws the older; numbers rise by one. A ruling names the request that
//!   it answers and what was asked. Where the taker has asked something newer meanwhile, a ruling still counts for what
//!   it says (a denial is counted, a due date takes effect, a closing closes), and leaves the newer request open unless
//!   it closed the leg. A withdrawal that the giver had not heard of when it ruled has no effect.
//! - **Orders need no consent**, and a supervision order ends only by its issuer: so it outlives the leg, and can be
//!   replied to, reminded of and ended after the closing. A closed leg takes no new one. A superior's order goes
//!   straight to the taker and is between the two: the giver's record need not have it.
//! - **Numbers decide, not arrival.** Due dates and terms of the lead rise; an older one has no effect.
//! - **A passed due date** is recorded by each side's clock, told to the other side or not: it is the same fact on both.
//!   Whether the taker is overdue is read from it: not where a result was reported by then ([`Leg::overdue`]). A result
//!   that is sent back after the date makes it overdue, so the clock must look again then.
//! - **On an upward leg** the giver is the lower node. Signing is the superior's acceptance, and only with its commit
//!   at the giver custody moves. Before it, the superior declines by a return; after it, it answers by a result; both
//!   are granted by the giver's commit at once ([`automatic`]).
//! - **For a unit of the giver's own node** both parties act on one record, and every act takes effect at once.
//!
//! Where the rules stand: what no crossing can excuse in `contract.rs`, what the own record allows in `check.rs`, what
//! arrives in `receive.rs`, what an act makes of a record in `apply.rs`. To add an act you touch `act.rs` (variant,
//! name, party), those four, the table below, and the codec; the compiler finds all but the table.
//!
//! Links keep the order of a leg's messages in each direction and deliver each once; the two directions are
//! independent. `tests/interleavings.rs` explores all that two sides can do to each other within eight messages: in
//! every world one party answers for the leg, and whenever nothing is under way, both records agree. It also lets a
//! link be re-opened after a rollback: what comes a second time has no second effect (but on how often was reminded or
//! denied), and a taker that forgot the leg, and got it back by a repeated offer, is heard again though it counts its
//! requests anew: a request is news by its number or by its time.
//!
#![doc = include_str!("crossings.md")]

mod act;
mod apply;
mod asking;
mod automatic;
mod check;
mod contract;
mod offer;
mod receive;
mod state;
#[cfg(test)]
pub(crate) mod tests;
mod word;

pub use act::{Act, Party, RecallGround};
pub use asking::{Asking, RequestKind};
pub use automatic::automatic;
pub use check::check;
pub(crate) use contract::permits;
pub use offer::{Due, Lane, LegKind, LegRole, Offer, RuleVersion};
pub use receive::{Reception, receive};
pub use state::{Closure, Leg, Order, Outcome, Request, Side, Stage};
pub use word::stage_word;
