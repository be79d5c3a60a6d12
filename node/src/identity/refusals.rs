//! How many connections were refused, and why. The refused side learns nothing but that the
//! connection closed, so the true reason must be found here and in the log.

use super::error::IdentityError;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Mutex, PoisonError};

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
}

impl Refusals {
    /// Logs a refusal with the peer's address and its true reason, and counts it.
    pub fn note(&self, side: Side, peer: &dyn fmt::Display, error: &IdentityError) {
        tracing::warn!(%peer, side = side.label(), reason = error.reason(), "拒绝连接：{error}");
        self.count_up(side, error);
    }

    /// Counts a refusal without a line in the log: for what a stranger can do without pause.
    pub fn count_up(&self, side: Side, error: &IdentityError) {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        *counts.entry((side, error.reason())).or_default() += 1;
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
