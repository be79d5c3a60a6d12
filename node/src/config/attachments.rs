//! `[attachments]`: the node's own bounds, within those of the rules.

use super::Check;
use serde::Deserialize;

/// `[attachments]`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Attachments {
    /// Largest file that this node takes, whatever the rules allow, in MiB.
    pub file_mib: u64,
    /// Whether attachments that come by a leg are fetched at once, or only when somebody wants them.
    pub prefetch: bool,
    /// Transfers to one neighbour at a time.
    pub streams_per_peer: usize,
    /// Bytes a second to one neighbour, in KiB; 0 for no bound.
    pub rate_kib: u64,
}

impl Default for Attachments {
    fn default() -> Self {
        Self {
            file_mib: 200,
            prefetch: true,
            streams_per_peer: 4,
            rate_kib: 8192,
        }
    }
}

impl Attachments {
    pub(super) fn check(&self, check: &mut Check<'_>) {
        if !(1..=2048).contains(&self.file_mib) {
            check.fault("attachments.file_mib", "应在 1 到 2048 之间");
        }
        if !(1..=64).contains(&self.streams_per_peer) {
            check.fault("attachments.streams_per_peer", "应在 1 到 64 之间");
        }
        if self.rate_kib > 1 << 20 {
            check.fault("attachments.rate_kib", "应在 0（不限）到 1048576 之间");
        }
    }
}
