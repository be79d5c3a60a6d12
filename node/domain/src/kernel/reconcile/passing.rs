//! What a restored node had acknowledged besides its own legs, and forgot: what was told to it, and what only passed by it.
//!
//! | what | who brings it again |
//! |---|---|
//! | legs between nodes on both sides of it | the upper end compares them with the lower one |
//! | where legs stand | their giver tells their origin |
//! | exception notices | whoever raised them tells it |
//! | other envelopes to far nodes | their author, from the copies that it keeps until they arrive |
//! | requests to seal anew | whoever could not open what came |
//! | an exchange of another restored node | that node asks again |

use super::{SLACK_MS, ask, follow, legs_by_peer, under_way};
use crate::id::{LegId, MatterId};
use crate::kernel::outcome::Stop;
use crate::kernel::{Draft, sealed};
use crate::leg::{Lane, Side};
use crate::link::Message;
use crate::row::{Row, RowKey};
use crate::view::View as _;
use hotline_topology::{RegionKey, Time};

/// What was written so long before may have come only lately: links can be down for weeks, and whoever knows it already
/// takes it once.
const DELAYED_MS: i64 = 31 * 24 * 3_600_000;
/// Rows read at a time.
const PAGE: usize = 256;

/// Brings again what a node forgot that was restored to what it knew at `since`, or a little later.
pub(super) fn bring_again(
    draft: &mut Draft<'_>,
    restored: RegionKey,
    since: Time,
) -> Result<(), Stop> {
    tell_sights(draft, restored)?;
    ask_behind(draft, restored, since)?;
    ask_again_by(draft, restored)?;
    sealed::send_again_by(draft, restored)?;
    sealed::ask_again_by(draft, restored)
}

/// The origin forgot where the legs stand that this node gave on, or the news of it was lost on the way there.
fn tell_sights(draft: &mut Draft<'_>, restored: RegionKey) -> Result<(), Stop> {
    for (_, legs) in legs_by_peer(draft, Time(i64::MAX))? {
        for leg in legs.iter().filter(|leg| leg.side == Side::Giver) {
            if draft.goes_by(restored, leg.offer.origin) {
                follow::tell_origin(draft, leg)?;
            }
        }
    }
    Ok(())
}

/// From when on what was written may have come to somebody who remembers all that came before `since`.
pub(super) fn delayed(since: Time) -> Time {
    Time(since.0.saturating_sub(DELAYED_MS))
}

/// A superior forgot the exceptions that this node told it of.
pub(super) fn tell_notices(
    draft: &mut Draft<'_>,
    restored: RegionKey,
    since: Time,
) -> Result<(), Stop> {
    if !draft.world.was_below(draft.me(), restored) {
        return Ok(());
    }
    let first = |at| RowKey::Notice(at, MatterId([0; 16]), LegId([0; 16]), 0);
    let mut from = first(delayed(since));
    loop {
        let page = draft.scan(&from, &first(Time(i64::MAX)), PAGE)?;
        let Some((RowKey::Notice(at, matter, leg, reason), _)) = page.last() else {
            return Ok(());
        };
        from = RowKey::Notice(*at, *matter, *leg, reason.saturating_add(1));
        for (_, row) in page {
            if let Row::Notice(notice) = row
                && notice.raised_by == draft.me()
            {
                let message = Message::Notice(*notice);
                draft.send(restored, Lane::Ordinary, &message, Vec::new())?;
            }
        }
    }
}

/// What the restored node acknowledged and had not passed on never came: the ends behind it are asked by the end above.
fn ask_behind(draft: &mut Draft<'_>, restored: RegionKey, since: Time) -> Result<(), Stop> {
    let world = draft.world;
    if !world.was_below(restored, draft.me()) {
        return Ok(());
    }
    for (peer, legs) in legs_by_peer(draft, since)? {
        if peer != restored && world.was_below(peer, restored) {
            ask(draft, peer, 0, false, since, &legs)?;
        }
    }
    Ok(())
}

/// This node forgot as well: its own question to a node behind, or the answer, may have been lost there.
fn ask_again_by(draft: &mut Draft<'_>, restored: RegionKey) -> Result<(), Stop> {
    let until = draft.node()?.restore.map_or(Time(0), |known| known.until);
    let since = Time(until.0.saturating_sub(SLACK_MS));
    for exchange in under_way(draft)? {
        let peer = exchange.peer;
        if peer != restored && draft.goes_by(restored, peer) {
            let legs = legs_by_peer(draft, since)?.remove(&peer);
            let legs = legs.unwrap_or_default();
            ask(draft, peer, exchange.ask, true, since, &legs)?;
        }
    }
    Ok(())
}
