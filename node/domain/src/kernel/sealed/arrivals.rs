//! What arrived at a far addressee: noted there, told to the author, whose copies go; whatever comes twice has effect once.

use super::{FIRST, LAST, PAGE};
use crate::fact::Fact;
use crate::id::EnvelopeId;
use crate::kernel::draft::Draft;
use crate::kernel::keys;
use crate::kernel::outcome::Stop;
use crate::leg::Lane;
use crate::link::{Consumption, Message};
use crate::row::{Row, RowKey, TimerKey};
use crate::view::View;
use hotline_topology::RegionKey;
use std::collections::BTreeMap;

/// From the first arrival to telling the authors, so that many are told at once.
const TELL_MS: i64 = 60_000;

/// The addressee has what was sent: the copies may go.
pub(in crate::kernel) fn arrived(
    draft: &mut Draft<'_>,
    author: RegionKey,
    envelopes: &[EnvelopeId],
) -> Result<(), Stop> {
    let mut known = Vec::new();
    for id in envelopes {
        if let Some(Row::Kept(kept)) = draft.get(&RowKey::InFlight(*id))?
            && kept.envelope.addressee == author
        {
            known.push(*id);
        }
    }
    if known.is_empty() {
        return Ok(());
    }
    draft.record(Fact::SealedArrived { envelopes: known })
}

/// Whether an envelope of a far author was taken here before: sealed anew it may come twice, and a relay may repeat it.
pub(in crate::kernel) fn taken(draft: &Draft<'_>, envelope: EnvelopeId) -> Result<bool, Stop> {
    Ok(draft.get(&RowKey::Taken(envelope))?.is_some())
}

/// What was taken before comes again: it takes no effect, and its author is told once more that it is here.
pub(in crate::kernel) fn again(
    draft: &mut Draft<'_>,
    author: RegionKey,
    envelope: EnvelopeId,
) -> Result<Consumption, Stop> {
    note_arrival(draft, author, envelope)?;
    Ok(Consumption::Refused {
        rule: "sealing.repeated".to_owned(),
    })
}

/// An envelope of a far author arrived and is in this node's log: its author is told soon.
pub(in crate::kernel) fn note_arrival(
    draft: &mut Draft<'_>,
    author: RegionKey,
    envelope: EnvelopeId,
) -> Result<(), Stop> {
    let first = owed(draft, 1)?.is_empty();
    draft.record(Fact::ArrivalNoted { author, envelope })?;
    if first {
        let at = draft.now().plus_millis(TELL_MS);
        draft.set_timer(at, TimerKey::TellArrivals)?;
    }
    Ok(())
}

fn owed(draft: &Draft<'_>, limit: usize) -> Result<Vec<(RegionKey, EnvelopeId)>, Stop> {
    let from = RowKey::Arrived(keys::FIRST_REGION, FIRST);
    let to = RowKey::Arrived(keys::LAST_REGION, LAST);
    let rows = draft.scan(&from, &to, limit)?;
    Ok(rows
        .into_iter()
        .filter_map(|(key, _)| match key {
            RowKey::Arrived(author, id) => Some((author, id)),
            _ => None,
        })
        .collect())
}

/// Tells authors what arrived.
pub(in crate::kernel) fn tell_arrivals(draft: &mut Draft<'_>) -> Result<(), Stop> {
    let page = owed(draft, PAGE)?;
    let more = page.len() == PAGE;
    let mut by_author: BTreeMap<RegionKey, Vec<EnvelopeId>> = BTreeMap::new();
    for (author, id) in page {
        by_author.entry(author).or_default().push(id);
    }
    for (author, envelopes) in by_author {
        draft.record(Fact::ArrivalsTold {
            author,
            envelopes: envelopes.clone(),
        })?;
        // An author that the tree no longer has needs no word.
        if draft
            .world
            .federation
            .next_hop(draft.me(), author)
            .is_some()
        {
            let message = Message::Arrived { envelopes };
            draft.send(author, Lane::Bulk, &message, Vec::new())?;
        }
    }
    if more {
        let at = draft.now();
        draft.set_timer(at, TimerKey::TellArrivals)?;
    }
    Ok(())
}
