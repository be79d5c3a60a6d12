//! What a tally is to a neighbour that holds an earlier one of the same author, and to the author that sees itself quoted.
//!
//! | held | told | it |
//! | --- | --- | --- |
//! | nothing, or under a lower epoch | – | is new |
//! | under a higher epoch | – | is old |
//! | day `n` | a day before `n` | is old |
//! | day `n` | a chain through `n` with the value held | goes on |
//! | day `n` | a chain through `n` with another value, or a base above what was signed for | is another log |
//!
//! A node that was restored since may have forgotten what it signed for: then a base above what it holds is new.

use super::{Account, Held, Tally};

/// See the table above.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Heard {
    /// It is taken down.
    New(Held),
    /// It says nothing new.
    Old,
    /// It belongs to another log than the one that was signed for.
    Forked,
}

/// What a tally is, told under `epoch` to a node that is itself in epoch `own`.
#[must_use]
pub fn hear(account: &Account, said: &Tally, epoch: u64, own: u64) -> Heard {
    let new = Heard::New(Held {
        epoch,
        no: said.day.no,
        value: said.value(),
    });
    let Some(held) = account.held.filter(|held| held.epoch >= epoch) else {
        return new;
    };
    if held.epoch > epoch || said.day.no < held.no {
        return Heard::Old;
    }
    match said.values().find(|(no, _)| *no == held.no) {
        Some((_, value)) if value != held.value => Heard::Forked,
        Some(_) if said.day.no == held.no => Heard::Old,
        Some(_) => new,
        // Its base lies above what is held here.
        None if account.held_under < own => new,
        None => Heard::Forked,
    }
}

/// What the neighbour's word of an own day is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Quoted {
    /// It signed for this day.
    Day(u64),
    /// It speaks of a past that this node has left.
    Past,
    /// It holds another log of this node than this one, under this epoch.
    Another,
}

/// Looks at what a neighbour signed for. `value`: of the own chain after that day, where it has come so far.
#[must_use]
pub fn quoted(yours: &Held, value: Option<[u8; 32]>, own: u64) -> Quoted {
    match value {
        Some(value) if value == yours.value => Quoted::Day(yours.no),
        _ if yours.epoch < own => Quoted::Past,
        _ => Quoted::Another,
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Day, extend};
    use super::*;
    use hotline_topology::Time;

    fn day(no: u64, root: u8) -> Day {
        Day {
            no,
            opened: 1,
            from: no,
            to: no + 1,
            at: Time(0),
            entries: 1,
            root: [root; 32],
        }
    }

    /// The chain after days with these roots.
    fn value(roots: &[u8]) -> [u8; 32] {
        let days = roots.iter().zip(1..);
        days.fold([0; 32], |before, (root, no)| {
            extend(&before, &day(no, *root).digest())
        })
    }

    /// The last of these days, told from a base on.
    fn tally(roots: &[u8], base: usize) -> Tally {
        let (last, between) = roots[base..].split_last().expect("a day");
        let digest = |(root, no): (&u8, u64)| day(no, *root).digest();
        Tally {
            day: day(roots.len() as u64, *last),
            base: base as u64,
            before: value(&roots[..base]),
            since: between.iter().zip(base as u64 + 1..).map(digest).collect(),
            yours: None,
        }
    }

    fn held(epoch: u64, roots: &[u8]) -> Account {
        Account {
            held: Some(Held {
                epoch,
                no: roots.len() as u64,
                value: value(roots),
            }),
            held_under: 1,
            ..Account::default()
        }
    }

    #[test]
    fn a_tally_leads_from_its_base_to_its_day() {
        for base in 0..3 {
            let said = tally(&[1, 2, 3], base);
            assert!(said.is_whole());
            assert_eq!(said.value(), value(&[1, 2, 3]));
        }
        for bend in [
            (|said| said.base = 1) as fn(&mut Tally),
            |said| said.since.truncate(1),
            |said| said.before = [7; 32],
            |said| said.day.from = said.day.to + 1,
            |said| said.base = u64::MAX,
        ] {
            let mut said = tally(&[1, 2, 3], 0);
            bend(&mut said);
            assert!(!said.is_whole(), "{said:?}");
        }
    }

    #[test]
    fn the_table() {
        let nothing = Account::default();
        let table = [
            // Account, its own epoch now, told, under which epoch: whether it is new, old or another log.
            (&nothing, 1, tally(&[1, 2], 0), 1, 'n'),
            (&nothing, 1, tally(&[1, 2], 1), 1, 'n'),
            (&held(1, &[1, 2]), 1, tally(&[1, 2, 3], 0), 1, 'n'),
            (&held(1, &[1, 2]), 1, tally(&[1, 2, 3], 2), 1, 'n'),
            (&held(1, &[1, 2]), 1, tally(&[1, 2], 0), 1, 'o'),
            (&held(1, &[1, 2]), 1, tally(&[1], 0), 1, 'o'),
            (&held(1, &[1, 2]), 1, tally(&[9], 0), 1, 'o'),
            (&held(1, &[1, 2]), 1, tally(&[1, 9], 0), 1, 'f'),
            (&held(1, &[1, 2]), 1, tally(&[1, 9, 3], 0), 1, 'f'),
            (&held(1, &[1, 2]), 1, tally(&[1, 9, 3], 2), 1, 'f'),
            (&held(1, &[1, 2]), 1, tally(&[1, 2, 3, 4], 3), 1, 'f'),
            (&held(1, &[1, 2]), 5, tally(&[1, 2, 3, 4], 3), 1, 'n'),
            // Restored, it may tell anything anew; what comes late from before the restore says nothing.
            (&held(1, &[1, 2]), 1, tally(&[9], 0), 2, 'n'),
            (&held(2, &[1, 2]), 1, tally(&[1, 9, 3], 0), 1, 'o'),
        ];
        for (no, (account, own, said, epoch, wanted)) in table.into_iter().enumerate() {
            let heard = match hear(account, &said, epoch, own) {
                Heard::New(held) => {
                    assert_eq!(held.value, said.value());
                    assert_eq!((held.epoch, held.no), (epoch, said.day.no));
                    'n'
                }
                Heard::Old => 'o',
                Heard::Forked => 'f',
            };
            assert_eq!(heard, wanted, "row {no}");
        }
    }

    #[test]
    fn what_is_signed_for_is_an_own_day_a_past_or_another_log() {
        let yours = |epoch| Held {
            epoch,
            no: 2,
            value: value(&[1, 2]),
        };
        let (same, other) = (Some(value(&[1, 2])), Some(value(&[1, 9])));
        assert_eq!(quoted(&yours(1), same, 1), Quoted::Day(2));
        assert_eq!(quoted(&yours(1), same, 2), Quoted::Day(2));
        assert_eq!(quoted(&yours(1), other, 2), Quoted::Past);
        assert_eq!(quoted(&yours(1), None, 2), Quoted::Past);
        assert_eq!(quoted(&yours(1), other, 1), Quoted::Another);
        assert_eq!(quoted(&yours(1), None, 1), Quoted::Another);
    }
}
