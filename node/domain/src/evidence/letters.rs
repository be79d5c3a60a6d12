//! What others wrote on some legs, found by reading the log: a node that forgot believes of itself only what it signed.
//! And what this node said itself on legs between others, as it said it: it stands nowhere else.

use crate::fact::Fact;
use crate::id::LegId;
use crate::link::{Envelope, Message, MessageKind, Wire};
use std::collections::BTreeSet;

/// Reads facts in the log's order and keeps others' letters of some legs: acts, acts told after a restore, and refusals;
/// and own acts of some others.
pub struct Letters<'a> {
    wire: &'a dyn Wire,
    legs: BTreeSet<LegId>,
    spoken: BTreeSet<LegId>,
    found: Vec<Envelope>,
}

impl<'a> Letters<'a> {
    /// Others' of these `legs`, this node's of those on which it has `spoken`.
    #[must_use]
    pub fn of(wire: &'a dyn Wire, legs: &[LegId], spoken: &[LegId]) -> Self {
        Self {
            wire,
            legs: legs.iter().copied().collect(),
            spoken: spoken.iter().copied().collect(),
            found: Vec::new(),
        }
    }

    /// Looks at the next fact of the log.
    pub fn take(&mut self, fact: Fact) {
        match fact {
            Fact::Received { envelope, .. } if self.wanted(&envelope) => self.found.push(envelope),
            Fact::Queued { envelope, .. } if self.own(&envelope) => self.found.push(envelope),
            _ => {}
        }
    }

    /// What was found, in the log's order.
    #[must_use]
    pub fn found(self) -> Vec<Envelope> {
        self.found
    }

    /// What this node wrote itself has passed nobody before it was queued.
    fn own(&self, envelope: &Envelope) -> bool {
        envelope.kind == MessageKind::Leg as u32
            && envelope.route.as_slice() == [envelope.author]
            && envelope.leg.is_some_and(|leg| self.spoken.contains(&leg))
    }

    fn wanted(&self, envelope: &Envelope) -> bool {
        let kind = |kind: MessageKind| envelope.kind == kind as u32;
        if kind(MessageKind::Leg) || kind(MessageKind::Past) {
            return envelope.leg.is_some_and(|leg| self.legs.contains(&leg));
        }
        // A refusal names the leg inside.
        kind(MessageKind::Refused)
            && matches!(
                self.wire.decode(envelope.kind, &envelope.payload),
                Ok(Message::Refused { leg: Some(leg), .. }) if self.legs.contains(&leg)
            )
    }
}
