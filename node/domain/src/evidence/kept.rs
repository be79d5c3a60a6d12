//! Which messages stay as evidence: what hands over, tells or answers, and what neighbours sign for each other.

use crate::link::MessageKind;

/// Whether envelopes of the kind are kept as they travelled.
#[must_use]
pub fn is_kept(kind: u32) -> bool {
    const KEPT: [MessageKind; 7] = [
        MessageKind::Leg,
        MessageKind::Sight,
        MessageKind::Notice,
        MessageKind::Refused,
        MessageKind::Receipts,
        // What its author did may be told to it again, should it forget.
        MessageKind::Past,
        MessageKind::Tally,
    ];
    KEPT.iter().any(|kept| *kept as u32 == kind)
}
