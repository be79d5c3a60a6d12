//! The stopwatch of a run: real time, and the processor time that the whole process used meanwhile.

use super::machine::processor_time;
use crate::clock::{Clock as _, SystemClock};
use std::sync::LazyLock;
use std::time::Duration;

/// The machine's monotonic time.
pub(super) struct Stopwatch(LazyLock<SystemClock>);

/// The one stopwatch of a run.
pub(super) static CLOCK: Stopwatch = Stopwatch(LazyLock::new(SystemClock::new));

impl Stopwatch {
    pub(super) fn monotonic_now(&self) -> Duration {
        self.0.monotonic()
    }
}

/// A measurement under way.
pub(super) struct Begun {
    at: Duration,
    processor: Duration,
}

impl Begun {
    pub(super) fn now() -> Self {
        Self {
            processor: processor_time(),
            at: CLOCK.monotonic_now(),
        }
    }

    /// Real time since.
    pub(super) fn elapsed(&self) -> Duration {
        CLOCK.monotonic_now().saturating_sub(self.at)
    }

    /// What `count` things took.
    pub(super) fn spent(&self, count: usize) -> Spent {
        let time = self.elapsed().max(Duration::from_micros(1));
        let processor = processor_time().saturating_sub(self.processor);
        let each = |spent: Duration| spent.as_secs_f64() / count.max(1) as f64;
        Spent {
            per_s: 1.0 / each(time),
            processor_us: each(processor) * 1e6,
        }
    }
}

/// A rate, and what each thing cost.
#[derive(Debug, Clone, Copy)]
pub(super) struct Spent {
    /// Things a second.
    pub per_s: f64,
    /// Microseconds of processor time each, over all threads; says more than the rate where others use the machine.
    pub processor_us: f64,
}

/// The value below which `share` of the sorted values lie; 0 for none.
pub(super) fn quantile(sorted: &[f64], share: f64) -> f64 {
    let last = sorted.len().saturating_sub(1);
    let at = (share * last as f64).round() as usize;
    sorted.get(at.min(last)).copied().unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_of_sorted_values() {
        let values: Vec<f64> = (0..=100).map(f64::from).collect();
        assert_eq!(
            (quantile(&values, 0.5), quantile(&values, 0.99)),
            (50.0, 99.0)
        );
        assert_eq!((quantile(&[], 0.5), quantile(&[7.0], 0.99)), (0.0, 7.0));
    }
}
