//! A leg arrives, or comes back because the other side's rules refuse it.

use super::draft::Draft;
use super::outcome::Stop;
use super::{reckon, reconcile};
use crate::clock::{self, Basis, DueOf};
use crate::field::{FieldMark, SealedField, marks};
use crate::id::LegId;
use crate::leg::{self, Act, Leg, LegKind, Offer, Party};
use crate::policy::authority;
use crate::policy::way::{self, Ends};
use crate::refusal::{Class, Refusal};
use crate::row::TimerKey;
use crate::supervision;
use crate::ticket::{self, Ticket, TicketAct};
use crate::view::Rows;
use hotline_topology::{Federation, RegionKey, Time};

/// A leg arrives: kept, received, and receipted in one commit.
pub(super) fn offered(
    draft: &mut Draft<'_>,
    tree: &Federation,
    author: RegionKey,
    id: LegId,
    at: Time,
    offer: Offer,
    fields: Vec<SealedField>,
) -> Result<(), Stop> {
    authority::permit_offer(&draft.world, tree, author, &offer)?;
    check_fields(draft, tree, author, Some(&offer), &fields)?;
    if offer.content != marks(&fields) {
        let words = "交办内容与其摘要不符，未接收；请重新交办".to_owned();
        return Err(Refusal::new(Class::Invalid, "leg.content-mismatch", words).into());
    }
    let ticket = Rows::ticket(draft, offer.matter)?;
    if let Some(ticket) = &ticket
        && !may_take(draft, ticket, offer.kind)?
    {
        let words = format!(
            "工单 {} 在本节点已有未结的上级交办，不能再接一个",
            ticket.number
        );
        return Err(Refusal::new(Class::State, "leg.one-incoming", words).into());
    }
    let (matter, now) = (offer.matter, draft.now());
    let happened_at = clock::happened(at, Time(0), now);
    reconcile::own_again(draft, &offer, &fields)?;
    let act = Act::Offer(Box::new(offer));
    draft.received_fact(id, matter, Party::Giver, happened_at, act, Vec::new())?;
    draft.leg_fact(id, Party::Taker, now, Act::Receipt, None, Vec::new())?;
    let leg = draft.leg(id)?;
    // An own matter keeps its own date: the clock runs on while it is raised and comes down again.
    let kept = Rows::ticket(draft, matter)?.filter(|ticket| ticket.is_own(draft.me()));
    let kept = kept.and_then(|ticket| ticket.due);
    let own = clock::own_due(&draft.world, &leg);
    let due = kept.unwrap_or(own.at);
    draft.ticket_act(matter, None, TicketAct::Received { leg: id, due }, fields)?;
    if kept.is_none() {
        reckon::note(draft, DueOf::Ticket(matter), own, Basis::Incoming, 0)?;
    }
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

/// The receiver refuses what the edges' policy, by the tree it was written under, does not let pass (invariant 5). `offer`:
/// of the leg that it is about, where one is known.
pub(super) fn check_fields(
    draft: &Draft<'_>,
    tree: &Federation,
    author: RegionKey,
    offer: Option<&Offer>,
    fields: &[SealedField],
) -> Result<(), Stop> {
    let (ends, me) = (offer.map(Ends::of), draft.me());
    let kept = |field: &&SealedField| !way::may_travel(tree, ends, author, me, field.name);
    match fields.iter().find(kept) {
        None => Ok(()),
        Some(field) => {
            let words = format!(
                "字段「{}」不得从 {author} 传到本节点，整条消息未接收",
                field.name.as_str()
            );
            Err(Refusal::new(Class::Forbidden, "locality.field-policy", words).into())
        }
    }
}

/// The field that a mark stands for; one that is no longer here goes as erased.
pub(super) fn field_of(mark: &FieldMark, here: &[SealedField]) -> SealedField {
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

/// The other side's rule refused something of ours; an offer refused there comes back as a granted return.
pub(super) fn refused_there(
    draft: &mut Draft<'_>,
    author: RegionKey,
    leg: Option<LegId>,
    rule: &str,
    message: &str,
) -> Result<(), Stop> {
    draft.alarm(format!(
        "{author} 拒绝了本节点的消息（规则 {rule}）：{message}"
    ));
    let Some(leg) = leg else { return Ok(()) };
    let Some(known) = Rows::leg(draft, leg)? else {
        return Ok(());
    };
    let undelivered = known.stage == leg::Stage::Offered && may_refuse_offer(rule);
    if !undelivered || known.giver() != draft.me() || known.taker().region() != author {
        return Ok(());
    }
    refuse_offer(draft, &known, rule)
}

/// Whether a rule can have refused an offer. What else is said of a leg travels behind its offer, and may be refused before
/// the receipt of the offer is here: then the taker has the leg, and it must not be taken back for that.
fn may_refuse_offer(rule: &str) -> bool {
    match rule {
        "leg.one-incoming" | "leg.content-mismatch" => true,
        authority::NOT_A_PARTY => false,
        rule => !["leg.", "order.", "restore."]
            .iter()
            .any(|of_others| rule.starts_with(of_others)),
    }
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
    // On an upward leg the giver's acceptance followed by itself.
    if draft.leg(leg.id)?.is_open() {
        let ruling = Act::Ruling {
            request: no,
            of: leg::RequestKind::Return,
            granted: true,
            basis: rule.to_owned(),
            due: None,
        };
        draft.received_fact(leg.id, leg.matter(), Party::Giver, now, ruling, Vec::new())?;
    }
    supervision::bounced(draft, leg)
}
