//! Each hand-over is signed by its author and receipted by its addressee over what travelled.

use super::{Nodes, Promise, Seen};
use crate::sim::node::Node;
use crate::sim::notary::Seals;
use hotline::codec::payload::Codec;
use hotline_domain::evidence::judge_proof;
use hotline_domain::exchange::MissingKind;
use hotline_domain::fact::Fact;
use hotline_domain::id::EnvelopeId;
use hotline_domain::leg::Act;
use hotline_domain::link::{Envelope, Message, MessageKind, Wire as _};
use hotline_domain::view::Rows as _;
use hotline_topology::RegionKey;
use std::collections::{BTreeMap, BTreeSet};

/// What was written, by whom and for whom.
struct Written {
    author: RegionKey,
    addressee: RegionKey,
    statement: [u8; 32],
    /// Whether a receipt is owed for it.
    handed_over: bool,
}

/// What was written, and what of it was receipted or refused to its author.
#[derive(Default)]
pub(super) struct Evidence {
    written: BTreeMap<EnvelopeId, Written>,
    answered: BTreeSet<EnvelopeId>,
    /// Refusals that wait for their author's key: what they say, salted, and about what.
    awaited: BTreeMap<(RegionKey, u64), (Vec<u8>, EnvelopeId)>,
    /// Both ends of links on which the release before was ever spoken: it knows no receipts.
    older: BTreeSet<RegionKey>,
}

impl Evidence {
    /// No receipt is waited for any more for what was written until now.
    fn nothing_owed(&mut self) {
        for written in self.written.values_mut() {
            written.handed_over = false;
        }
    }

    fn wrote(&mut self, node: &Node, envelope: &Envelope) -> Result<(), String> {
        match judge_proof(&node.view, &Seals, envelope) {
            Ok(Ok(())) => {}
            Ok(Err(why)) => {
                let (id, me) = (envelope.id, node.region);
                return Err(format!("{me} sends {id} unproven: {}", why.words()));
            }
            Err(failed) => return Err(failed.to_string()),
        }
        let head = envelope.proof.as_ref().and_then(|proof| proof.head);
        let row = node.view.node().map_err(|failed| failed.to_string())?;
        // What was signed before is only queued anew.
        if !self.written.contains_key(&envelope.id)
            && head.is_none_or(|head| head.epoch != row.epoch)
        {
            let (id, me) = (envelope.id, node.region);
            return Err(format!(
                "{me} signs {id} under an epoch that is not its own"
            ));
        }
        let handed_over = matches!(
            Codec.decode(envelope.kind, &envelope.payload),
            Ok(Message::Leg { act, .. }) if !matches!(act, Act::Receipt)
        );
        let written = Written {
            author: envelope.author,
            addressee: envelope.addressee,
            statement: envelope.statement(),
            handed_over,
        };
        self.written.insert(envelope.id, written);
        Ok(())
    }

    fn received(&mut self, me: RegionKey, envelope: &Envelope) -> Result<(), String> {
        let (id, author) = (envelope.id, envelope.author);
        let same = |of: EnvelopeId, author, addressee, statement| {
            self.written.get(&of).is_some_and(|written| {
                (written.author, written.addressee, written.statement)
                    == (author, addressee, statement)
            })
        };
        if !same(id, author, me, envelope.statement()) {
            return Err(format!("{me} took {id}, which {author} never wrote so"));
        }
        match Codec.decode(envelope.kind, &envelope.payload) {
            Ok(Message::Receipts(of)) => {
                for receipt in of {
                    if !same(receipt.envelope, me, author, receipt.statement) {
                        let of = receipt.envelope;
                        return Err(format!("{author} receipts {of}, which {me} never wrote so"));
                    }
                    self.answered.insert(receipt.envelope);
                }
            }
            Ok(Message::Refused { about, .. }) => {
                self.answered.insert(about);
            }
            _ => {}
        }
        Ok(())
    }
}

impl Promise for Evidence {
    fn words(&self) -> &'static str {
        "each hand-over is signed, and receipted over what travelled"
    }

    fn committed(&mut self, seen: &Seen<'_>) -> Result<(), String> {
        for fact in seen.facts {
            match fact {
                Fact::Queued { envelope, .. } if envelope.author == seen.me => {
                    self.wrote(seen.node(), envelope)?;
                }
                // What waited on the lanes is settled by the exchange that follows.
                Fact::LanesRestarted { .. } => self.nothing_owed(),
                Fact::Received { envelope, .. } => self.received(seen.me, envelope)?,
                // Nobody lies about the past here: whoever tells a restored node what it did can prove it.
                Fact::Missing(missing) if missing.kind == MissingKind::Unproven => {
                    return Err(format!("unproven: {}", missing.words));
                }
                Fact::KeyAwaited { no, envelope, .. } => {
                    if let Ok(Message::Refused { about, .. }) =
                        Codec.decode(envelope.kind, &envelope.payload)
                    {
                        let refusal = (envelope.payload.clone(), about);
                        self.awaited.insert((seen.me, *no), refusal);
                    }
                }
                // Nobody could tell its author, whose key stayed unknown for a week: a clock was that wrong.
                Fact::KeyAwaitEnded { no, .. } => {
                    if let Some((payload, about)) = self.awaited.remove(&(seen.me, *no))
                        && !super::queued(seen.facts, &payload)
                    {
                        self.answered.insert(about);
                    }
                }
                Fact::LinkChanged {
                    peer, peer_wire, ..
                } if (1..MessageKind::Receipts.since()).contains(peer_wire) => {
                    self.older.extend([*peer, seen.me]);
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn rolled_back(&mut self, _: &Nodes, _: RegionKey) {
        // What was under way to or over the node is settled by the exchange, act by act, not by receipts.
        self.nothing_owed();
    }

    fn ended(
        &mut self,
        nodes: &Nodes,
        rolled: Option<RegionKey>,
    ) -> Result<(), (RegionKey, String)> {
        if rolled.is_some() {
            return Ok(());
        }
        // An order on a leg that its taker lost with its disk waits for the leg as long as it may, and is answered then.
        self.answered.extend(super::waiting(nodes));
        for (id, written) in self.written.iter().filter(|(_, one)| one.handed_over) {
            let (author, to) = (written.author, written.addressee);
            let older = self.older.contains(&author) || self.older.contains(&to);
            if !self.answered.contains(id) && !older {
                return Err((author, format!("{id} to {to} was never receipted")));
            }
        }
        Ok(())
    }
}
