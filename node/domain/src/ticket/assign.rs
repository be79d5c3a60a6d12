//! 转办: a ticket is given to a unit of the own level, to a child, or to several with a lead (主办会办).

use super::incoming::{accept_raised, owed, unanswered};
use super::{Ticket, TicketAct, TicketStage};
use crate::body::Body;
use crate::clock;
use crate::command::Command;
use crate::field::{FieldMark, SealedField, marks};
use crate::id::{LegId, MatterId};
use crate::kernel::{Draft, Stop, is_own_unit, name_lead, reckon};
use crate::leg::{Due, Lane, LegKind, LegRole, Offer, RuleVersion};
use crate::policy::way::{self, Ends};
use crate::refusal::{Class, Refusal};
use crate::row::Done;
use crate::view::Rows;
use hotline_topology::policy::LeadRule;
use hotline_topology::{RegionKey, Target, Time, UnitKey, Urgency};

/// Most bodies that may share one matter.
const TAKERS_MAX: usize = 16;

/// What the verb is given.
pub struct Assign<'a> {
    /// The matter.
    pub matter: MatterId,
    /// Takers; empty: the dispatch catalogue names one.
    pub takers: &'a [Body],
    /// Who leads by name.
    pub lead: Option<&'a Body>,
    /// Basis; empty: the catalogue's entry.
    pub basis: &'a str,
    /// Earlier than the rules' due date.
    pub due: Option<Time>,
    /// The determination of duty on record.
    pub determination: Option<&'a str>,
}

/// Gives the ticket to the takers.
///
/// # Errors
/// Refuses as `assign.closed`, `assign.takers`, `assign.reach`, `assign.again`, `assign.determination-due`,
/// `assign.hops`, `assign.due`, `assign.lead`, `assign.withdrawn`, `ticket.answered`.
pub fn assign(draft: &mut Draft<'_>, command: &Command, asked: &Assign<'_>) -> Result<Done, Stop> {
    let ticket = draft.ticket(asked.matter)?;
    draft.check_seen(command, &ticket)?;
    assignable(&ticket)?;
    unanswered(draft, &ticket)?;
    accept_raised(draft, &ticket, &command.actor)?;
    let ticket = draft.ticket(asked.matter)?;
    let (takers, basis) = takers(draft, &ticket, asked)?;
    for taker in &takers {
        permit_new_leg(draft, &ticket, taker, asked.determination)?;
    }
    if let Some(basis) = asked.determination {
        let act = TicketAct::Determined {
            basis: basis.to_owned(),
        };
        draft.ticket_act(ticket.matter, Some(&command.actor), act, Vec::new())?;
    }
    let lead = lead_among(&takers, asked.lead)?;
    let mut legs = Vec::new();
    for (at, taker) in takers.iter().enumerate() {
        let role = match (takers.len(), at == lead) {
            (1, _) => LegRole::Sole,
            (_, true) => LegRole::Lead,
            (_, false) => LegRole::CoHandler,
        };
        let plan = Plan {
            role,
            basis: &basis,
            due: asked.due,
            determined: asked.determination.is_some(),
            ..Plan::new()
        };
        legs.push(give(draft, command, &ticket, taker, plan)?);
    }
    if takers.len() > 1 {
        let fixed = draft.pack().co_handling.lead == LeadRule::ByName || asked.lead.is_some();
        let ticket = draft.ticket(asked.matter)?;
        name_lead(draft, &ticket, legs[lead], fixed, Some(&command.actor))?;
    }
    let version = draft.ticket(asked.matter)?.version;
    Ok(Done {
        matter: Some(ticket.matter),
        number: ticket.number,
        legs,
        order: None,
        version,
    })
}

/// How a leg is given; shared by the verbs that give one.
#[derive(Clone, Copy)]
pub(crate) struct Plan<'a> {
    pub role: LegRole,
    pub kind: LegKind,
    pub basis: &'a str,
    pub due: Option<Time>,
    /// The due date of the leg that this one follows, whatever the rules would give today.
    pub inherited: Option<Due>,
    pub determined: bool,
    pub replaces: Option<LegId>,
    pub redo: bool,
}

impl Plan<'_> {
    pub(crate) fn new() -> Self {
        Plan {
            role: LegRole::Sole,
            kind: LegKind::Downward,
            basis: "",
            due: None,
            inherited: None,
            determined: false,
            replaces: None,
            redo: false,
        }
    }
}

