//! One ticket: header, legs, what stands between others, timeline, and on request the texts, whose reading is on record
//! before they are opened.

use super::{readings, show, words};
use crate::app::NodeHandle;
use crate::attachment::Cover;
use crate::grpc::caller::Caller;
use crate::grpc::orders::Here;
use crate::grpc::reading as record;
use crate::grpc::refusal::{self, echo, unwell};
use crate::grpc::{name, short};
use hotline_domain::body::Actor;
use hotline_domain::fact::Fact;
use hotline_domain::field::SealedField;
use hotline_domain::id::{LegId, MatterId};
use hotline_domain::leg::{Leg, Party};
use hotline_domain::policy::reading::{self, Readable, What};
use hotline_domain::reading::Opened;
use hotline_domain::row::{Row, RowKey};
use hotline_domain::ticket::{Ticket, TicketAct, folded_number};
use hotline_domain::view::{Rows, View};
use hotline_proto::operator::v1 as pb;
use hotline_topology::FieldName;
use std::collections::BTreeSet;
use tonic::Status;

/// Most lines of a timeline shown at once: the newest.
const TIMELINE_MAX: u32 = 500;

/// What of a ticket a person may see.
struct Found {
    ticket: Ticket,
    readable: Readable,
    legs: Vec<Leg>,
    /// The newest entries of its timeline, oldest first.
    entries: Vec<Fact>,
}

pub(in crate::grpc) async fn get(
    node: &NodeHandle,
    caller: &Caller,
    request: &pb::GetTicketRequest,
) -> Result<pb::TicketDetail, Status> {
    let actor = &caller.actor;
    let found = find(node, actor, &request.ticket)?;
    let (ticket, readable) = (&found.ticket, found.readable);
    if request.with_texts {
        reading::permit_content(actor, readable).map_err(|refusal| refusal::refused(&refusal))?;
        let purpose = record::purpose(caller, readable, &request.purpose)?;
        let fields: Vec<_> = found.fields().into_iter().collect();
        // Where there is nothing to open, nothing was read.
        if !fields.is_empty() {
            let opened = Opened::Texts { fields };
            record::record(node, caller, ticket.matter, opened, purpose).await?;
        }
    }
    let mut reader = Reader {
        node,
        readable,
        texts: request.with_texts,
        withheld: BTreeSet::new(),
    };
    let mut legs: Vec<pb::Leg> = found.legs.iter().map(|leg| show::leg(node, leg)).collect();
    if reading::bound(actor).is_none() {
        let sights = ticket.sights.iter();
        legs.extend(sights.map(|sight| show::sight(node, ticket, sight)));
    }
    let (readings, older_readings) = readings::entries(node, actor, ticket.matter)?;
    let shown = show::ticket(node, &*node.shared().rows(), ticket)?;
    let mut acts = reader.timeline(&found.entries)?;
    // Where the date of now stands among the words, it is as uncertain there.
    if let Some(due) = ticket.due.filter(|_| shown.due_provisional) {
        let (certain, doubtful) = (due.to_string(), format!("{due}（暂定）"));
        for entry in acts.iter_mut().filter(|entry| entry.leg.is_empty()) {
            entry.words = entry.words.replace(&certain, &doubtful);
        }
    }
    Ok(pb::TicketDetail {
        texts: reader.texts(&ticket.fields)?,
        timeline: merged(acts, readings),
        ticket: Some(shown),
        legs,
        withheld: reader.withheld.into_iter().map(str::to_owned).collect(),
        older_readings,
    })
}

fn find(node: &NodeHandle, actor: &Actor, text: &str) -> Result<Found, Status> {
    let rows = node.shared().rows();
    let matter = matter(node, actor, &*rows, text)?;
    let ticket = rows
        .ticket(matter)
        .map_err(unwell)?
        .ok_or_else(|| Status::not_found(format!("本节点没有工单 {}", echo(text))))?;
    let readable = permit(node, actor, &ticket)?;
    let (legs, entries) = (legs(node, actor, &ticket)?, timeline(&*rows, &ticket)?);
    let ids: BTreeSet<LegId> = legs.iter().map(|leg| leg.id).collect();
    let seen = |entry: &Fact| reading::bound(actor).is_none() || is_of(entry, &ids);
    Ok(Found {
        entries: entries.into_iter().filter(seen).collect(),
        ticket,
        readable,
        legs,
    })
}

/// Readings among what happened, which keeps the order of its record.
fn merged(
    acts: Vec<pb::TimelineEntry>,
    readings: Vec<pb::TimelineEntry>,
) -> Vec<pb::TimelineEntry> {
    let mut readings = readings.into_iter().peekable();
    let mut timeline = Vec::new();
    for act in acts {
        timeline.extend(std::iter::from_fn(|| {
            readings.next_if(|reading| reading.at_ms < act.at_ms)
        }));
        timeline.push(act);
    }
    timeline.extend(readings);
    timeline
}

impl Found {
    /// Fields that would be opened.
    fn fields(&self) -> BTreeSet<FieldName> {
        let of_entries = self.entries.iter().flat_map(|entry| match entry {
            Fact::Ticket { fields, .. } | Fact::Leg { fields, .. } => fields.as_slice(),
            _ => &[],
        });
        let all = self.ticket.fields.iter().chain(of_entries);
        let names = all.map(|field| field.name);
        names.filter(|name| self.readable.field(*name)).collect()
    }
}

