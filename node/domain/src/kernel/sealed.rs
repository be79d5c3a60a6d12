//! Envelopes for far nodes, from their author's side and their addressee's: they wait until a key is known, are kept
//! until they arrived, sealed anew where the addressee has the key no longer.
//!
//! ```text
//! send ── key known ──▶ outbox, and a copy kept until the addressee says Arrived
//!     └── not known, or older than what the addressee stated ──▶ waits, asks every hour; past the bound it comes back
//!         as if refused
//! addressee ── opened ──▶ taken; says Arrived within a minute, many at once
//!          ├── not its newest key, and does not open ──▶ says Reseal, with its key: the author sends the copy again,
//!          │   or says that it has none any more
//!          └── does not open with the newest, or says other than stated ──▶ set aside with an alarm, refused with an answer
//! ```
//!
//! Here is what waits and what is sent; `arrivals.rs` is what arrived, `resealing.rs` what did not open or was lost.

mod arrivals;
mod resealing;

use super::draft::Draft;
use super::outcome::Stop;
use super::{keys, offered, send, world};
use crate::body::Actor;
use crate::clock;
use crate::fact::Fact;
use crate::id::EnvelopeId;
use crate::leg::Lane;
use crate::link::Envelope;
use crate::row::{Kept, Row, RowKey, TimerKey};
use crate::sealing::{self, Destroyed, Destruction, OwnKey};
use crate::view::{Rows as _, View};
use hotline_topology::{RegionKey, Span, Time};

pub(super) use arrivals::{again, arrived, note_arrival, taken, tell_arrivals};
pub(super) use resealing::{
    NO_COPY, ask_again, ask_again_by, given_up, reseal, send_again_by, unopened,
};

/// How long an envelope waits for its addressee's key.
const WAITS: Span = Span::NaturalDays(7);
/// Between two questions for a key.
const ASK_AGAIN_MS: i64 = 3_600_000;
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

/// A copy as it was before it left.
fn again_from_here(envelope: Envelope) -> Envelope {
    Envelope {
        key_id: 0,
        route: Vec::new(),
        proof: None,
        trace: None,
        ..envelope
    }
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
            let written = written_anew(draft, again_from_here(kept.envelope))?;
            queue(draft, written)?;
        }
    }
}

/// What waited is written as it leaves: what a commit signs bears the commit's time, so that nobody is taken for one who
/// dates back because a key came late. What had left before stays as it was signed; and what waited already when the disk
/// was set back may have left since, with another time: it leaves under an id of its own, for an id states one thing.
fn written_anew(draft: &mut Draft<'_>, envelope: Envelope) -> Result<Envelope, Stop> {
    if draft.get(&RowKey::InFlight(envelope.id))?.is_some() {
        return Ok(envelope);
    }
    let forgot = draft.node()?.restore;
    let id = match forgot.is_some_and(|restore| envelope.written_at <= restore.at) {
        true => EnvelopeId(draft.draw()),
        false => envelope.id,
    };
    let written_at = draft.now();
    Ok(Envelope {
        id,
        written_at,
        ..envelope
    })
}

/// Time passed and a key is still not known: asks again; what waited too long comes back as if refused, unless nobody
/// was asked `late`ly.
pub(super) fn still_waiting(
    draft: &mut Draft<'_>,
    region: RegionKey,
    late: bool,
) -> Result<(), Stop> {
    take_up(draft, region)?;
    for kept in waiting(draft, region, PAGE)? {
        if late || kept.until.is_none_or(|until| until > draft.now()) {
            continue;
        }
        draft.record(Fact::KeyAwaitEnded {
            region,
            no: kept.no,
        })?;
        let words = format!(
            "信封 {} 等了七天仍没有 {region} 的封装公钥，没有发出",
            kept.envelope.id
        );
        offered::refused_there(draft, region, kept.envelope.leg, "sealing.no-key", &words)?;
    }
    if waiting(draft, region, 1)?.is_empty() {
        return Ok(());
    }
    draft.alarm(format!(
        "有消息在等 {region} 的封装公钥，没有发出；请看该节点是否已启动、沿途链路是否连通（hotline link list）"
    ));
    let at = draft.now().plus_millis(ASK_AGAIN_MS);
    draft.set_timer(at, TimerKey::AwaitKey(region))?;
    keys::ask(draft, region)
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
