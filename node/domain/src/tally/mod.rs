//! Tallies (对账): once a day a node closes an account over all that it signed and received, and neighbours sign for each
//! other's newest one.
//!
//! ```text
//! letters ──entry──▶ Peaks ──day ends──▶ Day ──digest──▶ chain of days ──Tally──▶ neighbour, which holds its newest value
//! ```
//!
//! A day's value covers every letter before it: whoever holds one that its neighbour signed for can show years later that
//! a letter lay in a log by then, and no letter can be put under that day afterwards. Two values of one day are two views
//! of one log; the neighbour that holds the first notices with the next tally (`judge.rs`). Only hashes travel.
//!
//! | file | what |
//! | --- | --- |
//! | peaks | the root over a day's entries as they come (RFC 9162, 2.1) |
//! | judge | what a neighbour's tally is to one that holds an earlier one |

mod judge;
mod peaks;

pub use judge::{Heard, Quoted, hear, quoted};
pub use peaks::Peaks;

use crate::evidence::{Effect, is_kept};
use crate::fact::Fact;
use crate::id::EnvelopeId;
use crate::link::Envelope;
use hotline_topology::{RegionKey, Time};
use sha2::{Digest as _, Sha256};

/// A day that holds so many entries ends before its time: a path to its root stays short.
pub const ENTRIES_MAX: u64 = 4096;
/// Most days that one tally steps over; what is older was not heard of for longer.
pub const SINCE_MAX: usize = 4096;

/// An account that is closed. Commits are numbers of records of its node's log.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Day {
    /// Its number, from 1; 0 opens the accounts.
    pub no: u64,
    /// The commit that opened the accounts: what was signed or received before it stands in none.
    pub opened: u64,
    /// The commit in which the day before ended; what followed in it is this day's.
    pub from: u64,
    /// The commit in which it ended.
    pub to: u64,
    /// When.
    pub at: Time,
    /// How many entries it has.
    pub entries: u64,
    /// The root over them.
    pub root: [u8; 32],
}

impl Day {
    /// What stands for it in the chain of days.
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        let mut hash = Sha256::new();
        hash.update(b"hotline day 1");
        for number in [self.no, self.opened, self.from, self.to, self.entries] {
            hash.update(number.to_be_bytes());
        }
        hash.update(self.at.0.to_be_bytes());
        hash.update(self.root);
        hash.finalize().into()
    }
}

/// The value of the chain after one day more; before the first it is zeroes.
#[must_use]
pub fn extend(before: &[u8; 32], day: &[u8; 32]) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(b"hotline days 1");
    hash.update(before);
    hash.update(day);
    hash.finalize().into()
}

/// What stands for an own letter in its day.
#[must_use]
pub fn sent(envelope: &Envelope) -> [u8; 32] {
    entry(1, envelope.author, envelope.id, &envelope.statement(), 0)
}

/// What stands for a letter that was received, with what came of it.
#[must_use]
pub fn received(envelope: &Envelope, effect: Effect) -> [u8; 32] {
    let (author, statement) = (envelope.author, envelope.statement());
    let effect = match effect {
        Effect::Applied => 1,
        Effect::Late => 2,
        Effect::Void => 3,
        Effect::Refused => 4,
    };
    entry(2, author, envelope.id, &statement, effect)
}

/// What a fact of the log of node `me` enters into its day: letters that are kept as evidence, its own as they are queued and
/// others' as they were received. What it only passes on is its authors'.
#[must_use]
pub fn entry_of(me: RegionKey, fact: &Fact) -> Option<[u8; 32]> {
    match fact {
        Fact::Queued { envelope, .. } if envelope.author == me && is_kept(envelope.kind) => {
            Some(sent(envelope))
        }
        Fact::Received {
            envelope, effect, ..
        } => Some(received(envelope, *effect)),
        _ => None,
    }
}

fn entry(way: u8, author: RegionKey, id: EnvelopeId, statement: &[u8; 32], effect: u8) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(b"hotline entry 1");
    hash.update([way, effect]);
    hash.update(author.as_bytes());
    hash.update(id.0);
    hash.update(statement);
    hash.finalize().into()
}

/// A node's own accounts: the chain so far, and the day that runs.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Diary {
    /// The last day that ended; its number is 0 where none has.
    pub last: Day,
    /// The value of the chain after it.
    pub value: [u8; 32],
    /// Entries since.
    pub open: Peaks,
}

impl Diary {
    /// Accounts that are opened in a commit.
    #[must_use]
    pub fn opened(day: Day) -> Self {
        Self {
            last: day,
            value: [0; 32],
            open: Peaks::default(),
        }
    }

    /// The day that runs, were it to end in this commit.
    #[must_use]
    pub fn day(&self, commit: u64, at: Time) -> Day {
        Day {
            no: self.last.no + 1,
            opened: self.last.opened,
            from: self.last.to,
            to: commit,
            at,
            entries: self.open.entries(),
            root: self.open.root(),
        }
    }

    /// After the day has ended.
    #[must_use]
    pub fn closed(&self, day: Day) -> Self {
        Self {
            value: extend(&self.value, &day.digest()),
            last: day,
            open: Peaks::default(),
        }
    }
}

/// The newest day of somebody, as another holds it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Held {
    /// The epoch under which it was told.
    pub epoch: u64,
    /// Its number.
    pub no: u64,
    /// The value of the chain after it.
    pub value: [u8; 32],
}

/// What is known of a neighbour's accounts, and what it knows of this node's.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Account {
    /// Its newest day.
    pub held: Option<Held>,
    /// The epoch of this node when it took that down: a restored node may have forgotten what it signed for.
    pub held_under: u64,
    /// The newest own day that it signed for.
    pub quoted: u64,
    /// The last tally sent to it.
    pub told: Option<Told>,
}

/// A tally that was sent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Told {
    /// The day that it told.
    pub no: u64,
    /// How often the lanes of the link had begun again by then.
    pub restarts: u64,
    /// Its number on its lane.
    pub seq: u64,
}

/// A node's newest day, said to a neighbour. The epoch is that of its signature.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Tally {
    /// The day.
    pub day: Day,
    /// The number of a day that the neighbour signed for, or 0.
    pub base: u64,
    /// The value of the chain after that.
    pub before: [u8; 32],
    /// What stands in the chain for the days between the two.
    pub since: Vec<[u8; 32]>,
    /// The neighbour's newest day that this node holds: it signs for it.
    pub yours: Option<Held>,
}

impl Tally {
    /// The values of the chain after each day from its base on, and each day's number.
    fn values(&self) -> impl Iterator<Item = (u64, [u8; 32])> + '_ {
        let own = self.day.digest();
        let days = self.since.iter().copied().chain([own]);
        let mut value = self.before;
        let told = days.zip(1..).map(move |(day, step)| {
            value = extend(&value, &day);
            (self.base.saturating_add(step), value)
        });
        [(self.base, self.before)].into_iter().chain(told)
    }

    /// The value of the chain after its day.
    #[must_use]
    pub fn value(&self) -> [u8; 32] {
        self.values().last().map_or(self.before, |(_, value)| value)
    }

    /// Whether base and days between lead to its day.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        let steps = u64::try_from(self.since.len()).unwrap_or(u64::MAX);
        let leads = self
            .base
            .checked_add(steps)
            .and_then(|no| no.checked_add(1));
        let starts = self.base > 0 || self.before == [0; 32];
        leads == Some(self.day.no) && starts && self.day.from <= self.day.to
    }
}