/// Those of the ticket's legs that this node holds and the person may see.
fn legs(node: &NodeHandle, actor: &Actor, ticket: &Ticket) -> Result<Vec<Leg>, Status> {
    let (rows, me) = (node.shared().rows(), node.shared().surroundings.me());
    let mut legs = Vec::new();
    for id in ticket.incoming_all.iter().chain(&ticket.outgoing) {
        let leg = rows.leg(*id).map_err(unwell)?;
        let seen = |leg: &Leg| reading::permit(actor, me, What::Leg(leg)).is_ok();
        legs.extend(leg.filter(seen));
    }
    Ok(legs)
}

/// Whether an entry is the ticket's own or about one of these legs.
fn is_of(entry: &Fact, legs: &BTreeSet<LegId>) -> bool {
    match entry {
        Fact::Leg { leg, .. } => legs.contains(leg),
        Fact::Sighted { .. } => false,
        _ => true,
    }
}

/// The matter that a text names: by id, by number, or by the id of one of its legs; any of them in short.
fn matter(
    node: &NodeHandle,
    actor: &Actor,
    rows: &dyn View,
    text: &str,
) -> Result<MatterId, Status> {
    let plain = folded_number(text).to_ascii_lowercase();
    let leg = match plain.parse::<LegId>() {
        Ok(leg) => Some(leg),
        Err(_) => short::leg(node, actor, &plain)?,
    };
    if let Some(leg) = leg
        && let Some(leg) = rows.leg(leg).map_err(unwell)?
    {
        return Ok(leg.matter());
    }
    name::matter(node, actor, text)
}

/// What the person may read of the ticket.
///
/// # Errors
/// Nothing of it: the refusal, as a status.
pub(in crate::grpc) fn permit(
    node: &NodeHandle,
    actor: &Actor,
    ticket: &Ticket,
) -> Result<Readable, Status> {
    let (rows, me) = (node.shared().rows(), node.shared().surroundings.me());
    let readable = reading::of_ticket(&*rows, actor, me, ticket).map_err(unwell)?;
    readable.map_err(|refusal| refusal::refused(&refusal))
}

/// Opens texts, where they were asked for.
pub(super) struct Reader<'a> {
    node: &'a NodeHandle,
    readable: Readable,
    texts: bool,
    /// Fields that are there and that the person may not read.
    withheld: BTreeSet<&'static str>,
}

impl<'a> Reader<'a> {
    /// Of what was said of an order.
    ///
    /// # Errors
    /// The person may not read it.
    pub(super) fn for_order(
        node: &'a NodeHandle,
        actor: &Actor,
        here: &Here,
        texts: bool,
    ) -> Result<Self, Status> {
        let readable = super::permit(node, actor, What::Order(&here.taker))?;
        if texts {
            reading::permit_content(actor, readable)
                .map_err(|refusal| refusal::refused(&refusal))?;
        }
        Ok(Self {
            node,
            readable,
            texts,
            withheld: BTreeSet::new(),
        })
    }

    /// What of it the person may read.
    pub(super) fn readable(&self) -> Readable {
        self.readable
    }

    pub(super) fn texts(&mut self, fields: &[SealedField]) -> Result<Vec<pb::Text>, Status> {
        let mut texts = Vec::new();
        for field in fields.iter().filter(|_| self.texts) {
            if !self.readable.field(field.name) {
                self.withheld.insert(field.name.as_str());
                continue;
            }
            let read = self.node.shared().sealer.read(field);
            let value = read.map_err(|error| Status::unavailable(error.to_string()))?;
            let value = value.map(|value| shown(field.name, value));
            texts.push(pb::Text {
                field: field.name.as_str().to_owned(),
                erased: value.is_none(),
                value: value.unwrap_or_default(),
            });
        }
        Ok(texts)
    }

    fn timeline(&mut self, entries: &[Fact]) -> Result<Vec<pb::TimelineEntry>, Status> {
        let mut shown = Vec::new();
        for fact in entries {
            shown.extend(self.entry(fact)?);
        }
        Ok(shown)
    }

    fn entry(&mut self, fact: &Fact) -> Result<Option<pb::TimelineEntry>, Status> {
        let known = self.node.shared().surroundings.known();
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
                leg: match act {
                    TicketAct::LeadNamed { lead, .. } => lead.to_string(),
                    _ => String::new(),
                },
                words,
                texts: self.texts(fields)?,
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
                texts: self.texts(fields)?,
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
}

/// A field as people read it: of an attachment's cover the file's name, never its key.
fn shown(name: FieldName, value: String) -> String {
    if name == FieldName::Attachment {
        Cover::of_text(&value).map_or_else(String::new, |cover| cover.name)
    } else {
        value
    }
}

/// The newest entries, oldest first.
fn timeline(rows: &dyn View, ticket: &Ticket) -> Result<Vec<Fact>, Status> {
    let matter = ticket.matter;
    let from = RowKey::Timeline(matter, ticket.entries.saturating_sub(TIMELINE_MAX));
    let to = RowKey::Timeline(matter, ticket.entries);
    let limit = usize::try_from(TIMELINE_MAX).unwrap_or(usize::MAX);
    let found = rows.scan(&from, &to, limit).map_err(unwell)?;
    let entries = found.into_iter().filter_map(|(_, row)| match row {
        Row::Timeline(fact) => Some(*fact),
        _ => None,
    });
    Ok(entries.collect())
}
