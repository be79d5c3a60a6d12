//! Who opened what of a ticket, and what for: in its timeline, and all of it in pages, newest first.

use crate::app::NodeHandle;
use crate::grpc::name;
use crate::grpc::query::ticket::permit;
use crate::grpc::refusal::{echo, invalid, unwell};
use hotline_domain::body::Actor;
use hotline_domain::id::{MatterId, OrderId};
use hotline_domain::policy::reading::{self, What};
use hotline_domain::reading::{Entrance, Opened, Reading};
use hotline_domain::row::{Row, RowKey};
use hotline_domain::view::{Rows as _, View};
use hotline_proto::operator::v1 as pb;
use hotline_topology::Time;
use tonic::Status;

/// Readings that a timeline looks at: the newest.
const IN_TIMELINE: u32 = 200;
/// Rows fetched at a time.
const FETCHED: u32 = 256;
/// Most readings looked at for one page.
const LOOKED_AT_MAX: u32 = 20_000;

/// The newest readings as entries of the timeline, oldest first; what one person did again and again is one entry. True
/// where there are older ones.
pub(super) fn entries(
    node: &NodeHandle,
    actor: &Actor,
    matter: MatterId,
) -> Result<(Vec<pb::TimelineEntry>, bool), Status> {
    let rows = node.shared().rows();
    let count = rows.readings(matter).map_err(unwell)?;
    let from = count.saturating_sub(IN_TIMELINE);
    let mut runs: Vec<Run> = Vec::new();
    for (_, reading) in between(&*rows, matter, from, count)? {
        if !sees(node, actor, &reading) {
            continue;
        }
        match runs.last_mut() {
            Some(run) if run.goes_on(&reading) => {
                run.times += 1;
                run.last = reading;
            }
            _ => runs.push(Run {
                first: reading.at,
                times: 1,
                last: reading,
            }),
        }
    }
    Ok((runs.iter().map(Run::entry).collect(), from > 0))
}

/// Readings one after the other that differ in nothing but their time.
struct Run {
    first: Time,
    times: u32,
    last: Reading,
}

impl Run {
    fn goes_on(&self, next: &Reading) -> bool {
        let at = next.at;
        Reading {
            at,
            ..self.last.clone()
        } == *next
    }

    fn entry(&self) -> pb::TimelineEntry {
        let reading = &self.last;
        let (what, opened) = match &reading.opened {
            Opened::Texts { fields } => {
                let labels: Vec<_> = fields.iter().map(|field| field.label()).collect();
                ("reading.texts", labels.join("、"))
            }
            Opened::File(id) => ("reading.file", format!("附件 {}", short(&id.to_string()))),
            Opened::Order(id) => (
                "reading.order",
                format!("督办单 {}", short(&id.to_string())),
            ),
        };
        let mut words = format!(
            "查阅 {opened}，目的：{}，{}",
            reading.purpose.label(),
            reading.entrance.label()
        );
        if self.times > 1 {
            words = format!("{words}；自 {} 起共 {} 次", self.first, self.times);
        }
        pb::TimelineEntry {
            at_ms: reading.at.0,
            happened_at_ms: reading.at.0,
            actor: reading.who.clone(),
            what: what.to_owned(),
            words,
            ..pb::TimelineEntry::default()
        }
    }
}

fn short(id: &str) -> String {
    id.chars().take(12).collect()
}

/// Who opened the texts of an order, oldest first, among the newest readings of its matter.
pub(super) fn of_order(
    node: &NodeHandle,
    actor: &Actor,
    matter: MatterId,
    order: OrderId,
) -> Result<Vec<pb::Reading>, Status> {
    let rows = node.shared().rows();
    let count = rows.readings(matter).map_err(unwell)?;
    let newest = between(&*rows, matter, count.saturating_sub(IN_TIMELINE), count)?;
    let seen = newest.into_iter().filter(|(_, reading)| {
        reading.opened == Opened::Order(order) && sees(node, actor, reading)
    });
    Ok(seen.map(|(_, reading)| show(&reading)).collect())
}

