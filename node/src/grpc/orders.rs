//! Supervision orders and the legs they are on, as people name them: by an order's or a leg's id or the beginning of one,
//! or by a ticket's number. A superior has no ticket of what it learned by a notice or by sight; it names it all the same.

use super::name;
use super::query::notices;
use super::refusal::{echo, invalid, unwell};
use crate::app::NodeHandle;
use hotline_domain::body::{Actor, Body};
use hotline_domain::id::{LegId, MatterId, OrderId};
use hotline_domain::leg::{Leg, LegKind, Order, Side};
use hotline_domain::policy::reading::{self, What};
use hotline_domain::row::{IndexKey, RowKey};
use hotline_domain::ticket::folded_number;
use hotline_domain::view::{Rows, View};
use hotline_topology::{RegionKey, Time, time::DAY_MS};
use std::collections::BTreeMap;
use tonic::Status;

/// Days looked back at a time, and in all.
const WINDOW_DAYS: i64 = 90;
const LOOKED_BACK_DAYS: i64 = 3660;
/// Rows fetched at a time.
const FETCHED: usize = 256;
/// Shortest beginning of an id.
const BEGINNING_MIN: usize = 4;

/// An order as this node has it.
#[derive(Clone, Debug)]
pub struct Here {
    /// The order's record.
    pub order: Order,
    /// The leg that it is on.
    pub leg: LegId,
    /// The matter.
    pub matter: MatterId,
    /// The matter's number; empty where it is not known.
    pub number: String,
    /// Who owes the reply.
    pub taker: Body,
    /// Whether this node issued it.
    pub given: bool,
}

/// Orders given here and received here, newest first, until `look` has seen enough.
///
/// # Errors
/// The view failed.
pub fn each(
    node: &NodeHandle,
    before: Option<Time>,
    mut look: impl FnMut(Here) -> bool,
) -> Result<(), Status> {
    let rows = node.shared().rows();
    let now = node.shared().clock.now();
    let mut end = before.unwrap_or(now.plus_millis(DAY_MS));
    while now.0 - end.0 < LOOKED_BACK_DAYS * DAY_MS {
        let start = end.plus_millis(-WINDOW_DAYS * DAY_MS);
        for (order, leg) in between(&*rows, start, end)?.into_iter().rev() {
            if let Some(here) = of(node, &*rows, order, leg)?
                && !look(here)
            {
                return Ok(());
            }
        }
        end = start;
    }
    Ok(())
}

/// The orders of a window, oldest first.
fn between(rows: &dyn View, start: Time, end: Time) -> Result<Vec<(OrderId, LegId)>, Status> {
    let key = |at, order| RowKey::Index(IndexKey::Order(at, order, LegId([0; 16])));
    let (mut from, to) = (key(start, OrderId([0; 16])), key(end, OrderId([0; 16])));
    let mut found = Vec::new();
    loop {
        let page = rows.scan(&from, &to, FETCHED).map_err(unwell)?;
        let full = page.len() == FETCHED;
        for (at, _) in page {
            if let RowKey::Index(IndexKey::Order(at, order, leg)) = at {
                let next = u128::from_be_bytes(order.0).saturating_add(1);
                from = key(at, OrderId(next.to_be_bytes()));
                // A restored node may have it under two dates.
                found.retain(|(known, _)| *known != order);
                found.push((order, leg));
            }
        }
        if !full {
            return Ok(found);
        }
    }
}

/// One order: as this node issued it, or as it stands on a leg here.
fn of(node: &NodeHandle, rows: &dyn View, id: OrderId, leg: LegId) -> Result<Option<Here>, Status> {
    let held = rows.leg(leg).map_err(unwell)?;
    if let Some(issued) = rows.order(id).map_err(unwell)? {
        let number = held.map_or(issued.number, |leg| leg.offer.number);
        return Ok(Some(Here {
            order: issued.order,
            leg,
            matter: issued.matter,
            number,
            taker: issued.taker,
            given: true,
        }));
    }
    let me = node.shared().surroundings.me();
    Ok(held.and_then(|held| {
        let order = held.order(id)?.clone();
        Some(Here {
            given: order.issuer == me,
            order,
            leg,
            matter: held.matter(),
            number: held.offer.number.clone(),
            taker: held.taker().clone(),
        })
    }))
}

/// What a text names.
#[derive(Clone, Debug)]
pub enum Named {
    /// Whatever begins so.
    Id(String),
    /// Of this matter.
    Matter(Option<MatterId>, String),
}