/// Gives one leg with the ticket's fields and those of the command, as far as the edge lets them pass.
pub(crate) fn give(
    draft: &mut Draft<'_>,
    command: &Command,
    ticket: &Ticket,
    taker: &Body,
    plan: Plan<'_>,
) -> Result<LegId, Stop> {
    let fields = fields_for(draft, ticket, taker, plan.kind, &command.fields);
    let serial = u32::try_from(draft.ticket(ticket.matter)?.outgoing.len())
        .unwrap_or(u32::MAX)
        .saturating_add(1);
    let pack = draft.pack();
    let offer = Offer {
        matter: ticket.matter,
        number: ticket.number.clone(),
        origin: ticket.origin,
        taken_in_at: ticket.taken_in_at,
        serial,
        giver: draft.me(),
        taker: taker.clone(),
        role: plan.role,
        kind: plan.kind,
        replaces: plan.replaces,
        redo: plan.redo,
        rules: RuleVersion {
            pack: pack.id.clone(),
            version: pack.version,
        },
        due: due_of(draft, ticket, plan)?,
        lane: if ticket.urgency == Urgency::Emergency {
            Lane::Urgent
        } else {
            Lane::Ordinary
        },
        hops: ticket.hops + 1,
        request_kind: ticket.kind,
        category: ticket.category.clone(),
        urgency: ticket.urgency,
        place: ticket.place,
        determined: plan.determined,
        basis: plan.basis.to_owned(),
        content: content_marks(&fields),
    };
    let (due, inherits) = (offer.due, plan.inherited.and(plan.replaces));
    let leg = draft.offer(offer, Some(&command.actor), fields)?;
    if plan.kind == LegKind::Downward {
        reckon::note_offer(draft, leg, due, inherits)?;
    }
    Ok(leg)
}

fn content_marks(fields: &[SealedField]) -> Vec<FieldMark> {
    marks(fields)
}

/// The fields that may go along; a unit of the own node reads the ticket itself and gets only what is new.
fn fields_for(
    draft: &Draft<'_>,
    ticket: &Ticket,
    taker: &Body,
    kind: LegKind,
    own: &[SealedField],
) -> Vec<SealedField> {
    let to = taker.region();
    if to == draft.me() {
        return own.to_vec();
    }
    let (tree, giver) = (draft.world.federation, draft.me());
    let ends = Some(Ends {
        giver,
        taker: to,
        kind,
    });
    let new = own
        .iter()
        .filter(|field| !ticket.fields.iter().any(|known| known.hash == field.hash));
    ticket
        .fields
        .iter()
        .filter(|field| !own.iter().any(|newer| newer.name == field.name))
        .chain(new)
        .filter(|field| way::may_travel(tree, ends, giver, to, field.name))
        .cloned()
        .collect()
}

fn due_of(draft: &Draft<'_>, ticket: &Ticket, plan: Plan<'_>) -> Result<Due, Stop> {
    if let Some(due) = plan.inherited {
        return Ok(due);
    }
    let (world, owed) = (&draft.world, owed(draft, ticket)?);
    let (pack, now) = (draft.pack(), draft.now());
    let due = clock::offered_due(world, pack, ticket.kind, ticket.urgency, now, owed);
    let Some(wished) = plan.due else {
        return Ok(due);
    };
    if wished <= draft.now() || wished > due.at {
        let words = format!(
            "办理期限 {wished} 须晚于现在，且不晚于规则所定的 {}",
            due.at
        );
        return Err(Refusal::new(Class::Policy, "assign.due", words).into());
    }
    // What a person set hangs on no calendar.
    Ok(Due {
        at: wished,
        provisional: false,
        ..due
    })
}

/// Whether a new leg may go there: a body within reach that does not have the matter yet, within the bounds.
pub(crate) fn permit_new_leg(
    draft: &Draft<'_>,
    ticket: &Ticket,
    taker: &Body,
    determination: Option<&str>,
) -> Result<(), Stop> {
    reachable(draft, taker)?;
    not_there_already(draft, ticket, taker)?;
    bounded(draft, ticket, determination)
}

fn assignable(ticket: &Ticket) -> Result<(), Stop> {
    still_wanted(ticket)?;
    if ticket.stage == TicketStage::Assigned {
        let words = format!(
            "工单 {} 已在办理；增加或更换承办单位请先收回或用「改派」",
            ticket.number
        );
        return Err(Refusal::new(Class::State, "assign.again", words).into());
    }
    Ok(())
}

/// Open here, and the petitioner did not withdraw.
pub(super) fn still_wanted(ticket: &Ticket) -> Result<(), Stop> {
    if !ticket.is_open() {
        let words = format!(
            "工单 {} 已办结，不能再转办；如需重办请用「重办」",
            ticket.number
        );
        return Err(Refusal::new(Class::State, "assign.closed", words).into());
    }
    if ticket.withdrawn_at.is_some() {
        let words = format!("工单 {} 诉求人已撤回，不再转办", ticket.number);
        return Err(Refusal::new(Class::State, "assign.withdrawn", words).into());
    }
    Ok(())
}

