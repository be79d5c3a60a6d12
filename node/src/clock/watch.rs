//! The watch over a node's clock: which time the rules are given, whether timers may fire, and when a person must look.
//!
//! Pure: readings and the neighbours' word come in. The committer asks it before every group, so that a clock that
//! jumped fires no deadline before it is noticed.
//!
//! ```text
//! Starting ──a neighbour confirms, or time for it passed──► Trusted ──over an hour off, nobody confirms──► Suspect
//!     │                                                        ▲ ▲ └──a neighbour contradicts──┐            │ │
//!     │                                                        │ └──────a neighbour confirms───┼────────────┘ │ a minute
//!     └──a neighbour contradicts──► Held ◄─────────────────────┼────────────────────────────────┴─────────────┘
//!                                    └───────a person confirms─┘
//! ```
//!
//! In doubt the rules go on with the time last trusted and what passed since by the monotonic clock; business timers
//! stand still, intake does not. Having been down is no jump.

use hotline_topology::{RegionKey, Time};
use std::time::Duration;

/// A difference above this, in real time, puts the clock in doubt.
pub const DOUBT: Duration = Duration::from_secs(3600);
/// What a neighbour said counts for so long; so long a jump waits for a neighbour's word.
pub const WITNESS: Duration = Duration::from_secs(60);
/// After a start, business timers wait so long for a neighbour's word about the clock.
const START: Duration = Duration::from_secs(10);
/// The clock is compared with what it showed up to so long ago: it shows a clock that stands still or creeps away, and
/// allows for the drift of an honest one.
const ANCHOR: Duration = Duration::from_secs(24 * 3600);

/// Both kinds of time at one moment.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Reading {
    /// What the clock shows.
    pub time: Time,
    /// Since the process started.
    pub monotonic: Duration,
}

/// What a neighbour said of its time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Word {
    /// Who.
    pub peer: RegionKey,
    /// Its time when it wrote.
    pub time: Time,
    /// When it arrived, by this node's monotonic clock.
    pub heard: Duration,
}

/// What a look at the clock shows.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Look {
    /// The time to give to the rules.
    pub time: Time,
    /// Whether business timers may fire.
    pub timers: bool,
    /// Why a person must look at the clock; said until it is on record.
    pub doubt: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    Starting,
    Trusted,
    /// Since then, by the monotonic clock.
    Suspect(Duration),
    Held,
}

/// The watch over one node's clock.
#[derive(Clone, Debug)]
pub struct ClockWatch {
    rate: u32,
    anchor: Reading,
    started: Duration,
    state: State,
}

impl ClockWatch {
    /// A watch that begins with the start of a node. `rate`: seconds of node time in one monotonic second. `alone`: no
    /// neighbour will ever say its time. `held`: the clock was in doubt when the node stopped; the latest moment on
    /// record.
    #[must_use]
    pub fn new(reading: Reading, rate: u32, alone: bool, held: Option<Time>) -> Self {
        let state = match held {
            Some(_) => State::Held,
            None if alone => State::Trusted,
            None => State::Starting,
        };
        Self {
            rate: rate.max(1),
            anchor: Reading {
                time: held.unwrap_or(reading.time),
                ..reading
            },
            started: reading.monotonic,
            state,
        }
    }

    /// Looks at the clock. `held`: by the committed rows the clock is in doubt, until a person confirms it. `words`: what
    /// the neighbours said last.
    pub fn look(
        &mut self,
        reading: Reading,
        held: bool,
        words: impl IntoIterator<Item = Word>,
    ) -> Look {
        let Reading { time, monotonic } = reading;
        let passed = monotonic.saturating_sub(self.anchor.monotonic);
        let expected = super::after(self.anchor.time, passed.saturating_mul(self.rate));
        if held {
            // From here on the time goes on by the monotonic clock, also after the next start.
            (self.anchor.time, self.anchor.monotonic) = (expected, monotonic);
            self.state = State::Held;
            return waiting(expected, None);
        }
        let (mut confirmed, mut contradicted) = (false, None);
        for word in words {
            let age = monotonic.saturating_sub(word.heard);
            if age > WITNESS {
                continue;
            }
            let theirs = super::after(word.time, age.saturating_mul(self.rate));
            if self.apart(theirs, time) <= DOUBT {
                confirmed = true;
            } else {
                contradicted = Some((word.peer, theirs));
            }
        }
        let apart = self.apart(expected, time);
        if confirmed || self.state == State::Held {
            self.trust(reading);
        } else if let Some((peer, theirs)) = contradicted {
            let why = format!("与 {peer} 的时间相差超过一小时：对方 {theirs}，本机 {time}");
            return waiting(expected, Some(why));
        } else if apart > DOUBT {
            let since = match self.state {
                State::Suspect(since) => since,
                _ => monotonic,
            };
            self.state = State::Suspect(since);
            let doubt = (monotonic.saturating_sub(since) >= WITNESS)
                .then(|| format!("时钟从 {expected} 跳到 {time}，没有可达的对端证实"));
            return waiting(expected, doubt);
        } else if self.state == State::Starting && monotonic.saturating_sub(self.started) < START {
            return waiting(time, None);
        } else if self.state != State::Trusted || passed > ANCHOR {
            self.trust(reading);
        }
        Look {
            time,
            timers: true,
            doubt: None,
        }
    }

