//! How a draft ends: kept, or stopped.

use super::event::Gather;
use crate::evidence::Receipted;
use crate::fact::Fact;
use crate::refusal::Refusal;
use crate::view::{Layer, ViewFailed};
use hotline_topology::RegionKey;
use std::collections::BTreeSet;

/// Why a draft ends early.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Stop {
    /// The caller is wrong; the draft is dropped.
    Refused(Refusal),
    /// The node is unwell; the whole group's outcome is unknown.
    Failed(ViewFailed),
}

impl From<Refusal> for Stop {
    fn from(refusal: Refusal) -> Self {
        Stop::Refused(refusal)
    }
}

impl From<ViewFailed> for Stop {
    fn from(failed: ViewFailed) -> Self {
        Stop::Failed(failed)
    }
}

/// What a draft leaves when it is kept.
#[derive(Debug, Default)]
pub(super) struct Kept {
    pub facts: Vec<Fact>,
    pub layer: Layer,
    pub pumps: BTreeSet<RegionKey>,
    pub alarms: Vec<String>,
    pub cuts: Vec<(RegionKey, String)>,
    pub world_changed: bool,
    pub gathers: Vec<Gather>,
    pub receipts: Vec<(RegionKey, Receipted)>,
}
