//! Envelopes for far nodes, from their author's side and their addressee's: they wait until a key is known, are kept
//! until they arrived, sealed anew where the addressee has the key no longer.
//!
//! ```text
//! send ── key known ──▶ outbox, and a copy kept until the addressee says Arrived
//!     └── not known, or older than what the addressee stated ──▶ waits, asks every hour; past the bound it comes back
//!         as if refused
//! addressee ── opened ──▶ taken; says Arrived within a minute, many at once
//!          ├── not its newest key, and does not open ──▶ says Reseal, with its key: the author sends the copy again
//!          └── does not open with the newest, or says other than stated ──▶ set aside with an alarm, refused with an answer
//! ```

use super::draft::Draft;
use super::outcome::Stop;
use super::{keys, offered, parked, send, world};
use crate::body::Actor;
use crate::clock;
use crate::fact::Fact;
use crate::id::EnvelopeId;
use crate::leg::Lane;
use crate::link::{Consumption, Envelope, Message};
use crate::refusal::{Class, Refusal};
use crate::row::{Kept, Row, RowKey, TimerKey};
use crate::sealing::{self, Destroyed, Destruction, OwnKey, SignedKey, TRIES_MAX};
use crate::view::{Rows as _, View};
use hotline_topology::{RegionKey, Span, Time};
use std::collections::BTreeMap;

/// How long an envelope waits for its addressee's key.
const WAITS: Span = Span::NaturalDays(7);
/// Between two questions for a key.
const ASK_AGAIN_MS: i64 = 3_600_000;
/// From the first arrival to telling the authors, so that many are told at once.
const TELL_MS: i64 = 60_000;
/// Rows read at a time, and envelopes in one message.
const PAGE: usize = 256;
const FIRST: EnvelopeId = EnvelopeId([0; 16]);
const LAST: EnvelopeId = EnvelopeId([0xff; 16]);

/// Sends an envelope to a node that is not the next hop: now where its key is known, else when it is.
pub(super) fn send_far(draft: &mut Draft<'_>, envelope: Envelope) -> Result<(), Stop> {
    let to = envelope.addressee;
    let serves = keys::known(draft, to)?.is_some_and(|known| known.key.serves(draft.now()));
    if serves && waiting(draft, to, 1)?.is_empty() {
        return queue(draft, envelope);
    }
    wait(draft, envelope)
}

/// Keeps an envelope until its addressee's key is known: any that serves, or one of at least the number that stands in it.
fn wait(draft: &mut Draft<'_>, envelope: Envelope) -> Result<(), Stop> {
    let to = envelope.addressee;
    let first = waiting(draft, to, 1)?.is_empty();
    let no = draft.node()?.kept + 1;
    let until = clock::end_of(&draft.world, draft.now(), WAITS);
    draft.record(Fact::KeyAwaited {
        no,
        until,
        envelope,
    })?;
    if !first {
        return Ok(());
    }
    let at = draft.now().plus_millis(ASK_AGAIN_MS);
    draft.set_timer(at, TimerKey::AwaitKey(to))?;
    keys::ask(draft, to)
}

/// Copies what was queued for far nodes before this node sealed: by an earlier version of the program, or before it had
/// a key of its own. Its number on the lane and its statement stay; the link seals it as it leaves, where its
/// addressee's key is not known to nobody, and the addressee then asks for the copy.
pub(super) fn copy_unsealed(draft: &mut Draft<'_>) -> Result<(), Stop> {
    if keys::known(draft, draft.me())?.is_none() {
        return Ok(());
    }
    for peer in world::linked(draft)? {
        for lane in Lane::ALL {
            let state = draft.link(peer)?.lanes[lane.index()];
            for seq in state.acked + 1..=state.sent {
                if let Some(Row::Outbox(envelope, _)) =
                    draft.get(&RowKey::Outbox(peer, lane, seq))?
                    && envelope.author == draft.me()
                    && envelope.addressee != peer
                    && sealing::is_sealed(envelope.kind)
                    && draft.get(&RowKey::InFlight(envelope.id))?.is_none()
                {
                    draft.record(Fact::SealedSent { peer, lane, seq })?;
                }
            }
        }
    }
    Ok(())
}

/// Queues an envelope of this node's own and keeps a copy of it.
fn queue(draft: &mut Draft<'_>, envelope: Envelope) -> Result<(), Stop> {
    let lane = envelope.lane;
    let (peer, seq) = send::queue(draft, envelope)?;
    draft.record(Fact::SealedSent { peer, lane, seq })
}

/// What waits for a region's key, in the order it was written.
fn waiting(draft: &Draft<'_>, region: RegionKey, limit: usize) -> Result<Vec<Kept>, Stop> {
    let (from, to) = (
        RowKey::Awaiting(region, 0),
        RowKey::Awaiting(region, u64::MAX),
    );
    let rows = draft.scan(&from, &to, limit)?;
    Ok(rows
        .into_iter()
        .filter_map(|(_, row)| match row {
            Row::Kept(kept) => Some(*kept),
            _ => None,
        })
        .collect())
}

/// A key became known: what waited for it goes, in its order.
pub(super) fn take_up(draft: &mut Draft<'_>, region: RegionKey) -> Result<(), Stop> {
    let Some(known) = keys::known(draft, region)?.filter(|known| known.key.serves(draft.now()))
    else {
        return Ok(());
    };
    loop {
        let page = waiting(draft, region, PAGE)?;
        if page.is_empty() {
            return Ok(());
        }
        for kept in page {
            // What was written behind it waits with it.
            if kept.envelope.key_id > known.key.no {
                return Ok(());
            }
            draft.record(Fact::KeyAwaitEnded {
                region,
                no: kept.no,
            })?;
            let envelope = Envelope {
                key_id: 0,
                ..kept.envelope
            };
            queue(draft, envelope)?;
        }
    }
}

