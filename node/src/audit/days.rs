//! Days: each account that a node closed is over what its log holds, and what neighbours signed for is what it closed.

use super::Verdict;
use crate::codec::payload::Codec;
use hotline_domain::evidence::merkle;
use hotline_domain::fact::Fact;
use hotline_domain::kernel::{FIRST_EPOCH, epoch_after};
use hotline_domain::link::{Message, MessageKind, Wire as _};
use hotline_domain::tally::{Day, Held, entry_of, extend};
use hotline_topology::RegionKey;
use std::collections::BTreeMap;

/// What one log says of its own days, and what it took down of others'.
pub(super) struct Days {
    epoch: u64,
    opened: Option<Day>,
    /// Entries since the last day ended.
    entries: Vec<[u8; 32]>,
    /// The values of the chain, by epoch and number.
    values: BTreeMap<(u64, u64), [u8; 32]>,
    last: (u64, [u8; 32]),
    heard: Vec<(RegionKey, Held)>,
    faults: Vec<String>,
}

impl Default for Days {
    fn default() -> Self {
        Self {
            epoch: FIRST_EPOCH,
            opened: None,
            entries: Vec::new(),
            values: BTreeMap::new(),
            last: (0, [0; 32]),
            heard: Vec::new(),
            faults: Vec::new(),
        }
    }
}

impl Days {
    /// Takes a fact of the log of node `me`.
    pub(super) fn take(&mut self, me: RegionKey, no: u64, fact: &Fact) {
        self.epoch = epoch_after(self.epoch, [fact]);
        if self.opened.is_some() {
            self.entries.extend(entry_of(me, fact));
        }
        match fact {
            Fact::DayClosed(day) => self.closed(me, no, *day),
            Fact::Received { envelope, .. } if envelope.kind == MessageKind::Tally as u32 => {
                let head = envelope.proof.as_ref().and_then(|proof| proof.head);
                let said = Codec.decode(envelope.kind, &envelope.payload);
                if let (Some(head), Ok(Message::Tally(said))) = (head, said) {
                    let held = Held {
                        epoch: head.epoch,
                        no: said.day.no,
                        value: said.value(),
                    };
                    self.heard.push((envelope.author, held));
                }
            }
            _ => {}
        }
    }

    fn closed(&mut self, me: RegionKey, no: u64, day: Day) {
        let Some(before) = self.opened.replace(day) else {
            if day.no != 0 {
                let words = format!("{me} 的日账从第 {} 日开始，而不是从头", day.no);
                self.faults.push(words);
            }
            return;
        };
        let root = merkle::tree(&self.entries).0;
        let entries = u64::try_from(self.entries.len()).unwrap_or(u64::MAX);
        let wanted = Day {
            no: before.no + 1,
            opened: before.opened,
            from: before.to,
            to: no,
            at: day.at,
            entries,
            root,
        };
        if day != wanted {
            let words = format!(
                "{me} 的第 {} 日账目与其日志不符：账上 {} 项，日志 {entries} 项",
                day.no, day.entries
            );
            self.faults.push(words);
        }
        self.entries.clear();
        self.last = (day.no, extend(&self.last.1, &day.digest()));
        self.values.insert((self.epoch, day.no), self.last.1);
    }
}

/// What was told to a neighbour under an epoch was closed by then, under that epoch or before it.
fn value(days: &Days, told: &Held) -> Option<[u8; 32]> {
    let until = days.values.range(..=(told.epoch, u64::MAX)).rev();
    let mut of_that_day = until.filter(|((_, no), _)| *no == told.no);
    of_that_day.next().map(|(_, value)| *value)
}

pub(super) fn judge(all: &BTreeMap<RegionKey, Days>, verdict: &mut Verdict) {
    for (node, days) in all {
        for words in &days.faults {
            verdict.fault(words.clone());
        }
        for (author, held) in &days.heard {
            let Some(own) = all.get(author) else { continue };
            // A disk that went back under an older epoch has lost what it had told.
            let Some(value) = value(own, held).filter(|_| held.epoch == own.epoch) else {
                continue;
            };
            if value != held.value {
                verdict.fault(format!(
                    "{node} 收存的 {author} 第 {} 日账目，与 {author} 自己的日志不是同一份",
                    held.no
                ));
            }
        }
    }
}
