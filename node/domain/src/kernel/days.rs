//! Days: accounts end, neighbours are told, and what they say of theirs is looked at (see [`crate::tally`]).
//!
//! One tally at most is under way to a neighbour: a cut link queues one, and the next tells all days since. Neighbours of
//! an older release get none.

use super::conduct;
use super::draft::Draft;
use super::outcome::Stop;
use super::reconcile;
use crate::fact::Fact;
use crate::leg::Lane;
use crate::link::{Message, MessageKind, Offence};
use crate::refusal::{Class, Refusal};
use crate::row::{Row, RowKey, TimerKey};
use crate::tally::{
    Account, Day, Diary, ENTRIES_MAX, Heard, Peaks, Quoted, SINCE_MAX, Tally, Told, hear, quoted,
};
use crate::view::{Rows as _, View as _};
use hotline_topology::{RegionKey, Time};

const DAY_MS: i64 = 86_400_000;

/// Opens the accounts at the first start, and arms the end of the day.
pub(super) fn start(draft: &mut Draft<'_>) -> Result<(), Stop> {
    if draft.diary()?.is_none() {
        let commit = draft.node()?.log_no + 1;
        let opening = Day {
            no: 0,
            opened: commit,
            from: commit,
            to: commit,
            at: draft.now(),
            entries: 0,
            root: Peaks::default().root(),
        };
        draft.record(Fact::DayClosed(opening))?;
    }
    arm(draft)
}

/// The end of the day: every node has its own moment, so that neighbours are not all told at once. One armed twice is one.
fn arm(draft: &mut Draft<'_>) -> Result<(), Stop> {
    let digits = draft.me();
    let own = digits
        .as_bytes()
        .iter()
        .fold(0_i64, |sum, digit| (sum * 31 + i64::from(*digit)) % DAY_MS);
    let days = (draft.now().0 - own).div_euclid(DAY_MS) + 1;
    draft.set_timer(Time(days * DAY_MS + own), TimerKey::CloseDay)
}

/// The day is over.
pub(super) fn day_over(draft: &mut Draft<'_>) -> Result<(), Stop> {
    arm(draft)?;
    close(draft)
}

/// A day that holds too much ends before its time.
pub(super) fn close_if_full(draft: &mut Draft<'_>) -> Result<(), Stop> {
    let entries = draft.diary()?.map_or(0, |diary| diary.open.entries());
    match entries >= ENTRIES_MAX {
        true => close(draft),
        false => Ok(()),
    }
}

/// Ends the day and tells the neighbours.
pub(super) fn close(draft: &mut Draft<'_>) -> Result<(), Stop> {
    let Some(diary) = draft.diary()? else {
        return Ok(());
    };
    let commit = draft.node()?.log_no + 1;
    let day = diary.day(commit, draft.now());
    draft.record(Fact::DayClosed(day))?;
    for peer in reconcile::neighbours(draft) {
        tell(draft, peer)?;
    }
    Ok(())
}

/// Tells a neighbour the newest day, where it does not know it, would understand it, and is not being told already.
pub(super) fn tell(draft: &mut Draft<'_>, peer: RegionKey) -> Result<(), Stop> {
    let (link, account) = (draft.link(peer)?, draft.account(peer)?);
    let Some(diary) = draft.diary()? else {
        return Ok(());
    };
    if link.peer_wire < MessageKind::Tally.since() || link.blocked.is_some() {
        return Ok(());
    }
    let lane = &link.lanes[Lane::Bulk.index()];
    let under_way = |told: Told| told.restarts == link.restarts && told.seq > lane.acked;
    let known = account.told.map_or(0, |told| told.no);
    if diary.last.no <= known || account.told.is_some_and(under_way) {
        return Ok(());
    }
    let tally = tally(draft, &diary, &account)?;
    draft.send(
        peer,
        Lane::Bulk,
        &Message::Tally(Box::new(tally)),
        Vec::new(),
    )?;
    let told = Told {
        no: diary.last.no,
        restarts: link.restarts,
        seq: draft.link(peer)?.lanes[Lane::Bulk.index()].sent,
    };
    let account = Account {
        told: Some(told),
        ..account
    };
    draft.record(Fact::Accounted { peer, account })
}

/// The newest day, with what leads to it from the one that the neighbour signed for.
fn tally(draft: &Draft<'_>, diary: &Diary, account: &Account) -> Result<Tally, Stop> {
    let far = u64::try_from(SINCE_MAX).unwrap_or(u64::MAX) + 1;
    let last = diary.last.no;
    let base = account.quoted.min(last - 1).max(last.saturating_sub(far));
    let before = day_row(draft, base)?.map_or([0; 32], |(_, value)| value);
    let mut since = Vec::new();
    for no in base + 1..last {
        since.extend(day_row(draft, no)?.map(|(digest, _)| digest));
    }
    Ok(Tally {
        day: diary.last,
        base,
        before,
        since,
        yours: account.held,
    })
}

/// What stands in the chain for an own day, and the value after it.
type Closed = ([u8; 32], [u8; 32]);

fn day_row(draft: &Draft<'_>, no: u64) -> Result<Option<Closed>, Stop> {
    Ok(match draft.get(&RowKey::Day(no))? {
        Some(Row::Day(digest, value)) => Some((digest, value)),
        _ => None,
    })
}

/// A neighbour told its newest day. `epoch`: of its signature.
///
/// # Errors
/// Refuses as `tally.neighbour` from anybody else, and as `tally.broken` what leads to no day.
pub(super) fn heard(
    draft: &mut Draft<'_>,
    author: RegionKey,
    epoch: Option<u64>,
    said: &Tally,
) -> Result<(), Stop> {
    if draft.world.federation.next_hop(draft.me(), author) != Some(author) {
        let words = format!("{author} 不是相邻节点，不与它对账");
        return Err(Refusal::new(Class::Invalid, "tally.neighbour", words).into());
    }
    let Some(epoch) = epoch.filter(|_| said.is_whole()) else {
        let words = format!("{author} 的对账单前后不相连");
        return Err(Refusal::new(Class::Invalid, "tally.broken", words).into());
    };
    let own = draft.node()?.epoch;
    let mut account = draft.account(author)?;
    match hear(&account, said, epoch, own) {
        Heard::New(held) => (account.held, account.held_under) = (Some(held), own),
        Heard::Old => {}
        Heard::Forked => {
            let words = format!(
                "{author} 第 {} 日的对账单与它此前签过的不是同一份日志：可能是两份副本，或事后改写；请联系对方核对，双方各自用 hotline evidence export 留存证据",
                said.day.no
            );
            draft.alarm(words.clone());
            conduct::charge(draft, author, Offence::Contradiction, &words)?;
        }
    }
    if let Some(yours) = &said.yours {
        let value = day_row(draft, yours.no)?.map(|(_, value)| value);
        match quoted(yours, value, own) {
            Quoted::Day(no) => account.quoted = account.quoted.max(no),
            Quoted::Past => {}
            Quoted::Another => draft.alarm(format!(
                "{author} 签认的本节点第 {} 日账目不在本节点的日志里：本节点的数据可能是旧备份或副本；请核对后再开放链路",
                yours.no
            )),
        }
    }
    if account != draft.account(author)? {
        draft.record(Fact::Accounted {
            peer: author,
            account,
        })?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