/// Time passed and a key is still not known: asks again; what waited too long comes back as if refused.
pub(super) fn still_waiting(draft: &mut Draft<'_>, region: RegionKey) -> Result<(), Stop> {
    take_up(draft, region)?;
    for kept in waiting(draft, region, PAGE)? {
        if kept.until.is_none_or(|until| until > draft.now()) {
            continue;
        }
        draft.record(Fact::KeyAwaitEnded {
            region,
            no: kept.no,
        })?;
        let words = format!(
            "信封 {} 等了七天仍没有 {region} 的封装公钥,没有发出",
            kept.envelope.id
        );
        offered::refused_there(draft, region, kept.envelope.leg, "sealing.no-key", &words)?;
    }
    if waiting(draft, region, 1)?.is_empty() {
        return Ok(());
    }
    draft.alarm(format!(
        "有消息在等 {region} 的封装公钥,没有发出;请看该节点是否已启动、沿途链路是否连通(hotline link list)"
    ));
    let at = draft.now().plus_millis(ASK_AGAIN_MS);
    draft.set_timer(at, TimerKey::AwaitKey(region))?;
    keys::ask(draft, region)
}

/// An envelope for this node that the shell could not open.
pub(super) fn unopened(
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
    if newest.is_some() || !has(key_id) {
        // It holds its leg's place until it comes again: what was written after it must not take effect before it. A
        // second copy of it would hold the place longer than the first.
        if !parked::waits_shut(draft, about)? {
            let outcome = parked::park(draft, peer, envelope, WAITS)?;
            if outcome != Consumption::Parked {
                return Ok(outcome);
            }
        }
        draft.alarm(format!(
            "{author} 的消息 {about} 封给本节点第 {key_id} 号密钥,本节点打不开(没有这把密钥,或已销毁);将请其按现用密钥重发"
        ));
        // A key newer than any of one's own was lost with a disk: the author would not take an older one for it. The
        // shell makes a newer one, and then asks.
        if let Some(key) = newest {
            draft.send(author, lane, &Message::Reseal { about, key }, Vec::new())?;
        }
        return Ok(Consumption::Parked);
    }
    let words = format!("封给第 {key_id} 号密钥的内容打不开,或与信封所称不符");
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
pub(super) fn ask_again(draft: &mut Draft<'_>, key: &SignedKey) -> Result<(), Stop> {
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

/// The addressee has the key no longer: what it could not open goes again, sealed to the key that it states.
pub(super) fn reseal(
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
    let Some(Row::Kept(kept)) = draft.get(&RowKey::InFlight(about))? else {
        return Ok(());
    };
    if kept.envelope.addressee != author {
        return Ok(());
    }
    if stated <= kept.envelope.key_id {
        // Asked before the copy arrived that was sent under this key or a newer one: that copy is the answer.
        return Ok(());
    }
    if kept.no >= TRIES_MAX {
        let ids = vec![about];
        draft.record(Fact::SealedArrived { envelopes: ids })?;
        let words =
            format!("消息 {about} 已改封 {TRIES_MAX} 次仍打不开,不再重发;请与 {author} 核对密钥");
        return offered::refused_there(draft, author, kept.envelope.leg, "sealing.tries", &words);
    }
    let known = keys::known(draft, author)?.map_or(0, |known| known.key.no);
    let mut envelope = kept.envelope;
    envelope.route.clear();
    if known < stated {
        // The key was not taken: one of the two clocks is wrong. Sealed to the older one it would come back at once.
        let waits = waiting(draft, author, usize::MAX)?;
        if waits.iter().any(|kept| kept.envelope.id == about) {
            return Ok(());
        }
        envelope.key_id = stated;
        return wait(draft, envelope);
    }
    envelope.key_id = 0;
    send_far(draft, envelope)
}

/// The addressee has what was sent: the copies may go.
pub(super) fn arrived(
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
pub(super) fn taken(draft: &Draft<'_>, envelope: EnvelopeId) -> Result<bool, Stop> {
    Ok(draft.get(&RowKey::Taken(envelope))?.is_some())
}

/// What was taken before comes again: it takes no effect, and its author is told once more that it is here.
pub(super) fn again(
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
pub(super) fn note_arrival(
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
pub(super) fn tell_arrivals(draft: &mut Draft<'_>) -> Result<(), Stop> {
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

/// Destroys the private half of an own key whose bound passed.
pub(super) fn destroy_key(draft: &mut Draft<'_>, key: &OwnKey) -> Result<(), Stop> {
    let of = Destroyed::SealingKey(key.no);
    let reason = ("保留期满".to_owned(), None);
    destroy(draft, vec![key.slot], of, None, reason)
}

/// Records that keys are destroyed; the shell does it once the record is durable.
///
/// # Errors
/// The view failed.
pub fn destroy(
    draft: &mut Draft<'_>,
    slots: Vec<u64>,
    of: Destroyed,
    actor: Option<&Actor>,
    (reason, oldest_backup): (String, Option<Time>),
) -> Result<(), Stop> {
    let destruction = Destruction {
        slots,
        of,
        at: draft.now(),
        actor: actor.map(|actor| actor.name.clone()),
        reason,
        oldest_backup,
    };
    draft.record(Fact::KeyDestroyed(destruction))
}
