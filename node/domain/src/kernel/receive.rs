//! Receiving: every numbered envelope is consumed: applied, refused with an answer, relayed, parked, or set aside with
//! an alarm. Only a failing store stops a lane.

use super::draft::{Draft, Stop};
use super::send;
use crate::clock;
use crate::fact::Fact;
use crate::field::{SealedField, marks};
use crate::figures;
use crate::id::LegId;
use crate::leg::{self, Act, Lane, Leg, LegKind, Offer, Party, Reception};
use crate::link::{Consumption, Envelope, Message, Unreadable, extend};
use crate::policy::authority;
use crate::refusal::{Class, Refusal};
use crate::row::{Kept, Row, RowKey, TimerKey};
use crate::supervision;
use crate::ticket::{self, Ticket, TicketAct};
use crate::view::{Rows, View};
use hotline_topology::{RegionKey, Span, Time};
use std::collections::BTreeSet;

/// How long an envelope written under an unknown topology version waits for that version.
const PARKED: Span = Span::NaturalDays(7);
/// Kept envelopes looked at in one step.
const KEPT_PAGE: usize = 256;

/// Consumes the next envelope of a lane. `None`: nothing new, a duplicate below the mark; else the lane's running hash
/// with it.
pub(super) fn consume(
    draft: &mut Draft<'_>,
    peer: RegionKey,
    lane: Lane,
    seq: u64,
    envelope: Envelope,
) -> Result<Option<[u8; 32]>, Stop> {
    let state = draft.link(peer)?.lanes[lane.index()];
    if seq != state.received + 1 {
        return Ok(None);
    }
    let hash = extend(state.received_hash, seq, envelope.digest());
    let id = envelope.id;
    let kept = envelope.clone();
    let outcome = match draft.attempt(|inner| take(inner, peer, lane, envelope))? {
        Ok(outcome) => outcome,
        Err(refusal) => set_aside(draft, peer, kept, refusal.to_string())?,
    };
    draft.record(Fact::Consumed {
        peer,
        lane,
        seq,
        hash,
        id,
        outcome,
    })?;
    Ok(Some(hash))
}

fn take(
    draft: &mut Draft<'_>,
    peer: RegionKey,
    lane: Lane,
    envelope: Envelope,
) -> Result<Consumption, Stop> {
    if envelope.lane != lane {
        return set_aside(
            draft,
            peer,
            envelope,
            "信封的通道与传来的通道不符".to_owned(),
        );
    }
    if envelope.addressee != draft.me() {
        return relay(draft, peer, envelope);
    }
    if must_wait(draft, &envelope)? {
        let until = clock::end_of(&draft.world, draft.now(), PARKED);
        keep(draft, peer, envelope, Some(until))?;
        return Ok(Consumption::Parked);
    }
    open(draft, peer, envelope)
}

/// Applies an envelope addressed to this node, or refuses it with an answer.
fn open(draft: &mut Draft<'_>, peer: RegionKey, envelope: Envelope) -> Result<Consumption, Stop> {
    let message = match draft.world.wire.decode(envelope.kind, &envelope.payload) {
        Ok(message) => message,
        Err(Unreadable::UnknownKind(kind)) => {
            return set_aside(draft, peer, envelope, format!("不认识的消息种类 {kind}"));
        }
        Err(Unreadable::Malformed(why)) => {
            return set_aside(draft, peer, envelope, format!("消息内容不可读:{why}"));
        }
    };
    let (author, id) = (envelope.author, envelope.id);
    let answerable = !matches!(message, Message::Refused { .. });
    let tried = draft.attempt(|inner| {
        authority::permit_author(&inner.world, peer, author, &envelope.route)?;
        apply(inner, author, envelope.written_at, message, envelope.fields)
    })?;
    match tried {
        Ok(()) => Ok(Consumption::Applied),
        Err(refusal) => {
            draft.alarm(format!("拒绝了 {author} 的消息 {id}:{refusal}"));
            if answerable {
                let answer = Message::Refused {
                    about: id,
                    leg: envelope.leg,
                    rule: refusal.rule.to_owned(),
                    message: refusal.message,
                };
                draft.send(author, envelope.lane, &answer, Vec::new())?;
            }
            Ok(Consumption::Refused {
                rule: refusal.rule.to_owned(),
            })
        }
    }
}

