//! What follows from what came back: all that would have followed by itself, had nothing been lost. Each step looks at
//! the state and may be repeated; it acts on legs only whose other side has answered.

use super::legs_by_peer;
use crate::clock;
use crate::id::MatterId;
use crate::kernel::outcome::Stop;
use crate::kernel::world::succeed;
use crate::kernel::{Draft, joint, reckon, timers};
use crate::leg::{self, Act, Asking, Closure, Leg, LegKind, Party, RecallGround, Side, Stage};
use crate::link::Message;
use crate::row::TimerKey;
use crate::ticket::{self, Sight, Ticket, TicketAct, TicketStage};
use crate::view::Rows;
use hotline_topology::{RegionKey, Time};
use std::collections::BTreeSet;

/// Sees to what follows on every leg with a peer that has answered.
pub(super) fn follow(draft: &mut Draft<'_>, peer: RegionKey) -> Result<(), Stop> {
    let since = draft.node()?.restore.map_or(Time(i64::MAX), |restore| {
        Time(restore.until.0 - super::SLACK_MS)
    });
    let legs = legs_by_peer(draft, since)?
        .remove(&peer)
        .unwrap_or_default();
    let matters: BTreeSet<MatterId> = legs.iter().map(Leg::matter).collect();
    for matter in &matters {
        mend(draft, *matter)?;
    }
    for leg in &legs {
        // A rule that refuses one must not hold up the others.
        if let Err(refusal) = draft.attempt(|inner| follow_leg(inner, leg))? {
            draft.alarm(format!(
                "恢复后核对交办 {}({})时：{refusal}",
                leg.id, leg.offer.number
            ));
        }
    }
    for matter in matters {
        mend(draft, matter)?;
    }
    Ok(())
}

fn follow_leg(draft: &mut Draft<'_>, leg: &Leg) -> Result<(), Stop> {
    let downward = leg.offer.kind == LegKind::Downward;
    let taker = leg.side == Side::Taker;
    let now = draft.now();
    if taker && leg.stage == Stage::Offered {
        draft.leg_fact(leg.id, Party::Taker, now, Act::Receipt, None, Vec::new())?;
    }
    if !taker {
        if let Some(ruling) = leg::automatic(leg) {
            draft.leg_fact(leg.id, Party::Giver, now, ruling, None, Vec::new())?;
        } else if leg.is_open() && downward {
            recall_below_ended(draft, leg)?;
        }
    }
    let leg = draft.leg(leg.id)?;
    if leg.is_open() && downward {
        draft.set_timer(leg.due.at, TimerKey::LegDue(leg.id))?;
        let sign = &draft.world.pack_for(&leg.offer.rules).sign;
        if taker && sign.deemed && leg.signed_at.is_none() {
            let from = leg.delivered_at.unwrap_or(now);
            let until = clock::end_of(&draft.world, from, sign.window);
            draft.set_timer(until, TimerKey::SignDue(leg.id))?;
        }
    }
    if taker && leg.is_open() && downward {
        due_again(draft, &leg)?;
    }
    reckon::came_back(draft, &leg)?;
    if leg.side == Side::Giver {
        lead_again(draft, &leg)?;
        // Who leads is decided by all receipts: the last answer decides.
        let ticket = draft.ticket(leg.matter())?;
        if super::permit_matter(draft, &ticket).is_ok() {
            joint::watch(draft, &leg)?;
        }
        tell_origin(draft, &leg)?;
        // A tree that came into force meanwhile may have dissolved its taker.
        let leg = draft.leg(leg.id)?;
        succeed::pass_leg_on(draft, &leg)?;
    }
    timers::figures_soon(draft)
}

/// A due date that the giver had set came back: the ticket is due by it, as when it first came.
fn due_again(draft: &mut Draft<'_>, leg: &Leg) -> Result<(), Stop> {
    let ticket = draft.ticket(leg.matter())?;
    if ticket.incoming != Some(leg.id) || ticket.is_own(draft.me()) {
        return Ok(());
    }
    let due = clock::own_due(&draft.world, leg);
    let newer = leg.due_no > 0 && ticket.due != Some(due.at);
    // The same date may be certain by now.
    let same = ticket.due == Some(due.at);
    if newer || same || ticket.due.is_none_or(|known| known > leg.due.at) {
        ticket::due_by_leg(draft, &ticket, leg)?;
    }
    Ok(())
}

/// The leg under which this node gave the matter on has ended: what it gave is taken back.
fn recall_below_ended(draft: &mut Draft<'_>, leg: &Leg) -> Result<(), Stop> {
    let ticket = draft.ticket(leg.matter())?;
    if ticket.is_own(draft.me()) || ticket.incoming_all.is_empty() {
        return Ok(());
    }
    let mut ground = RecallGround::Recalled;
    for id in &ticket.incoming_all {
        match Rows::leg(draft, *id)?.map(|leg| leg.stage) {
            Some(Stage::Closed(Closure::Recalled(RecallGround::Withdrawn))) => {
                ground = RecallGround::Withdrawn;
            }
            Some(Stage::Closed(_)) => {}
            _ => return Ok(()),
        }
    }
    let now = draft.now();
    let act = Act::Recall { ground };
    draft.leg_fact(leg.id, Party::Giver, now, act, None, Vec::new())
}

