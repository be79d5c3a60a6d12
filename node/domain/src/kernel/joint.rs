//! Co-handling (会办): the giver names a provisional lead, fixes it when all receipts are in, and names another when
//! the lead's leg ends without a result. Each change raises the term; older terms have no effect.

use super::draft::Draft;
use super::outcome::Stop;
use crate::body::Actor;
use crate::fact::Fact;
use crate::field::SealedField;
use crate::id::LegId;
use crate::lead::{self, Naming, Receipt};
use crate::leg::{Act, Closure, Leg, Party, Stage};
use crate::row::{Row, RowKey};
use crate::ticket::{Ticket, TicketAct};
use crate::view::{Rows, View};
use hotline_topology::policy::LeadRule;

/// Looks at the lead after an act on an outgoing leg.
pub(in crate::kernel) fn watch(draft: &mut Draft<'_>, leg: &Leg) -> Result<(), Stop> {
    if !leg.is_joint() {
        return Ok(());
    }
    let ticket = draft.ticket(leg.matter())?;
    let legs = joint_legs(draft, &ticket)?;
    if ticket.term == 0 {
        return Ok(());
    }
    let current = ticket.lead.map(|lead| Naming {
        term: ticket.term,
        lead,
        fixed: ticket.lead_fixed,
    });
    let rule = draft.pack().co_handling.lead;
    let named = ticket.lead.filter(|_| rule == LeadRule::ByName);
    let receipts: Vec<Receipt> = legs.iter().map(Receipt::of).collect();
    match lead::next(current, &receipts, rule, named) {
        None => {}
        Some(naming) if naming.term == ticket.term => settle(draft, &ticket, naming, None)?,
        Some(naming) => announce(draft, &ticket, naming, None)?,
    }
    tell_newcomer(draft, leg.id)
}

/// Whoever joins later hears who leads.
fn tell_newcomer(draft: &mut Draft<'_>, id: LegId) -> Result<(), Stop> {
    let leg = draft.leg(id)?;
    let ticket = draft.ticket(leg.matter())?;
    match ticket.lead {
        Some(lead) if leg.is_open() && leg.term < ticket.term => {
            let term = ticket.term;
            let act = Act::NameLead { term, lead };
            draft.leg_fact(id, Party::Giver, draft.now(), act, None, Vec::new())
        }
        _ => Ok(()),
    }
}

/// Names a lead in a new term and tells every open taker.
///
/// # Errors
/// The view failed.
pub fn name(
    draft: &mut Draft<'_>,
    ticket: &Ticket,
    lead: LegId,
    fixed: bool,
    actor: Option<&Actor>,
) -> Result<(), Stop> {
    announce(
        draft,
        ticket,
        Naming {
            term: ticket.term + 1,
            lead,
            fixed,
        },
        actor,
    )
}

fn announce(
    draft: &mut Draft<'_>,
    ticket: &Ticket,
    naming: Naming,
    actor: Option<&Actor>,
) -> Result<(), Stop> {
    settle(draft, ticket, naming, actor)?;
    let another = ticket.lead != Some(naming.lead);
    for leg in joint_legs(draft, ticket)? {
        // Naming one may settle the question anew: then a newer term is out already.
        if draft.ticket(ticket.matter)?.term > naming.term {
            break;
        }
        // Forwarding a result to the new lead has told it already.
        let told = draft.leg(leg.id)?.term >= naming.term;
        if leg.is_open() && !told {
            let act = Act::NameLead {
                term: naming.term,
                lead: naming.lead,
            };
            draft.leg_fact(leg.id, Party::Giver, draft.now(), act, actor, Vec::new())?;
        } else if another && leg.stage == Stage::Closed(Closure::Done) {
            forward(draft, &leg, naming.lead, actor)?;
        }
    }
    Ok(())
}

/// Passes a co-handler's accepted result on to the lead: results go to it through the giver.
///
/// # Errors
/// The view failed.
pub fn forward(
    draft: &mut Draft<'_>,
    from: &Leg,
    lead: LegId,
    actor: Option<&Actor>,
) -> Result<(), Stop> {
    let open = Rows::leg(draft, lead)?.is_some_and(|leg| leg.is_open());
    if lead == from.id || !open {
        return Ok(());
    }
    let fields = result_of(draft, from)?;
    let act = Act::Forwarded { from: from.id };
    draft.leg_fact(lead, Party::Giver, draft.now(), act, actor, fields)
}

/// The fields of the taker's latest request, from the ticket's timeline.
fn result_of(draft: &Draft<'_>, leg: &Leg) -> Result<Vec<SealedField>, Stop> {
    let entries = draft.ticket(leg.matter())?.entries;
    for no in (0..entries).rev() {
        if let Some(Row::Timeline(fact)) = draft.get(&RowKey::Timeline(leg.matter(), no))?
            && let Fact::Leg {
                leg: of,
                act: Act::Request { .. },
                fields,
                ..
            } = *fact
            && of == leg.id
        {
            return Ok(fields);
        }
    }
    Ok(Vec::new())
}

fn settle(
    draft: &mut Draft<'_>,
    ticket: &Ticket,
    naming: Naming,
    actor: Option<&Actor>,
) -> Result<(), Stop> {
    let Naming { term, lead, fixed } = naming;
    draft.ticket_act(
        ticket.matter,
        actor,
        TicketAct::LeadNamed { term, lead, fixed },
        Vec::new(),
    )
}

/// The legs in hand that several bodies share.
pub fn joint_legs(draft: &Draft<'_>, ticket: &Ticket) -> Result<Vec<Leg>, Stop> {
    let mut legs = Vec::new();
    for id in ticket.in_hand() {
        if let Some(leg) = Rows::leg(draft, *id)?
            && leg.is_joint()
        {
            legs.push(leg);
        }
    }
    Ok(legs)
}
