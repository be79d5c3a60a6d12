//! Counting: which cells of this node's own a recorded act changes, and by how much.
//!
//! A cell is the sum of what its matters (or legs) contribute, and what each contributes is a function of its row
//! alone. An act changes the figures by *contribution after − contribution before*, so whatever is opened again,
//! sent back or extended is corrected exactly, in the cell where it was counted:
//!
//! ```text
//! cell = Σ contribution(row)      delta(fact) = contribution(after) − contribution(before)
//! ```
//!
//! Matters are counted once, at their origin, on the day they were taken in. Legs are counted once, at the node that
//! holds the taker's record, on the day of their delivery (by the taker's clock). All measures of one matter or leg
//! stay on that day, whenever they happen, so figures of a day ripen: asked later, the day's matters are closed.
//!
//! ```text
//! matters:  taken in = refused + closed in time + closed late + open now       answered directly ≤ closed
//! legs:     taken in = returned + escalated + closed in time + closed late + recalled + open now
//! ```
//!
//! (recalled is no measure of its own). Escalated, redone and supervised count occurrences, the others matters or legs.

use super::cell::{CellKey, Counts, Measure, Table, add, day_of};
use crate::fact::Fact;
use crate::id::{LegId, MatterId};
use crate::kernel::World;
use crate::leg::{Asking, Closure, Leg, LegKind, Outcome, RuleVersion, Side, Stage};
use crate::ticket::{self, Ticket};
use crate::view::{Rows, View, ViewFailed};
use hotline_topology::{RegionKey, Time};
use std::collections::BTreeMap;

/// Characters of a category's code that name its second level (GB/T 39666: two digits a level).
const SECOND_LEVEL_CHARS: usize = 4;

/// Second dimension of a giver that the topology no longer knows.
const LEVEL_UNKNOWN: &str = "unknown";

/// Cells of this node's own that a fact changes, with what to add, ascending and without zeroes.
///
/// `before` is the state without the fact, `after` the state with the fact folded (an overlay over `before`). Facts that are no acts on a ticket
/// or leg change no cell.
///
/// # Errors
/// A view could not be read.
pub fn count(
    world: &World<'_>,
    before: &dyn View,
    after: &dyn View,
    fact: &Fact,
) -> Result<Vec<(CellKey, Counts)>, ViewFailed> {
    let mut deltas = BTreeMap::new();
    match fact {
        Fact::Ticket { matter, .. } => {
            count_matter(world.me, before, after, *matter, &mut deltas)?;
        }
        Fact::Leg { leg, matter, .. } => {
            count_matter(world.me, before, after, *matter, &mut deltas)?;
            count_leg(world, before, after, *leg, &mut deltas)?;
        }
        Fact::OrderStands { leg, .. } => count_leg(world, before, after, *leg, &mut deltas)?,
        _ => {}
    }
    deltas.retain(|_, delta: &mut Counts| delta.iter().any(|count| *count != 0));
    Ok(deltas.into_iter().collect())
}

type Deltas = BTreeMap<CellKey, Counts>;

fn put(deltas: &mut Deltas, keys: impl IntoIterator<Item = CellKey>, counts: &Counts) {
    for key in keys {
        add(deltas.entry(key).or_default(), counts);
    }
}

fn negative(mut counts: Counts) -> Counts {
    counts.iter_mut().for_each(|count| *count = -*count);
    counts
}

fn count_matter(
    me: RegionKey,
    before: &dyn View,
    after: &dyn View,
    matter: MatterId,
    deltas: &mut Deltas,
) -> Result<(), ViewFailed> {
    let own = |view: &dyn View| -> Result<Option<Ticket>, ViewFailed> {
        Ok(view.ticket(matter)?.filter(|ticket| ticket.is_own(me)))
    };
    let (old, new) = (own(before)?, own(after)?);
    // Legs given are read only when one was added: what the others contribute is the same on both sides.
    let given = |ticket: &Option<Ticket>| ticket.as_ref().map_or(0, |ticket| ticket.outgoing.len());
    let legs_changed = given(&old) != given(&new);
    if let Some(old) = &old {
        let counts = matter_counts(before, old, legs_changed)?;
        put(deltas, matter_keys(me, old), &negative(counts));
    }
    if let Some(new) = &new {
        let counts = matter_counts(after, new, legs_changed)?;
        put(deltas, matter_keys(me, new), &counts);
    }
    Ok(())
}

fn matter_keys(me: RegionKey, ticket: &Ticket) -> [CellKey; 2] {
    let key = |table, first: String, second: String| CellKey {
        author: me,
        table,
        day: day_of(ticket.taken_in_at),
        first,
        second,
        rules: ticket.rules.clone(),
    };
    [
        key(
            Table::MattersByKindChannel,
            ticket.kind.as_str().to_owned(),
            ticket.channel.clone(),
        ),
        key(
            Table::MattersByCategory,
            second_level(&ticket.category),
            String::new(),
        ),
    ]
}

