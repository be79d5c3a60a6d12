//! The only place where this crate reads the machine's clock.
//!
//! A node keeps two kinds of time. *Node time* is wall time in milliseconds since 1970 UTC; it
//! judges deadlines and certificates. *Monotonic time* counts from the start of the process;
//! heartbeats, back-off and timeouts run on it. Everything below the shell receives both as
//! arguments, so that a test or the demonstration can supply its own.

pub mod watch;

use hotline_topology::Time;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

/// `time` moved `by` into the future; saturates at the end of time.
#[must_use]
pub fn after(time: Time, by: Duration) -> Time {
    time.plus_millis(millis(by))
}

/// `time` moved `by` into the past; saturates at the beginning of time.
#[must_use]
pub fn before(time: Time, by: Duration) -> Time {
    time.plus_millis(-millis(by))
}

/// How much later `later` is than `earlier`; zero when it is not later.
#[must_use]
pub fn between(earlier: Time, later: Time) -> Duration {
    Duration::from_millis(u64::try_from(later.0.saturating_sub(earlier.0)).unwrap_or(0))
}

/// The instant as a system time, which libraries want. Instants before 1970 become 1970.
#[must_use]
pub fn system_time(time: Time) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_millis(u64::try_from(time.0).unwrap_or(0))
}

/// Milliseconds in a duration, saturating.
fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

/// A source of node time and monotonic time.
pub trait Clock: fmt::Debug + Send + Sync + 'static {
    /// Node time. It may jump when somebody sets the machine's clock: the kernel decides what to
    /// make of that.
    fn now(&self) -> Time;

    /// Time since this clock was made; never runs backwards, never jumps.
    fn monotonic(&self) -> Duration;

    /// How many seconds of node time pass in one monotonic second: 1 but for the demonstration.
    /// Whoever compares the two kinds of time, to notice a jump, multiplies by it.
    fn rate(&self) -> u32 {
        1
    }
}

/// The machine's clock.
#[derive(Debug)]
pub struct SystemClock {
    started: Instant,
}

impl SystemClock {
    /// A clock whose monotonic time starts now.
    #[must_use]
    pub fn new() -> Self {
        Self {
            started: Instant::now(),
        }
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that reads the machine's clock"
    )]
    fn now(&self) -> Time {
        // A clock before 1970 is a machine without a battery; it reads as 1970, and no certificate
        // is valid then.
        let since_1970 = SystemTime::now()
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap_or_default();
        Time(millis(since_1970))
    }

    fn monotonic(&self) -> Duration {
        self.started.elapsed()
    }
}

/// A clock that runs faster than life, for the demonstration: node time = start + rate × monotonic
/// time.
#[derive(Debug)]
pub struct ScaledClock {
    start: Time,
    rate: u32,
    started: Instant,
}

impl ScaledClock {
    /// A clock that reads `start` now and passes `rate` seconds of node time in each second of
    /// life.
    #[must_use]
    pub fn new(start: Time, rate: u32) -> Self {
        Self {
            start,
            rate,
            started: Instant::now(),
        }
    }
}

impl Clock for ScaledClock {
    fn now(&self) -> Time {
        after(self.start, self.started.elapsed().saturating_mul(self.rate))
    }

    fn monotonic(&self) -> Duration {
        self.started.elapsed()
    }

    fn rate(&self) -> u32 {
        self.rate
    }
}

/// A clock that moves only when told, for tests.
#[derive(Debug)]
pub struct ManualClock {
    reading: Mutex<(Time, Duration)>,
}

impl ManualClock {
    /// A clock that stands at `start`, with monotonic time zero.
    #[must_use]
    pub fn new(start: Time) -> Self {
        Self {
            reading: Mutex::new((start, Duration::ZERO)),
        }
    }

    /// Lets `by` pass on both kinds of time.
    pub fn advance(&self, by: Duration) {
        let mut reading = self.reading();
        reading.0 = after(reading.0, by);
        reading.1 = reading.1.saturating_add(by);
    }

    /// Sets node time as a person would set the machine's clock: monotonic time does not notice.
    pub fn set(&self, now: Time) {
        self.reading().0 = now;
    }

    fn reading(&self) -> MutexGuard<'_, (Time, Duration)> {
        self.reading.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Time {
        self.reading().0
    }

    fn monotonic(&self) -> Duration {
        self.reading().1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scaled_clock_multiplies_what_passes_but_not_monotonic_time() {
        let clock = ScaledClock::new(Time(1_000), 3_600);
        std::thread::sleep(Duration::from_millis(20));
        let monotonic = clock.monotonic();
        let passed = between(Time(1_000), clock.now());
        assert!(
            passed >= monotonic * 3_599,
            "{passed:?} of node time in {monotonic:?}"
        );
        assert_eq!(clock.rate(), 3_600);
    }

    #[test]
    fn setting_a_manual_clock_leaves_monotonic_time_alone() {
        let clock = ManualClock::new(Time(5_000));
        clock.advance(Duration::from_secs(2));
        clock.set(Time(1));
        assert_eq!(
            (clock.now(), clock.monotonic()),
            (Time(1), Duration::from_secs(2))
        );
    }

    #[test]
    fn the_machine_clock_lies_after_this_code_was_written() {
        assert!(SystemClock::new().now() > Time(1_760_000_000_000));
    }

    #[test]
    fn moving_an_instant_back_and_forth_is_exact_and_saturates() {
        let day = Duration::from_secs(86_400);
        assert_eq!(before(after(Time(7), day), day), Time(7));
        assert_eq!(after(Time(i64::MAX), day), Time(i64::MAX));
        assert_eq!(between(Time(9), Time(5)), Duration::ZERO);
    }
}
