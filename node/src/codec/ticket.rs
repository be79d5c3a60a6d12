//! Tickets: what was recorded of them, and the row that it folds to.

use super::form::{
    Coded, Form, all_from, all_to, coded, exactly, legs_from, legs_to, maybe_exactly, maybe_region,
    need, need_from, region, region_text,
};
use super::malformed::Malformed;
use hotline_domain::id::{LegId, MatterId};
use hotline_domain::ticket::{Rating, Ticket, TicketAct, TicketStage};
use hotline_proto::record::v1 as pb;
use hotline_topology::{Kind, Time, Urgency};

coded!(TicketStage => pb::TicketStage { Open, Assigned, Reviewing, Closed });

impl Form for TicketAct {
    type Proto = pb::TicketAct;

    fn to_proto(&self) -> pb::TicketAct {
        use pb::ticket_act::{self as p, Act as Choice};
        let choice = match self {
            TicketAct::TakenIn {
                number,
                channel,
                kind,
                category,
                place,
                urgency,
                due,
                happened_at,
                rules,
                content,
            } => Choice::TakenIn(p::TakenIn {
                number: number.clone(),
                channel: channel.clone(),
                kind: kind.code(),
                category: category.clone(),
                place: place.map(region_text),
                urgency: urgency.code(),
                due_ms: due.0,
                happened_at_ms: happened_at.0,
                content: all_to(content),
                rules: Some(rules.to_proto()),
            }),
            TicketAct::Received { leg, due } => Choice::Received(p::Received {
                due_ms: due.0,
                leg: leg.0.to_vec(),
            }),
            TicketAct::DueChanged { due } => Choice::DueChanged(p::DueChanged { due_ms: due.0 }),
            TicketAct::AnsweredDirectly => Choice::AnsweredDirectly(p::AnsweredDirectly {}),
            TicketAct::Refused { ground, basis } => Choice::Refused(p::Refused {
                ground: ground.clone(),
                basis: basis.clone(),
            }),
            TicketAct::Determined { basis } => Choice::Determined(p::Determined {
                basis: basis.clone(),
            }),
            TicketAct::Closed { ground } => Choice::Closed(p::Closed {
                ground: ground.clone(),
            }),
            TicketAct::Reopened { reason } => Choice::Reopened(p::Reopened {
                reason: reason.clone(),
            }),
            TicketAct::CalledBack { rating, satisfied } => Choice::CalledBack(p::CalledBack {
                rating: rating.clone(),
                satisfied: *satisfied,
            }),
            TicketAct::CallBackMissed => Choice::CallBackMissed(p::CallBackMissed {}),
            TicketAct::RedoOrdered { due } => Choice::RedoOrdered(p::RedoOrdered { due_ms: due.0 }),
            TicketAct::Withdrawn => Choice::Withdrawn(p::Withdrawn {}),
            TicketAct::Overdue => Choice::Overdue(p::Overdue {}),
            TicketAct::LeadNamed { term, lead, fixed } => Choice::LeadNamed(p::LeadNamed {
                term: *term,
                lead: lead.0.to_vec(),
                fixed: *fixed,
            }),
            TicketAct::Noted => Choice::Noted(p::Noted {}),
        };
        pb::TicketAct { act: Some(choice) }
    }

    fn from_proto(proto: pb::TicketAct) -> Result<Self, Malformed> {
        use pb::ticket_act::{self as p, Act as Choice};
        let pb::TicketAct { act } = proto;
        Ok(match need(act, "TicketAct.act")? {
            Choice::TakenIn(taken_in) => taken_in_from(taken_in)?,
            Choice::Received(p::Received { leg, due_ms }) => TicketAct::Received {
                due: Time(due_ms),
                leg: LegId(exactly(&leg, "TicketAct.Received.leg")?),
            },
            Choice::DueChanged(p::DueChanged { due_ms }) => {
                TicketAct::DueChanged { due: Time(due_ms) }
            }
            Choice::AnsweredDirectly(p::AnsweredDirectly {}) => TicketAct::AnsweredDirectly,
            Choice::Refused(p::Refused { ground, basis }) => TicketAct::Refused { ground, basis },
            Choice::Determined(p::Determined { basis }) => TicketAct::Determined { basis },
            Choice::Closed(p::Closed { ground }) => TicketAct::Closed { ground },
            Choice::Reopened(p::Reopened { reason }) => TicketAct::Reopened { reason },
            Choice::CalledBack(p::CalledBack { rating, satisfied }) => {
                TicketAct::CalledBack { rating, satisfied }
            }
            Choice::CallBackMissed(p::CallBackMissed {}) => TicketAct::CallBackMissed,
            Choice::RedoOrdered(p::RedoOrdered { due_ms }) => {
                TicketAct::RedoOrdered { due: Time(due_ms) }
            }
            Choice::Withdrawn(p::Withdrawn {}) => TicketAct::Withdrawn,
            Choice::Overdue(p::Overdue {}) => TicketAct::Overdue,
            Choice::LeadNamed(p::LeadNamed { term, lead, fixed }) => TicketAct::LeadNamed {
                term,
                lead: LegId(exactly(&lead, "TicketAct.LeadNamed.lead")?),
                fixed,
            },
            Choice::Noted(p::Noted {}) => TicketAct::Noted,
        })
    }
}

