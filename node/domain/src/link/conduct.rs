//! A neighbour's misconduct: what it did that no honest node does, kept in the log, weighed by one rule.
//!
//! Every offence adds its weight to a score that halves every ten minutes. At [`BOUND`] the stream is cut and the
//! neighbour is quarantined: nothing of it is taken until the quarantine ends. It ends by itself, the first after a
//! minute, each further one after twice as long, a day at most; the score is then at half the bound. Only people wipe
//! the ledger clean. Nothing is lost by it: what was not acknowledged comes again.
//!
//! | offence | weight | because |
//! | --- | --- | --- |
//! | garbage, contradiction, flood | 350 | the stream is cut each time; three in a row cannot be a slip |
//! | forbidden, unreadable | 100 | an honest node of any version writes neither |
//! | refused | 1 | happens between honest nodes, but not a thousand times in a row |

use hotline_topology::Time;

/// A score at which the neighbour is quarantined.
pub const BOUND: u32 = 1_000;
/// The score halves in so many milliseconds.
const HALVES_MS: i64 = 10 * 60_000;
/// The first quarantine, in milliseconds.
const FIRST_MS: i64 = 60_000;
/// The longest, in milliseconds.
const LONGEST_MS: i64 = 24 * 3_600_000;
/// Longest description of an offence, in bytes.
const WHAT_BYTES_MAX: usize = 240;

/// What an honest neighbour does not do.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Offence {
    /// It sent what is no frame, or a frame beyond its bounds.
    Garbage,
    /// It broke the order of frames, forged a mark or an acknowledgement, or contradicted its own numbers.
    Contradiction,
    /// It sent beyond its credit, or frames without end that say nothing.
    Flood,
    /// It sent, or passed on, what its place in the tree does not allow.
    Forbidden,
    /// It wrote a message that cannot be read.
    Unreadable,
    /// It wrote a message that a rule refused.
    Refused,
}

impl Offence {
    /// Every offence.
    pub const ALL: [Offence; 6] = [
        Offence::Garbage,
        Offence::Contradiction,
        Offence::Flood,
        Offence::Forbidden,
        Offence::Unreadable,
        Offence::Refused,
    ];

    /// Its name for programs.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Offence::Garbage => "garbage",
            Offence::Contradiction => "contradiction",
            Offence::Flood => "flood",
            Offence::Forbidden => "forbidden",
            Offence::Unreadable => "unreadable",
            Offence::Refused => "refused",
        }
    }

    fn weight(self) -> u32 {
        match self {
            Offence::Garbage | Offence::Contradiction | Offence::Flood => 350,
            Offence::Forbidden | Offence::Unreadable => 100,
            Offence::Refused => 1,
        }
    }
}

/// How often a neighbour did one thing.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Count {
    /// What.
    pub offence: Offence,
    /// How often since people last looked.
    pub times: u64,
    /// The last time, by this node's clock.
    pub last: Time,
    /// The last one in words.
    pub what: String,
}

/// A neighbour's ledger.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Conduct {
    /// By offence; those that never happened are left out.
    pub counts: Vec<Count>,
    /// The score as of `scored_at`.
    pub score: u32,
    /// When the score was last reckoned.
    pub scored_at: Time,
    /// Quarantines since people last looked.
    pub quarantines: u32,
    /// When the last quarantine ends, or ended.
    pub until: Option<Time>,
}

impl Conduct {
    /// Whether nothing of the neighbour is taken now.
    #[must_use]
    pub fn quarantined(&self, now: Time) -> bool {
        self.until.is_some_and(|until| now < until)
    }

    /// The score by now.
    #[must_use]
    pub fn score_at(&self, now: Time) -> u32 {
        let passed = now.0.saturating_sub(self.scored_at.0).max(0) / HALVES_MS;
        let halvings = u32::try_from(passed).unwrap_or(u32::MAX);
        self.score.checked_shr(halvings).unwrap_or(0)
    }