/// What a matter contributes at its origin.
fn matter_counts(view: &dyn View, ticket: &Ticket, with_legs: bool) -> Result<Counts, ViewFailed> {
    let mut counts = Counts::default();
    let mut set = |measure: Measure, count: i64| counts[measure.index()] = count;
    set(Measure::TakenIn, 1);
    set(Measure::Redone, i64::from(ticket.redos));
    if ticket.is_open() {
        set(Measure::OpenNow, 1);
        let overdue = ticket::is_overdue(view, ticket.origin, ticket)?;
        set(Measure::OverdueNow, i64::from(overdue));
    } else if ticket.closed_ground.as_deref() == Some("refused") {
        set(Measure::Refused, 1);
    } else {
        let directly = ticket.closed_ground.as_deref() == Some("answered-directly");
        set(Measure::AnsweredDirectly, i64::from(directly));
        set(timeliness(ticket.closed_at, ticket.due), 1);
    }
    if with_legs {
        let (mut down, mut up) = (0, 0);
        for leg in &ticket.outgoing {
            match view.leg(*leg)?.map(|leg| leg.offer.kind) {
                Some(LegKind::Downward) => down = 1,
                Some(LegKind::Upward) => up += 1,
                None => {}
            }
        }
        set(Measure::Assigned, down);
        set(Measure::Escalated, up);
    }
    Ok(counts)
}

/// A due date is the last instant in time; what has none is never late.
fn timeliness(done: Option<Time>, due: Option<Time>) -> Measure {
    match (done, due) {
        (Some(done), Some(due)) if done > due => Measure::ClosedLate,
        _ => Measure::ClosedInTime,
    }
}

fn count_leg(
    world: &World<'_>,
    before: &dyn View,
    after: &dyn View,
    leg: LegId,
    deltas: &mut Deltas,
) -> Result<(), ViewFailed> {
    if let Some(old) = before.leg(leg)?
        && let Some(delivered) = taken(&old)
    {
        let counts = negative(leg_counts(&old));
        put(deltas, leg_keys(world, &old, delivered), &counts);
    }
    if let Some(new) = after.leg(leg)?
        && let Some(delivered) = taken(&new)
    {
        put(deltas, leg_keys(world, &new, delivered), &leg_counts(&new));
    }
    Ok(())
}

/// When the leg was delivered, where this node counts it.
fn taken(leg: &Leg) -> Option<Time> {
    match leg.side {
        Side::Taker | Side::Both => leg.delivered_at,
        Side::Giver => None,
    }
}

fn leg_keys(world: &World<'_>, leg: &Leg, delivered: Time) -> [CellKey; 3] {
    let giver = world.federation.region(leg.giver());
    let level = giver.map_or(LEVEL_UNKNOWN, |region| region.level.as_str());
    let unit = leg.taker().unit().map(ToString::to_string);
    let rules: &RuleVersion = &leg.offer.rules;
    let key = |table, first: String, second: &str| CellKey {
        author: world.me,
        table,
        day: day_of(delivered),
        first,
        second: second.to_owned(),
        rules: rules.clone(),
    };
    [
        key(
            Table::LegsByKindGiver,
            leg.offer.request_kind.as_str().to_owned(),
            level,
        ),
        key(Table::LegsByCategory, second_level(&leg.offer.category), ""),
        // A leg that the node itself took stands under the empty unit.
        key(Table::LegsByUnit, unit.unwrap_or_default(), ""),
    ]
}

/// What a leg contributes at its taker.
fn leg_counts(leg: &Leg) -> Counts {
    let mut counts = Counts::default();
    let mut set = |measure: Measure, count: i64| counts[measure.index()] = count;
    set(Measure::TakenIn, 1);
    set(Measure::Redone, i64::from(leg.offer.redo));
    set(Measure::Supervised, leg.orders.len() as i64);
    match leg.stage {
        Stage::Offered | Stage::Delivered | Stage::Signed => {
            set(Measure::OpenNow, 1);
            set(Measure::OverdueNow, i64::from(leg.overdue().is_some()));
        }
        Stage::Closed(Closure::Returned) => set(Measure::Returned, 1),
        Stage::Closed(Closure::Escalated) => set(Measure::Escalated, 1),
        Stage::Closed(Closure::Recalled(_)) => {}
        Stage::Closed(Closure::Done) => {
            set(
                timeliness(result_at(leg).or(leg.closed_at), Some(leg.due.at)),
                1,
            );
        }
    }
    counts
}

/// When the accepted result was handed in: the giver's time to review it is not the taker's.
fn result_at(leg: &Leg) -> Option<Time> {
    leg.request
        .as_ref()
        .filter(|request| {
            request.outcome == Outcome::Granted && matches!(request.asking, Asking::Result { .. })
        })
        .map(|request| request.at)
}

/// A category's code cut to its second level.
pub(super) fn second_level(category: &str) -> String {
    category.chars().take(SECOND_LEVEL_CHARS).collect()
}