/// One page, newest first; a cursor is the number of the last one shown.
pub(in crate::grpc) fn list(
    node: &NodeHandle,
    actor: &Actor,
    request: &pb::ListReadingsRequest,
) -> Result<pb::ListReadingsResponse, Status> {
    let matter = name::matter(node, actor, &request.ticket)?;
    let rows = node.shared().rows();
    let ticket = rows.ticket(matter).map_err(unwell)?;
    let ticket = ticket
        .ok_or_else(|| Status::not_found(format!("本节点没有工单 {}", echo(&request.ticket))))?;
    permit(node, actor, &ticket)?;
    let limit = name::page(request.limit);
    let count = rows.readings(matter).map_err(unwell)?;
    let mut to = cursor(&request.cursor)?.unwrap_or(count).min(count);
    let until = to.saturating_sub(LOOKED_AT_MAX);
    let (mut shown, mut last) = (Vec::new(), None);
    while to > until {
        let from = to.saturating_sub(FETCHED).max(until);
        for (no, reading) in between(&*rows, matter, from, to)?.into_iter().rev() {
            if !sees(node, actor, &reading) {
                continue;
            }
            if let Some(last) = last.filter(|_| shown.len() >= limit) {
                return Ok(page(shown, Some(last)));
            }
            last = Some(no);
            shown.push(show(&reading));
        }
        to = from;
    }
    Ok(page(shown, (to > 0).then_some(to)))
}

fn page(readings: Vec<pb::Reading>, next: Option<u32>) -> pb::ListReadingsResponse {
    let cursor = next.map_or_else(String::new, |no| no.to_string());
    pb::ListReadingsResponse { readings, cursor }
}

fn sees(node: &NodeHandle, actor: &Actor, reading: &Reading) -> bool {
    let me = node.shared().surroundings.me();
    reading::permit(actor, me, What::Reading(reading)).is_ok()
}

/// Readings by number, in `from..to`.
fn between(
    rows: &dyn View,
    matter: MatterId,
    from: u32,
    to: u32,
) -> Result<Vec<(u32, Reading)>, Status> {
    let limit = usize::try_from(to.saturating_sub(from)).unwrap_or(usize::MAX);
    let (from, to) = (RowKey::Reading(matter, from), RowKey::Reading(matter, to));
    let found = rows.scan(&from, &to, limit).map_err(unwell)?;
    let readings = found.into_iter().filter_map(|(key, row)| match (key, row) {
        (RowKey::Reading(_, no), Row::Reading(reading)) => Some((no, *reading)),
        _ => None,
    });
    Ok(readings.collect())
}

fn cursor(text: &str) -> Result<Option<u32>, Status> {
    let read = name::given(text).map(str::parse).transpose();
    read.map_err(|_| invalid("cursor", "翻页标记不认识；请从头列起".to_owned()))
}

fn show(reading: &Reading) -> pb::Reading {
    let Reading {
        matter: _,
        at,
        who,
        unit,
        opened,
        purpose,
        entrance,
    } = reading;
    let fields: &[_] = match opened {
        Opened::Texts { fields } => fields,
        Opened::File(_) | Opened::Order(_) => &[],
    };
    let attachment = match opened {
        Opened::File(id) => id.to_string(),
        Opened::Texts { .. } | Opened::Order(_) => String::new(),
    };
    let order = match opened {
        Opened::Order(id) => id.to_string(),
        Opened::Texts { .. } | Opened::File(_) => String::new(),
    };
    pb::Reading {
        at_ms: at.0,
        who: who.clone(),
        unit: unit.as_ref().map_or_else(String::new, ToString::to_string),
        fields: fields.iter().map(|name| name.as_str().to_owned()).collect(),
        attachment,
        order,
        purpose: purpose.code().to_owned(),
        entrance: match entrance {
            Entrance::Local => "local",
            Entrance::FrontEnd => "front-end",
            Entrance::Remote => "remote",
        }
        .to_owned(),
    }
}
