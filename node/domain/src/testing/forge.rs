//! Envelopes that no rule of the sender would write: what receivers must withstand.

use super::fed::Fed;
use super::stamp::Stamp;
use crate::evidence;
use crate::fact::Fact;
use crate::id::{EnvelopeId, LegId};
use crate::kernel::{Commit, fold_commit};
use crate::leg::{Act, Lane};
use crate::link::{Envelope, Message, Wire, extend};
use crate::view::{Overlay, Rows};
use hotline_topology::RegionKey;

impl Fed {
    /// `from` writes this to `to`, whatever its rules say; then everything is delivered.
    pub(crate) fn forge(&mut self, from: RegionKey, to: RegionKey, leg: LegId, act: Act) {
        let message = Message::Leg {
            leg,
            at: self.now,
            act,
        };
        self.forge_envelope(from, to, &message, |_| {});
    }

    /// As [`Fed::forge`], for any message, with the envelope changed before it leaves.
    pub(crate) fn forge_envelope(
        &mut self,
        from: RegionKey,
        to: RegionKey,
        message: &Message,
        change: impl FnOnce(&mut Envelope),
    ) {
        let payload = self.wire.encode(message);
        let node = &self.nodes[&from];
        let peer = node.tree.next_hop(from, to).expect("a way");
        let mut envelope = Envelope {
            id: EnvelopeId(self.draw()),
            kind: message.kind() as u32,
            matter: None,
            leg: match message {
                Message::Leg { leg, .. } => Some(*leg),
                _ => None,
            },
            author: from,
            addressee: to,
            route: vec![from],
            lane: Lane::Ordinary,
            written_at: self.now,
            topology: 1,
            key_id: 0,
            payload,
            fields: Vec::new(),
            sealed: None,
            proof: None,
            trace: None,
        };
        change(&mut envelope);
        let node = &self.nodes[&from];
        let state = node.view.link(peer).expect("memory").lanes[Lane::Ordinary.index()];
        let seq = state.sent + 1;
        let hash = extend(state.sent_hash, seq, envelope.digest());
        let facts = vec![Fact::Queued {
            peer,
            seq,
            hash,
            envelope,
        }];
        let mut overlay = Overlay::new(&node.view);
        fold_commit(&mut overlay, from, self.now, &facts).expect("memory");
        let mut commit = Commit {
            at: self.now,
            facts,
            changes: overlay.into_changes().into_iter().collect(),
            actions: Vec::new(),
        };
        let head = (node.log.len() as u64, [0; 32]);
        evidence::sign(&mut commit, from, &node.view, &Stamp(from), head).expect("a stamp");
        self.keep(from, commit.at, commit.facts, commit.changes);
        self.settle();
    }
}