fn apply(
    draft: &mut Draft<'_>,
    author: RegionKey,
    written_at: Time,
    message: Message,
    fields: Vec<SealedField>,
) -> Result<(), Stop> {
    match message {
        Message::Leg { leg, at, act } => {
            leg_message(draft, author, leg, at.min(written_at), act, fields)
        }
        Message::Sight { matter, sight } => {
            let ticket = draft.ticket(matter)?;
            authority::permit_sight(draft.me(), author, &ticket, &sight)?;
            draft.record(Fact::Sighted { matter, sight })
        }
        Message::Notice(notice) => {
            authority::permit_notice(&draft.world, author, &notice)?;
            draft.record(Fact::Noticed(notice))
        }
        Message::Figures(report) => {
            let fact = figures::accept(&draft.world, author, report)?;
            draft.record(fact)?;
            super::timers::figures_soon(draft)
        }
        Message::Refused {
            leg, rule, message, ..
        } => refused_there(draft, author, leg, &rule, &message),
    }
}

fn leg_message(
    draft: &mut Draft<'_>,
    author: RegionKey,
    id: LegId,
    at: Time,
    act: Act,
    fields: Vec<SealedField>,
) -> Result<(), Stop> {
    let Some(known) = Rows::leg(draft, id)? else {
        return match act {
            Act::Offer(offer) => offered(draft, author, id, at, *offer, fields),
            Act::ReplyOrder { order } => supervision::reply_arrived(draft, author, order),
            _ => Err(unknown_leg(id)),
        };
    };
    let by = authority::party_of(&draft.world, &known, author, &act)?;
    check_fields(draft, author, &known.offer, &fields)?;
    let happened_at = clock::happened(at, known.offered_at, draft.now());
    match leg::receive(&known, by, happened_at, &act) {
        Reception::Apply => {
            let (matter, kept) = (known.matter(), fields.clone());
            draft.received_fact(id, matter, by, happened_at, act.clone(), kept)?;
            supervision::received(draft, &known, by, &act, fields)
        }
        Reception::Late { .. } => {
            draft.received_fact(id, known.matter(), by, happened_at, act.clone(), fields)?;
            match known
                .closed_since()
                .filter(|_| by == Party::Taker && matches!(act, Act::Request { .. }))
            {
                Some(act) => {
                    let answer = Message::Leg {
                        leg: id,
                        at: draft.now(),
                        act,
                    };
                    draft.send(author, known.offer.lane, &answer, Vec::new())
                }
                None => Ok(()),
            }
        }
        Reception::Void(_) => Ok(()),
        Reception::Refuse(refusal) => Err(refusal.into()),
    }
}

fn unknown_leg(id: LegId) -> Stop {
    let words = format!("本节点没有编号为 {id} 的交办");
    Refusal::new(Class::NotFound, "leg.unknown", words).into()
}

/// A leg arrives: kept, received, and receipted in one commit.
fn offered(
    draft: &mut Draft<'_>,
    author: RegionKey,
    id: LegId,
    at: Time,
    offer: Offer,
    fields: Vec<SealedField>,
) -> Result<(), Stop> {
    authority::permit_offer(&draft.world, author, &offer)?;
    check_fields(draft, author, &offer, &fields)?;
    if offer.content != marks(&fields) {
        let words = "交办内容与其摘要不符,未接收;请重新交办".to_owned();
        return Err(Refusal::new(Class::Invalid, "leg.content-mismatch", words).into());
    }
    let ticket = Rows::ticket(draft, offer.matter)?;
    if let Some(ticket) = &ticket
        && !may_take(draft, ticket, offer.kind)?
    {
        let words = format!(
            "工单 {} 在本节点已有未结的上级交办,不能再接一个",
            ticket.number
        );
        return Err(Refusal::new(Class::State, "leg.one-incoming", words).into());
    }
    let (matter, now) = (offer.matter, draft.now());
    let happened_at = clock::happened(at, Time(0), now);
    let act = Act::Offer(Box::new(offer));
    draft.received_fact(id, matter, Party::Giver, happened_at, act, Vec::new())?;
    draft.leg_fact(id, Party::Taker, now, Act::Receipt, None, Vec::new())?;
    let leg = draft.leg(id)?;
    // An own matter keeps its own date: the clock runs on while it is raised and comes down again.
    let kept = ticket.filter(|ticket| ticket.is_own(draft.me()));
    let due = kept
        .and_then(|ticket| ticket.due)
        .unwrap_or_else(|| clock::own_due(&draft.world, &leg));
    draft.ticket_act(matter, None, TicketAct::Received { leg: id, due }, fields)?;
    draft.set_timer(due, TimerKey::TicketDue(matter))
}

