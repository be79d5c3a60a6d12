//! Days, as the log tells them: where each letter that is shown stands, and the chain that leads from there to the last.

use crate::evidence::accounts::{Accounts, Place};
use crate::evidence::bundle::Letter;
use hotline_domain::evidence::merkle;
use hotline_domain::fact::Fact;
use hotline_domain::tally::{Day, entry_of, extend};
use hotline_topology::RegionKey;

/// The accounts so far.
#[derive(Default)]
pub(super) struct Days {
    /// The last day that ended, and the value of the chain before it; `None` before accounts were opened.
    last: Option<(Day, [u8; 32])>,
    value: [u8; 32],
    /// Entries of the day that runs.
    entries: Vec<[u8; 32]>,
    /// Letters that are shown, with their entries of the day that runs.
    shown: Vec<(usize, usize)>,
    /// From the first day with a letter that is shown on.
    told: Option<Accounts>,
}

impl Days {
    /// Takes the next fact; answers which entry of the day it makes.
    pub(super) fn enter(&mut self, me: RegionKey, fact: &Fact) -> Option<usize> {
        self.last.as_ref()?;
        self.entries.push(entry_of(me, fact)?);
        Some(self.entries.len() - 1)
    }

    /// A letter that is shown made an entry.
    pub(super) fn show(&mut self, letter: usize, entry: usize) {
        self.shown.push((letter, entry));
    }

    /// A day ends: letters learn their places.
    pub(super) fn close(&mut self, day: Day, letters: &mut [Letter]) {
        if self.last.is_none() {
            self.last = Some((day, self.value));
            return;
        }
        let (digest, before) = (day.digest(), self.value);
        if !self.shown.is_empty() {
            self.told.get_or_insert_with(|| Accounts {
                first: day.no,
                before,
                chain: Vec::new(),
                days: Vec::new(),
            });
            let (_, paths) = merkle::tree(&self.entries);
            for (letter, entry) in self.shown.drain(..) {
                letters[letter].place = Some(Place {
                    day: day.no,
                    index: u32::try_from(entry).unwrap_or(u32::MAX),
                    path: paths[entry].clone(),
                });
            }
        }
        if let Some(told) = &mut self.told {
            told.chain.push(digest);
            told.days.push(day);
        }
        self.value = extend(&before, &digest);
        self.last = Some((day, before));
        self.entries.clear();
    }

    /// What the file says of them: the days that hold one of these letters, and the last.
    pub(super) fn finish(self, letters: &[Letter]) -> Option<Accounts> {
        let (last, before) = self.last.filter(|(last, _)| last.no > 0)?;
        let Some(mut told) = self.told else {
            return Some(Accounts {
                first: last.no,
                before,
                chain: vec![last.digest()],
                days: vec![last],
            });
        };
        let places = letters.iter().filter_map(|letter| letter.place.as_ref());
        let of: std::collections::BTreeSet<u64> = places.map(|place| place.day).collect();
        told.days
            .retain(|day| day.no == last.no || of.contains(&day.no));
        Some(told)
    }
}
