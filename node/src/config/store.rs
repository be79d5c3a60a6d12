//! `[store]`: the commit log and the view behind it.

use super::Check;
use crate::store::view;
use serde::Deserialize;
use std::sync::Arc;

/// The view's engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Engine {
    /// sled 0.34, rebuilt from the log whenever it cannot be trusted.
    #[default]
    Sled,
    /// fjall 3, for nodes that outgrow sled's space and speed; trusted after a power cut where its commit number proves it.
    Fjall,
    /// In memory, rebuilt at every start; for trials.
    Memory,
}

/// `[store]`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Store {
    /// The view's engine.
    pub engine: Engine,
    /// The engine's own cache, in MiB. sled holds about four times as much in all; fjall this and up to 50 MiB of fresh
    /// rows.
    pub cache_mib: u64,
    /// Size at which a log segment is followed by a new one, in MiB.
    pub segment_mib: u64,
    /// Between two rounds of upkeep (checkpoints, archiving), in seconds.
    pub upkeep_seconds: u64,
    /// Between two readings of the whole log, which find silent damage, in hours.
    pub scrub_hours: u64,
}

impl Engine {
    /// The engine of this name, as in the file and in a data folder's marks.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        [Self::Sled, Self::Fjall, Self::Memory]
            .into_iter()
            .find(|engine| engine.of(0).name() == name)
    }

    /// The engine with a cache of so many bytes.
    #[must_use]
    pub fn of(self, cache_bytes: u64) -> Arc<dyn view::Engine> {
        match self {
            Self::Sled => apart(view::SledEngine { cache_bytes }),
            Self::Fjall => apart(view::FjallEngine { cache_bytes }),
            Self::Memory => Arc::new(view::MemEngine::new()),
        }
    }
}

/// What brings threads and files of its own is never waited for without a bound.
fn apart(engine: impl view::Engine) -> Arc<dyn view::Engine> {
    let patience = view::Patience::default();
    Arc::new(view::Apart::new(Arc::new(engine), patience))
}

impl Default for Store {
    fn default() -> Self {
        Self {
            engine: Engine::Sled,
            cache_mib: 16,
            segment_mib: 64,
            upkeep_seconds: 300,
            scrub_hours: 24,
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
        if !(1..=86_400).contains(&self.upkeep_seconds) {
            check.fault("store.upkeep_seconds", "应在 1 到 86400 之间");
        }
        if !(1..=8_760).contains(&self.scrub_hours) {
            check.fault("store.scrub_hours", "应在 1 到 8760 之间");
        }
    }
}
