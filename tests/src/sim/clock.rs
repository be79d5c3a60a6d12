//! A node's clock, which people set and batteries lose, and the product's own watch over it.

use super::places::START;
use hotline::clock::watch::{ClockWatch, Look, Reading, Word};
use hotline_topology::Time;
use std::time::Duration;

/// What a simulated node reads its time from.
#[derive(Clone, Debug)]
pub struct SimClock {
    honest_ms: i64,
    offset_ms: i64,
    stands_at: Option<Time>,
    watch: ClockWatch,
    /// It was wrong once.
    pub was_wrong: bool,
}

/// Monotonic time of the simulation.
#[must_use]
pub fn monotonic(now: i64) -> Duration {
    Duration::from_millis(u64::try_from(now - START.0).unwrap_or(0))
}

impl SimClock {
    /// A clock that is off by so much, as honest clocks are.
    #[must_use]
    pub fn new(offset_ms: i64) -> Self {
        let start = Reading {
            time: START,
            monotonic: Duration::ZERO,
        };
        Self {
            honest_ms: offset_ms,
            offset_ms,
            stands_at: None,
            watch: ClockWatch::new(start, 1, true, None),
            was_wrong: false,
        }
    }

    /// What it shows.
    #[must_use]
    pub fn shows(&self, now: i64) -> Time {
        self.stands_at.unwrap_or(Time(now + self.offset_ms))
    }

    /// It jumps by so many milliseconds.
    pub fn jump(&mut self, by_ms: i64) {
        self.offset_ms += by_ms;
        self.was_wrong = true;
    }

    /// It stands still.
    pub fn stand(&mut self, now: i64) {
        self.stands_at = Some(self.shows(now));
        self.was_wrong = true;
    }

    /// Somebody sets it right.
    pub fn set_right(&mut self) {
        (self.offset_ms, self.stands_at) = (self.honest_ms, None);
    }

    /// Whether it is wrong by more than honest clocks are.
    #[must_use]
    pub fn is_wrong(&self) -> bool {
        self.stands_at.is_some() || self.offset_ms != self.honest_ms
    }

    /// The node starts: a new watch. `held`: the clock was in doubt when it stopped. A machine that starts asks for the
    /// time first: under a clock far ahead, that of which nobody doubts yet would go on record for good.
    pub fn start(&mut self, now: i64, alone: bool, held: Option<Time>) {
        if held.is_none() && self.shows(now).0 > now + self.honest_ms {
            self.set_right();
        }
        self.watch = ClockWatch::new(self.reading(now), 1, alone, held);
    }

    /// What the watch makes of it now.
    pub fn look(&mut self, now: i64, held: bool, words: Vec<Word>) -> Look {
        let reading = self.reading(now);
        self.watch.look(reading, held, words)
    }

    fn reading(&self, now: i64) -> Reading {
        Reading {
            time: self.shows(now),
            monotonic: monotonic(now),
        }
    }
}
