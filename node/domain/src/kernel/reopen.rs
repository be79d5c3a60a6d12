//! Re-opening a link that a hello had closed: a disk was rolled back or cloned, and people have settled which node
//! lives on (see [`crate::link::judge`]). Both ends re-open; then
//!
//! - every lane starts again from number 1, and what was not acknowledged is numbered anew: the old numbers are of two
//!   histories. What comes a second time has no second effect, because acts on legs, figures and notices know
//!   themselves again;
//! - the giver offers every open leg of the other side again, with the due date in force and the lead: a taker that
//!   forgot them has them back, for the others they are known;
//! - legs taken from the other side cannot be given back to a giver that forgot them: they are listed for people.

use super::draft::Draft;
use super::outcome::Stop;
use super::parked;
use crate::body::Body;
use crate::fact::Fact;
use crate::field::{FieldMark, SealedField};
use crate::id::LegId;
use crate::leg::{Act, Lane, Leg};
use crate::link::{Message, extend};
use crate::refusal::{Class, Refusal};
use crate::row::{Done, IndexKey, Row, RowKey};
use crate::view::{Overlay, Rows, View, ViewFailed};
use hotline_topology::RegionKey;

/// Index entries read at a time.
const PAGE: usize = 256;
/// Legs named in an alarm; the rest is counted.
const NAMED_MAX: usize = 20;

/// Lifts the refusal of a link.
///
/// # Errors
/// Refuses as `link.not-blocked`.
pub(super) fn reopen(draft: &mut Draft<'_>, peer: RegionKey) -> Result<Done, Stop> {
    let link = draft.link(peer)?;
    if link.blocked.is_none() {
        let words = format!("与 {peer} 的链路没有被拒绝");
        return Err(Refusal::new(Class::State, "link.not-blocked", words).into());
    }
    draft.record(Fact::LinkChanged {
        peer,
        peer_epoch: link.peer_epoch,
        failures: 0,
        heard_at: link.heard_at,
        blocked: None,
        peer_wire: link.peer_wire,
    })?;
    draft.record(Fact::LanesRestarted { peer })?;
    for leg in open_legs(draft, peer)? {
        if leg.giver() == draft.me() {
            offer_again(draft, &leg)?;
        }
    }
    let me = draft.me();
    let taken = open_legs(draft, me)?;
    list_taken(draft, peer, &taken);
    draft.pump(peer);
    parked::take_up_kept(draft)?;
    Ok(Done::default())
}

/// The open legs that a node takes.
fn open_legs(draft: &Draft<'_>, taker: RegionKey) -> Result<Vec<Leg>, Stop> {
    let key = |leg: [u8; 16]| RowKey::Index(IndexKey::OpenLeg(Body::Node(taker), LegId(leg)));
    let (mut from, to) = (key([0; 16]), key([0xff; 16]));
    let mut legs = Vec::new();
    loop {
        let page = draft.scan(&from, &to, PAGE)?;
        for (key, _) in &page {
            if let RowKey::Index(IndexKey::OpenLeg(_, id)) = key {
                legs.push(draft.leg(*id)?);
            }
        }
        match page.last() {
            Some((RowKey::Index(IndexKey::OpenLeg(_, last)), _)) if page.len() == PAGE => {
                from = key((u128::from_be_bytes(last.0) + 1).to_be_bytes());
            }
            _ => return Ok(legs),
        }
    }
}

fn offer_again(draft: &mut Draft<'_>, leg: &Leg) -> Result<(), Stop> {
    let peer = leg.taker().region();
    let written = fields_of_offer(draft, leg)?;
    let fields = leg.offer.content.iter();
    let fields = fields.map(|mark| field_of(mark, &written)).collect();
    let offer = Act::Offer(Box::new(leg.offer.clone()));
    say(draft, peer, leg, offer, fields)?;
    if leg.due_no > 0 {
        let (no, due) = (leg.due_no, leg.due);
        say(draft, peer, leg, Act::NewDue { no, due }, Vec::new())?;
    }
    if let Some(lead) = leg.lead {
        let term = leg.term;
        say(draft, peer, leg, Act::NameLead { term, lead }, Vec::new())?;
    }
    Ok(())
}

fn say(
    draft: &mut Draft<'_>,
    to: RegionKey,
    leg: &Leg,
    act: Act,
    fields: Vec<SealedField>,
) -> Result<(), Stop> {
    let message = Message::Leg {
        leg: leg.id,
        at: leg.offered_at,
        act,
    };
    draft.send(to, leg.offer.lane, &message, fields)
}

/// The fields that were written with an offer, from the ticket's timeline.
fn fields_of_offer(draft: &Draft<'_>, leg: &Leg) -> Result<Vec<SealedField>, Stop> {
    let mut from = 0;
    loop {
        let key = |no| RowKey::Timeline(leg.matter(), no);
        let page = draft.scan(&key(from), &key(u32::MAX), PAGE)?;
        from += u32::try_from(page.len()).unwrap_or(u32::MAX);
        let more = page.len() == PAGE;
        for (_, row) in page {
            if let Row::Timeline(fact) = row
                && let Fact::Leg {
                    leg: id,
                    act: Act::Offer(_),
                    fields,
                    ..
                } = *fact
                && id == leg.id
            {
                return Ok(fields);
            }
        }
        if !more {
            return Ok(Vec::new());
        }
    }
}

/// The field that a mark stands for; one that is no longer here goes as erased.
fn field_of(mark: &FieldMark, here: &[SealedField]) -> SealedField {
    let found = here
        .iter()
        .find(|field| field.name == mark.name && field.hash == mark.hash);
    found.cloned().unwrap_or_else(|| SealedField {
        name: mark.name,
        slot: 0,
        ciphertext: Vec::new(),
        hash: mark.hash,
    })
}

fn list_taken(draft: &mut Draft<'_>, peer: RegionKey, taken: &[Leg]) {
    let taken: Vec<_> = taken.iter().filter(|leg| leg.giver() == peer).collect();
    if taken.is_empty() {
        return;
    }
    let names = taken.iter().take(NAMED_MAX);
    let names: Vec<_> = names.map(|leg| leg.offer.number.clone()).collect();
    draft.alarm(format!(
        "与 {peer} 的链路已重新开通;本节点有 {} 件未结交办来自对方,如对方数据曾被恢复,请逐件与其核对:{}{}",
        taken.len(),
        names.join("、"),
        if taken.len() > NAMED_MAX { "……" } else { "" }
    ));
}

/// Numbers what waits in a link's outbox from 1, lane by lane, and forgets what was received.
pub(super) fn restart_lanes(view: &mut Overlay<'_>, peer: RegionKey) -> Result<(), ViewFailed> {
    let mut link = view.link(peer)?;
    for lane in Lane::ALL {
        let old = std::mem::take(&mut link.lanes[lane.index()]);
        let new = &mut link.lanes[lane.index()];
        for seq in old.acked + 1..=old.sent {
            let key = RowKey::Outbox(peer, lane, seq);
            let Some(Row::Outbox(envelope, _)) = view.get(&key)? else {
                continue;
            };
            view.delete(key);
            // Never above the old number, so no row is overwritten before it is read.
            new.sent += 1;
            new.sent_hash = extend(new.sent_hash, new.sent, envelope.digest());
            view.put(
                RowKey::Outbox(peer, lane, new.sent),
                Row::Outbox(envelope, new.sent_hash),
            );
        }
    }
    view.put(RowKey::Link(peer), Row::Link(Box::new(link)));
    Ok(())
}

#[cfg(test)]
mod tests;
