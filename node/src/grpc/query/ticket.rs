//! One ticket: header, legs, what stands between others, timeline, and on request the texts.

use super::{show, words};
use crate::app::NodeHandle;
use crate::attachment::Cover;
use crate::grpc::name;
use crate::grpc::refusal::{self, unwell};
use hotline_domain::body::Actor;
use hotline_domain::fact::Fact;
use hotline_domain::field::SealedField;
use hotline_domain::id::{LegId, MatterId};
use hotline_domain::leg::Party;
use hotline_domain::refusal::{Class, Refusal};
use hotline_domain::row::{Row, RowKey};
use hotline_domain::ticket::{Ticket, folded_number};
use hotline_domain::view::{Rows, View};
use hotline_proto::operator::v1 as pb;
use hotline_topology::FieldName;
use tonic::Status;

/// Most lines of a timeline shown at once: the newest.
const TIMELINE_MAX: u32 = 500;

pub(in crate::grpc) fn get(
    node: &NodeHandle,
    actor: &Actor,
    request: &pb::GetTicketRequest,
) -> Result<pb::TicketDetail, Status> {
    let rows = node.shared().rows();
    let matter = matter(node, &*rows, &request.ticket)?;
    let ticket = rows
        .ticket(matter)
        .map_err(unwell)?
        .ok_or_else(|| Status::not_found(format!("本节点没有工单 {}", request.ticket)))?;
    permit(node, actor, &ticket)?;
    let reader = Reader {
        node,
        texts: request.with_texts,
    };
    if request.with_texts {
        tracing::info!(person = actor.name, matter = %matter, "查阅工单内容");
    }
    let mut legs = Vec::new();
    for id in ticket.incoming_all.iter().chain(&ticket.outgoing) {
        if let Some(leg) = rows.leg(*id).map_err(unwell)?
            && (actor.unit.is_none() || leg.taker().unit() == actor.unit.as_ref())
        {
            legs.push(show::leg(node, &leg));
        }
    }
    if actor.unit.is_none() {
        let sights = ticket.sights.iter();
        legs.extend(sights.map(|sight| show::sight(node, &ticket, sight)));
    }
    Ok(pb::TicketDetail {
        texts: reader.texts(&ticket.fields)?,
        timeline: timeline(&reader, &*rows, &ticket)?,
        ticket: Some(show::ticket(&ticket)),
        legs,
    })
}

/// The matter that a text names: by id, by number, or by the id of one of its legs.
fn matter(node: &NodeHandle, rows: &dyn View, text: &str) -> Result<MatterId, Status> {
    if let Ok(leg) = folded_number(text).parse::<LegId>()
        && let Some(leg) = rows.leg(leg).map_err(unwell)?
    {
        return Ok(leg.matter());
    }
    name::matter(node, text)
}

/// A handler sees the tickets that its own unit has or had, and of them only its own legs.
pub(in crate::grpc) fn permit(
    node: &NodeHandle,
    actor: &Actor,
    ticket: &Ticket,
) -> Result<(), Status> {
    let Some(unit) = &actor.unit else {
        return Ok(());
    };
    let rows = node.shared().rows();
    for id in &ticket.outgoing {
        if rows
            .leg(*id)
            .map_err(unwell)?
            .is_some_and(|leg| leg.taker().unit() == Some(unit))
        {
            return Ok(());
        }
    }
    let words = format!("工单 {} 没有交 {unit} 办理", ticket.number);
    let refused = Refusal::new(Class::Forbidden, "authority.unit", words);
    Err(refusal::refused(&refused))
}

struct Reader<'a> {
    node: &'a NodeHandle,
    texts: bool,
}

impl Reader<'_> {
    fn texts(&self, fields: &[SealedField]) -> Result<Vec<pb::Text>, Status> {
        if !self.texts {
            return Ok(Vec::new());
        }
        fields
            .iter()
            .map(|field| {
                let read = self.node.shared().sealer.read(field);
                let value = read.map_err(|error| Status::unavailable(error.to_string()))?;
                let value = value.map(|value| shown(field.name, value));
                Ok(pb::Text {
                    field: field.name.as_str().to_owned(),
                    erased: value.is_none(),
                    value: value.unwrap_or_default(),
                })
            })
            .collect()
    }
}

/// A field as people read it: of an attachment's cover the file's name, never its key.
fn shown(name: FieldName, value: String) -> String {
    if name == FieldName::Attachment {
        Cover::of_text(&value).map_or_else(String::new, |cover| cover.name)
    } else {
        value
    }
}

fn timeline(
    reader: &Reader<'_>,
    rows: &dyn View,
    ticket: &Ticket,
) -> Result<Vec<pb::TimelineEntry>, Status> {
    let matter = ticket.matter;
    let from = RowKey::Timeline(matter, ticket.entries.saturating_sub(TIMELINE_MAX));
    let to = RowKey::Timeline(matter, ticket.entries);
    let limit = usize::try_from(TIMELINE_MAX).unwrap_or(usize::MAX);
    let mut entries = Vec::new();
    for (_, row) in rows.scan(&from, &to, limit).map_err(unwell)? {
        if let Row::Timeline(fact) = row
            && let Some(entry) = entry(reader, &fact)?
        {
            entries.push(entry);
        }
    }
    Ok(entries)
}

fn entry(reader: &Reader<'_>, fact: &Fact) -> Result<Option<pb::TimelineEntry>, Status> {
    let known = reader.node.shared().surroundings.known();
    let words = words::of(&known, fact);
    Ok(match fact {
        Fact::Ticket {
            at,
            actor,
            act,
            fields,
            ..
        } => Some(pb::TimelineEntry {
            at_ms: at.0,
            happened_at_ms: at.0,
            actor: actor.clone().unwrap_or_default(),
            what: format!("ticket.{}", act.name()),
            words,
            texts: reader.texts(fields)?,
            ..pb::TimelineEntry::default()
        }),
        Fact::Leg {
            leg,
            by,
            at,
            happened_at,
            actor,
            act,
            fields,
            ..
        } => Some(pb::TimelineEntry {
            at_ms: at.0,
            happened_at_ms: happened_at.0,
            actor: actor.clone().unwrap_or_default(),
            what: format!("leg.{}", act.name()),
            leg: leg.to_string(),
            party: match by {
                Party::Giver => "giver",
                Party::Taker => "taker",
            }
            .to_owned(),
            words,
            texts: reader.texts(fields)?,
        }),
        Fact::Sighted { sight, .. } => Some(pb::TimelineEntry {
            at_ms: sight.since.0,
            happened_at_ms: sight.since.0,
            what: format!("sight.{}", sight.stage),
            leg: sight.leg.to_string(),
            words,
            ..pb::TimelineEntry::default()
        }),
        _ => None,
    })
}
