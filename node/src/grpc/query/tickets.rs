//! Tickets in pages, whatever their stages: by age, newest first, or by due date; a cursor names where the next page
//! goes on. A page is made of what the person may see alone, and neither its size nor its cursor tells of anything else.

use super::line::{Asked, Line, Lines};
use super::show;
use crate::app::NodeHandle;
use crate::cli::words::word as says;
use crate::grpc::codes::{self, Vocabulary};
use crate::grpc::name;
use crate::grpc::refusal::{echo, invalid, slip, unwell};
use hotline_domain::body::Actor;
use hotline_domain::id::MatterId;
use hotline_domain::policy::reading;
use hotline_domain::row::{IndexKey, RowKey};
use hotline_domain::ticket::{self, Ticket, TicketStage};
use hotline_domain::view::{Rows, View};
use hotline_proto::operator::v1 as pb;
use hotline_topology::{Kind, RegionKey, Time, time::DAY_MS};
use std::str::FromStr;
use tonic::Status;

/// Most tickets looked at for one page; past that a page by age ends early with a cursor.
const LOOKED_AT_MAX: usize = 20_000;
/// Index rows fetched at a time.
const FETCHED: usize = 256;
/// How far back the newest are looked for, in milliseconds.
const LOOKED_BACK_MS: i64 = 20 * 366 * DAY_MS;

pub(in crate::grpc) fn list(
    node: &NodeHandle,
    actor: &Actor,
    request: &pb::ListTicketsRequest,
) -> Result<pb::ListTicketsResponse, Status> {
    let rows = node.shared().rows();
    let search = Search {
        rows: &*rows,
        actor,
        me: node.shared().surroundings.me(),
        wanted: Wanted::read(node, request)?,
        lines: Lines {
            node,
            rows: &*rows,
            actor,
            asked: Asked::of(request),
        },
        limit: name::page(request.limit),
    };
    let cursor = name::given(&request.cursor).map(Place::read).transpose()?;
    let page = match request.sort.as_str() {
        "" | "oldest" => search.oldest(cursor)?,
        "newest" => search.newest(cursor)?,
        "due" => search.by_due(cursor)?,
        other => {
            return Err(invalid(
                "sort",
                format!("“{}”不是排序；应为 oldest、newest、due 之一", echo(other)),
            ));
        }
    };
    Ok(pb::ListTicketsResponse {
        tickets: page
            .tickets
            .into_iter()
            .map(|(ticket, line)| {
                let mut shown = show::ticket(node, search.rows, &ticket)?;
                line.fill(&mut shown);
                Ok(shown)
            })
            .collect::<Result<_, Status>>()?,
        cursor: page.next.map_or_else(String::new, Place::write),
    })
}

/// A ticket's place in an order: a moment (of arrival, or due), and the matter among those of one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    at: Time,
    matter: MatterId,
}

impl Place {
    const FIRST: Place = Place::start_of(Time(i64::MIN));

    /// Before everything of that moment.
    const fn start_of(at: Time) -> Self {
        let matter = MatterId([0; 16]);
        Self { at, matter }
    }

    /// After everything of that moment.
    const fn end_of(at: Time) -> Self {
        Self::start_of(at.plus_millis(1))
    }

    fn next(self) -> Self {
        let matter = u128::from_be_bytes(self.matter.0).wrapping_add(1);
        Self {
            matter: MatterId(matter.to_be_bytes()),
            ..self
        }
    }

    fn read(text: &str) -> Result<Self, Status> {
        let read = || {
            let (at, matter) = text.split_once('.')?;
            Some(Self {
                at: Time(at.parse().ok()?),
                matter: matter.parse().ok()?,
            })
        };
        read().ok_or_else(|| invalid("cursor", "翻页标记不认识；请从头列起".to_owned()))
    }

    fn write(self) -> String {
        format!("{}.{}", self.at.0, self.matter)
    }
}

#[derive(Default)]
struct Page {
    tickets: Vec<(Ticket, Line)>,
    next: Option<Place>,
    /// Where its last ticket stands.
    last: Option<Place>,
    looked_at: usize,
}

