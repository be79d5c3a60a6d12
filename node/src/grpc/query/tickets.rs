//! Tickets in pages: by stage index, filtered; a cursor names where the next page goes on.

use super::show;
use crate::app::NodeHandle;
use crate::grpc::name;
use crate::grpc::refusal::{invalid, unwell};
use hotline_domain::id::MatterId;
use hotline_domain::row::{IndexKey, RowKey};
use hotline_domain::ticket::{Ticket, TicketStage};
use hotline_domain::view::Rows;
use hotline_proto::operator::v1 as pb;
use hotline_topology::{Kind, Time};
use std::str::FromStr;
use tonic::Status;

/// Most tickets looked at for one page; past that the page ends early with a cursor.
const LOOKED_AT_MAX: usize = 20_000;
/// Index rows fetched at a time.
const FETCHED: usize = 256;

pub(in crate::grpc) fn list(
    node: &NodeHandle,
    request: &pb::ListTicketsRequest,
) -> Result<pb::ListTicketsResponse, Status> {
    let wanted = Wanted::read(node, request)?;
    let limit = name::page(request.limit);
    let mut at = Cursor::read(&request.cursor, &wanted.stages)?;
    let rows = node.shared().rows();
    let (mut found, mut looked_at) = (Vec::new(), 0);
    while found.len() < limit && looked_at < LOOKED_AT_MAX {
        let Some(stage) = wanted.stages.get(at.stage) else {
            break;
        };
        let from = RowKey::Index(IndexKey::Stage(*stage, at.since, at.matter));
        let to = RowKey::Index(IndexKey::Stage(
            *stage,
            Time(i64::MAX),
            MatterId([0xff; 16]),
        ));
        let page = rows.scan(&from, &to, FETCHED).map_err(unwell)?;
        let ended = page.len() < FETCHED;
        for (key, _) in page {
            let RowKey::Index(IndexKey::Stage(_, since, matter)) = key else {
                continue;
            };
            if found.len() >= limit {
                break;
            }
            looked_at += 1;
            at = Cursor {
                stage: at.stage,
                since,
                matter: next(matter),
            };
            if let Some(ticket) = rows.ticket(matter).map_err(unwell)?
                && wanted.fits(&ticket)
            {
                found.push(show::ticket(&ticket));
            }
        }
        if ended && found.len() < limit {
            at = Cursor {
                stage: at.stage + 1,
                since: Time(i64::MIN),
                matter: MatterId([0; 16]),
            };
        }
    }
    let cursor = if at.stage < wanted.stages.len() {
        at.write()
    } else {
        String::new()
    };
    Ok(pb::ListTicketsResponse {
        tickets: sorted(found, &request.sort)?,
        cursor,
    })
}

/// Sorted within the page; pages themselves go by stage and age.
fn sorted(mut tickets: Vec<pb::Ticket>, sort: &str) -> Result<Vec<pb::Ticket>, Status> {
    match sort {
        "" | "oldest" => tickets.sort_by_key(|ticket| ticket.since_ms),
        "newest" => tickets.sort_by_key(|ticket| std::cmp::Reverse(ticket.since_ms)),
        "due" => tickets.sort_by_key(|ticket| {
            if ticket.due_ms == 0 {
                i64::MAX
            } else {
                ticket.due_ms
            }
        }),
        other => {
            return Err(invalid(
                "sort",
                format!("“{other}”不是排序;应为 oldest、newest、due 之一"),
            ));
        }
    }
    Ok(tickets)
}

struct Wanted {
    stages: Vec<TicketStage>,
    kind: Option<Kind>,
    category: String,
    overdue: bool,
    own: Option<hotline_topology::RegionKey>,
    now: Time,
}

impl Wanted {
    fn read(node: &NodeHandle, request: &pb::ListTicketsRequest) -> Result<Self, Status> {
        let all = [
            TicketStage::Open,
            TicketStage::Assigned,
            TicketStage::Reviewing,
            TicketStage::Closed,
        ];
        let mut stages = Vec::new();
        for word in &request.stages {
            let stage = all
                .into_iter()
                .find(|stage| show::stage(*stage) == word)
                .ok_or_else(|| {
                    invalid(
                        "stages",
                        format!("“{word}”不是状态;应为 open、assigned、reviewing、closed 之一"),
                    )
                })?;
            stages.push(stage);
        }
        if stages.is_empty() {
            stages.extend(&all[..3]);
        }
        let kind = name::given(&request.kind).map(Kind::from_str).transpose();
        Ok(Self {
            stages,
            kind: kind.map_err(|error| invalid("kind", error))?,
            category: request.category.clone(),
            overdue: request.overdue,
            own: request.own.then(|| node.shared().surroundings.me()),
            now: node.shared().clock.now(),
        })
    }

    fn fits(&self, ticket: &Ticket) -> bool {
        let late = ticket.is_open() && ticket.due.is_some_and(|due| due < self.now);
        self.kind.is_none_or(|kind| kind == ticket.kind)
            && ticket.category.starts_with(&self.category)
            && (!self.overdue || late)
            && self.own.is_none_or(|me| ticket.origin == me)
    }
}

/// Where the next page goes on: stage, age, matter.
struct Cursor {
    stage: usize,
    since: Time,
    matter: MatterId,
}

impl Cursor {
    fn read(text: &str, stages: &[TicketStage]) -> Result<Self, Status> {
        if text.is_empty() {
            return Ok(Self {
                stage: 0,
                since: Time(i64::MIN),
                matter: MatterId([0; 16]),
            });
        }
        let parts: Vec<_> = text.split('.').collect();
        let read = || {
            let [stage, since, matter] = parts[..] else {
                return None;
            };
            let stage: usize = stage.parse().ok()?;
            let cursor = Self {
                stage,
                since: Time(since.parse().ok()?),
                matter: matter.parse().ok()?,
            };
            (stage < stages.len()).then_some(cursor)
        };
        read().ok_or_else(|| invalid("cursor", "翻页标记不认识;请从头列起".to_owned()))
    }

    fn write(&self) -> String {
        format!("{}.{}.{}", self.stage, self.since.0, self.matter)
    }
}

fn next(matter: MatterId) -> MatterId {
    MatterId(u128::from_be_bytes(matter.0).wrapping_add(1).to_be_bytes())
}
