//! Timers: what fires by time alone. Each is a row; a fired one looks again whether it still matters.
//!
//! | timer | fires | file |
//! |---|---|---|
//! | `LegDue`, `TicketDue` | overdue, exception notices | `supervision/exceptions.rs` |
//! | `AssignDue` | an own matter that nobody handed on | `supervision/exceptions.rs` |
//! | `SignDue` | deemed signed | here |
//! | `OrderReply` | a supervision order unanswered | `supervision/exceptions.rs` |
//! | `CallBackDue` | a call-back not made | `ticket/call_back.rs` |
//! | `ReportFigures` | cells and watermarks to the parent | here |
//! | `KeptBound` | a parked envelope's version never came | `kernel/parked.rs` |
//! | `RetireKey` | an old sealing key is destroyed | `kernel/keys.rs` |
//! | `AwaitKey` | a key that envelopes wait for is asked for again | `kernel/sealed.rs` |
//! | `TellArrivals` | authors learn what arrived | `kernel/sealed/arrivals.rs` |
//! | `WorldDue` | an accepted document comes into force | `kernel/world` |
//! | `WorldCheck` | old revocation lists | `kernel/world/spread.rs` |
//! | `CloseDay` | the day's account ends, neighbours are told | `kernel/days.rs` |

use super::draft::Draft;
use super::outcome::Stop;
use super::{days, fold, keys, parked, reckon, reconcile, sealed, world};
use crate::fact::Fact;
use crate::figures;
use crate::id::LegId;
use crate::leg::{self, Act, Lane, Party};
use crate::link::Message;
use crate::row::{RowKey, TimerKey};
use crate::view::{Rows, View, ViewFailed};
use crate::{supervision, ticket};
use hotline_topology::{RegionKey, Time};

/// Timers fired in one step; the shell ticks again while more are due.
const FIRED_PER_STEP: usize = 32;
/// From a change of figures to the report upward.
const REPORT_SOON_MS: i64 = 60_000;
/// A timer that fires so much later than it was set for was held up: the node was down, or its clock was wrong.
const LATE_MS: i64 = 3_600_000;
/// Until a timer looks again that could not act because a restored node waits for an answer.
const EXCHANGE_WAIT_MS: i64 = 60_000;
/// Between reports when nothing changes: watermarks still move.
const REPORT_IDLE_MS: i64 = 6 * 3_600_000;

/// When the next timer is due; the shell ticks then.
///
/// # Errors
/// The view failed.
pub fn next_timer(view: &dyn View) -> Result<Option<Time>, ViewFailed> {
    if view.node()?.clock_held.is_some() {
        return Ok(None);
    }
    let (from, to) = fold::timers_until(Time(i64::MAX - 1));
    Ok(view
        .scan(&from, &to, 1)?
        .into_iter()
        .find_map(|(key, _)| match key {
            RowKey::Timer(at, _) => Some(at),
            _ => None,
        }))
}

/// A start arms what runs for ever.
pub(super) fn start(draft: &mut Draft<'_>) -> Result<(), Stop> {
    days::start(draft)?;
    figures_soon(draft)
}

/// Fires what is due. A clock in doubt stops business timers.
pub(super) fn tick(draft: &mut Draft<'_>) -> Result<(), Stop> {
    if draft.node()?.clock_held.is_some() {
        return Ok(());
    }
    let (from, to) = fold::timers_until(draft.now());
    for (key, _) in draft.scan(&from, &to, FIRED_PER_STEP)? {
        let RowKey::Timer(at, timer) = key else {
            continue;
        };
        draft.record(Fact::TimerGone { at, key: timer })?;
        // A rule that refuses must not keep the timer, nor the others that are due.
        let late = draft.now().0.saturating_sub(at.0) > LATE_MS;
        if let Err(refusal) = draft.attempt(|inner| fire(inner, timer, late))? {
            if refusal.rule == reconcile::EXCHANGING {
                let later = draft.now().plus_millis(EXCHANGE_WAIT_MS);
                draft.set_timer(later, timer)?;
                continue;
            }
            draft.alarm(format!("定时事项 {timer:?} 未能执行：{refusal}"));
        }
    }
    Ok(())
}