impl Page {
    /// Adds what was found at a place.
    fn add(&mut self, place: Place, ticket: (Ticket, Line)) {
        self.last = Some(place);
        self.tickets.push(ticket);
    }
}

struct Search<'a> {
    rows: &'a (dyn View + Send + Sync),
    actor: &'a Actor,
    me: RegionKey,
    wanted: Wanted,
    lines: Lines<'a>,
    limit: usize,
}

impl Search<'_> {
    /// Oldest first; the cursor is the first place of the next page.
    fn oldest(&self, cursor: Option<Place>) -> Result<Page, Status> {
        let mut from = cursor.unwrap_or(Place::FIRST);
        let mut page = Page::default();
        loop {
            let (places, ended) = self.ahead(from)?;
            for place in places {
                if page.looked_at >= LOOKED_AT_MAX {
                    // Of what stands here only the moment is told.
                    let shown = page.last.map_or(Place::FIRST, Place::next);
                    page.next = Some(shown.max(Place::start_of(place.at)));
                    return Ok(page);
                }
                page.looked_at += 1;
                from = place.next();
                let Some(ticket) = self.ticket(place)? else {
                    continue;
                };
                if page.tickets.len() >= self.limit {
                    page.next = page.last.map(Place::next);
                    return Ok(page);
                }
                page.add(place, ticket);
            }
            if ended {
                return Ok(page);
            }
        }
    }

    /// Newest first, in windows that go back; the cursor is the last place of the page before.
    fn newest(&self, cursor: Option<Place>) -> Result<Page, Status> {
        let now = self.wanted.now;
        let mut to = cursor.unwrap_or(Place::start_of(now.plus_millis(DAY_MS)));
        let (mut page, mut window) = (Page::default(), DAY_MS);
        while to.at.0 > now.0 - LOOKED_BACK_MS {
            let start = Place::start_of(to.at.plus_millis(-window));
            let places = self.between(start, to)?;
            window = if places.is_empty() {
                window.saturating_mul(2)
            } else {
                window
            };
            for place in places.into_iter().rev() {
                if page.looked_at >= LOOKED_AT_MAX {
                    let end = Place::end_of(place.at);
                    page.next = Some(page.last.map_or(end, |shown| shown.min(end)));
                    return Ok(page);
                }
                page.looked_at += 1;
                let Some(ticket) = self.ticket(place)? else {
                    continue;
                };
                if page.tickets.len() >= self.limit {
                    page.next = page.last;
                    return Ok(page);
                }
                page.add(place, ticket);
            }
            to = start;
        }
        Ok(page)
    }

    /// Most pressing first, without due date last; the cursor is the last place of the page before.
    fn by_due(&self, cursor: Option<Place>) -> Result<Page, Status> {
        let (mut found, mut from) = (Vec::new(), Place::FIRST);
        loop {
            let (places, ended) = self.ahead(from)?;
            for place in places {
                from = place.next();
                found.extend(self.ticket(place)?.map(|ticket| (due(&ticket.0), ticket)));
            }
            if found.len() > LOOKED_AT_MAX {
                let words = format!(
                    "超过 {LOOKED_AT_MAX} 张工单，不能按期限排列；请用状态、类型、分类缩小范围"
                );
                return Err(invalid("sort", words));
            }
            if ended {
                break;
            }
        }
        found.sort_by_key(|(due, _)| *due);
        found.retain(|(due, _)| cursor.is_none_or(|cursor| *due > cursor));
        let more = found.len() > self.limit;
        found.truncate(self.limit);
        Ok(Page {
            next: found.last().filter(|_| more).map(|(due, _)| *due),
            tickets: found.into_iter().map(|(_, ticket)| ticket).collect(),
            ..Page::default()
        })
    }

    /// What comes next by age over all wanted stages, and whether that is all there is.
    fn ahead(&self, from: Place) -> Result<(Vec<Place>, bool), Status> {
        let (mut places, mut horizon) = (Vec::new(), None);
        for stage in &self.wanted.stages {
            let found = self.fetch(*stage, from, None)?;
            if let Some(last) = found.last().filter(|_| found.len() == FETCHED) {
                // What other stages have beyond this place has to wait for the rest of this stage.
                horizon = Some(horizon.map_or(*last, |horizon: Place| horizon.min(*last)));
            }
            places.extend(found);
        }
        places.retain(|place| horizon.is_none_or(|horizon| *place <= horizon));
        places.sort();
        // A ticket that changed its stage in between was met in both.
        places.dedup();
        Ok((places, horizon.is_none()))
    }

    /// All places of the wanted stages in `from..to`.
    fn between(&self, from: Place, to: Place) -> Result<Vec<Place>, Status> {
        let mut places = Vec::new();
        for stage in &self.wanted.stages {
            let mut from = from;
            loop {
                let found = self.fetch(*stage, from, Some(to))?;
                let full = found.len() == FETCHED;
                from = found.last().map_or(from, |last| last.next());
                places.extend(found);
                if !full {
                    break;
                }
            }
        }
        places.sort();
        places.dedup();
        Ok(places)
    }

    fn fetch(
        &self,
        stage: TicketStage,
        from: Place,
        to: Option<Place>,
    ) -> Result<Vec<Place>, Status> {
        let last = Place {
            at: Time(i64::MAX),
            matter: MatterId([0xff; 16]),
        };
        let key = |place: Place| RowKey::Index(IndexKey::Stage(stage, place.at, place.matter));
        let found = self
            .rows
            .scan(&key(from), &key(to.unwrap_or(last)), FETCHED)
            .map_err(unwell)?;
        Ok(found
            .into_iter()
            .filter_map(|(key, _)| match key {
                RowKey::Index(IndexKey::Stage(_, at, matter)) => Some(Place { at, matter }),
                _ => None,
            })
            .collect())
    }

    fn ticket(&self, place: Place) -> Result<Option<(Ticket, Line)>, Status> {
        let ticket = self.rows.ticket(place.matter).map_err(unwell)?;
        let Some(ticket) = ticket.filter(|ticket| self.wanted.fits(ticket)) else {
            return Ok(None);
        };
        if self.wanted.overdue
            && !ticket::is_overdue(self.rows, self.me, &ticket).map_err(unwell)?
        {
            return Ok(None);
        }
        let seen = reading::of_ticket(self.rows, self.actor, self.me, &ticket).map_err(unwell)?;
        let Ok(readable) = seen else { return Ok(None) };
        let line = self.lines.of(&ticket, readable)?;
        Ok(line.map(|line| (ticket, line)))
    }
}

