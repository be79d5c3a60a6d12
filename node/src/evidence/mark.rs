//! What a signature is by itself, and what it counts for.
//!
//! | certificate | counts for | condition |
//! | --- | --- | --- |
//! | valid now | everything | – |
//! | ran out, never revoked | everything | another node saw the signature within its term, or up to 60 days later where it was written within it |
//! | revoked, its key not stolen | everything | another node saw it before the revocation |
//! | its key stolen | everything | a third had signed for a day that holds it, before the theft |
//! | any of these | everything | its own node holds it in a file sealed under a key that is good today: it stands by it |
//! | its key stolen, and not that | nothing: it neither convicts nor proves anything | |
//! | not under the roots, outside the subtree, unreadable | nothing | |
//!
//! A thief signs what he likes under any date, and shows it to an accomplice, whose receipts and files say what he likes,
//! too; so of a stolen key nobody's word counts but that of the node which was robbed, and of a third that signed for a day
//! of the shower's log before the theft: what was not in it by then cannot come into it. Who saw what, and when, stands in `witness.rs`.

use crate::identity::notary::UNDER_WAY_MAX;
use crate::identity::revocation::Revoked;
use hotline_topology::Time;

/// What is known of the key that made a signature.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Key {
    /// The end of its certificates' term.
    pub until: Time,
    /// What the lists say of its certificates.
    pub revoked: Option<Revoked>,
    /// Whether every list concerned is the newest that was promised. With an old one the robbed would be convicted.
    pub lists_current: bool,
}

/// A signature by itself.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Mark {
    /// The author's certified key made it over these bytes.
    Signed(Key),
    /// It is not over these bytes, in words.
    Forged(String),
    /// Nobody that is trusted made it, in words.
    Foreign(String),
}

/// What a signature counts for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum State {
    /// Everything.
    Good,
    /// Neither for nor against anybody: why, and whose witness is missing.
    Unproven(String),
    /// Nothing, in words.
    Nothing(String),
}

impl State {
    /// Whether it counts.
    #[must_use]
    pub fn is_good(&self) -> bool {
        *self == State::Good
    }
}

/// What others say of a signature.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Witness {
    /// When another node than its author had seen it, at the earliest.
    pub seen: Option<Time>,
    /// When a third had signed for a day of the log that holds it: neither its author nor whoever shows it.
    pub third: Option<Time>,
    /// Whether its own node holds it in a file that it sealed under a key that is good today.
    pub adopted: bool,
}

/// What a signature counts for, `written` then and judged `now`.
#[must_use]
pub fn state(mark: &Mark, written: Time, witness: Witness, now: Time) -> State {
    let key = match mark {
        Mark::Signed(key) => key,
        Mark::Forged(why) | Mark::Foreign(why) => return State::Nothing(why.clone()),
    };
    let seen = witness.seen.into_iter().chain(witness.third).min();
    let seen_by = |end: Time| seen.is_some_and(|seen| seen <= end);
    if witness.adopted {
        return State::Good;
    }
    match key.revoked {
        Some(Revoked {
            stolen_since: Some(since),
            ..
        }) => match witness.third.is_some_and(|third| third < since) {
            true => State::Good,
            false => State::Unproven(format!(
                "签名的私钥已报失窃（自 {since} 起）；要有此前第三方签认过的日账，或该节点用新证书盖章、且收有这封信的证据，才能证明是它所写"
            )),
        },
        Some(Revoked { since, .. }) => match seen_by(since.min(key.until)) {
            true => State::Good,
            false => State::Unproven(format!(
                "签名的证书已于 {since} 吊销；没有别的节点签名证明在此之前见过"
            )),
        },
        None if now <= key.until => State::Good,
        None => {
            let under_way = i64::try_from(UNDER_WAY_MAX.as_millis()).unwrap_or(i64::MAX);
            let grace = key.until.plus_millis(under_way);
            match seen_by(key.until) || (written <= key.until && seen_by(grace)) {
                true => State::Good,
                false => State::Unproven(format!(
                    "签名的证书已于 {} 到期；没有别的节点签名证明在有效期内见过",
                    key.until
                )),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = 86_400_000;

    fn key(revoked: Option<(i64, Option<i64>)>) -> Mark {
        Mark::Signed(Key {
            until: Time(100 * DAY),
            revoked: revoked.map(|(since, stolen)| Revoked {
                since: Time(since * DAY),
                stolen_since: stolen.map(|since| Time(since * DAY)),
            }),
            lists_current: true,
        })
    }

    #[test]
    fn the_table() {
        let table = [
            // Revoked on, stolen since; written, seen, adopted, judged: days. What comes out.
            (None, 10, None, false, 100, true),
            (None, 10, None, false, 101, false),
            (None, 10, Some(100), false, 999, true),
            (None, 100, Some(160), false, 999, true),
            (None, 100, Some(161), false, 999, false),
            (None, 101, Some(101), false, 999, false),
            (None, 101, Some(99), false, 999, true),
            (Some((50, None)), 10, None, false, 60, false),
            (Some((50, None)), 10, Some(50), false, 60, true),
            (Some((50, None)), 10, Some(51), false, 60, false),
            (Some((150, None)), 10, Some(101), false, 160, false),
            (Some((50, Some(40))), 10, Some(11), false, 60, false),
            (None, 10, None, true, 101, true),
            (Some((50, None)), 10, None, true, 60, true),
            (Some((50, Some(40))), 10, None, true, 60, true),
            // It makes no difference that it would have run out by now.
            (Some((50, Some(40))), 10, None, true, 999, true),
        ];
        for (no, (revoked, written, seen, adopted, now, good)) in table.into_iter().enumerate() {
            let witness = Witness {
                seen: seen.map(|day| Time(day * DAY)),
                third: None,
                adopted,
            };
            let found = state(&key(revoked), Time(written * DAY), witness, Time(now * DAY));
            assert_eq!(found.is_good(), good, "row {no}: {found:?}");
            assert!(good || matches!(found, State::Unproven(_)), "row {no}");
        }
    }

    #[test]
    fn a_third_that_signed_for_the_day_before_the_theft_is_believed() {
        let stolen = key(Some((50, Some(40))));
        let revoked = key(Some((50, None)));
        for (mark, third, good) in [
            (&stolen, 39, true),
            (&stolen, 40, false),
            (&revoked, 50, true),
            (&revoked, 51, false),
            (&key(None), 100, true),
        ] {
            let witness = Witness {
                third: Some(Time(third * DAY)),
                ..Witness::default()
            };
            let found = state(mark, Time(10 * DAY), witness, Time(999 * DAY));
            assert_eq!(found.is_good(), good, "{third}: {found:?}");
        }
    }

    #[test]
    fn what_nobody_trusted_signed_says_nothing() {
        let seen = Witness {
            seen: Some(Time(0)),
            third: Some(Time(0)),
            adopted: true,
        };
        for mark in [Mark::Forged("改过".into()), Mark::Foreign("别人".into())] {
            assert!(matches!(
                state(&mark, Time(0), seen, Time(0)),
                State::Nothing(_)
            ));
        }
    }
}
