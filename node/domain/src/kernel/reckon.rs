//! A calendar came: what was reckoned through a year that was not announced then is reckoned again.
//!
//! | date of | moved by |
//! | --- | --- |
//! | a ticket | this node, [`TicketAct::DueSettled`] |
//! | a leg | its giver alone, by a numbered due date; a taker shows it as provisional until that comes |
//! | a reply to an order | its issuer, and only to a later date: nobody tells the others |
//!
//! A calendar has effect once: what it settles is forgotten, and what it leaves open bears its version.

use super::draft::Draft;
use super::outcome::Stop;
use super::reconcile::EXCHANGING;
use crate::clock::{self, Basis, DueOf, Reckoned};
use crate::fact::Fact;
use crate::id::{LegId, MatterId, OrderId};
use crate::leg::{Act, Due, Leg, LegKind, Party};
use crate::row::{Row, RowKey, TimerKey};
use crate::ticket::{self, Ticket, TicketAct};
use crate::view::{Rows, View};
use hotline_topology::{Span, Time};

/// Dates reckoned again in one commit.
const PAGE: usize = 256;
/// What waits for another node's answer after a restore is tried again so much later.
const RETRY_MS: i64 = 60_000;
const FIRST: RowKey = RowKey::Provisional(DueOf::Ticket(MatterId([0; 16])));
const LAST: RowKey = RowKey::Provisional(DueOf::Order(OrderId([0xff; 16])));

/// Something has a date now; while it is provisional it is remembered how it was reckoned.
pub(crate) fn note(
    draft: &mut Draft<'_>,
    of: DueOf,
    due: Due,
    basis: Basis,
    more: u32,
) -> Result<(), Stop> {
    let reckoned = due.provisional.then_some(Reckoned {
        at: due.at,
        calendar: due.calendar,
        basis,
        more,
    });
    if Rows::provisional(draft, of)? == reckoned {
        return Ok(());
    }
    draft.record(Fact::DueProvisional { of, reckoned })?;
    // An older calendar of another node's reckoned it.
    if reckoned.is_some_and(|known| known.calendar < version(draft)) {
        draft.set_timer(draft.now(), TimerKey::WorldDue)?;
    }
    Ok(())
}

/// The same where the length of time is a rule's; other lengths than working days hang on no calendar.
pub(crate) fn note_span(
    draft: &mut Draft<'_>,
    of: DueOf,
    due: Due,
    from: Time,
    span: Span,
) -> Result<(), Stop> {
    let days = span.count();
    note(draft, of, due, Basis::Rules { from, days }, 0)
}

/// A leg was offered; one that has the date of another leg hangs on what that one hung on.
pub(crate) fn note_offer(
    draft: &mut Draft<'_>,
    leg: LegId,
    due: Due,
    inherits: Option<LegId>,
) -> Result<(), Stop> {
    let followed = match inherits {
        Some(old) => Rows::provisional(draft, DueOf::Leg(old))?,
        None => None,
    };
    let from = draft.now();
    let (basis, more) = followed
        .filter(|old| old.at == due.at)
        .map_or((Basis::Offered { from }, 0), |old| (old.basis, old.more));
    note(draft, DueOf::Leg(leg), due, basis, more)
}

/// An extension was granted from one date to another: what moves the first moves the second.
pub(crate) fn note_extension(
    draft: &mut Draft<'_>,
    of: DueOf,
    before: &Leg,
    until: Due,
) -> Result<(), Stop> {
    let from = before.due.at;
    let calendar = draft.world.federation.calendar();
    let days = calendar.working_days_between(from, until.at);
    // What is dated by the date that was extended hangs on what that one hung on; else on that date.
    let known = match Rows::provisional(draft, of)? {
        Some(known) if known.at == from => (known.basis, known.more.saturating_add(days)),
        _ => (Basis::Rules { from, days }, 0),
    };
    note(draft, of, until, known.0, known.1)
}

/// A leg that this node gave came back after a restore, and nothing here says how its date was reckoned.
pub(super) fn came_back(draft: &mut Draft<'_>, leg: &Leg) -> Result<(), Stop> {
    let of = DueOf::Leg(leg.id);
    let by_rules = leg.due_no == leg.due_by_calendar;
    if !is_ours(draft, leg) || !leg.due.provisional || !by_rules {
        return Ok(());
    }
    if Rows::provisional(draft, of)?.is_some_and(|known| known.at == leg.due.at) {
        return Ok(());
    }
    let from = leg.offered_at;
    note(draft, of, leg.due, Basis::Offered { from }, 0)
}