impl Named {
    /// Reads a text.
    ///
    /// # Errors
    /// `INVALID_ARGUMENT` for a slip of the pen.
    pub fn read(node: &NodeHandle, actor: &Actor, text: &str) -> Result<Self, Status> {
        let folded = folded_number(text);
        let text = folded.trim();
        let hex = text.bytes().all(|byte| byte.is_ascii_hexdigit());
        if hex && (BEGINNING_MIN..=32).contains(&text.len()) {
            return Ok(Self::Id(text.to_ascii_lowercase()));
        }
        match name::matter(node, actor, text) {
            Ok(matter) => Ok(Self::Matter(Some(matter), text.to_ascii_uppercase())),
            // No ticket here: a superior knows it by a notice.
            Err(status) if status.code() == tonic::Code::NotFound => {
                Ok(Self::Matter(None, text.to_ascii_uppercase()))
            }
            Err(status) => Err(status),
        }
    }

    /// Whether an order is meant.
    #[must_use]
    pub fn fits(&self, here: &Here) -> bool {
        match self {
            Self::Id(begin) => {
                let ids = [
                    here.order.id.to_string(),
                    here.leg.to_string(),
                    here.matter.to_string(),
                ];
                // People read a number's end aloud.
                ids.iter().any(|id| id.starts_with(begin.as_str()))
                    || here.number.to_ascii_lowercase().ends_with(begin.as_str())
            }
            Self::Matter(matter, number) => {
                *matter == Some(here.matter) || here.number.eq_ignore_ascii_case(number)
            }
        }
    }
}

/// The order of this node's that a text names: the running one, or the only one there ever was.
///
/// # Errors
/// None is meant, or several are: the words list them.
pub fn given(node: &NodeHandle, actor: &Actor, text: &str) -> Result<OrderId, Status> {
    let rows = node.shared().rows();
    if let Ok(id) = folded_number(text).parse()
        && rows.order(id).map_err(unwell)?.is_some()
    {
        return Ok(id);
    }
    let named = Named::read(node, actor, text)?;
    let found = gathered(node, |here| here.given && named.fits(here))?;
    let running = |here: &Here| here.order.ended_at.is_none();
    only(found, &[&running], text, "本节点签发的").map(|here| here.order.id)
}

/// The order to reply to that a text names, and its leg: of those unanswered the only one, or the only one.
///
/// # Errors
/// None is meant, or several are: the words list them.
pub fn received(
    node: &NodeHandle,
    actor: &Actor,
    order: &str,
    leg: &str,
) -> Result<(LegId, OrderId), Status> {
    if let (Ok(order), Ok(leg)) = (order.parse(), leg.parse()) {
        return Ok((leg, order));
    }
    let text = if order.is_empty() { leg } else { order };
    let named = Named::read(node, actor, text)?;
    let on = name::given(leg)
        .map(|leg| Named::read(node, actor, leg))
        .transpose()?;
    let rows = node.shared().rows();
    let me = node.shared().surroundings.me();
    let meant = |here: &Here| {
        let owed = here.taker.region() == me && may_see(node, actor, here);
        owed && named.fits(here) && on.as_ref().is_none_or(|on| on.fits(here))
    };
    let mut found = gathered(node, meant)?;
    // What this node gave its own unit is answered here as well.
    found.retain(|here| rows.leg(here.leg).is_ok_and(|leg| leg.is_some()));
    let open = |here: &Here| here.order.replied_at.is_none() && here.order.ended_at.is_none();
    let running = |here: &Here| here.order.ended_at.is_none();
    let here = only(found, &[&open, &running], text, "本节点应回复的")?;
    Ok((here.leg, here.order.id))
}

/// Whether the person may see it.
#[must_use]
pub fn may_see(node: &NodeHandle, actor: &Actor, here: &Here) -> bool {
    let me = node.shared().surroundings.me();
    reading::permit(actor, me, What::Order(&here.taker)).is_ok()
}

fn gathered(node: &NodeHandle, meant: impl Fn(&Here) -> bool) -> Result<Vec<Here>, Status> {
    let mut found = Vec::new();
    each(node, None, |here| {
        if meant(&here) {
            found.push(here);
        }
        true
    })?;
    Ok(found)
}

type Fits<'a> = &'a dyn Fn(&Here) -> bool;

/// The only one of the likeliest sort.
fn only(found: Vec<Here>, likeliest: &[Fits<'_>], text: &str, whose: &str) -> Result<Here, Status> {
    let sort = |fits: &&Fits<'_>| -> Vec<Here> {
        found.iter().filter(|here| fits(here)).cloned().collect()
    };
    let likely = likeliest
        .iter()
        .map(|fits| sort(&fits))
        .find(|sort| !sort.is_empty());
    let mut meant = likely.unwrap_or(found);
    if meant.len() > 1 {
        let lines: Vec<_> = meant
            .iter()
            .map(|here| {
                let (order, at) = (here.order.id, here.order.at);
                format!(
                    "  {order}  {at}  由 {} 督办 {}",
                    here.order.issuer, here.taker
                )
            })
            .collect();
        let words = format!(
            "“{}”有 {} 份督办单，请写明督办单编号：\n{}",
            echo(text),
            meant.len(),
            lines.join("\n")
        );
        return Err(invalid("order", words));
    }
    meant.pop().ok_or_else(|| {
        Status::not_found(format!(
            "没有{whose}督办单与“{}”相符；可用 hotline order list 查看全部督办单",
            echo(text)
        ))
    })
}

