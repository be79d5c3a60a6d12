//! What a peer or a person has no right to is refused; a node that was rolled back is refused by name on every lane.

use super::{Nodes, Promise, Seen};
use hotline::codec::payload::Codec;
use hotline_domain::evidence::Effect;
use hotline_domain::fact::Fact;
use hotline_domain::id::{EnvelopeId, LegId};
use hotline_domain::leg::{Act, Lane, Party};
use hotline_domain::link::{Consumption, Envelope, Message, Wire as _};
use hotline_domain::ticket::TicketAct;
use hotline_domain::view::Rows as _;
use hotline_topology::RegionKey;
use std::collections::{BTreeMap, BTreeSet};

/// Forged envelopes, and neighbours that hold evidence against the node rolled back.
#[derive(Default)]
pub(super) struct Authority {
    forged: BTreeSet<EnvelopeId>,
    /// What forged envelopes say, as they arrived.
    said: BTreeMap<EnvelopeId, (LegId, Act)>,
    witnesses: BTreeSet<RegionKey>,
    /// Those of them that were down then: what is found at their next start was done before.
    down: BTreeSet<RegionKey>,
    /// Whose disk was set back.
    rolled: Option<RegionKey>,
}

impl Promise for Authority {
    fn words(&self) -> &'static str {
        "what a peer has no right to is refused"
    }

    fn forged(&mut self, id: EnvelopeId) {
        self.forged.insert(id);
    }

    fn rolled_back(&mut self, nodes: &Nodes, me: RegionKey) {
        // A clone may be followed by the node itself again, whom nothing speaks against.
        self.witnesses.clear();
        self.down.clear();
        self.rolled = Some(me);
        for peer in nodes[&me].neighbours() {
            let (ours, theirs) = (nodes[&me].view.link(peer), nodes[&peer].view.link(me));
            let proven = Lane::ALL.iter().any(|lane| {
                let (ours, theirs) = (ours.lanes[lane.index()], theirs.lanes[lane.index()]);
                theirs.received > ours.sent || theirs.acked > ours.received
            });
            // What hellos told is kept, though nothing of it went over a lane.
            let past = nodes[&me].view.past().unwrap_or_default();
            if proven || !past.losses(theirs.shown).is_empty() {
                self.witnesses.insert(peer);
                self.down
                    .extend(Some(peer).filter(|peer| !nodes[peer].up()));
            }
        }
    }

    fn committed(&mut self, seen: &Seen<'_>) -> Result<(), String> {
        if !seen.changed.is_empty() {
            self.down.remove(&seen.me);
        }
        for fact in seen.facts {
            by_its_own_role(fact)?;
            self.settled(seen, fact);
            let (peer, id, outcome) = match fact {
                Fact::Consumed {
                    peer, id, outcome, ..
                } => (peer, id, outcome),
                Fact::LinkChanged {
                    blocked: Some(why), ..
                } if seen.rolled == Some(seen.me)
                    && seen.node().view.node().is_ok_and(|row| row.epoch == 1) =>
                {
                    return Err(format!("it was rolled back, and keeps its epoch: {why}"));
                }
                _ => continue,
            };
            if let Some((leg, act)) = self.said.get(id)
                && seen.facts.iter().any(|fact| is_act(fact, *leg, act))
                // The superior itself may say the same at the same moment.
                && !without_effect(seen, *id)
                && !seen
                    .facts
                    .iter()
                    .any(|fact| sends(fact, seen.me, *leg, act))
            {
                let name = act.name();
                return Err(format!(
                    "envelope {id} of {peer} was forged, and its {name} took effect"
                ));
            }
            if self.forged.contains(id)
                && *outcome == Consumption::Applied
                && !without_effect(seen, *id)
            {
                return Err(format!(
                    "envelope {id} of {peer} was forged, and took effect"
                ));
            }
            let before = seen.changed.is_empty() && self.down.contains(&seen.me);
            if seen.rolled == Some(*peer) && self.witnesses.contains(&seen.me) && !before {
                return Err(format!(
                    "{peer} was rolled back, and its envelope {id} was taken"
                ));
            }
        }
        Ok(())
    }

    fn arrived(&mut self, _: RegionKey, _: RegionKey, envelope: &Envelope) -> Result<(), String> {
        if self.forged.contains(&envelope.id)
            && let Ok(Message::Leg { leg, act, .. }) =
                Codec.decode(envelope.kind, &envelope.payload)
        {
            self.said.insert(envelope.id, (leg, act));
        }
        Ok(())
    }

    fn ended(
        &mut self,
        nodes: &Nodes,
        rolled: Option<RegionKey>,
    ) -> Result<(), (RegionKey, String)> {
        let Some(rolled) = rolled.or(self.rolled) else {
            return Ok(());
        };
        for witness in &self.witnesses {
            let refused = nodes[witness].view.link(rolled).blocked.is_some()
                || nodes[&rolled].view.link(*witness).blocked.is_some();
            // A newer tree parted them: the link is over and its memory with it, and nothing of it is left to refuse.
            let parted = !nodes[witness].neighbours().contains(&rolled);
            if !refused && !parted {
                return Err((
                    *witness,
                    format!("{rolled} was rolled back, and nobody refuses the link"),
                ));
            }
        }
        Ok(())
    }
}

impl Authority {
    /// A witness that starts its lanes anew has met the node under its higher epoch.
    fn settled(&mut self, seen: &Seen<'_>, fact: &Fact) {
        if let Fact::LanesRestarted { peer } = fact
            && seen.rolled == Some(*peer)
        {
            self.witnesses.remove(&seen.me);
        }
    }
}

/// Opened, and on record as having come to nothing: a restored node leaves acts of a node whose answer it awaits to that
/// answer.
fn without_effect(seen: &Seen<'_>, id: EnvelopeId) -> bool {
    seen.facts.iter().any(|fact| {
        matches!(fact, Fact::Received { envelope, effect: Effect::Void, .. } if envelope.id == id)
    })
}

fn is_act(fact: &Fact, wanted: LegId, said: &Act) -> bool {
    matches!(fact, Fact::Leg { leg, act, actor: None, .. } if *leg == wanted && act == said)
}

/// Whether the node tells the other side that it did the same itself: a forged act can meet its like in one commit.
fn sends(fact: &Fact, me: RegionKey, wanted: LegId, said: &Act) -> bool {
    let Fact::Queued { envelope, .. } = fact else {
        return false;
    };
    envelope.author == me
        && matches!(
            Codec.decode(envelope.kind, &envelope.payload),
            Ok(Message::Leg { leg, act, .. }) if leg == wanted && act == *said
        )
}

/// What people did, their role allows: only the hotline's own staff acts for a giver, and only some of them.
fn by_its_own_role(fact: &Fact) -> Result<(), String> {
    let (name, what, givers) = match fact {
        Fact::Leg {
            by,
            actor: Some(name),
            act,
            ..
        } => (name, act.name(), *by == Party::Giver),
        Fact::Ticket {
            actor: Some(name),
            act,
            ..
        } => {
            use TicketAct::{AnsweredDirectly, LeadNamed, Refused, TakenIn, Withdrawn};
            let desk = matches!(
                act,
                TakenIn { .. } | AnsweredDirectly | Refused { .. } | Withdrawn | LeadNamed { .. }
            );
            (name, act.name(), desk)
        }
        _ => return Ok(()),
    };
    if givers && name.starts_with("handler-") {
        return Err(format!(
            "{name} is of a unit, and did what the hotline does: {what}"
        ));
    }
    Ok(())
}
