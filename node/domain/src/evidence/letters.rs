//! What others wrote on some legs, found by reading the log: a node that forgot believes of itself only what it signed.

use crate::fact::Fact;
use crate::id::LegId;
use crate::link::{Envelope, Message, MessageKind, Wire};
use std::collections::BTreeSet;

/// Reads facts in the log's order and keeps the letters of some legs: acts, acts told after a restore, and refusals.
pub struct Letters<'a> {
    wire: &'a dyn Wire,
    legs: BTreeSet<LegId>,
    found: Vec<Envelope>,
}

impl<'a> Letters<'a> {
    /// Of these legs.
    #[must_use]
    pub fn of(wire: &'a dyn Wire, legs: &[LegId]) -> Self {
        Self {
            wire,
            legs: legs.iter().copied().collect(),
            found: Vec::new(),
        }
    }

    /// Looks at the next fact of the log.
    pub fn take(&mut self, fact: Fact) {
        if let Fact::Received { envelope, .. } = fact
            && self.wanted(&envelope)
        {
            self.found.push(envelope);
        }
    }

    /// What was found, in the log's order.
    #[must_use]
    pub fn found(self) -> Vec<Envelope> {
        self.found
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