fn taken_in_from(proto: pb::ticket_act::TakenIn) -> Result<TicketAct, Malformed> {
    let pb::ticket_act::TakenIn {
        number,
        channel,
        kind,
        category,
        urgency,
        due_ms,
        happened_at_ms,
        content,
        rules,
        place,
    } = proto;
    Ok(TicketAct::TakenIn {
        number,
        channel,
        kind: Kind::from_code(kind, "TicketAct.TakenIn.kind")?,
        category,
        place: maybe_region(place, "TicketAct.TakenIn.place")?,
        urgency: Urgency::from_code(urgency, "TicketAct.TakenIn.urgency")?,
        due: Time(due_ms),
        happened_at: Time(happened_at_ms),
        rules: need_from(rules, "TicketAct.TakenIn.rules")?,
        content: all_from(content)?,
    })
}

impl Form for Rating {
    type Proto = pb::Rating;

    fn to_proto(&self) -> pb::Rating {
        let Rating {
            at,
            code,
            satisfied,
        } = self;
        pb::Rating {
            at_ms: at.0,
            code: code.clone(),
            satisfied: *satisfied,
        }
    }

    fn from_proto(proto: pb::Rating) -> Result<Self, Malformed> {
        let pb::Rating {
            at_ms,
            code,
            satisfied,
        } = proto;
        Ok(Rating {
            at: Time(at_ms),
            code,
            satisfied,
        })
    }
}

impl Form for Ticket {
    type Proto = pb::Ticket;

    fn to_proto(&self) -> pb::Ticket {
        let Ticket {
            matter,
            number,
            origin,
            taken_in_at,
            since,
            channel,
            kind,
            category,
            urgency,
            rules,
            fields,
            stage,
            closed_ground,
            closed_at,
            due,
            overdue,
            incoming,
            incoming_all,
            outgoing,
            sights,
            returns,
            hops,
            determined,
            term,
            lead,
            lead_fixed,
            ratings,
            redos,
            withdrawn_at,
            handled_by,
            place,
            entries,
            version,
        } = self;
        pb::Ticket {
            matter: matter.0.to_vec(),
            number: number.clone(),
            origin: region_text(*origin),
            taken_in_at_ms: taken_in_at.0,
            since_ms: since.0,
            channel: channel.clone(),
            kind: kind.code(),
            category: category.clone(),
            urgency: urgency.code(),
            rules: Some(rules.to_proto()),
            fields: all_to(fields),
            stage: stage.code(),
            closed_ground: closed_ground.clone(),
            closed_at_ms: closed_at.map(|at| at.0),
            due_ms: due.map(|at| at.0),
            overdue: *overdue,
            incoming: incoming.map(|id| id.0.to_vec()),
            incoming_all: legs_to(incoming_all),
            outgoing: legs_to(outgoing),
            sights: all_to(sights),
            returns: *returns,
            hops: *hops,
            determined: *determined,
            term: *term,
            lead: lead.map(|id| id.0.to_vec()),
            lead_fixed: *lead_fixed,
            ratings: all_to(ratings),
            redos: *redos,
            withdrawn_at_ms: withdrawn_at.map(|at| at.0),
            handled_by: handled_by.clone(),
            place: place.map(region_text),
            entries: *entries,
            version: *version,
        }
    }

    fn from_proto(proto: pb::Ticket) -> Result<Self, Malformed> {
        let pb::Ticket {
            matter,
            number,
            origin,
            taken_in_at_ms,
            since_ms,
            channel,
            kind,
            category,
            urgency,
            rules,
            fields,
            stage,
            closed_ground,
            closed_at_ms,
            due_ms,
            overdue,
            incoming,
            incoming_all,
            outgoing,
            sights,
            returns,
            hops,
            determined,
            term,
            lead,
            lead_fixed,
            ratings,
            redos,
            withdrawn_at_ms,
            handled_by,
            place,
            entries,
            version,
        } = proto;
        Ok(Ticket {
            matter: MatterId(exactly(&matter, "Ticket.matter")?),
            number,
            origin: region(&origin, "Ticket.origin")?,
            taken_in_at: Time(taken_in_at_ms),
            since: Time(since_ms),
            channel,
            kind: Kind::from_code(kind, "Ticket.kind")?,
            category,
            urgency: Urgency::from_code(urgency, "Ticket.urgency")?,
            rules: need_from(rules, "Ticket.rules")?,
            fields: all_from(fields)?,
            stage: TicketStage::from_code(stage, "Ticket.stage")?,
            closed_ground,
            closed_at: closed_at_ms.map(Time),
            due: due_ms.map(Time),
            overdue,
            incoming: maybe_exactly(incoming, "Ticket.incoming")?.map(LegId),
            incoming_all: legs_from(&incoming_all, "Ticket.incoming_all")?,
            outgoing: legs_from(&outgoing, "Ticket.outgoing")?,
            sights: all_from(sights)?,
            returns,
            hops,
            determined,
            term,
            lead: maybe_exactly(lead, "Ticket.lead")?.map(LegId),
            lead_fixed,
            ratings: all_from(ratings)?,
            redos,
            withdrawn_at: withdrawn_at_ms.map(Time),
            handled_by,
            place: maybe_region(place, "Ticket.place")?,
            entries,
            version,
        })
    }
}
