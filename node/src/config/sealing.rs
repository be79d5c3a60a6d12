//! `[sealing]`: the key that far nodes seal to.

use super::Check;
use serde::Deserialize;

/// `[sealing]`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Sealing {
    /// After so many days the node takes a new key into use by itself; others may seal to the old one for half as long
    /// again.
    pub rotate_days: u32,
    /// How many days an old key is kept for what is still under way, before it is destroyed.
    pub keep_days: u32,
}

impl Default for Sealing {
    fn default() -> Self {
        Self {
            rotate_days: 180,
            keep_days: 60,
        }
    }
}

impl Sealing {
    pub(super) fn check(&self, check: &mut Check<'_>) {
        if !(1..=3650).contains(&self.rotate_days) {
            check.fault("sealing.rotate_days", "应在 1 到 3650 之间");
        }
        if !(1..=3650).contains(&self.keep_days) {
            check.fault("sealing.keep_days", "应在 1 到 3650 之间");
        }
    }
}
