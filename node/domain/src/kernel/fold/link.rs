//! What a link sent, received, kept and learned.

use super::change_node;
use crate::fact::Fact;
use crate::kernel::reopen;
use crate::link::{Envelope, LinkState};
use crate::row::{Kept, Row, RowKey};
use crate::view::{Overlay, Rows, ViewFailed};
use hotline_topology::RegionKey;

/// Folds a fact about a link.
pub(super) fn fold(view: &mut Overlay<'_>, me: RegionKey, fact: &Fact) -> Result<(), ViewFailed> {
    match fact {
        Fact::Queued {
            peer,
            seq,
            hash,
            envelope,
        } => {
            let lane = envelope.lane;
            view.put(
                RowKey::Outbox(*peer, lane, *seq),
                Row::Outbox(Box::new(envelope.clone()), *hash),
            );
            change_link(view, *peer, |link| {
                let state = &mut link.lanes[lane.index()];
                state.sent = *seq;
                state.sent_hash = *hash;
            })
        }
        Fact::Consumed {
            peer,
            lane,
            seq,
            hash,
            ..
        } => change_link(view, *peer, |link| {
            let state = &mut link.lanes[lane.index()];
            state.received = *seq;
            state.received_hash = *hash;
        }),
        Fact::Acked { peer, lane, upto } => {
            let link = view.link(*peer)?;
            let state = link.lanes[lane.index()];
            let mut hash = state.acked_hash;
            for seq in state.acked + 1..=*upto {
                if let Some(Row::Outbox(_, running)) =
                    crate::view::View::get(view, &RowKey::Outbox(*peer, *lane, seq))?
                {
                    hash = running;
                }
                view.delete(RowKey::Outbox(*peer, *lane, seq));
            }
            change_link(view, *peer, |link| {
                let state = &mut link.lanes[lane.index()];
                state.acked = *upto;
                state.acked_hash = hash;
            })
        }
        Fact::Kept {
            no,
            peer,
            until,
            envelope,
        } => {
            let kept = Kept {
                no: *no,
                peer: *peer,
                until: *until,
                envelope: envelope.clone(),
            };
            // It may take the place of its own shut copy.
            release(view, *no)?;
            view.put(RowKey::Kept(*no), Row::Kept(Box::new(kept)));
            let bytes = kept_bytes(envelope);
            change_link(view, *peer, |link| {
                link.kept = link.kept.saturating_add(1);
                link.kept_bytes = link.kept_bytes.saturating_add(bytes);
            })?;
            change_node(view, |node| node.kept = node.kept.max(*no))
        }
        Fact::Unkept { no } => release(view, *no),
        Fact::LinkChanged {
            peer,
            peer_epoch,
            failures,
            heard_at,
            blocked,
            peer_wire,
            restarting,
            shown,
        } => change_link(view, *peer, |link| {
            link.peer_epoch = *peer_epoch;
            link.failures = *failures;
            link.heard_at = *heard_at;
            link.blocked.clone_from(blocked);
            link.peer_wire = *peer_wire;
            link.restarting = *restarting;
            link.shown = *shown;
        }),
        Fact::Misbehaved { peer, conduct } => {
            change_link(view, *peer, |link| link.conduct.clone_from(conduct))
        }
        Fact::LanesRestarted { peer } => reopen::restart_lanes(view, me, *peer),
        _ => Ok(()),
    }
}

/// Forgets a link: its numbers, and what waits on it.
pub(super) fn forget(view: &mut Overlay<'_>, peer: RegionKey) -> Result<(), ViewFailed> {
    let link = view.link(peer)?;
    for lane in crate::leg::Lane::ALL {
        let state = link.lanes[lane.index()];
        for seq in state.acked + 1..=state.sent {
            view.delete(RowKey::Outbox(peer, lane, seq));
        }
    }
    view.delete(RowKey::Link(peer));
    Ok(())
}

/// Takes a kept envelope away, and off its bringer's count.
fn release(view: &mut Overlay<'_>, no: u64) -> Result<(), ViewFailed> {
    let Some(Row::Kept(kept)) = crate::view::View::get(view, &RowKey::Kept(no))? else {
        return Ok(());
    };
    view.delete(RowKey::Kept(no));
    let bytes = kept_bytes(&kept.envelope);
    change_link(view, kept.peer, |link| {
        link.kept = link.kept.saturating_sub(1);
        link.kept_bytes = link.kept_bytes.saturating_sub(bytes);
    })
}

/// What a kept envelope counts against its bringer's bound.
pub(in crate::kernel) fn kept_bytes(envelope: &Envelope) -> u64 {
    let fields = envelope.fields.iter().map(|field| field.ciphertext.len());
    (envelope.payload.len() + fields.sum::<usize>()) as u64
}

fn change_link(
    view: &mut Overlay<'_>,
    peer: RegionKey,
    change: impl FnOnce(&mut LinkState),
) -> Result<(), ViewFailed> {
    let mut link = view.link(peer)?;
    change(&mut link);
    view.put(RowKey::Link(peer), Row::Link(Box::new(link)));
    Ok(())
}