/// The takers asked for, or the catalogue's.
fn takers(
    draft: &Draft<'_>,
    ticket: &Ticket,
    asked: &Assign<'_>,
) -> Result<(Vec<Body>, String), Stop> {
    if asked.takers.len() > TAKERS_MAX {
        let words = format!("一件最多转办 {TAKERS_MAX} 个单位");
        return Err(Refusal::new(Class::Invalid, "assign.takers", words).into());
    }
    if !asked.takers.is_empty() {
        let mut takers = asked.takers.to_vec();
        takers.sort();
        if takers.windows(2).any(|pair| pair[0] == pair[1]) {
            let words = "同一承办单位写了两次".to_owned();
            return Err(Refusal::new(Class::Invalid, "assign.takers", words).into());
        }
        return Ok((asked.takers.to_vec(), asked.basis.to_owned()));
    }
    let me = draft.me();
    let federation = draft.world.federation;
    let found = match federation.lookup(me, &ticket.category, ticket.place) {
        Some(Target::Unit(unit)) => Some(Body::Unit(me, unit)),
        Some(Target::Region(below)) => {
            body_of(draft, federation.next_hop(me, below).unwrap_or(below))
        }
        Some(Target::Local) | None => None,
    };
    let taker = match found {
        Some(taker) => taker,
        None => {
            let words = format!(
                "派单目录没有分类 {} 的承办单位；请指明承办单位",
                ticket.category
            );
            return Err(Refusal::new(Class::Invalid, "assign.takers", words).into());
        }
    };
    let basis = if asked.basis.is_empty() {
        format!("派单目录：{}", ticket.category)
    } else {
        asked.basis.to_owned()
    };
    Ok((vec![taker], basis))
}

/// A region below as a taker: its hotline, or, without one, a unit of this level.
fn body_of(draft: &Draft<'_>, region: RegionKey) -> Option<Body> {
    let runs_a_node = draft.world.federation.region(region)?.node;
    if runs_a_node {
        return Some(Body::Node(region));
    }
    let unit = UnitKey::new(region.as_str()).ok()?;
    Some(Body::Unit(draft.me(), unit))
}

/// Own units, and children that run a node.
fn reachable(draft: &Draft<'_>, taker: &Body) -> Result<(), Stop> {
    let region = taker.region();
    if region != draft.me()
        && let Some(heir) = draft.world.federation.successor(region, None)
    {
        let words = format!("{region} 已并入 {heir}，不再接新的交办；请交 {heir}");
        return Err(Refusal::new(Class::State, "assign.dissolved", words).into());
    }
    let federation = draft.world.federation;
    let fits = match taker {
        Body::Unit(..) => is_own_unit(&draft.world, taker),
        Body::Node(region) => {
            federation.parent(*region) == Some(draft.me())
                && federation.region(*region).is_some_and(|region| region.node)
        }
    };
    if fits {
        return Ok(());
    }
    let words = format!(
        "{taker} 不是本级承办单位，也不是设有节点的直接下级；上级或同级单位请用「提级上报」"
    );
    Err(Refusal::new(Class::Invalid, "assign.reach", words).into())
}

fn not_there_already(draft: &Draft<'_>, ticket: &Ticket, taker: &Body) -> Result<(), Stop> {
    for id in &ticket.outgoing {
        if Rows::leg(draft, *id)?.is_some_and(|leg| leg.is_open() && leg.taker() == taker) {
            let words = format!("工单 {} 已交 {taker} 办理", ticket.number);
            return Err(Refusal::new(Class::State, "assign.again", words).into());
        }
    }
    Ok(())
}

/// Past the bound of returns or hops, only a determination (指定) moves the matter on.
fn bounded(draft: &Draft<'_>, ticket: &Ticket, determination: Option<&str>) -> Result<(), Stop> {
    let pack = draft.pack();
    if determination.is_some_and(|basis| basis.trim().is_empty()) {
        let words = "指定承办须写明职责认定的依据".to_owned();
        return Err(Refusal::new(Class::Invalid, "assign.determination", words).into());
    }
    if determination.is_some() || ticket.determined {
        return Ok(());
    }
    if ticket.returns >= pack.returns.max_dispatches {
        let words = format!(
            "工单 {} 已退单 {} 次，须由本级指定承办单位并写明职责认定",
            ticket.number, ticket.returns
        );
        let refusal = Refusal::new(Class::Policy, "assign.determination-due", words);
        return Err(refusal
            .citing(pack.returns.determination_article.clone())
            .into());
    }
    if ticket.hops >= pack.hops.max {
        let words = format!(
            "工单 {} 已流转 {} 次，须由本级指定承办单位",
            ticket.number, ticket.hops
        );
        return Err(Refusal::new(Class::Policy, "assign.hops", words)
            .citing(pack.hops.article.clone())
            .into());
    }
    Ok(())
}

fn lead_among(takers: &[Body], lead: Option<&Body>) -> Result<usize, Stop> {
    let Some(lead) = lead else { return Ok(0) };
    takers
        .iter()
        .position(|taker| taker == lead)
        .ok_or_else(|| {
            let words = format!("主办单位 {lead} 不在承办单位之列");
            Refusal::new(Class::Invalid, "assign.lead", words).into()
        })
}
