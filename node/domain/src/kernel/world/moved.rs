//! Neighbours that a newer tree parts. Legs stay what they are; messages travel by the new way.
//!
//! | who | on taking the version into force |
//! | --- | --- |
//! | the node that moved | sends anew, by its new parent, what its old parent has not acknowledged; the old link ends; the old parent is told so by the new way |
//! | its old parent | sends anew, by the new way, what the node has not acknowledged; goes on taking its calls, so that it can fetch the version; the link ends with its word that it has it |
//! | a node between | turns round what has no way on but back to whoever brought it, once both have the same tree in force; until then it waits (`kernel/parked.rs`) |
//!
//! What comes by both ways has no second effect: acts on legs, figures and notices know themselves again. An ended link's
//! lanes are forgotten at both ends, so that the two may become neighbours again.

use super::spread::{self, neighbours};
use crate::fact::Fact;
use crate::kernel::draft::Draft;
use crate::kernel::outcome::Stop;
use crate::kernel::{keys, reconcile, sealed, send};
use crate::leg::Lane;
use crate::link::{Envelope, MessageKind};
use crate::row::{Row, RowKey};
use crate::sealing::is_sealed;
use crate::view::{Rows, View};
use hotline_topology::RegionKey;

/// Rows read at a time.
const PAGE: usize = 256;

/// The version in force is another than the one that links were last fitted to.
pub(super) fn fit_links(draft: &mut Draft<'_>) -> Result<(), Stop> {
    let version = draft.world.federation.version();
    let before = draft.node()?.topology;
    if before == version {
        return Ok(());
    }
    draft.record(Fact::WorldApplied { version })?;
    reconcile::reorganised(draft, before)?;
    let now = neighbours(draft);
    for peer in linked(draft)? {
        if now.contains(&peer) {
            continue;
        }
        send_anew(draft, peer)?;
        if !lingers(draft, peer) || knows(draft, peer, version)? {
            end(draft, peer)?;
        }
    }
    Ok(())
}

/// Whether a former child may still call: it has not said that it knows the version that moved it.
fn lingers(draft: &Draft<'_>, peer: RegionKey) -> bool {
    let mut older = draft.world.older.iter();
    older.any(|tree| tree.parent(peer) == Some(draft.me()))
}

/// Whether it has said so already: its word may come by the new way before this node has the version itself.
fn knows(draft: &Draft<'_>, peer: RegionKey, version: u32) -> Result<bool, Stop> {
    let said = draft.peer_world(peer)?.have;
    Ok(said.is_some_and(|have| have.topology >= version))
}

/// A former neighbour said which version it has in force: at this one, the link is over.
pub(super) fn settled(draft: &mut Draft<'_>, peer: RegionKey, topology: u32) -> Result<(), Stop> {
    let over = topology >= draft.world.federation.version();
    if over && !neighbours(draft).contains(&peer) && draft.get(&RowKey::Link(peer))?.is_some() {
        // All that waited on it went the new way when this version came into force; nothing was queued on it since.
        end(draft, peer)?;
    }
    Ok(())
}

fn end(draft: &mut Draft<'_>, peer: RegionKey) -> Result<(), Stop> {
    draft.record(Fact::LinkEnded { peer })?;
    draft.cut(peer, "按新的拓扑，两节点不再直接相连".to_owned());
    if draft.world.federation.next_hop(draft.me(), peer).is_some() {
        spread::tell_anew(draft, peer)?;
    }
    Ok(())
}

/// Every neighbour that a link was ever used with.
pub(in crate::kernel) fn linked(draft: &Draft<'_>) -> Result<Vec<RegionKey>, Stop> {
    let (mut from, to) = (
        RowKey::Link(RegionKey::literal("000000000000")),
        RowKey::Kept(0),
    );
    let mut peers = Vec::new();
    loop {
        let page = draft.scan(&from, &to, PAGE)?;
        let full = page.len() == PAGE;
        let keys = page.into_iter().filter_map(|(key, _)| match key {
            RowKey::Link(peer) => Some(peer),
            _ => None,
        });
        let skip = usize::from(!peers.is_empty());
        peers.extend(keys.skip(skip));
        match peers.last() {
            Some(last) if full => from = RowKey::Link(*last),
            _ => return Ok(peers),
        }
    }
}

/// Queues what a former neighbour has not acknowledged on the new way to its addressee.
fn send_anew(draft: &mut Draft<'_>, peer: RegionKey) -> Result<(), Stop> {
    for lane in Lane::ALL {
        let state = draft.link(peer)?.lanes[lane.index()];
        for seq in state.acked + 1..=state.sent {
            let Some(Row::Outbox(envelope, _)) = draft.get(&RowKey::Outbox(peer, lane, seq))?
            else {
                continue;
            };
            if ends_with_link(&envelope, peer) {
                continue;
            }
            let mut envelope = *envelope;
            // This node puts itself on the route again as it queues.
            envelope.route.pop();
            let id = envelope.id;
            if let Err(refusal) = draft.attempt(|inner| again(inner, envelope))? {
                draft.alarm(format!("原定经 {peer} 转送的信封 {id} 无路可走：{refusal}"));
            }
        }
    }
    Ok(())
}

/// What this node wrote to a neighbour that is one no longer is sealed to it from now on, and a copy kept until it says
/// that it arrived: it may have the key no longer.
fn again(draft: &mut Draft<'_>, envelope: Envelope) -> Result<(), Stop> {
    let (me, to) = (draft.me(), envelope.addressee);
    let far = draft.world.federation.next_hop(me, to) != Some(to);
    if far && envelope.author == me && is_sealed(envelope.kind) && keys::known(draft, me)?.is_some()
    {
        return sealed::send_far(draft, envelope);
    }
    send::queue(draft, envelope).map(|_| ())
}

/// What was only between the two neighbours: documents, what they have, and figures, which the new parent gets whole.
fn ends_with_link(envelope: &Envelope, peer: RegionKey) -> bool {
    let kinds = [MessageKind::Have, MessageKind::Part, MessageKind::Figures];
    envelope.addressee == peer && kinds.iter().any(|kind| *kind as u32 == envelope.kind)
}