    /// The ledger with one offence more; a quarantine has begun where [`Conduct::quarantined`] is true of it and was
    /// not before.
    #[must_use]
    pub fn charged(&self, offence: Offence, what: &str, now: Time) -> Self {
        let mut next = self.clone();
        let words = shortened(what);
        match next
            .counts
            .iter_mut()
            .find(|count| count.offence == offence)
        {
            Some(count) => {
                count.times = count.times.saturating_add(1);
                (count.last, count.what) = (now, words);
            }
            None => next.counts.push(Count {
                offence,
                times: 1,
                last: now,
                what: words,
            }),
        }
        // Time that has passed since is forgotten in whole halvings only, so that a trickle is not forgiven.
        let score = self.score_at(now);
        if score != self.score || self.score == 0 {
            next.scored_at = now;
        }
        next.score = score.saturating_add(offence.weight());
        if next.score >= BOUND && !self.quarantined(now) {
            next.quarantines = self.quarantines.saturating_add(1);
            next.until = Some(now.plus_millis(length_ms(next.quarantines)));
            (next.score, next.scored_at) = (BOUND / 2, now);
        }
        next
    }
}

/// How long the so manieth quarantine lasts.
fn length_ms(quarantines: u32) -> i64 {
    let doublings = quarantines.saturating_sub(1).min(16);
    (FIRST_MS << doublings).min(LONGEST_MS)
}

fn shortened(what: &str) -> String {
    let mut end = what.len().min(WHAT_BYTES_MAX);
    while !what.is_char_boundary(end) {
        end -= 1;
    }
    what[..end].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(offences: &[(Offence, i64)]) -> Conduct {
        offences
            .iter()
            .fold(Conduct::default(), |conduct, (offence, at)| {
                conduct.charged(*offence, "x", Time(*at))
            })
    }

    #[test]
    fn three_in_a_row_are_no_slip_and_two_are() {
        let two = after(&[(Offence::Garbage, 1), (Offence::Flood, 2)]);
        assert_eq!((two.until, two.score_at(Time(2))), (None, 700));
        let three = two.charged(Offence::Contradiction, "x", Time(3));
        assert_eq!(three.until, Some(Time(60_003)));
        assert!(three.quarantined(Time(60_002)) && !three.quarantined(Time(60_003)));
    }

    #[test]
    fn every_further_quarantine_is_twice_as_long_up_to_a_day() {
        let (mut conduct, mut now, mut before) = (Conduct::default(), 0, 0);
        for round in 1..=20 {
            while !conduct.quarantined(Time(now)) {
                conduct = conduct.charged(Offence::Garbage, "x", Time(now));
            }
            let length = conduct.until.unwrap().0 - now;
            assert_eq!(conduct.quarantines, round);
            assert!(
                length == LONGEST_MS || length == (2 * before).max(FIRST_MS),
                "{length}"
            );
            (before, now) = (length, conduct.until.unwrap().0);
        }
        assert_eq!(before, LONGEST_MS);
    }

    #[test]
    fn what_is_charged_during_a_quarantine_does_not_lengthen_it() {
        let conduct = after(&[
            (Offence::Garbage, 1),
            (Offence::Garbage, 2),
            (Offence::Garbage, 3),
        ]);
        let more = conduct.charged(Offence::Garbage, "x", Time(4));
        assert_eq!((more.until, more.quarantines), (conduct.until, 1));
    }

    #[test]
    fn refusals_between_honest_nodes_never_add_up() {
        let hour: Vec<_> = (0..600).map(|at| (Offence::Refused, at * 6_000)).collect();
        assert_eq!(after(&hour).until, None);
        let burst: Vec<_> = (0..1_000).map(|at| (Offence::Refused, at)).collect();
        assert!(after(&burst).until.is_some());
    }

    #[test]
    fn a_score_halves_and_a_clock_set_back_does_not_raise_it() {
        let one = after(&[(Offence::Forbidden, HALVES_MS)]);
        assert_eq!(one.score_at(Time(2 * HALVES_MS)), 50);
        assert_eq!(one.score_at(Time(40 * HALVES_MS)), 0);
        assert_eq!(one.score_at(Time(0)), 100);
    }

    #[test]
    fn words_are_short_and_whole() {
        let conduct = Conduct::default().charged(Offence::Garbage, &"坏".repeat(200), Time(0));
        assert_eq!(conduct.counts[0].what, "坏".repeat(80));
        let again = conduct.charged(Offence::Garbage, "又", Time(5));
        let count = &again.counts[0];
        assert_eq!(
            (count.times, count.last, count.what.as_str()),
            (2, Time(5), "又")
        );
    }
}
