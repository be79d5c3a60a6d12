//! Deliberate breaks: faults of the program itself, as decorators around its seams. The product knows nothing of them.
//! Each must be found by a promise within the first seeds ([`hunt::SEEDS`]); if one is not, the promises look away.
//!
//! To add a break: its type in the file of its kind, its line in [`all`].

mod apply;
mod commits;
pub mod hunt;
mod ledger;
mod rows;
mod shell;

use crate::sim::node::Node;
use hotline_domain::kernel::{Commit, Event};
use hotline_topology::RegionKey;

/// What a break may touch.
pub trait Break {
    /// Events of a group before the kernel sees them.
    fn events(&mut self, me: RegionKey, events: &mut Vec<Event>) {
        let _ = (me, events);
    }

    /// What came in and how it was decided: edits the facts of a group. True when it did, so that rows must be folded
    /// anew.
    fn commit(&mut self, node: &Node, events: &[Event], commit: &mut Commit) -> bool {
        let _ = (node, events, commit);
        false
    }

    /// Edits the rows that a commit leaves, after all else.
    fn rows(&mut self, node: &Node, commit: &mut Commit) {
        let _ = (node, commit);
    }

    /// Edits what a node finds when it comes back.
    fn recovered(&mut self, node: &mut Node) {
        let _ = node;
    }

    /// Whether rows are applied and actions performed before the sync.
    fn hasty(&self) -> bool {
        false
    }

    /// Whether timers fire whatever the watch over the clock says.
    fn trusts_clock(&self) -> bool {
        false
    }

    /// Whether keys that were destroyed stay in the key file.
    fn keeps_keys(&self) -> bool {
        false
    }

    /// Whether what is for a far node leaves as it was written.
    fn seals_nothing(&self) -> bool {
        false
    }

    /// Whether an envelope is acknowledged as it arrives.
    fn acknowledges_unread(&self) -> bool {
        false
    }
}

/// The program as it is.
pub struct Whole;

impl Break for Whole {}

/// Makes a break, fresh for a seed.
pub type Make = fn() -> Box<dyn Break>;

/// Every break with its name.
#[must_use]
pub fn all() -> Vec<(&'static str, Make)> {
    vec![
        ("acknowledges before the commit", || Box::new(shell::Unread)),
        ("acts before the sync", || Box::new(shell::Hasty)),
        ("forgets the mark when it comes back", || {
            Box::new(shell::ForgetsMarks)
        }),
        ("forgets timers when it comes back", || {
            Box::new(shell::ForgetsTimers)
        }),
        ("draws the same bits after each start", || {
            Box::<shell::SameBits>::default()
        }),
        ("is blind to a rollback", || {
            Box::new(shell::BlindToRollback)
        }),
        ("forgets its starts when it comes back", || {
            Box::new(shell::ForgetsStarts)
        }),
        ("proves nothing of what it tells", || {
            Box::new(shell::ReadsNoLetters)
        }),
        ("skips a timer", || Box::<commits::SkipsTimers>::default()),
        ("counts twice", || Box::<commits::CountsTwice>::default()),
        ("applies a message twice", || {
            Box::<commits::AppliesTwice>::default()
        }),
        ("loses an outgoing envelope", || {
            Box::<commits::LosesOutgoing>::default()
        }),
        ("loses receipts", || Box::new(commits::LosesReceipts)),
        ("keeps no order of a superior", || {
            Box::new(commits::KeepsNoOrders)
        }),
        ("orders who raised a matter", || {
            Box::new(commits::OrdersWhoRaisedIt)
        }),
        ("takes orders in another's name", || {
            Box::new(apply::TakesAnyonesOrders)
        }),
        ("drops a fact of a group", || {
            Box::<commits::DropsFacts>::default()
        }),
        ("opens texts without a record", || {
            Box::<commits::RecordsNoReading>::default()
        }),
        ("strips no fields", || Box::new(commits::StripsNothing)),
        ("accepts any author", || Box::new(apply::AcceptsAnyAuthor)),
        ("accepts what nobody signed", || {
            Box::new(apply::AcceptsUnsigned)
        }),
        ("receipts no hand-over", || {
            Box::<commits::ReceiptsNothing>::default()
        }),
        ("tells no neighbour its days", || {
            Box::new(commits::TellsNoDay)
        }),
        ("leaves entries out of a day", || {
            Box::<commits::LeavesEntriesOut>::default()
        }),
        ("forgets what is parked", || {
            Box::new(commits::ForgetsParked)
        }),
        ("forgets legs when the tree changes", || {
            Box::new(commits::ForgetsAtReforms)
        }),
        ("keeps keys that it destroyed", || {
            Box::new(shell::KeepsKeys)
        }),
        ("seals nothing", || Box::new(shell::SealsNothing)),
        ("keeps no copies of what it sealed", || {
            Box::new(commits::KeepsNoCopies)
        }),
        ("takes fields that an edge keeps", || {
            Box::new(apply::TakesAnyField)
        }),
        ("lets anyone do anything", || {
            Box::new(apply::AnyoneMayDoAnything)
        }),
        ("moves no mark", || Box::<ledger::MovesNoMark>::default()),
        ("gives a number twice", || {
            Box::<ledger::SameNumber>::default()
        }),
        ("does a command again", || Box::new(ledger::KeepsNoKeys)),
        ("forgets to count", || {
            Box::<ledger::ForgetsToCount>::default()
        }),
        ("counts what others counted", || {
            Box::<ledger::CountsForOthers>::default()
        }),
        ("lets a deadline pass without effect", || {
            Box::new(ledger::DeadlineWithoutEffect)
        }),
        ("takes more time than its giver gave", || {
            Box::new(ledger::TakesMoreTime)
        }),
        ("lets its time run backwards", || {
            Box::<ledger::TimeRunsBack>::default()
        }),
        ("closes over an open leg", || {
            Box::<ledger::ClosesEarly>::default()
        }),
        ("writes a field in the clear", || {
            Box::new(ledger::WritesInTheClear)
        }),
        ("uses its epoch again", || Box::new(ledger::KeepsItsEpoch)),
        ("trusts any clock", || Box::new(ledger::TrustsAnyClock)),
        ("loses rows of the outbox", || {
            Box::<rows::LosesOutboxRows>::default()
        }),
        ("forgets what it gave", || Box::new(rows::ForgetsWhatItGave)),
        ("forgets a matter when it comes back", || {
            Box::new(shell::ForgetsAMatter)
        }),
        ("lets an older term of the lead win", || {
            Box::new(rows::OlderTermWins)
        }),
        ("writes rows that its facts do not give", || {
            Box::new(rows::LosesRows)
        }),
    ]
}
