//! What does not open at its addressee, and what was lost on its way: asked for, sealed anew, sent again, or given up.

use super::{FIRST, LAST, PAGE, WAITS, again_from_here, send_far, wait, waiting};
use crate::fact::Fact;
use crate::id::EnvelopeId;
use crate::kernel::draft::Draft;
use crate::kernel::outcome::Stop;
use crate::kernel::{keys, offered, parked, reconcile, send};
use crate::leg::Lane;
use crate::link::{Consumption, Envelope, Message, MessageKind};
use crate::refusal::{Class, Refusal};
use crate::row::{Row, RowKey};
use crate::sealing::{SignedKey, TRIES_MAX};
use crate::view::{Rows as _, View};
use hotline_topology::RegionKey;
use std::collections::BTreeSet;

/// The rule by which an author answers who asks for what it has no copy of.
pub(in crate::kernel) const NO_COPY: &str = "sealing.no-copy";

/// An envelope for this node that the shell could not open.
pub(in crate::kernel) fn unopened(
    draft: &mut Draft<'_>,
    peer: RegionKey,
    envelope: Envelope,
) -> Result<Consumption, Stop> {
    let (author, lane, key_id, about) =
        (envelope.author, envelope.lane, envelope.key_id, envelope.id);
    let own = keys::own(draft)?;
    let has = |no: u32| own.iter().any(|key| key.no == no);
    let newest = keys::known(draft, draft.me())?;
    let newest = newest.filter(|newest| has(newest.key.no) && newest.key.no > key_id);
    // What an older key does not open, the newest may: its private half can be gone although the record of that was
    // forgotten with a disk.
    // And a restored node may have made it anew under its old number, which it learns from the others.
    if newest.is_some() || !has(key_id) || !reconcile::under_way(draft)?.is_empty() {
        // It holds its leg's place until it comes again: what was written after it must not take effect before it. A
        // second copy of it would hold the place longer than the first.
        if !parked::waits_shut(draft, about)? {
            let outcome = parked::park(draft, peer, envelope, WAITS)?;
            if outcome != Consumption::Parked {
                return Ok(outcome);
            }
        }
        draft.alarm(format!(
            "{author} 的消息 {about} 封给本节点第 {key_id} 号密钥，本节点打不开（没有这把密钥，或已销毁）；将请其按现用密钥重发"
        ));
        // A key newer than any of one's own was lost with a disk: the author would not take an older one for it. The
        // shell makes a newer one, and then asks.
        if let Some(key) = newest {
            draft.send(author, lane, &Message::Reseal { about, key }, Vec::new())?;
        }
        return Ok(Consumption::Parked);
    }
    let words = format!("封给第 {key_id} 号密钥的内容打不开，或与信封所称不符");
    let answer = Message::Refused {
        about,
        leg: envelope.leg,
        rule: "sealing.unreadable".to_owned(),
        message: words.clone(),
    };
    draft.send(author, lane, &answer, Vec::new())?;
    parked::set_aside(draft, peer, envelope, words)
}

/// A new own key: what could not be opened so far is asked for again.
pub(in crate::kernel) fn ask_again(draft: &mut Draft<'_>, key: &SignedKey) -> Result<(), Stop> {
    if draft.node()?.kept == 0 {
        return Ok(());
    }
    for kept in parked::parked(draft)? {
        if kept.envelope.key_id != 0 && kept.envelope.addressee == draft.me() {
            let (about, key) = (kept.envelope.id, key.clone());
            let message = Message::Reseal { about, key };
            let (author, lane) = (kept.envelope.author, kept.envelope.lane);
            draft.send(author, lane, &message, Vec::new())?;
        }
    }
    Ok(())
}

/// A node forgot what it had taken in: what could not be opened here, and was asked for by way of it, is asked for again.
pub(in crate::kernel) fn ask_again_by(
    draft: &mut Draft<'_>,
    restored: RegionKey,
) -> Result<(), Stop> {
    let newest = keys::known(draft, draft.me())?;
    let (Some(key), true) = (newest, draft.node()?.kept > 0) else {
        return Ok(());
    };
    for kept in parked::parked(draft)? {
        let envelope = kept.envelope;
        let shut = envelope.addressee == draft.me() && envelope.key_id != 0;
        if shut && key.key.no > envelope.key_id && draft.goes_by(restored, envelope.author) {
            let (about, key) = (envelope.id, key.clone());
            let message = Message::Reseal { about, key };
            draft.send(envelope.author, envelope.lane, &message, Vec::new())?;
        }
    }
    Ok(())
}