fn due(ticket: &Ticket) -> Place {
    Place {
        at: ticket.due.unwrap_or(Time(i64::MAX)),
        matter: ticket.matter,
    }
}

struct Wanted {
    stages: Vec<TicketStage>,
    kind: Option<Kind>,
    category: String,
    overdue: bool,
    own: Option<RegionKey>,
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
                .find(|stage| [show::stage(*stage), &says("stage", show::stage(*stage))].contains(&word.as_str()))
                .ok_or_else(|| {
                    invalid(
                        "stages",
                        format!(
                            "“{}”不是状态；应为 open（待派）、assigned（在办）、reviewing（待审）、closed（已办结）之一",
                            echo(word)
                        ),
                    )
                })?;
            stages.push(stage);
        }
        if stages.is_empty() {
            stages.extend(&all[..3]);
        }
        let known = node.shared().surroundings.known();
        let me = node.shared().surroundings.me();
        let kind = codes::resolve::filter(&known, me, Vocabulary::Kind, &request.kind)?;
        let kind = name::given(&kind).map(Kind::from_str).transpose();
        let category = codes::resolve::filter(&known, me, Vocabulary::Category, &request.category)?;
        Ok(Self {
            stages,
            kind: kind.map_err(|error| slip("kind", &request.kind, &error))?,
            category,
            overdue: request.overdue,
            own: request.own.then(|| node.shared().surroundings.me()),
            now: node.shared().clock.now(),
        })
    }

    fn fits(&self, ticket: &Ticket) -> bool {
        self.kind.is_none_or(|kind| kind == ticket.kind)
            && ticket.category.starts_with(&self.category)
            && self.own.is_none_or(|me| ticket.origin == me)
    }
}
