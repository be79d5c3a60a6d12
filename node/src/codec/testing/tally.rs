//! Accounts of each day.

use super::Draw;
use hotline_domain::fact::Fact;
use hotline_domain::row::{Row, RowKey};
use hotline_domain::tally::{Account, Day, Diary, Held, Peaks, Tally, Told};

impl Draw {
    fn day(&mut self) -> Day {
        Day {
            no: self.number(),
            opened: self.number(),
            from: self.number(),
            to: self.number(),
            at: self.time(),
            entries: self.number(),
            root: self.bytes(),
        }
    }

    fn held(&mut self) -> Held {
        Held {
            epoch: self.number(),
            no: self.number(),
            value: self.bytes(),
        }
    }

    pub(crate) fn tally(&mut self) -> Tally {
        Tally {
            day: self.day(),
            base: self.number(),
            before: self.bytes(),
            since: (0..self.below(4)).map(|_| self.bytes()).collect(),
            yours: self.maybe(Draw::held),
        }
    }

    fn account(&mut self) -> Account {
        Account {
            held: self.maybe(Draw::held),
            held_under: self.number(),
            quoted: self.number(),
            told: self.maybe(|draw| Told {
                no: draw.number(),
                restarts: draw.number(),
                seq: draw.number(),
            }),
        }
    }

    fn diary(&mut self) -> Diary {
        let mut open = Peaks::default();
        for _ in 0..self.below(20) {
            open.add(&self.bytes());
        }
        Diary {
            last: self.day(),
            value: self.bytes(),
            open,
        }
    }
}

/// One of each fact about accounts.
pub(super) fn facts(draw: &mut Draw) -> Vec<Fact> {
    vec![
        Fact::DayClosed(draw.day()),
        Fact::Accounted {
            peer: draw.region(),
            account: draw.account(),
        },
    ]
}

/// One of each row about accounts.
pub(super) fn rows(draw: &mut Draw) -> Vec<Row> {
    vec![
        Row::Diary(Box::new(draw.diary())),
        Row::Day(draw.bytes(), draw.bytes()),
        Row::Account(Box::new(draw.account())),
    ]
}

/// One of each key of those rows.
pub(super) fn keys(draw: &mut Draw) -> Vec<RowKey> {
    vec![
        RowKey::Diary,
        RowKey::Day(draw.number()),
        RowKey::Account(draw.region()),
    ]
}
