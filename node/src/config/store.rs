//! `[store]`: the commit log and the view behind it.

use super::Check;
use serde::Deserialize;

/// The view's engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Engine {
    /// sled 0.34, rebuilt from the log whenever it cannot be trusted.
    #[default]
    Sled,
    /// In memory, rebuilt at every start; for trials.
    Memory,
}

/// `[store]`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Store {
    /// The view's engine.
    pub engine: Engine,
    /// The engine's own cache, in MiB; it holds about four times as much in all.
    pub cache_mib: u64,
    /// Size at which a log segment is followed by a new one, in MiB.
    pub segment_mib: u64,
}

impl Default for Store {
    fn default() -> Self {
        Self {
            engine: Engine::Sled,
            cache_mib: 4,
            segment_mib: 64,
        }
    }
}

impl Store {
    pub(super) fn check(&self, check: &mut Check<'_>) {
        if !(1..=4096).contains(&self.cache_mib) {
            check.fault("store.cache_mib", "应在 1 到 4096 之间");
        }
        if !(1..=1024).contains(&self.segment_mib) {
            check.fault("store.segment_mib", "应在 1 到 1024 之间");
        }
    }
}