/// At most one incoming leg is open; but what was raised from below and passed on upward may come down again.
fn may_take(draft: &Draft<'_>, ticket: &Ticket, kind: LegKind) -> Result<bool, Stop> {
    if ticket::given_from_above(draft, ticket)?.is_some() {
        return Ok(false);
    }
    if ticket::raised_from_below(draft, ticket)?.is_none() {
        return Ok(true);
    }
    let mut passed_on = false;
    for id in &ticket.outgoing {
        let open = |leg: Leg| leg.is_open() && leg.offer.kind == LegKind::Upward;
        passed_on |= Rows::leg(draft, *id)?.is_some_and(open);
    }
    Ok(passed_on && kind == LegKind::Downward)
}

/// The receiver refuses what the edge's policy does not let a leg carry (invariant 5).
fn check_fields(
    draft: &Draft<'_>,
    author: RegionKey,
    offer: &Offer,
    fields: &[SealedField],
) -> Result<(), Stop> {
    let upward = offer.kind == LegKind::Upward;
    let federation = draft.world.federation;
    match fields
        .iter()
        .find(|field| !federation.may_travel(author, draft.me(), upward, field.name))
    {
        None => Ok(()),
        Some(field) => {
            let words = format!(
                "字段「{}」不得从 {author} 传到本节点,整条消息未接收",
                field.name.as_str()
            );
            Err(Refusal::new(Class::Forbidden, "locality.field-policy", words).into())
        }
    }
}

/// The other side's rule refused something of ours; an offer refused there comes back as a granted return.
fn refused_there(
    draft: &mut Draft<'_>,
    author: RegionKey,
    leg: Option<LegId>,
    rule: &str,
    message: &str,
) -> Result<(), Stop> {
    draft.alarm(format!(
        "{author} 拒绝了本节点的消息(规则 {rule}):{message}"
    ));
    let Some(leg) = leg else { return Ok(()) };
    let Some(known) = Rows::leg(draft, leg)? else {
        return Ok(());
    };
    let undelivered = known.stage == leg::Stage::Offered;
    if !undelivered || known.giver() != draft.me() || known.taker().region() != author {
        return Ok(());
    }
    refuse_offer(draft, &known, rule)
}

fn refuse_offer(draft: &mut Draft<'_>, leg: &Leg, rule: &str) -> Result<(), Stop> {
    let asking = leg::Asking::Return {
        ground: "refused-by-rule".to_owned(),
        basis: rule.to_owned(),
    };
    let (now, no) = (draft.now(), 1);
    draft.received_fact(
        leg.id,
        leg.matter(),
        Party::Taker,
        now,
        Act::Request { no, asking },
        Vec::new(),
    )?;
    let of = leg::RequestKind::Return;
    let ruling = Act::Ruling {
        request: no,
        of,
        granted: true,
        basis: rule.to_owned(),
        due: None,
    };
    draft.received_fact(leg.id, leg.matter(), Party::Giver, now, ruling, Vec::new())?;
    supervision::bounced(draft, leg)
}