/// What is still to be reckoned by the calendar in force; the rest, and what cannot be said yet, in a while.
pub(super) fn sweep(draft: &mut Draft<'_>) -> Result<(), Stop> {
    let (mut from, mut done, mut again) = (FIRST, 0, None);
    'pages: loop {
        let page = draft.scan(&from, &LAST, PAGE)?;
        let ended = page.len() < PAGE;
        for (key, row) in page {
            let (RowKey::Provisional(of), Row::Provisional(known)) = (key, row) else {
                continue;
            };
            from = RowKey::Provisional(after(of));
            if known.calendar >= version(draft) {
                continue;
            }
            if done == PAGE {
                again = again.or(Some(draft.now()));
                break 'pages;
            }
            done += 1;
            match draft.attempt(|inner| anew(inner, of, *known))? {
                Ok(()) => {}
                Err(refusal) if refusal.rule == EXCHANGING => {
                    again = Some(draft.now().plus_millis(RETRY_MS));
                }
                Err(refusal) => {
                    draft.alarm(format!("不能按新日历重算期限：{refusal}"));
                    forget(draft, of)?;
                }
            }
        }
        if ended {
            break;
        }
    }
    again.map_or(Ok(()), |at| draft.set_timer(at, TimerKey::WorldDue))
}

/// What this node owes for the matter was dated anew: so are the legs that it gave by that.
pub(super) fn legs_of(draft: &mut Draft<'_>, ticket: &Ticket) -> Result<(), Stop> {
    for id in &ticket.outgoing {
        let of = DueOf::Leg(*id);
        let Some(known) = Rows::provisional(draft, of)? else {
            continue;
        };
        if draft.attempt(|inner| anew(inner, of, known))?.is_err() {
            // Whoever takes it is still comparing with this node: as if no calendar had come yet.
            let reckoned = Some(Reckoned {
                calendar: 0,
                ..known
            });
            draft.record(Fact::DueProvisional { of, reckoned })?;
            draft.set_timer(draft.now().plus_millis(RETRY_MS), TimerKey::WorldDue)?;
        }
    }
    Ok(())
}

fn anew(draft: &mut Draft<'_>, of: DueOf, known: Reckoned) -> Result<(), Stop> {
    match of {
        DueOf::Ticket(matter) => ticket_anew(draft, matter, known),
        DueOf::Leg(leg) => leg_anew(draft, leg, known),
        DueOf::Order(order) => order_anew(draft, order, known),
    }
}

fn ticket_anew(draft: &mut Draft<'_>, matter: MatterId, known: Reckoned) -> Result<(), Stop> {
    let of = DueOf::Ticket(matter);
    let ticket = Rows::ticket(draft, matter)?;
    let ticket = ticket.filter(|ticket| ticket.is_open() && ticket.due == Some(known.at));
    let Some(ticket) = ticket else {
        return forget(draft, of);
    };
    let Some(due) = reckoned(draft, &ticket, None, known)? else {
        return forget(draft, of);
    };
    // Never later than what its giver gave. Where that is reckoned by an older calendar, the giver's next word moves this
    // one, too.
    let given = ticket::given_from_above(draft, &ticket)?;
    let given = given.filter(|leg| !ticket.is_own(draft.me()) && due.at > leg.due.at);
    let due = Due {
        calendar: version(draft),
        ..given.map_or(due, |leg| leg.due)
    };
    if due.at != known.at {
        let act = TicketAct::DueSettled {
            was: known.at,
            due: due.at,
            calendar: due.calendar,
        };
        draft.ticket_act(matter, None, act, Vec::new())?;
        draft.set_timer(due.at, TimerKey::TicketDue(matter))?;
    }
    note(draft, of, due, known.basis, known.more)
}

