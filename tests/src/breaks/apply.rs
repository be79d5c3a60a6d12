//! Breaks of who may do what: acts that the rules refuse take effect, whatever the record says of them.

use super::Break;
use crate::sim::node::Node;
use hotline::codec::payload::Codec;
use hotline_domain::body::Role;
use hotline_domain::fact::Fact;
use hotline_domain::kernel::{Commit, Event, Input};
use hotline_domain::leg::{Act, Party};
use hotline_domain::link::{Consumption, Envelope, Message, Wire as _};
use hotline_topology::RegionKey;

/// Applies the acts of envelopes that a rule of this kind refused; that they were refused stays on record.
fn apply_refused(node: &Node, events: &[Event], commit: &mut Commit, rule: &str) -> bool {
    let brought = |wanted: &_| {
        events.iter().find_map(|event| match event.input.bare() {
            Input::Envelope { envelope, .. } if envelope.id == *wanted => Some(&**envelope),
            _ => None,
        })
    };
    let mut done = Vec::new();
    for fact in &commit.facts {
        if let Fact::Consumed {
            id,
            outcome: Consumption::Refused { rule: by },
            ..
        } = fact
            && by.starts_with(rule)
        {
            done.extend(brought(id).and_then(|envelope| applied(node, envelope, commit)));
        }
    }
    let edited = !done.is_empty();
    commit.facts.extend(done);
    edited
}

fn applied(node: &Node, envelope: &Envelope, commit: &Commit) -> Option<Fact> {
    let Ok(Message::Leg { leg, act, .. }) = Codec.decode(envelope.kind, &envelope.payload) else {
        return None;
    };
    let matter = match (node.view.leg(leg), &act) {
        (Some(known), _) => known.matter(),
        (None, Act::Offer(offer)) => offer.matter,
        (None, _) => return None,
    };
    Some(Fact::Leg {
        leg,
        matter,
        by: act.party().unwrap_or(Party::Giver),
        at: commit.at,
        happened_at: commit.at,
        actor: None,
        act,
        fields: envelope.fields.clone(),
    })
}

pub(super) struct AcceptsAnyAuthor;

impl Break for AcceptsAnyAuthor {
    fn commit(&mut self, node: &Node, events: &[Event], commit: &mut Commit) -> bool {
        apply_refused(node, events, commit, "")
    }
}

/// What its author did not sign is refused on record only.
pub(super) struct AcceptsUnsigned;

impl Break for AcceptsUnsigned {
    fn commit(&mut self, node: &Node, events: &[Event], commit: &mut Commit) -> bool {
        apply_refused(node, events, commit, "evidence")
    }
}

/// An order in another's name is refused on record only.
pub(super) struct TakesAnyonesOrders;

impl Break for TakesAnyonesOrders {
    fn commit(&mut self, node: &Node, events: &[Event], commit: &mut Commit) -> bool {
        let before = commit.facts.len();
        apply_refused(node, events, commit, "authority.not-a-party");
        let mut at = 0;
        commit.facts.retain(|fact| {
            at += 1;
            let order = matches!(
                fact,
                Fact::Leg {
                    act: Act::Supervise { .. } | Act::EndOrder { .. },
                    ..
                }
            );
            at <= before || order
        });
        commit.facts.len() > before
    }
}

pub(super) struct TakesAnyField;

impl Break for TakesAnyField {
    fn commit(&mut self, node: &Node, events: &[Event], commit: &mut Commit) -> bool {
        apply_refused(node, events, commit, "locality")
    }
}

pub(super) struct AnyoneMayDoAnything;

impl Break for AnyoneMayDoAnything {
    fn events(&mut self, _: RegionKey, events: &mut Vec<Event>) {
        for event in events {
            if let Input::Command { command, .. } = &mut event.input {
                command.actor.roles = vec![
                    Role::Clerk,
                    Role::Dispatcher,
                    Role::Handler,
                    Role::Supervisor,
                    Role::Operator,
                ];
                command.actor.unit = None;
            }
        }
    }
}
