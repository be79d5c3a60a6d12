//! Breaks of what is committed: facts left out, doubled or added. A commit is plain data, so it can be edited.

use super::Break;
use crate::sim::node::Node;
use hotline::codec::payload::Codec;
use hotline_domain::fact::Fact;
use hotline_domain::id::LegId;
use hotline_domain::kernel::{Commit, Event, Input};
use hotline_domain::leg::{Act, Lane};
use hotline_domain::link::{Envelope, Message, MessageKind, Wire as _, extend};
use hotline_domain::row::TimerKey;
use hotline_domain::supervision::Notice;
use hotline_topology::{FieldName, RegionKey};
use std::collections::BTreeMap;

/// Every so manieth chance is taken, so that the break shows among what goes right.
pub(super) fn nth(count: &mut u64, every: u64) -> bool {
    *count += 1;
    (*count).is_multiple_of(every)
}

/// Numbers what a commit queues anew, after some of it was edited or left out.
pub(super) fn renumber(node: &Node, commit: &mut Commit) {
    let mut ends: BTreeMap<(RegionKey, Lane), (u64, [u8; 32])> = BTreeMap::new();
    for fact in &mut commit.facts {
        if let Fact::Queued {
            peer,
            seq,
            hash,
            envelope,
        } = fact
        {
            let end = ends.entry((*peer, envelope.lane)).or_insert_with(|| {
                let state = node.view.link(*peer).lanes[envelope.lane.index()];
                (state.sent, state.sent_hash)
            });
            *end = (end.0 + 1, extend(end.1, end.0 + 1, envelope.digest()));
            (*seq, *hash) = *end;
        }
    }
}

fn act_of(envelope: &Envelope) -> Option<Act> {
    match Codec.decode(envelope.kind, &envelope.payload) {
        Ok(Message::Leg { act, .. }) => Some(act),
        _ => None,
    }
}

#[derive(Default)]
pub(super) struct SkipsTimers(u64);

impl Break for SkipsTimers {
    fn commit(&mut self, _: &Node, _: &[Event], commit: &mut Commit) -> bool {
        let before = commit.facts.len();
        let count = &mut self.0;
        commit.facts.retain(|fact| {
            let due = matches!(
                fact,
                Fact::TimerSet {
                    key: TimerKey::LegDue(_),
                    ..
                }
            );
            !(due && nth(count, 5))
        });
        before != commit.facts.len()
    }
}

#[derive(Default)]
pub(super) struct CountsTwice(u64);

impl Break for CountsTwice {
    fn commit(&mut self, _: &Node, _: &[Event], commit: &mut Commit) -> bool {
        let count = &mut self.0;
        let again: Vec<Fact> = commit
            .facts
            .iter()
            .filter(|fact| matches!(fact, Fact::Counted { .. }) && nth(count, 9))
            .cloned()
            .collect();
        let edited = !again.is_empty();
        commit.facts.extend(again);
        edited
    }
}

#[derive(Default)]
pub(super) struct AppliesTwice(u64);

impl Break for AppliesTwice {
    fn commit(&mut self, _: &Node, _: &[Event], commit: &mut Commit) -> bool {
        let count = &mut self.0;
        let again = commit
            .facts
            .iter()
            .find(|fact| matches!(fact, Fact::Leg { actor: None, .. }) && nth(count, 5))
            .cloned();
        let edited = again.is_some();
        commit.facts.extend(again);
        edited
    }
}

#[derive(Default)]
pub(super) struct LosesOutgoing(u64);

impl Break for LosesOutgoing {
    fn commit(&mut self, node: &Node, _: &[Event], commit: &mut Commit) -> bool {
        let before = commit.facts.len();
        let count = &mut self.0;
        commit.facts.retain(|fact| match fact {
            Fact::Queued { envelope, .. } => act_of(envelope).is_none() || !nth(count, 11),
            _ => true,
        });
        renumber(node, commit);
        before != commit.facts.len()
    }
}

pub(super) struct LosesReceipts;

impl Break for LosesReceipts {
    fn commit(&mut self, node: &Node, _: &[Event], commit: &mut Commit) -> bool {
        let before = commit.facts.len();
        commit.facts.retain(|fact| match fact {
            Fact::Queued { envelope, .. } => act_of(envelope) != Some(Act::Receipt),
            _ => true,
        });
        renumber(node, commit);
        before != commit.facts.len()
    }
}

/// What a superior that is no end of the leg orders is acknowledged and not kept.
pub(super) struct KeepsNoOrders;

impl Break for KeepsNoOrders {
    fn commit(&mut self, node: &Node, _: &[Event], commit: &mut Commit) -> bool {
        let before = commit.facts.len();
        let others = |leg: &LegId, issuer: RegionKey| {
            node.view.leg(*leg).is_some_and(|leg| leg.giver() != issuer)
        };
        commit.facts.retain(|fact| match fact {
            Fact::Leg {
                leg,
                act: Act::Supervise { issuer, .. },
                ..
            } => !others(leg, *issuer),
            _ => true,
        });
        before != commit.facts.len()
    }
}

/// A superior's order on what was raised goes to who raised it, as if that stood above.
pub(super) struct OrdersWhoRaisedIt;

impl Break for OrdersWhoRaisedIt {
    fn commit(&mut self, node: &Node, _: &[Event], commit: &mut Commit) -> bool {
        let mut edited = false;
        for fact in &mut commit.facts {
            let Fact::Queued { envelope, .. } = fact else {
                continue;
            };
            let own = envelope.author == node.region && envelope.route.len() == 1;
            let order = matches!(act_of(envelope), Some(Act::Supervise { .. }));
            let named = |notice: &&Notice| notice.leg == envelope.leg;
            if own
                && order
                && let Some(notice) = node.view.notices().find(named)
                && (node.place.federation).is_below(notice.giver, notice.taker.region())
            {
                envelope.addressee = notice.giver;
                edited = true;
            }
        }
        renumber(node, commit);
        edited
    }
}