fn leg_anew(draft: &mut Draft<'_>, id: LegId, known: Reckoned) -> Result<(), Stop> {
    let of = DueOf::Leg(id);
    let leg = Rows::leg(draft, id)?;
    let leg = leg.filter(|leg| is_ours(draft, leg) && leg.due.at == known.at);
    let Some(leg) = leg.filter(|leg| leg.due.provisional) else {
        return forget(draft, of);
    };
    let ticket = draft.ticket(leg.matter())?;
    let Some(due) = reckoned(draft, &ticket, Some(&leg), known)? else {
        return forget(draft, of);
    };
    if (due.at, due.provisional) != (leg.due.at, leg.due.provisional) {
        let no = leg.due_no + 1;
        let act = Act::NewDue { no, due };
        draft.act(id, Party::Giver, act, None, Vec::new())?;
    }
    note(draft, of, due, known.basis, known.more)
}

fn order_anew(draft: &mut Draft<'_>, id: OrderId, known: Reckoned) -> Result<(), Stop> {
    let of = DueOf::Order(id);
    let issued = draft.order(id)?.filter(|issued| {
        let order = &issued.order;
        order.replied_at.is_none() && order.ended_at.is_none() && order.reply_by == known.at
    });
    let Some(mut issued) = issued else {
        return forget(draft, of);
    };
    let Basis::Rules { from, days } = known.basis else {
        return forget(draft, of);
    };
    let due = clock::due(&draft.world, from, Span::WorkingDays(days));
    if due.at <= known.at {
        let due = Due {
            at: known.at,
            ..due
        };
        return note(draft, of, due, known.basis, known.more);
    }
    issued.order.reply_by = due.at;
    draft.record(Fact::OrderIssued(issued))?;
    draft.set_timer(due.at, TimerKey::OrderReply(id))?;
    note(draft, of, due, known.basis, known.more)
}

/// The date by the calendar in force; `None` where what it was reckoned from is gone.
fn reckoned(
    draft: &Draft<'_>,
    ticket: &Ticket,
    leg: Option<&Leg>,
    known: Reckoned,
) -> Result<Option<Due>, Stop> {
    let world = &draft.world;
    let due = match (known.basis, leg) {
        (Basis::Rules { from, days }, _) => Some(clock::due(world, from, Span::WorkingDays(days))),
        (Basis::Incoming, None) => match ticket.incoming {
            Some(incoming) => Rows::leg(draft, incoming)?.map(|leg| clock::own_due(world, &leg)),
            None => None,
        },
        (Basis::Offered { from }, Some(leg)) => {
            let pack = world.pack_for(&leg.offer.rules);
            let owed = ticket::owed(draft, ticket)?;
            let (kind, urgency) = (leg.offer.request_kind, leg.offer.urgency);
            Some(clock::offered_due(world, pack, kind, urgency, from, owed))
        }
        (Basis::Incoming, Some(_)) | (Basis::Offered { .. }, None) => None,
    };
    Ok(due.map(|due| match known.more {
        0 => due,
        more => {
            let until = clock::due(world, due.at, Span::WorkingDays(more));
            Due {
                provisional: due.provisional || until.provisional,
                ..until
            }
        }
    }))
}

/// An open leg of which this node may move the date.
fn is_ours(draft: &Draft<'_>, leg: &Leg) -> bool {
    leg.is_open() && leg.giver() == draft.me() && leg.offer.kind == LegKind::Downward
}

fn forget(draft: &mut Draft<'_>, of: DueOf) -> Result<(), Stop> {
    let reckoned = None;
    draft.record(Fact::DueProvisional { of, reckoned })
}

fn version(draft: &Draft<'_>) -> u32 {
    draft.world.federation.calendar().version()
}

/// The next in the order of keys.
fn after(of: DueOf) -> DueOf {
    let next = |id: [u8; 16]| {
        u128::from_be_bytes(id)
            .checked_add(1)
            .map(u128::to_be_bytes)
    };
    let (first, last) = ([0; 16], [0xff; 16]);
    match of {
        DueOf::Ticket(MatterId(id)) => {
            next(id).map_or(DueOf::Leg(LegId(first)), |id| DueOf::Ticket(MatterId(id)))
        }
        DueOf::Leg(LegId(id)) => {
            next(id).map_or(DueOf::Order(OrderId(first)), |id| DueOf::Leg(LegId(id)))
        }
        DueOf::Order(OrderId(id)) => DueOf::Order(OrderId(next(id).unwrap_or(last))),
    }
}

#[cfg(test)]
mod tests;