    fn trust(&mut self, reading: Reading) {
        (self.anchor, self.state) = (reading, State::Trusted);
    }

    /// The difference of two moments in real time.
    fn apart(&self, one: Time, other: Time) -> Duration {
        Duration::from_millis(one.0.abs_diff(other.0)) / self.rate
    }
}

fn waiting(time: Time, doubt: Option<String>) -> Look {
    Look {
        time,
        timers: false,
        doubt,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PEER: RegionKey = RegionKey::literal("990100000000");

    fn at(time_s: i64, monotonic_s: u64) -> Reading {
        Reading {
            time: Time(1_700_000_000_000 + time_s * 1000),
            monotonic: Duration::from_secs(monotonic_s),
        }
    }

    fn alone() -> ClockWatch {
        ClockWatch::new(at(0, 0), 1, true, None)
    }

    fn word(time_s: i64, heard_s: u64) -> Word {
        let Reading { time, monotonic } = at(time_s, heard_s);
        Word {
            peer: PEER,
            time,
            heard: monotonic,
        }
    }

    #[test]
    fn a_jump_fires_no_timer_and_waits_a_minute_for_a_neighbours_word() {
        let mut watch = alone();
        assert!(watch.look(at(5, 5), false, []).timers);
        let year = 365 * 86_400;
        let jumped = watch.look(at(year, 10), false, []);
        assert_eq!((jumped.time, jumped.timers), (at(10, 0).time, false));
        assert_eq!(jumped.doubt, None);
        assert!(watch.look(at(year + 60, 70), false, []).doubt.is_some());
        let held = watch.look(at(year + 70, 80), true, []);
        assert_eq!(held.time, at(80, 0).time);
        let confirmed = watch.look(at(90, 90), false, []);
        assert_eq!((confirmed.time, confirmed.timers), (at(90, 0).time, true));
    }

    #[test]
    fn a_neighbour_that_agrees_confirms_a_jump_and_one_that_does_not_holds_the_clock() {
        let mut watch = alone();
        let jumped = at(7200 + 10, 10);
        let agreed = watch.look(jumped, false, [word(7200 + 9, 9)]);
        assert_eq!((agreed.time, agreed.timers), (jumped.time, true));
        let contradicted = watch.look(at(7200 + 20, 20), false, [word(20, 19)]);
        assert!(contradicted.doubt.is_some() && !contradicted.timers);
        let one_lies = watch.look(at(7200 + 21, 21), false, [word(20, 19), word(7200, 19)]);
        assert!(one_lies.doubt.is_none(), "one neighbour agrees");
    }

    #[test]
    fn a_clock_that_stands_still_or_runs_back_is_noticed() {
        let mut watch = alone();
        let frozen = (1..=3700).map(|s| watch.look(at(0, s), false, []));
        assert!(frozen.into_iter().any(|look| look.doubt.is_some()));
        let mut watch = alone();
        assert!(!watch.look(at(-4000, 10), false, []).timers);
    }

    #[test]
    fn small_corrections_and_the_drift_of_weeks_are_no_jump() {
        let mut watch = alone();
        for day in 1..60_i64 {
            // A minute a day slow, corrected never.
            let now = at(
                day * 86_400 - day * 60,
                u64::try_from(day).unwrap() * 86_400,
            );
            assert!(watch.look(now, false, []).timers, "day {day}");
        }
        assert!(alone().look(at(3000, 10), false, []).timers);
    }

    #[test]
    fn after_a_start_timers_wait_for_a_neighbours_word_but_not_for_ever() {
        let mut watch = ClockWatch::new(at(0, 0), 1, false, None);
        assert!(!watch.look(at(1, 1), false, []).timers);
        assert!(watch.look(at(2, 2), false, [word(2, 2)]).timers);
        let mut nobody = ClockWatch::new(at(0, 0), 1, false, None);
        assert!(nobody.look(at(11, 11), false, []).timers);
    }

    #[test]
    fn a_clock_in_doubt_stays_so_over_a_restart() {
        let before = at(100, 0).time;
        let mut watch = ClockWatch::new(at(90_000, 0), 1, false, Some(before));
        let look = watch.look(at(90_005, 5), true, []);
        assert_eq!((look.time, look.timers), (at(105, 0).time, false));
    }
}