/// `late`: nobody could have asked or answered in the last moments before the timer was due. What gives others up then
/// looks once more first.
fn fire(draft: &mut Draft<'_>, timer: TimerKey, late: bool) -> Result<(), Stop> {
    match timer {
        TimerKey::TicketDue(matter) => supervision::ticket_due(draft, matter),
        TimerKey::AssignDue(matter) => supervision::assign_due(draft, matter),
        TimerKey::LegDue(leg) => supervision::leg_due(draft, leg),
        TimerKey::SignDue(leg) => deem_signed(draft, leg),
        TimerKey::OrderReply(order) => supervision::reply_due(draft, order),
        TimerKey::CallBackDue(matter) => ticket::call_back_due(draft, matter),
        TimerKey::ReportFigures => report_figures(draft),
        TimerKey::KeptBound(_) if late => {
            let again = draft.now().plus_millis(LATE_MS);
            draft.set_timer(again, timer)
        }
        TimerKey::KeptBound(no) => parked::kept_bound(draft, no),
        TimerKey::RetireKey(no) => keys::retire(draft, no),
        TimerKey::AwaitKey(region) => sealed::still_waiting(draft, region, late),
        TimerKey::TellArrivals => sealed::tell_arrivals(draft),
        TimerKey::CloseDay => days::day_over(draft),
        TimerKey::WorldDue => {
            world::take_due(draft)?;
            reckon::sweep(draft)
        }
        TimerKey::WorldCheck => {
            world::check_lists(draft)?;
            world_check(draft)
        }
    }
}

/// The window to sign for ended: deemed signed (视为签收), where the rules say so.
fn deem_signed(draft: &mut Draft<'_>, id: LegId) -> Result<(), Stop> {
    let Some(known) = Rows::leg(draft, id)? else {
        return Ok(());
    };
    let act = Act::Sign { deemed: true };
    if leg::check(&known, Party::Taker, &act).is_err() {
        return Ok(());
    }
    draft
        .act(id, Party::Taker, act, None, Vec::new())
        .map(|_| ())
}

/// Figures changed: a report is due soon, if none is due earlier.
pub(super) fn figures_soon(draft: &mut Draft<'_>) -> Result<(), Stop> {
    let at = draft.now().plus_millis(REPORT_SOON_MS);
    if draft.world.federation.parent(draft.me()).is_none()
        || draft.node()?.report_due.is_some_and(|due| due <= at)
    {
        return Ok(());
    }
    draft.set_timer(at, TimerKey::ReportFigures)
}

/// A superior whose memory went back is told everything anew, and soon: until then it shows what it still remembers.
pub(super) fn figures_anew(draft: &mut Draft<'_>, peer: RegionKey) -> Result<(), Stop> {
    let tree = draft.world.federation;
    let above = tree
        .parent(draft.me())
        .and_then(|above| tree.node_for(above));
    if above == Some(peer) {
        figures_soon(draft)?;
    }
    Ok(())
}

/// The age of revocation lists is looked at once a day, where there are any.
pub(super) fn world_check(draft: &mut Draft<'_>) -> Result<(), Stop> {
    const DAY_MS: i64 = 86_400_000;
    if draft.world.examiner.lists_at().is_none() {
        return Ok(());
    }
    // On the day's border, so that one armed twice is one.
    let at = Time((draft.now().0.div_euclid(DAY_MS) + 1) * DAY_MS);
    draft.set_timer(at, TimerKey::WorldCheck)
}

fn report_figures(draft: &mut Draft<'_>) -> Result<(), Stop> {
    if draft
        .node()?
        .report_due
        .is_some_and(|due| due > draft.now())
    {
        return Ok(());
    }
    let Some(parent) = draft.world.federation.parent(draft.me()) else {
        return Ok(());
    };
    let more = match figures::report(&draft.world, draft, draft.now())? {
        Some((report, fact)) => {
            let more = report.cells.len() >= figures::CELLS_PER_REPORT;
            draft.record(fact)?;
            draft.send(parent, Lane::Bulk, &Message::Figures(report), Vec::new())?;
            more
        }
        None => false,
    };
    let wait = if more { 0 } else { REPORT_IDLE_MS };
    draft.set_timer(draft.now().plus_millis(wait), TimerKey::ReportFigures)
}
