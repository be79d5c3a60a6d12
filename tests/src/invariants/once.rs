//! A message takes effect once, however old its duplicate, and no id or number is issued twice.
//!
//! Numbers of a lane are consumed without gap, an envelope once at its addressee, a command's key once; what an act
//! does, it does once on each side. Between disks that kept all, no link is ever refused.

use super::{Promise, Seen};
use crate::sim::places::Place;
use hotline_domain::fact::Fact;
use hotline_domain::field::SealedField;
use hotline_domain::id::{EnvelopeId, LegId, MatterId};
use hotline_domain::leg::{Act, Lane, Party};
use hotline_domain::link::Consumption;
use hotline_domain::ticket::TicketAct;
use hotline_topology::RegionKey;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// All that may be only once.
#[derive(Default)]
pub(super) struct Once {
    marks: BTreeMap<(RegionKey, RegionKey, Lane), u64>,
    applied: BTreeSet<(RegionKey, EnvelopeId)>,
    /// By envelope and next hop: what it stated. What is for a far node may leave again, sealed anew, as it was.
    authored: BTreeMap<(EnvelopeId, RegionKey), [u8; 32]>,
    /// What came sealed to a key that its addressee has no longer: it waits there for the copy that it asks for.
    shut: BTreeSet<(RegionKey, EnvelopeId)>,
    /// A newer tree was given out, or a disk set back: what was under way by the old way comes by the new one, too.
    moved: bool,
    /// A disk was set back: both pasts of a leg are told to its other end.
    set_back: bool,
    numbers: BTreeMap<String, MatterId>,
    matters: BTreeMap<MatterId, RegionKey>,
    offers: BTreeMap<LegId, RegionKey>,
    acts: BTreeSet<(RegionKey, LegId, Party, &'static str, u64)>,
    keys: BTreeSet<(RegionKey, String, String)>,
    /// What people wrote with what they asked: the same writing twice is a command that was carried out twice.
    written: BTreeSet<(RegionKey, [u8; 32])>,
}

impl Promise for Once {
    fn words(&self) -> &'static str {
        "a message takes effect once, and no id or number is issued twice"
    }

    fn committed(&mut self, seen: &Seen<'_>) -> Result<(), String> {
        seen.facts.iter().try_for_each(|fact| self.fact(seen, fact))
    }

    fn reorganised(&mut self, _: &Arc<Place>) {
        self.moved = true;
    }

    fn rolled_back(&mut self, _: &super::Nodes, me: RegionKey) {
        // What the node forgot, it may consume and answer again; ids and numbers it may not issue again.
        self.marks.retain(|(at, ..), _| *at != me);
        // What it forgot comes back under its old ids, and what was under way is sent again.
        self.offers.retain(|_, giver| *giver != me);
        self.matters.retain(|_, origin| *origin != me);
        self.moved = true;
        self.applied.retain(|(at, _)| *at != me);
        self.acts.retain(|(at, ..)| *at != me);
        self.set_back = true;
        self.keys.retain(|(at, ..)| *at != me);
        self.written.retain(|(at, _)| *at != me);
    }
}

impl Once {
    fn writes(&mut self, me: RegionKey, fields: &[SealedField]) -> Result<(), String> {
        let known = |field: &&SealedField| !self.written.insert((me, field.hash));
        match fields.iter().find(known) {
            Some(field) => Err(format!(
                "twice: a command that wrote {}",
                field.name.as_str()
            )),
            None => Ok(()),
        }
    }

    fn fact(&mut self, seen: &Seen<'_>, fact: &Fact) -> Result<(), String> {
        let me = seen.me;
        let twice = |new: bool, what: String| {
            if new {
                Ok(())
            } else {
                Err(format!("twice: {what}"))
            }
        };
        match fact {
            Fact::Consumed {
                peer,
                lane,
                seq,
                id,
                outcome,
                ..
            } => {
                let mark = self.marks.entry((me, *peer, *lane)).or_insert(*seq - 1);
                if *seq != *mark + 1 {
                    return Err(format!("{peer} {lane:?}: {seq} consumed after {mark}"));
                }
                *mark = *seq;
                let applied = match outcome {
                    Consumption::Applied => true,
                    Consumption::Parked => !self.shut.contains(&(me, *id)),
                    _ => false,
                };
                let new = !applied || self.applied.insert((me, *id)) || self.moved;
                twice(new, format!("envelope {id} applied"))
            }
            Fact::LinkEnded { peer } | Fact::LanesRestarted { peer } => {
                self.marks.retain(|(at, of, _), _| (at, of) != (&me, peer));
                Ok(())
            }
            Fact::Queued { peer, envelope, .. } if envelope.author == me => {
                let statement = envelope.statement();
                let before = self.authored.insert((envelope.id, *peer), statement);
                let new =
                    before.is_none_or(|before| envelope.addressee != *peer && before == statement);
                twice(new, format!("envelope id {}", envelope.id))
            }
            Fact::Kept { envelope, .. } if envelope.key_id != 0 => {
                self.shut.insert((me, envelope.id));
                Ok(())
            }
            Fact::Ticket {
                act: TicketAct::Noted,
                fields,
                ..
            } => self.writes(me, fields),
            Fact::Ticket {
                matter,
                act: TicketAct::TakenIn { number, .. },
                fields,
                ..
            } => {
                self.writes(me, fields)?;
                let of = *self.numbers.entry(number.clone()).or_insert(*matter);
                twice(of == *matter, format!("number {number}"))?;
                let new = self.matters.insert(*matter, me).is_none();
                twice(new, format!("matter id {matter}"))
            }
            Fact::Leg { leg, by, act, .. } => self.act(me, *leg, *by, act),
            Fact::Answered { operator, key, .. } => {
                let entry = (me, operator.clone(), key.clone());
                twice(self.keys.insert(entry), format!("key {key} of {operator}"))
            }
            Fact::LinkChanged {
                peer,
                blocked: Some(why),
                ..
            } if seen.rolled.is_none() => Err(format!(
                "{peer} was refused though no disk was rolled back: {why}"
            )),
            _ => Ok(()),
        }
    }

    fn act(&mut self, me: RegionKey, leg: LegId, by: Party, act: &Act) -> Result<(), String> {
        let no = match act {
            // A request is news by its number or by its time: a taker set back counts anew; so does a giver its due dates,
            // and it may rule otherwise on what it had ruled on, recall on another ground, or name another lead.
            Act::Request { .. }
            | Act::NewDue { .. }
            | Act::Ruling { .. }
            | Act::Recall { .. }
            | Act::NameLead { .. }
                if self.set_back =>
            {
                return Ok(());
            }
            Act::Offer(offer) if offer.giver == me && self.offers.insert(leg, me).is_some() => {
                return Err(format!("twice: leg id {leg}"));
            }
            Act::Request { no, .. } | Act::WithdrawRequest { no } | Act::NewDue { no, .. } => {
                u64::from(*no)
            }
            Act::Ruling { request, .. } => u64::from(*request),
            Act::NameLead { term, .. } => u64::from(*term),
            Act::Offer(_) | Act::Receipt | Act::Recall { .. } => 0,
            _ => return Ok(()),
        };
        if self.acts.insert((me, leg, by, act.name(), no)) {
            return Ok(());
        }
        Err(format!(
            "twice at {me}: {} {no} of {by:?} on leg {leg}",
            act.name()
        ))
    }
}
