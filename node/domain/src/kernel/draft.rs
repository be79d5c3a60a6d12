//! A draft: what one event would change. Verbs read through it, refuse through it, and record into it; a refused
//! draft is dropped whole.

use super::context::World;
use super::event::Gather;
use super::outcome::{Kept, Stop};
use super::tracing::Tracing;
use super::{fold, reconcile, send, timers, watch};
use crate::body::Actor;
use crate::command::Command;
use crate::evidence::Receipted;
use crate::fact::Fact;
use crate::field::SealedField;
use crate::figures;
use crate::id::{Ids, LegId, MatterId};
use crate::leg::{self, Act, Leg, Offer, Party, Side};
use crate::link::{Message, MessageKind};
use crate::policy::way;
use crate::refusal::{Class, Refusal};
use crate::row::{NodeRow, Row, RowKey, TimerKey};
use crate::ticket::{Ticket, TicketAct};
use crate::view::{Overlay, Rows, View, ViewFailed};
use hotline_topology::{PolicyPack, RegionKey, Time};
use std::collections::BTreeSet;

/// The work in progress of one event.
pub struct Draft<'a> {
    /// Place, world and rules.
    pub world: World<'a>,
    now: Time,
    overlay: Overlay<'a>,
    facts: Vec<Fact>,
    ids: Ids,
    pumps: BTreeSet<RegionKey>,
    alarms: Vec<String>,
    cuts: Vec<(RegionKey, String)>,
    world_changed: bool,
    gathers: Vec<Gather>,
    receipts: Vec<(RegionKey, Receipted)>,
    tracing: Option<Tracing>,
}

impl View for Draft<'_> {
    fn get(&self, key: &RowKey) -> Result<Option<Row>, ViewFailed> {
        self.overlay.get(key)
    }

    fn scan(
        &self,
        from: &RowKey,
        to: &RowKey,
        limit: usize,
    ) -> Result<Vec<(RowKey, Row)>, ViewFailed> {
        self.overlay.scan(from, to, limit)
    }
}

impl<'a> Draft<'a> {
    /// An empty draft over a view.
    #[must_use]
    pub fn new(world: World<'a>, now: Time, below: &'a dyn View, ids: Ids) -> Self {
        Self {
            world,
            now,
            overlay: Overlay::new(below),
            facts: Vec::new(),
            ids,
            pumps: BTreeSet::new(),
            alarms: Vec::new(),
            cuts: Vec::new(),
            world_changed: false,
            gathers: Vec::new(),
            receipts: Vec::new(),
            tracing: None,
        }
    }

    /// Under a trace: what it sends belongs to it.
    #[must_use]
    pub(super) fn traced(mut self, tracing: Option<Tracing>) -> Self {
        self.tracing = tracing;
        self
    }

    /// How the event is traced.
    pub(super) fn tracing(&self) -> Option<Tracing> {
        self.tracing
    }

    /// The node's time of this step.
    #[must_use]
    pub fn now(&self) -> Time {
        self.now
    }

    /// This node.
    #[must_use]
    pub fn me(&self) -> RegionKey {
        self.world.me
    }