/// A node forgot what it had taken in: what went to it or by it, is not known to have arrived, and does not wait here any
/// more, goes again in the order it was written. What is said on a leg does not: the two ends of it compare.
pub(in crate::kernel) fn send_again_by(
    draft: &mut Draft<'_>,
    restored: RegionKey,
) -> Result<(), Stop> {
    let mut lost = Vec::new();
    let mut from = FIRST;
    loop {
        let page = draft.scan(&RowKey::InFlight(from), &RowKey::InFlight(LAST), PAGE)?;
        let Some((RowKey::InFlight(last), _)) = page.last() else {
            break;
        };
        from = EnvelopeId(u128::from_be_bytes(last.0).saturating_add(1).to_be_bytes());
        for (_, row) in page {
            if let Row::Kept(kept) = row
                && kept.envelope.kind != MessageKind::Leg as u32
                && draft.goes_by(restored, kept.envelope.addressee)
            {
                lost.push(*kept);
            }
        }
    }
    let queued = queued(draft, lost.iter().map(|kept| kept.peer).collect())?;
    lost.retain(|kept| !queued.contains(&kept.envelope.id));
    lost.sort_by_key(|kept| (kept.envelope.written_at, kept.envelope.id));
    for kept in lost {
        send_again(draft, kept.envelope)?;
    }
    Ok(())
}

/// What has not left yet by the links to these neighbours.
fn queued(draft: &Draft<'_>, peers: BTreeSet<RegionKey>) -> Result<BTreeSet<EnvelopeId>, Stop> {
    let mut queued = BTreeSet::new();
    for peer in peers {
        let lanes = draft.link(peer)?.lanes;
        for lane in Lane::ALL {
            let state = lanes[lane.index()];
            for seq in state.acked + 1..=state.sent {
                if let Some(Row::Outbox(envelope, _)) =
                    draft.get(&RowKey::Outbox(peer, lane, seq))?
                {
                    queued.insert(envelope.id);
                }
            }
        }
    }
    Ok(queued)
}

/// Sends once more what this node wrote, under the same id: a far node takes it once.
pub(in crate::kernel) fn send_again(draft: &mut Draft<'_>, envelope: Envelope) -> Result<(), Stop> {
    let to = envelope.addressee;
    let near = draft.world.federation.next_hop(draft.me(), to) == Some(to);
    let envelope = again_from_here(envelope);
    if near {
        send::queue(draft, envelope).map(|_| ())
    } else {
        send_far(draft, envelope)
    }
}

/// The addressee has the key no longer: what it could not open goes again, sealed to the key that it states.
pub(in crate::kernel) fn reseal(
    draft: &mut Draft<'_>,
    peer: RegionKey,
    author: RegionKey,
    about: EnvelopeId,
    key: SignedKey,
) -> Result<(), Stop> {
    if key.key.region != author {
        let words = format!("{author} 不能代别的节点说明密钥");
        return Err(Refusal::new(Class::Forbidden, "sealing.not-own-key", words).into());
    }
    let stated = key.key.no;
    keys::learn(draft, peer, key)?;
    let copy = match draft.get(&RowKey::InFlight(about))? {
        Some(Row::Kept(kept)) if kept.envelope.addressee == author => Some(kept),
        _ => None,
    };
    let Some(kept) = copy else {
        // It arrived before, or was forgotten with a disk: whoever waits for it waits in vain, and what follows it too.
        let answer = Message::Refused {
            about,
            leg: None,
            rule: NO_COPY.to_owned(),
            message: format!("消息 {about} 的副本已不在作者处，不会再按新密钥重发"),
        };
        return draft.send(author, Lane::Ordinary, &answer, Vec::new());
    };
    if stated <= kept.envelope.key_id {
        // Asked before the copy arrived that was sent under this key or a newer one: that copy is the answer.
        return Ok(());
    }
    if kept.no >= TRIES_MAX {
        let ids = vec![about];
        draft.record(Fact::SealedArrived { envelopes: ids })?;
        let words =
            format!("消息 {about} 已改封 {TRIES_MAX} 次仍打不开，不再重发；请与 {author} 核对密钥");
        return offered::refused_there(draft, author, kept.envelope.leg, "sealing.tries", &words);
    }
    let known = keys::known(draft, author)?.map_or(0, |known| known.key.no);
    let mut envelope = again_from_here(kept.envelope);
    if known < stated {
        // The key was not taken: one of the two clocks is wrong. Sealed to the older one it would come back at once.
        let waits = waiting(draft, author, usize::MAX)?;
        if waits.iter().any(|kept| kept.envelope.id == about) {
            return Ok(());
        }
        envelope.key_id = stated;
        return wait(draft, envelope);
    }
    send_far(draft, envelope)
}

/// An author has no copy of what it was asked to seal anew: its place is given up, and what waited behind it goes on.
pub(in crate::kernel) fn given_up(
    draft: &mut Draft<'_>,
    author: RegionKey,
    about: EnvelopeId,
) -> Result<(), Stop> {
    if draft.node()?.kept == 0 {
        return Ok(());
    }
    for kept in parked::parked(draft)? {
        let envelope = &kept.envelope;
        let shut = envelope.addressee == draft.me() && envelope.key_id != 0;
        if shut && envelope.id == about && envelope.author == author {
            draft.alarm(format!(
                "{author} 的消息 {about} 打不开，作者也没有副本可以重发：作者的数据曾被恢复到旧状态；不再等它"
            ));
            draft.record(Fact::Unkept { no: kept.no })?;
            return parked::take_up_kept(draft);
        }
    }
    Ok(())
}