/// Now and then the receipts for what was handed over are not sent.
#[derive(Default)]
pub(super) struct ReceiptsNothing(u64);

impl Break for ReceiptsNothing {
    fn commit(&mut self, node: &Node, _: &[Event], commit: &mut Commit) -> bool {
        let before = commit.facts.len();
        let count = &mut self.0;
        commit.facts.retain(|fact| match fact {
            Fact::Queued { envelope, .. } => {
                let receipts = envelope.kind == MessageKind::Receipts as u32;
                !(receipts && envelope.author == node.region && nth(count, 7))
            }
            _ => true,
        });
        renumber(node, commit);
        before != commit.facts.len()
    }
}

/// Days end, and no neighbour hears of it.
pub(super) struct TellsNoDay;

impl Break for TellsNoDay {
    fn commit(&mut self, node: &Node, _: &[Event], commit: &mut Commit) -> bool {
        let before = commit.facts.len();
        commit.facts.retain(|fact| match fact {
            Fact::Queued { envelope, .. } => envelope.kind != MessageKind::Tally as u32,
            _ => true,
        });
        renumber(node, commit);
        before != commit.facts.len()
    }
}

/// Now and then a day's account leaves an entry out.
#[derive(Default)]
pub(super) struct LeavesEntriesOut(u64);

impl Break for LeavesEntriesOut {
    fn commit(&mut self, _: &Node, _: &[Event], commit: &mut Commit) -> bool {
        let mut edited = false;
        for fact in &mut commit.facts {
            if let Fact::DayClosed(day) = fact
                && day.entries > 0
                && nth(&mut self.0, 3)
            {
                day.entries -= 1;
                edited = true;
            }
        }
        edited
    }
}

/// What waits for a version of the tree is consumed, and gone.
pub(super) struct ForgetsParked;

impl Break for ForgetsParked {
    fn commit(&mut self, _: &Node, _: &[Event], commit: &mut Commit) -> bool {
        let before = commit.facts.len();
        let parked = |fact: &Fact| matches!(fact, Fact::Kept { until: Some(_), .. });
        let bound = |fact: &Fact| {
            let key = |key: &TimerKey| matches!(key, TimerKey::KeptBound(_));
            matches!(fact, Fact::TimerSet { key: of, .. } if key(of))
        };
        commit.facts.retain(|fact| !parked(fact) && !bound(fact));
        before != commit.facts.len()
    }
}

/// When another tree comes into force, nothing is done about the legs that it concerns.
pub(super) struct ForgetsAtReforms;

impl Break for ForgetsAtReforms {
    fn commit(&mut self, node: &Node, events: &[Event], commit: &mut Commit) -> bool {
        let reform = |event: &Event| event.input == Input::WorldChanged;
        if !events.iter().any(reform) {
            return false;
        }
        let before = commit.facts.len();
        commit.facts.retain(|fact| match fact {
            Fact::Queued { envelope, .. } => act_of(envelope).is_none(),
            Fact::Leg { actor, .. } => actor.is_none(),
            _ => true,
        });
        renumber(node, commit);
        before != commit.facts.len()
    }
}

#[derive(Default)]
pub(super) struct DropsFacts(u64);

impl Break for DropsFacts {
    fn commit(&mut self, _: &Node, _: &[Event], commit: &mut Commit) -> bool {
        let last = commit
            .facts
            .iter()
            .rposition(|fact| matches!(fact, Fact::Leg { .. }));
        match last {
            Some(at) if nth(&mut self.0, 6) => {
                commit.facts.remove(at);
                true
            }
            _ => false,
        }
    }
}

/// Now and then a text is opened, and nothing says so.
#[derive(Default)]
pub(super) struct RecordsNoReading(u64);

impl Break for RecordsNoReading {
    fn commit(&mut self, _: &Node, _: &[Event], commit: &mut Commit) -> bool {
        let before = commit.facts.len();
        let count = &mut self.0;
        commit
            .facts
            .retain(|fact| !(matches!(fact, Fact::Read(_)) && nth(count, 5)));
        before != commit.facts.len()
    }
}

pub(super) struct StripsNothing;

impl Break for StripsNothing {
    fn commit(&mut self, node: &Node, _: &[Event], commit: &mut Commit) -> bool {
        let mut edited = false;
        for fact in &mut commit.facts {
            let Fact::Queued { envelope, .. } = fact else {
                continue;
            };
            let ticket = envelope.matter.and_then(|matter| node.view.ticket(matter));
            if envelope.author != node.region || act_of(envelope).is_none() {
                continue;
            }
            let kept = ticket.into_iter().flat_map(|ticket| &ticket.fields);
            let names = kept.filter(|field| field.name == FieldName::PetitionerName);
            envelope.fields.extend(names.cloned());
            edited = true;
        }
        renumber(node, commit);
        edited
    }
}

/// What is sealed to a far node is not kept until it arrived: asked for under another key, it is gone.
pub(super) struct KeepsNoCopies;

impl Break for KeepsNoCopies {
    fn commit(&mut self, _: &Node, _: &[Event], commit: &mut Commit) -> bool {
        let before = commit.facts.len();
        commit
            .facts
            .retain(|fact| !matches!(fact, Fact::SealedSent { .. }));
        commit.facts.len() < before
    }
}
