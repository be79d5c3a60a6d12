//! The node without I/O: events in, commits and actions out.
//!
//! ```text
//! shell ──Event──▶ Group::step ──▶ Draft: a verb decides ──▶ facts ──fold──▶ rows
//!                      │                                       │
//! shell ◀──Commit── Group::finish: facts (log), changes (view), actions once durable
//! ```
//!
//! There is no other way to change state. To add a verb: its variant in `command.rs`, its file under `ticket/`, its arm in
//! `dispatch.rs`, its role in `policy/roles.rs`. To add a timer: its key in `row.rs`, its row in `timers.rs`.

pub(crate) mod attachments;
mod conduct;
mod context;
mod dispatch;
mod draft;
mod early;
mod event;
mod fold;
mod group;
mod joint;
mod keys;
mod legs;
mod offered;
mod outcome;
mod parked;
mod plain;
mod receive;
pub(crate) mod reckon;
mod reconcile;
mod reopen;
mod sealed;
mod send;
#[cfg(test)]
mod tests;
mod timers;
mod tracing;
mod watch;
mod witness;
mod world;

pub use context::{Now, World, is_own_unit};
pub use draft::Draft;
pub use event::{Action, Commit, Event, Gather, Input, LinkNews};
pub use fold::{
    COUNTED_BELOW, FIRST_EPOCH, epoch_after, epoch_words, fold, fold_commit, next_epoch,
    timers_until,
};
pub use group::Group;
pub use joint::{forward as forward_result, joint_legs, name as name_lead};
pub use outcome::Stop;
pub use sealed::destroy as destroy_keys;
pub use timers::next_timer;
pub use tracing::Tracing;
pub use world::{bytes_of, documents};
