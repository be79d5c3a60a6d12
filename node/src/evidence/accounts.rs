//! What a file says of its node's days and epochs: where each letter stands in them, and the chain that neighbours signed
//! for (see [`hotline_domain::tally`]).

use super::bundle::{Letter, Way};
use crate::codec::Malformed;
use crate::codec::field::Field as _;
use crate::codec::form::{Coded as _, coded, exactly};
use hotline_domain::evidence::merkle;
use hotline_domain::link::LogHead;
use hotline_domain::tally::{self, Day, extend};
use hotline_proto::evidence::v1 as pb;
use hotline_topology::{RegionKey, Time};
use std::collections::BTreeMap;

/// The days that hold a letter shown, with the chain that leads to the last.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Accounts {
    /// Number of the first day that is told.
    pub first: u64,
    /// The value of the chain before it.
    pub before: [u8; 32],
    /// What stands in the chain for each day from then on.
    pub chain: Vec<[u8; 32]>,
    /// The days that hold a letter shown, and the last.
    pub days: Vec<Day>,
}

impl Accounts {
    /// The value of the chain after each day told, by number; also before the first.
    #[must_use]
    pub fn values(&self) -> BTreeMap<u64, [u8; 32]> {
        let mut value = self.before;
        let mut values = BTreeMap::from([(self.first.saturating_sub(1), value)]);
        for (no, day) in (self.first..).zip(&self.chain) {
            value = extend(&value, day);
            values.insert(no, value);
        }
        values
    }

    /// The number of the last day.
    #[must_use]
    pub fn last(&self) -> u64 {
        let days = u64::try_from(self.chain.len()).unwrap_or(u64::MAX);
        self.first.saturating_add(days).saturating_sub(1)
    }

    /// A day that is told whole, and stands so in the chain.
    #[must_use]
    pub fn day(&self, no: u64) -> Option<&Day> {
        let at = usize::try_from(no.checked_sub(self.first)?).ok()?;
        let digest = self.chain.get(at)?;
        let mut days = self.days.iter();
        days.find(|day| day.no == no && day.digest() == *digest)
    }
}

/// Where a letter stands in its day's account.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Place {
    /// The day's number.
    pub day: u64,
    /// Which entry, from 0.
    pub index: u32,
    /// To the day's root.
    pub path: Vec<[u8; 32]>,
}

/// Whether a letter of the node's log stands in the day, at that place.
#[must_use]
pub fn stands(node: RegionKey, letter: &Letter, place: &Place, day: &Day) -> bool {
    let entry = match letter.way {
        Way::Sent(..) if letter.envelope.author == node => tally::sent(&letter.envelope),
        Way::Sent(..) => return false,
        Way::Received(effect) => tally::received(&letter.envelope, effect),
    };
    let entries = u32::try_from(day.entries).unwrap_or(u32::MAX);
    let root = merkle::root(&entry, place.index, entries, &place.path);
    root == Some(day.root) && day.from <= letter.commit && letter.commit <= day.to
}

/// A new epoch of a log.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Restart {
    /// How it came.
    pub kind: RestartKind,
    /// Where the log stood in the epoch that ended.
    pub ended: LogHead,
    /// The epoch that began.
    pub began: u64,
    /// When, by the node's clock.
    pub at: Time,
}

/// How a new epoch came.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RestartKind {
    /// Put back to a backup, as its people said.
    Restored,
    /// Found out by what a neighbour remembered.
    FoundOut,
}

coded!(RestartKind => pb::restart::Kind { Restored, FoundOut });

pub(super) fn to(accounts: &Accounts) -> pb::Accounts {
    pb::Accounts {
        first: accounts.first,
        before: accounts.before.to_vec(),
        chain: accounts.chain.iter().map(|day| day.to_vec()).collect(),
        days: accounts.days.iter().map(Day::put).collect(),
    }
}

pub(super) fn from(proto: pb::Accounts) -> Result<Accounts, Malformed> {
    let chain = proto.chain.iter();
    let chain = chain.map(|day| exactly(day, "Accounts.chain"));
    let days = proto.days.into_iter();
    let days = days.map(|day| Day::take(day, "Accounts.days"));
    Ok(Accounts {
        first: proto.first,
        before: exactly(&proto.before, "Accounts.before")?,
        chain: chain.collect::<Result<_, _>>()?,
        days: days.collect::<Result<_, _>>()?,
    })
}

pub(super) fn place_to(place: &Place) -> pb::Place {
    pb::Place {
        day: place.day,
        index: place.index,
        path: place.path.iter().map(|hash| hash.to_vec()).collect(),
    }
}

pub(super) fn place_from(proto: pb::Place) -> Result<Place, Malformed> {
    let path = proto.path.iter();
    let path = path.map(|hash| exactly(hash, "Place.path"));
    Ok(Place {
        day: proto.day,
        index: proto.index,
        path: path.collect::<Result<_, _>>()?,
    })
}

pub(super) fn restart_to(restart: &Restart) -> pb::Restart {
    pb::Restart {
        kind: restart.kind.code(),
        ended: restart.ended.epoch,
        began: restart.began,
        commit: restart.ended.commit,
        hash: restart.ended.hash.to_vec(),
        at_ms: restart.at.0,
    }
}

pub(super) fn restart_from(proto: pb::Restart) -> Result<Restart, Malformed> {
    Ok(Restart {
        kind: RestartKind::from_code(proto.kind, "Restart.kind")?,
        ended: LogHead {
            epoch: proto.ended,
            commit: proto.commit,
            hash: exactly(&proto.hash, "Restart.hash")?,
        },
        began: proto.began,
        at: Time(proto.at_ms),
    })
}
