//! 销毁个人信息: the personal fields of a closed matter are deleted at this node by destroying the keys that sealed
//! them. The record of it names who, when, why, and the oldest backup that still opens them; hashes, dates and
//! decisions stay, so that evidence stays whole.

use crate::command::Command;
use crate::fact::Fact;
use crate::id::{MatterId, OrderId};
use crate::kernel::{Draft, Stop, destroy_keys};
use crate::refusal::{Class, Refusal};
use crate::row::{Done, Row, RowKey};
use crate::sealing::Destroyed;
use crate::ticket::Ticket;
use crate::view::{Rows, View};
use hotline_topology::Time;
use std::collections::BTreeSet;

/// Timeline entries read at a time.
const PAGE: usize = 256;

/// Deletes the fields of a closed matter.
///
/// # Errors
/// Refuses as `erase.reason`, `erase.open`, `erase.nothing`, `ticket.unknown`, `ticket.stale`.
pub fn erase(
    draft: &mut Draft<'_>,
    command: &Command,
    matter: MatterId,
    reason: &str,
    oldest_backup: Option<Time>,
) -> Result<Done, Stop> {
    let ticket = draft.ticket(matter)?;
    draft.check_seen(command, &ticket)?;
    if reason.trim().is_empty() {
        let words = "销毁个人信息须写明事由".to_owned();
        return Err(Refusal::new(Class::Invalid, "erase.reason", words).into());
    }
    let open = |id| Ok::<_, Stop>(Rows::leg(draft, id)?.is_some_and(|leg| leg.is_open()));
    let mut at_work = ticket.is_open();
    for id in ticket.outgoing.iter().chain(&ticket.incoming_all) {
        at_work |= open(*id)?;
    }
    if at_work {
        let words = format!(
            "工单 {} 尚未办结，办理仍需其内容；办结之后方可销毁",
            ticket.number
        );
        return Err(Refusal::new(Class::State, "erase.open", words).into());
    }
    let slots = slots(draft, &ticket)?;
    if slots.is_empty() {
        let words = format!("工单 {} 在本节点没有可销毁的个人信息", ticket.number);
        return Err(Refusal::new(Class::State, "erase.nothing", words).into());
    }
    destroy_keys(
        draft,
        slots.into_iter().collect(),
        Destroyed::Matter(matter),
        Some(&command.actor),
        (reason.to_owned(), oldest_backup),
    )?;
    // Those it was handed to hold copies under keys of their own; the operator is told which legs.
    super::done(draft, matter, ticket.outgoing)
}

/// Every slot that sealed something of the matter.
fn slots(draft: &Draft<'_>, ticket: &Ticket) -> Result<BTreeSet<u64>, Stop> {
    let mut slots: BTreeSet<u64> = ticket.fields.iter().map(|field| field.slot).collect();
    let mut from = 0;
    loop {
        let key = |no| RowKey::Timeline(ticket.matter, no);
        let page = draft.scan(&key(from), &key(u32::MAX), PAGE)?;
        let full = page.len() == PAGE;
        for (at, row) in page {
            if let RowKey::Timeline(_, no) = at {
                from = no.saturating_add(1);
            }
            if let Row::Timeline(fact) = row
                && let Fact::Ticket { fields, .. } | Fact::Leg { fields, .. } = *fact
            {
                slots.extend(fields.iter().map(|field| field.slot));
            }
        }
        if !full {
            break;
        }
    }
    // What was said of orders of this node's on legs between others.
    let key = |byte, no| RowKey::OrderWord(ticket.matter, OrderId([byte; 16]), no);
    for (_, row) in draft.scan(&key(0, 0), &key(u8::MAX, u32::MAX), usize::MAX)? {
        if let Row::OrderWord(word) = row {
            slots.extend(word.fields.iter().map(|field| field.slot));
        }
    }
    // Slot 0 stands in fields that came erased.
    slots.remove(&0);
    Ok(slots)
}
