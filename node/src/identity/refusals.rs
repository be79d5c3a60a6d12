//! How many connections were refused, and why. The refused side learns nothing but that the
//! connection closed, so the true reason must be found here and in the log.
//!
//! Whoever calls without pause fills no disk: the log gets at most one line a second for each side, and what came in
//! between is told as a count.

use super::error::IdentityError;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Between two lines of one side.
const LINE_EVERY: Duration = Duration::from_secs(1);

/// Which side refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Side {
    /// This node refused somebody who called.
    Incoming,
    /// This node called and refused who answered.
    Outgoing,
}

impl Side {
    /// A stable label, for metrics.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Incoming => "incoming",
            Self::Outgoing => "outgoing",
        }
    }
}

/// Counters by side and reason.
#[derive(Debug, Default)]
pub struct Refusals {
    counts: Mutex<BTreeMap<(Side, &'static str), u64>>,
    untold: Mutex<BTreeMap<Side, Untold>>,
}

/// What one side's log has not been told yet.
#[derive(Debug)]
struct Untold {
    /// When the last line was written, in monotonic time.
    told_at: Duration,
    reasons: BTreeMap<&'static str, u64>,
    /// The latest, in words.
    latest: String,
}

impl Refusals {
    /// Counts a refusal, and logs it with the peer's address and its true reason unless a line was written within the
    /// second. Of the first that was not logged it returns after how long [`Refusals::tell_rest`] is to be called.
    pub fn note(
        &self,
        side: Side,
        peer: &dyn fmt::Display,
        error: &IdentityError,
        now: Duration,
    ) -> Option<Duration> {
        self.count_up(side, error);
        let mut untold = self.untold();
        let since = |last: &Untold| now.saturating_sub(last.told_at);
        if let Some(last) = untold
            .get_mut(&side)
            .filter(|last| since(last) < LINE_EVERY)
        {
            *last.reasons.entry(error.reason()).or_default() += 1;
            last.latest = format!("{peer}：{error}");
            let first = last.reasons.values().sum::<u64>() == 1;
            return first.then(|| LINE_EVERY.saturating_sub(since(last)));
        }
        let fresh = Untold {
            told_at: now,
            reasons: BTreeMap::new(),
            latest: String::new(),
        };
        let rest = untold.insert(side, fresh);
        drop(untold);
        rest.iter().for_each(|rest| rest.tell(side));
        tracing::warn!(%peer, side = side.label(), reason = error.reason(), "拒绝连接：{error}");
        None
    }

    /// Logs in one line what came since the last one.
    pub fn tell_rest(&self, side: Side, now: Duration) {
        let mut untold = self.untold();
        let Some(last) = untold.get_mut(&side) else {
            return;
        };
        let fresh = Untold {
            told_at: now,
            reasons: BTreeMap::new(),
            latest: String::new(),
        };
        let rest = std::mem::replace(last, fresh);
        drop(untold);
        rest.tell(side);
    }

    fn count_up(&self, side: Side, error: &IdentityError) {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        *counts.entry((side, error.reason())).or_default() += 1;
    }

    fn untold(&self) -> MutexGuard<'_, BTreeMap<Side, Untold>> {
        self.untold.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How often each reason occurred since the start, by side and reason.
    #[must_use]
    pub fn counts(&self) -> Vec<(Side, &'static str, u64)> {
        let counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        counts
            .iter()
            .map(|((side, reason), count)| (*side, *reason, *count))
            .collect()
    }

    /// How often one reason occurred on one side since the start.
    #[must_use]
    pub fn count(&self, side: Side, reason: &str) -> u64 {
        let all = self.counts();
        all.iter()
            .find(|(at, why, _)| (*at, *why) == (side, reason))
            .map_or(0, |(_, _, count)| *count)
    }
}

impl Untold {
    fn tell(&self, side: Side) {
        let count: u64 = self.reasons.values().sum();
        if count == 0 {
            return;
        }
        let reasons: Vec<_> = self
            .reasons
            .iter()
            .map(|(reason, count)| format!("{reason} {count}"))
            .collect();
        tracing::warn!(
            side = side.label(),
            reasons = reasons.join("，"),
            "又拒绝连接 {count} 次，最近一次 {}",
            self.latest
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_of_refusals_is_a_line_a_second_and_every_one_is_counted() {
        let (refusals, error) = (Refusals::default(), IdentityError::NoCertificate);
        let at = Duration::from_millis;
        let note = |ms| refusals.note(Side::Incoming, &"127.0.0.1:1", &error, at(ms));
        // The first is a line; of the next the first asks to be told later, the others are silent.
        assert_eq!(note(100), None);
        assert_eq!(note(300), Some(at(800)));
        for ms in 301..1100 {
            assert_eq!(note(ms), None);
        }
        // The other side's line waits for nobody.
        assert_eq!(refusals.note(Side::Outgoing, &"x", &error, at(600)), None);
        refusals.tell_rest(Side::Incoming, at(1100));
        assert!(refusals.untold()[&Side::Incoming].reasons.is_empty());
        assert_eq!(note(1101), Some(at(999)));
        // Nobody told the rest in time: the next line does.
        assert_eq!(note(5000), None);
        assert!(refusals.untold()[&Side::Incoming].reasons.is_empty());
        assert_eq!(refusals.count(Side::Incoming, "no_certificate"), 803);
        assert_eq!(refusals.count(Side::Outgoing, "no_certificate"), 1);
    }
}