/// The lead of the highest term that any taker was told.
fn lead_again(draft: &mut Draft<'_>, leg: &Leg) -> Result<(), Stop> {
    let ticket = draft.ticket(leg.matter())?;
    match leg.lead {
        Some(lead) if leg.term > ticket.term => {
            let act = TicketAct::LeadNamed {
                term: leg.term,
                lead,
                fixed: false,
            };
            draft.ticket_act(ticket.matter, None, act, Vec::new())
        }
        _ => Ok(()),
    }
}

/// Tells the origin where a leg stands that this node gave.
pub(super) fn tell_origin(draft: &mut Draft<'_>, leg: &Leg) -> Result<(), Stop> {
    let origin = leg.offer.origin;
    if origin == draft.me() {
        return Ok(());
    }
    let sight = Sight {
        leg: leg.id,
        giver: leg.giver(),
        taker: leg.taker().clone(),
        stage: leg::stage_word(leg).to_owned(),
        offered_at: leg.offered_at,
        due: leg.due.at,
        since: draft.now(),
        open: leg.is_open(),
        version: leg.version,
    };
    let matter = leg.matter();
    let message = Message::Sight { matter, sight };
    draft.send(origin, leg.offer.lane, &message, Vec::new())
}

/// Records where the ticket stands, if that is another place than where the order of arrival left it.
pub(super) fn mend(draft: &mut Draft<'_>, matter: MatterId) -> Result<(), Stop> {
    let Some(ticket) = Rows::ticket(draft, matter)? else {
        return Ok(());
    };
    let legs = |ids: &[crate::id::LegId]| -> Result<Vec<Leg>, Stop> {
        let mut legs = Vec::new();
        for id in ids {
            legs.extend(Rows::leg(draft, *id)?);
        }
        legs.sort_by_key(|leg| (leg.offered_at, leg.id));
        Ok(legs)
    };
    let (incoming, outgoing) = (legs(&ticket.incoming_all)?, legs(&ticket.outgoing)?);
    let mended = mended(&ticket, draft.me(), &incoming, &outgoing);
    let mut after = ticket.clone();
    after.apply(draft.now(), None, &mended, &[]);
    after.version = ticket.version;
    if after == ticket {
        return Ok(());
    }
    draft.ticket_act(matter, None, mended, Vec::new())
}

/// Where a ticket stands by its legs, each list oldest first.
fn mended(ticket: &Ticket, me: RegionKey, incoming: &[Leg], outgoing: &[Leg]) -> TicketAct {
    let in_force = incoming
        .iter()
        .rfind(|leg| leg.is_open())
        .or(incoming.last());
    let begun = in_force.map(|leg| leg.offered_at);
    let round = match begun {
        Some(begun) => outgoing.iter().filter(|leg| leg.offered_at < begun).count(),
        None => 0,
    };
    let round = (ticket.round).max(u32::try_from(round).unwrap_or(u32::MAX));
    let round = round.min(u32::try_from(outgoing.len()).unwrap_or(u32::MAX));
    let over =
        !ticket.is_own(me) && !incoming.is_empty() && incoming.iter().all(|leg| !leg.is_open());
    let awaited = incoming
        .iter()
        .any(|leg| leg.is_open() && leg.offer.kind == LegKind::Downward);
    let at_work = outgoing
        .iter()
        .any(|leg| leg.is_open() && (leg.offer.kind == LegKind::Downward || !awaited));
    let done = outgoing[round as usize..]
        .iter()
        .any(|leg| leg.stage == Stage::Closed(Closure::Done));
    let stage = match (over, at_work, done) {
        (true, ..) => TicketStage::Closed,
        (false, true, _) => TicketStage::Assigned,
        // What was decided here besides the legs stands.
        (false, false, _) if ticket.stage != TicketStage::Assigned => ticket.stage,
        (false, false, true) => TicketStage::Reviewing,
        (false, false, false) => TicketStage::Open,
    };
    let (closed_ground, closed_at) = match in_force {
        _ if stage != TicketStage::Closed => (None, None),
        _ if ticket.closed_ground.is_some() => (ticket.closed_ground.clone(), ticket.closed_at),
        Some(leg) => (Some(ground_of(leg)), leg.closed_at),
        None => (None, None),
    };
    TicketAct::Mended {
        stage,
        closed_ground,
        closed_at,
        incoming: in_force.map(|leg| leg.id),
        incoming_all: incoming.iter().map(|leg| leg.id).collect(),
        outgoing: outgoing.iter().map(|leg| leg.id).collect(),
        round,
    }
}

/// The ground that a closed incoming leg gives its ticket.
fn ground_of(leg: &Leg) -> String {
    let result = leg
        .request
        .as_ref()
        .and_then(|request| match &request.asking {
            Asking::Result { ground } => Some(ground.clone()),
            _ => None,
        });
    match leg.stage {
        Stage::Closed(Closure::Done) => result.unwrap_or_else(|| "leg-done".to_owned()),
        Stage::Closed(Closure::Returned) => "leg-returned".to_owned(),
        Stage::Closed(Closure::Escalated) => "leg-escalated".to_owned(),
        Stage::Closed(Closure::Recalled(RecallGround::Withdrawn)) => "leg-withdrawn".to_owned(),
        Stage::Closed(Closure::Recalled(RecallGround::Released)) => "leg-released".to_owned(),
        _ => "leg-recalled".to_owned(),
    }
}
