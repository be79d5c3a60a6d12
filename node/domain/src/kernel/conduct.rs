//! What the kernel does about a neighbour's misconduct: it is put on record, and beyond the bound the link rests.

use super::draft::Draft;
use super::outcome::Stop;
use crate::fact::Fact;
use crate::link::{Conduct, Offence};
use crate::refusal::{Class, Refusal};
use crate::row::Done;
use crate::view::Rows;
use hotline_topology::RegionKey;

/// Charges a neighbour with an offence. One that has become none by a change of the tree is charged no more.
pub(super) fn charge(
    draft: &mut Draft<'_>,
    peer: RegionKey,
    offence: Offence,
    what: &str,
) -> Result<(), Stop> {
    let (now, link) = (draft.now(), draft.link(peer)?);
    let before = link.conduct.as_deref().cloned().unwrap_or_default();
    let conduct = before.charged(offence, what, now);
    if conduct.quarantined(now) && !before.quarantined(now) {
        let until = conduct.until.unwrap_or(now);
        draft.alarm(format!(
            "{peer} 行为异常，链路隔离至 {until}（第 {} 次）：{what}；请执行 hotline link misconduct {peer} 查看,\
             查明后执行 hotline link forgive {peer} 解除",
            conduct.quarantines
        ));
        draft.cut(peer, format!("行为异常，链路隔离至 {until}：{what}"));
    }
    draft.record(Fact::Misbehaved {
        peer,
        conduct: Some(Box::new(conduct)),
    })
}

/// People looked: the ledger is wiped, and a quarantine ends.
///
/// # Errors
/// Refuses as `link.no-misconduct`.
pub(super) fn forgive(draft: &mut Draft<'_>, peer: RegionKey) -> Result<Done, Stop> {
    if draft.link(peer)?.conduct.is_none() {
        let words = format!("{peer} 没有行为异常的记录");
        return Err(Refusal::new(Class::State, "link.no-misconduct", words).into());
    }
    draft.record(Fact::Misbehaved {
        peer,
        conduct: None,
    })?;
    Ok(Done::default())
}

/// Whether nothing of a neighbour is taken now.
pub(super) fn quarantined(conduct: Option<&Conduct>, now: hotline_topology::Time) -> bool {
    conduct.is_some_and(|conduct| conduct.quarantined(now))
}