    /// The pack in force here.
    #[must_use]
    pub fn pack(&self) -> &'a PolicyPack {
        self.world.pack()
    }

    /// Sixteen bytes for a new id.
    pub fn draw(&mut self) -> [u8; 16] {
        self.ids.draw()
    }

    /// A ticket that must exist here.
    ///
    /// # Errors
    /// Refuses as `ticket.unknown`.
    pub fn ticket(&self, matter: MatterId) -> Result<Ticket, Stop> {
        self.overlay.ticket(matter)?.ok_or_else(|| {
            let words = format!("本节点没有编号为 {matter} 的工单；请核对编号，或到受理节点查询");
            Refusal::new(Class::NotFound, "ticket.unknown", words).into()
        })
    }

    /// A leg that must exist here.
    ///
    /// # Errors
    /// Refuses as `leg.unknown`.
    pub fn leg(&self, leg: LegId) -> Result<Leg, Stop> {
        self.overlay.leg(leg)?.ok_or_else(|| {
            let words = format!("本节点没有编号为 {leg} 的交办；请核对编号");
            Refusal::new(Class::NotFound, "leg.unknown", words).into()
        })
    }

    /// The node's own row.
    ///
    /// # Errors
    /// The view failed.
    pub fn node(&self) -> Result<NodeRow, Stop> {
        Ok(self.overlay.node()?)
    }

    /// Refuses when the ticket changed since the actor saw it.
    ///
    /// # Errors
    /// Refuses as `ticket.stale`.
    pub fn check_seen(&self, command: &Command, ticket: &Ticket) -> Result<(), Stop> {
        match command.seen {
            Some(seen) if seen != ticket.version => Err(Refusal::new(
                Class::Stale,
                "ticket.stale",
                format!(
                    "工单 {} 已有变化（您看到的是第 {seen} 版，现为第 {} 版）；请刷新后再办",
                    ticket.number, ticket.version
                ),
            )
            .into()),
            _ => Ok(()),
        }
    }

    /// Records a fact: counts it, folds it, keeps it.
    ///
    /// # Errors
    /// The view failed.
    pub fn record(&mut self, fact: Fact) -> Result<(), Stop> {
        let me = self.world.me;
        let mut after = Overlay::new(&self.overlay);
        fold::fold(&mut after, me, &fact)?;
        let counted = match fact {
            Fact::Ticket { .. } | Fact::Leg { .. } | Fact::OrderStands { .. } => {
                figures::count(&self.world, &self.overlay, &after, &fact)?
            }
            _ => Vec::new(),
        };
        let layer = after.into_layer();
        self.overlay.absorb(layer);
        self.facts.push(fact);
        let changed = !counted.is_empty();
        for (cell, deltas) in counted {
            let counted = Fact::Counted { cell, deltas };
            fold::fold(&mut self.overlay, me, &counted)?;
            self.facts.push(counted);
        }
        if changed {
            timers::figures_soon(self)
        } else {
            Ok(())
        }
    }

    /// Records an act on a ticket.
    ///
    /// # Errors
    /// The view failed.
    pub fn ticket_act(
        &mut self,
        matter: MatterId,
        actor: Option<&Actor>,
        act: TicketAct,
        fields: Vec<SealedField>,
    ) -> Result<(), Stop> {
        let (at, actor) = (self.now, actor.map(|actor| actor.name.clone()));
        self.record(Fact::Ticket {
            matter,
            at,
            actor,
            act,
            fields,
        })
    }

    /// Offers a new leg of this node and tells the taker; a unit of the own node receives it in the same commit.
    ///
    /// # Errors
    /// The view failed, or there is no way to the taker.
    pub fn offer(
        &mut self,
        offer: Offer,
        actor: Option<&Actor>,
        fields: Vec<SealedField>,
    ) -> Result<LegId, Stop> {
        let id = LegId(self.draw());
        let own_unit = offer.taker.region() == self.me();
        self.leg_fact(
            id,
            Party::Giver,
            self.now,
            Act::Offer(Box::new(offer)),
            actor,
            fields,
        )?;
        if own_unit {
            self.leg_fact(id, Party::Taker, self.now, Act::Receipt, None, Vec::new())?;
        }
        Ok(id)
    }

    /// An act of this node's own party on a leg: checked, recorded, and told to the other side.
    ///
    /// # Errors
    /// Refuses what the leg's state does not allow; see [`leg::check`].
    pub fn act(
        &mut self,
        id: LegId,
        by: Party,
        act: Act,
        actor: Option<&Actor>,
        fields: Vec<SealedField>,
    ) -> Result<Leg, Stop> {
        let before = self.leg(id)?;
        leg::check(&before, by, &act)?;
        self.leg_fact(id, by, self.now, act, actor, fields)?;
        self.leg(id)
    }

    /// Records a checked act of the own party, tells the other side, and sees to what follows.
    pub(super) fn leg_fact(
        &mut self,
        id: LegId,
        by: Party,
        happened_at: Time,
        act: Act,
        actor: Option<&Actor>,
        fields: Vec<SealedField>,
    ) -> Result<(), Stop> {
        let before = self.overlay.leg(id)?;
        let (at, actor) = (self.now, actor.map(|actor| actor.name.clone()));
        let matter = match (&before, &act) {
            (Some(leg), _) => leg.matter(),
            (None, Act::Offer(offer)) => offer.matter,
            (None, _) => {
                return Err(self
                    .leg(id)
                    .err()
                    .unwrap_or_else(|| unreachable!("the leg is missing")));
            }
        };
        if let Some(other) = match (&before, &act) {
            (Some(leg), _) => other_side(leg, by),
            (None, Act::Offer(offer)) => Some(offer.taker.region()).filter(|to| *to != self.me()),
            (None, _) => None,
        } {
            reconcile::permit_act(self, other, matter, &act)?;
        }
        let fact = Fact::Leg {
            leg: id,
            matter,
            by,
            at,
            happened_at,
            actor,
            act: act.clone(),
            fields: fields.clone(),
        };
        self.record(fact)?;
        let after = self.leg(id)?;
        if let Some(other) = other_side(&after, by)
            && !(by == Party::Giver && matches!(act, Act::Overdue { .. }))
            && way::concerns_both(&after, &act)
        {
            let message = Message::Leg {
                leg: id,
                at: happened_at,
                act: act.clone(),
            };
            send::send(self, other, after.offer.lane, &message, fields)?;
        }
        watch::after(self, before.as_ref(), &after, by, &act)
    }

    /// Records an act of the other side that arrived and was let pass.
    pub(super) fn received_fact(
        &mut self,
        id: LegId,
        matter: MatterId,
        by: Party,
        happened_at: Time,
        act: Act,
        fields: Vec<SealedField>,
    ) -> Result<(), Stop> {
        let before = self.overlay.leg(id)?;
        let at = self.now;
        self.record(Fact::Leg {
            leg: id,
            matter,
            by,
            at,
            happened_at,
            actor: None,
            act: act.clone(),
            fields,
        })?;
        let after = self.leg(id)?;
        watch::after(self, before.as_ref(), &after, by, &act)
    }

    /// Sends a message to another node.
    ///
    /// # Errors
    /// Refuses as `link.no-way` where the topology knows no way.
    pub fn send(
        &mut self,
        to: RegionKey,
        lane: leg::Lane,
        message: &Message,
        fields: Vec<SealedField>,
    ) -> Result<(), Stop> {
        send::send(self, to, lane, message, fields)
    }

    /// Whether the way to another node leads by this one, or ends there; or did by an older tree.
    pub(super) fn goes_by(&self, by: RegionKey, other: RegionKey) -> bool {
        let mut trees = self.world.trees();
        trees.any(|tree| tree.path(self.me(), other).contains(&by))
    }

    /// Whether a neighbour is known to speak the wire version that brought a kind of message.
    ///
    /// # Errors
    /// The view failed.
    pub fn speaks(&self, peer: RegionKey, kind: MessageKind) -> Result<bool, Stop> {
        Ok(self.overlay.link(peer)?.peer_wire >= kind.since())
    }

    /// Sets a timer.
    ///
    /// # Errors
    /// The view failed.
    pub fn set_timer(&mut self, at: Time, key: TimerKey) -> Result<(), Stop> {
        self.record(Fact::TimerSet { at, key })
    }

    /// Tells the operator once the commit is durable.
    pub fn alarm(&mut self, text: String) {
        self.alarms.push(text);
    }

    /// Closes a peer's stream once the commit is durable.
    pub(super) fn cut(&mut self, peer: RegionKey, why: String) {
        self.cuts.push((peer, why));
    }

    /// Tells the shell that another version came into force.
    pub(super) fn world_changed(&mut self) {
        self.world_changed = true;
    }

    /// Has the log read for letters.
    pub(super) fn gather(&mut self, ask: Gather) {
        self.gathers.push(ask);
    }

    /// Owes the author of something received a receipt, which goes out with all others of the group.
    pub(super) fn owe(&mut self, author: RegionKey, receipt: Receipted) {
        self.receipts.push((author, receipt));
    }

    /// Marks a peer's outbox as grown.
    pub(super) fn pump(&mut self, peer: RegionKey) {
        self.pumps.insert(peer);
    }

    /// Tries something on a draft of its own: kept whole, or dropped whole when refused.
    pub(super) fn attempt<T>(
        &mut self,
        work: impl FnOnce(&mut Draft<'_>) -> Result<T, Stop>,
    ) -> Result<Result<T, Refusal>, ViewFailed> {
        let ids = Ids::new(self.ids.draw());
        let mut inner = Draft::new(self.world, self.now, &self.overlay, ids).traced(self.tracing);
        match work(&mut inner) {
            Ok(value) => {
                let kept = inner.into_kept();
                self.absorb(kept);
                Ok(Ok(value))
            }
            Err(Stop::Refused(refusal)) => Ok(Err(refusal)),
            Err(Stop::Failed(failed)) => Err(failed),
        }
    }

    pub(super) fn into_kept(self) -> Kept {
        Kept {
            facts: self.facts,
            layer: self.overlay.into_layer(),
            pumps: self.pumps,
            alarms: self.alarms,
            cuts: self.cuts,
            world_changed: self.world_changed,
            gathers: self.gathers,
            receipts: self.receipts,
        }
    }

    fn absorb(&mut self, kept: Kept) {
        self.overlay.absorb(kept.layer);
        self.facts.extend(kept.facts);
        self.pumps.extend(kept.pumps);
        self.alarms.extend(kept.alarms);
        self.cuts.extend(kept.cuts);
        self.world_changed |= kept.world_changed;
        self.gathers.extend(kept.gathers);
        self.receipts.extend(kept.receipts);
    }
}

/// The node at the other end of the leg, when `by` acted at this one; `None` where both are here.
fn other_side(leg: &Leg, by: Party) -> Option<RegionKey> {
    match (leg.side, by) {
        (Side::Giver, Party::Giver) => Some(leg.taker().region()),
        (Side::Taker, Party::Taker) => Some(leg.giver()),
        _ => None,
    }
}