/// The leg to supervise that a text names.
///
/// # Errors
/// None is meant, or several are: the words list them.
pub fn leg(node: &NodeHandle, actor: &Actor, text: &str) -> Result<LegId, Status> {
    if let Ok(id) = folded_number(text).parse() {
        return Ok(id);
    }
    let named = Named::read(node, actor, text)?;
    let rows = node.shared().rows();
    let mut known: BTreeMap<LegId, Candidate> = BTreeMap::new();
    match &named {
        Named::Id(begin) => {
            for leg in beginning(&*rows, begin)? {
                known.insert(leg.id, Candidate::held(&leg));
            }
            if let Ok(matter) = name::matter(node, actor, text) {
                of_matter(&*rows, matter, &mut known)?;
            }
        }
        Named::Matter(Some(matter), _) => of_matter(&*rows, *matter, &mut known)?,
        Named::Matter(None, _) => {}
    }
    let me = node.shared().surroundings.me();
    let tree = node.shared().surroundings.known();
    let below = |region: RegionKey| tree.federation.is_below(region, me);
    for notice in notices::all(node)? {
        let Some(leg) = notice.leg.filter(|_| below(notice.taker.region())) else {
            continue;
        };
        let fits = match &named {
            Named::Id(begin) => {
                leg.to_string().starts_with(begin.as_str())
                    || notice.number.to_ascii_lowercase().ends_with(begin.as_str())
            }
            Named::Matter(matter, number) => {
                *matter == Some(notice.matter) || notice.number.eq_ignore_ascii_case(number)
            }
        };
        if fits {
            let taker = notice.taker.clone();
            known.entry(leg).or_insert(Candidate { rank: 2, taker });
        }
    }
    known.retain(|_, candidate| candidate.rank < 2 || below(candidate.taker.region()));
    choose(known, text)
}

/// A leg that may be meant.
struct Candidate {
    /// 0: given here and open; 1: seen and open; 2: anything else.
    rank: u8,
    taker: Body,
}

impl Candidate {
    fn held(leg: &Leg) -> Self {
        let given = leg.side != Side::Taker && leg.offer.kind == LegKind::Downward;
        Self {
            rank: if given && leg.is_open() { 0 } else { 2 },
            taker: leg.taker().clone(),
        }
    }
}

fn of_matter(
    rows: &dyn View,
    matter: MatterId,
    known: &mut BTreeMap<LegId, Candidate>,
) -> Result<(), Status> {
    let Some(ticket) = rows.ticket(matter).map_err(unwell)? else {
        return Ok(());
    };
    for id in &ticket.outgoing {
        if let Some(leg) = rows.leg(*id).map_err(unwell)?
            && leg.offer.kind == LegKind::Downward
        {
            known.insert(*id, Candidate::held(&leg));
        }
    }
    for sight in &ticket.sights {
        let rank = if sight.open { 1 } else { 2 };
        let taker = sight.taker.clone();
        known.entry(sight.leg).or_insert(Candidate { rank, taker });
    }
    Ok(())
}

/// The legs here whose id begins so.
fn beginning(rows: &dyn View, begin: &str) -> Result<Vec<Leg>, Status> {
    let filled = |fill: &str| -> Result<LegId, Status> {
        let mut text = begin.to_owned();
        text.extend(std::iter::repeat_n(fill, 32 - begin.len()));
        let id = text.parse();
        id.map_err(|_| invalid("leg", "编号的开头不是十六进制".to_owned()))
    };
    let (from, to) = (RowKey::Leg(filled("0")?), RowKey::Leg(filled("f")?));
    let mut legs = Vec::new();
    for (_, row) in rows.scan(&from, &to, FETCHED).map_err(unwell)? {
        if let hotline_domain::row::Row::Leg(leg) = row {
            legs.push(*leg);
        }
    }
    Ok(legs)
}

fn choose(known: BTreeMap<LegId, Candidate>, text: &str) -> Result<LegId, Status> {
    let best = known.values().map(|candidate| candidate.rank).min();
    let meant: Vec<_> = known
        .iter()
        .filter(|(_, candidate)| Some(candidate.rank) == best)
        .collect();
    match meant[..] {
        [(leg, _)] => Ok(*leg),
        [] => Err(Status::not_found(format!(
            "没有与“{}”相符、本节点可以督办的交办：本节点既没有交出它，也没有收到过它的异常通报或进展；可用 hotline notice list 查看异常通报",
            echo(text)
        ))),
        _ => {
            let lines: Vec<_> = meant
                .iter()
                .map(|(leg, candidate)| format!("  {leg}  {}", candidate.taker))
                .collect();
            let words = format!(
                "“{}”有 {} 项可以督办的交办，请写明交办编号：\n{}",
                echo(text),
                meant.len(),
                lines.join("\n")
            );
            Err(invalid("leg", words))
        }
    }
}