/// Passes an envelope on; what it does not understand, too.
fn relay(draft: &mut Draft<'_>, peer: RegionKey, envelope: Envelope) -> Result<Consumption, Stop> {
    let next = draft
        .world
        .federation
        .next_hop(draft.me(), envelope.addressee);
    if next.is_none() || next == Some(peer) || envelope.route.contains(&draft.me()) {
        let why = format!("没有通往 {} 的路径", envelope.addressee);
        return set_aside(draft, peer, envelope, why);
    }
    send::queue(draft, envelope)?;
    Ok(Consumption::Relayed)
}

/// A message under a version not yet known waits, and so do later ones of its leg.
fn must_wait(draft: &Draft<'_>, envelope: &Envelope) -> Result<bool, Stop> {
    if envelope.topology > draft.world.federation.version() {
        return Ok(true);
    }
    let Some(leg) = envelope.leg else {
        return Ok(false);
    };
    if draft.node()?.kept == 0 {
        return Ok(false);
    }
    let parked = parked(draft)?;
    Ok(parked.iter().any(|kept| kept.envelope.leg == Some(leg)))
}

/// What waits for a version, in the order it came.
fn parked(draft: &Draft<'_>) -> Result<Vec<Kept>, Stop> {
    let mut parked = Vec::new();
    let mut from = 0;
    loop {
        let page = draft.scan(&RowKey::Kept(from), &RowKey::Kept(u64::MAX), KEPT_PAGE)?;
        let Some((RowKey::Kept(last), _)) = page.last() else {
            return Ok(parked);
        };
        from = last + 1;
        for (_, row) in page {
            if let Row::Kept(kept) = row
                && kept.until.is_some()
            {
                parked.push(*kept);
            }
        }
    }
}

fn set_aside(
    draft: &mut Draft<'_>,
    peer: RegionKey,
    envelope: Envelope,
    why: String,
) -> Result<Consumption, Stop> {
    draft.alarm(format!("搁置了 {peer} 传来的信封 {}:{why}", envelope.id));
    keep(draft, peer, envelope, None)?;
    Ok(Consumption::SetAside { why })
}

fn keep(
    draft: &mut Draft<'_>,
    peer: RegionKey,
    envelope: Envelope,
    until: Option<Time>,
) -> Result<(), Stop> {
    let no = draft.node()?.kept + 1;
    draft.record(Fact::Kept {
        no,
        peer,
        until,
        envelope,
    })?;
    match until {
        Some(until) => draft.set_timer(until, TimerKey::KeptBound(no)),
        None => Ok(()),
    }
}

/// Takes up what waited for a version that is known now, in the order it came.
pub(super) fn take_up_kept(draft: &mut Draft<'_>) -> Result<(), Stop> {
    let known = draft.world.federation.version();
    let mut still = BTreeSet::new();
    for kept in parked(draft)? {
        let leg = kept.envelope.leg;
        if kept.envelope.topology > known || leg.is_some_and(|leg| still.contains(&leg)) {
            still.extend(leg);
            continue;
        }
        draft.record(Fact::Unkept { no: kept.no })?;
        open(draft, kept.peer, kept.envelope)?;
    }
    Ok(())
}

/// The bound passed: the envelope is refused with an answer.
pub(super) fn kept_bound(draft: &mut Draft<'_>, no: u64) -> Result<(), Stop> {
    let Some(Row::Kept(kept)) = draft.get(&RowKey::Kept(no))? else {
        return Ok(());
    };
    if kept.until.is_none_or(|until| until > draft.now()) {
        return Ok(());
    }
    draft.record(Fact::Unkept { no })?;
    let words = format!(
        "消息依据的拓扑第 {} 版在期限内未下发到本节点",
        kept.envelope.topology
    );
    let answer = Message::Refused {
        about: kept.envelope.id,
        leg: kept.envelope.leg,
        rule: "link.version-unknown".to_owned(),
        message: words,
    };
    let (author, lane) = (kept.envelope.author, kept.envelope.lane);
    draft.send(author, lane, &answer, Vec::new())?;
    // What queued behind it need not wait any longer.
    take_up_kept(draft)
}
