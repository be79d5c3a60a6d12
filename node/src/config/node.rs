//! `[node]`: who and where this node is, and its world.

use super::Check;
use hotline_topology::{RegionKey, Time};
use serde::Deserialize;
use std::path::PathBuf;
use std::str::FromStr;

/// `[node]`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Node {
    /// The region's twelve-character key.
    pub region: String,
    /// Folder of log, view and keys.
    pub data: PathBuf,
    /// The federation file.
    pub topology: PathBuf,
    /// Policy packs, oldest version first; empty: the pack shipped with the program.
    #[serde(default)]
    pub policy: Vec<PathBuf>,
    /// Folder of the node's certificates, as `hotline certs issue` writes it.
    pub certs: PathBuf,
    /// How long a stop may take, in seconds; then the process ends hard.
    #[serde(default = "drain_seconds")]
    pub drain_seconds: u64,
    /// Demonstrations only: business time starts here and runs faster. Refused without the command line's consent.
    #[serde(default)]
    pub demo_clock: Option<DemoClock>,
}

/// `[node.demo_clock]`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DemoClock {
    /// The node time at `epoch_ms`, as `2026-03-02 08:30`.
    pub start: String,
    /// The machine's time, in milliseconds since 1970, at which node time was `start`: the same for all nodes.
    pub epoch_ms: i64,
    /// Seconds of node time in a second of life.
    pub rate: u32,
}

fn drain_seconds() -> u64 {
    20
}

impl Node {
    pub(super) fn check(&mut self, check: &mut Check<'_>) {
        if let Err(error) = RegionKey::from_str(&self.region) {
            check.fault("node.region", error.to_string());
        }
        check.resolve(&mut self.data);
        check.resolve(&mut self.topology);
        check.file("node.topology", &self.topology);
        for (at, pack) in self.policy.iter_mut().enumerate() {
            check.resolve(pack);
            check.file(&format!("node.policy[{at}]"), pack);
        }
        check.resolve(&mut self.certs);
        if !self.certs.is_dir() {
            let message = format!(
                "找不到证书文件夹 {}；用 hotline certs issue 签发",
                self.certs.display()
            );
            check.fault("node.certs", message);
        }
        if !(1..=600).contains(&self.drain_seconds) {
            check.fault("node.drain_seconds", "应在 1 到 600 秒之间");
        }
        if let Some(clock) = &self.demo_clock {
            if let Err(error) = Time::from_str(&clock.start) {
                check.fault("node.demo_clock.start", error);
            }
            if clock.rate == 0 || clock.rate > 1_000_000 {
                check.fault("node.demo_clock.rate", "应在 1 到 1000000 之间");
            }
        }
    }

    /// The region's key; checked before.
    ///
    /// # Errors
    /// Only for a section that was not checked.
    pub fn key(&self) -> Result<RegionKey, hotline_topology::region::RegionKeyError> {
        RegionKey::from_str(&self.region)
    }
}
