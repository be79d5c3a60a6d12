//! Envelopes that are kept: parked until a version or a certificate is known, or set aside for people.

use super::draft::Draft;
use super::early::outruns_its_leg;
use super::fold::link::kept_bytes;
use super::outcome::Stop;
use super::receive::go_on;
use super::reconcile;
use super::witness::unproven;
use crate::clock;
use crate::evidence::{Unproven, judge_proof};
use crate::fact::Fact;
use crate::id::{EnvelopeId, LegId};
use crate::link::{Consumption, Envelope, Message, MessageKind};
use crate::policy::authority::permit_author;
use crate::row::{Kept, Row, RowKey, TimerKey};
use crate::view::{Rows as _, View};
use hotline_topology::{RegionKey, Span, Time};
use std::collections::BTreeSet;

/// How long an envelope written under an unknown topology version waits for that version.
pub(super) const PARKED: Span = Span::NaturalDays(7);
/// The rule that refuses what can wait no more.
const FULL: &str = "link.parked-full";
/// Most envelopes of one neighbour that are kept.
const KEPT_MAX: u32 = 256;
/// Most bytes of them.
const KEPT_BYTES_MAX: u64 = 8 << 20;
/// Kept envelopes looked at in one step.
const KEPT_PAGE: usize = 256;

/// Kinds that wait for no version where they come straight from their author: they may bring it, or are of no version.
const OF_NO_VERSION: [MessageKind; 3] = [MessageKind::Have, MessageKind::Part, MessageKind::Tally];

/// A message under a version not yet known waits, and so do later ones of its leg.
pub(super) fn must_wait(
    draft: &Draft<'_>,
    peer: RegionKey,
    envelope: &Envelope,
) -> Result<bool, Stop> {
    let straight = envelope.route.len() <= 1;
    if straight
        && OF_NO_VERSION
            .iter()
            .any(|kind| *kind as u32 == envelope.kind)
    {
        // It may bring the very version that everything else waits for; not so the word of a former neighbour, which
        // comes by a way that only that version knows.
        return Ok(false);
    }
    // A relay needs no version but its own to pass an envelope on.
    if envelope.addressee == draft.me() && is_early(draft, peer, envelope)? {
        return Ok(true);
    }
    if envelope.leg.is_none() || draft.node()?.kept == 0 {
        return Ok(false);
    }
    // What an answer brings is told act by act, and has its effect while the answer is awaited alone; a notice says
    // something of its own.
    let is = |kind: MessageKind| envelope.kind == kind as u32;
    let told = is(MessageKind::Past) && reconcile::awaits(draft, envelope.author)?;
    if told || is(MessageKind::Notice) {
        return Ok(false);
    }
    for kept in parked(draft)? {
        if is_behind(&kept.envelope, envelope)
            && !reconcile::comes_back(draft, &kept.envelope)?
            && !outruns_its_leg(draft, &kept.envelope)?
        {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether an envelope for this node speaks of what it does not know yet: a newer tree, or a leg that is to come or to come
/// back.
fn is_early(draft: &Draft<'_>, peer: RegionKey, envelope: &Envelope) -> Result<bool, Stop> {
    Ok(envelope.topology > draft.world.federation.version()
        || came_a_newer_way(draft, peer, envelope)
        || reconcile::comes_back(draft, envelope)?
        || outruns_its_leg(draft, envelope)?)
}

/// Whether what waits holds back what came later: what its author said of the same leg to the same node goes in its order.
/// Others do not wait for it: a superior's order whose key is lost must stop neither the leg nor its offer, nor the same
/// order on its way by here to the other end.
fn is_behind(waiting: &Envelope, later: &Envelope) -> bool {
    said(waiting).is_some_and(|said_before| Some(said_before) == said(later))
}

/// What keeps its order: what one node said to another of one leg.
fn said(envelope: &Envelope) -> Option<(LegId, RegionKey, RegionKey)> {
    let of = |leg| (leg, envelope.author, envelope.addressee);
    envelope.leg.map(of)
}

/// Whether what a far author signed came by a way that no known tree has: a newer one may, and its relays know it already.
fn came_a_newer_way(draft: &Draft<'_>, peer: RegionKey, envelope: &Envelope) -> bool {
    let (author, route) = (envelope.author, &envelope.route);
    author != peer && permit_author(&draft.world, peer, author, route).is_err()
}

/// Whether an envelope for another node must wait for a newer tree: there is no way on, or none but back to whoever brought
/// it, who may know that tree already. Where both have the same one in force, it was on its way before: back it goes, and
/// from there the new way.
pub(super) fn has_no_way(
    draft: &Draft<'_>,
    peer: RegionKey,
    addressee: RegionKey,
) -> Result<bool, Stop> {
    let tree = draft.world.federation;
    let Some(next) = tree.next_hop(draft.me(), addressee) else {
        return Ok(true);
    };
    let theirs = || -> Result<_, Stop> { Ok(draft.peer_world(peer)?.have.map(|it| it.topology)) };
    Ok(next == peer && theirs()? != Some(tree.version()))
}

/// What waits for a version, in the order it came.
pub(super) fn parked(draft: &Draft<'_>) -> Result<Vec<Kept>, Stop> {
    let mut parked = Vec::new();
    let mut from = 0;
    loop {
        let page = draft.scan(&RowKey::Kept(from), &RowKey::Kept(u64::MAX), KEPT_PAGE)?;
        let Some((RowKey::Kept(last), _)) = page.last() else {
            return Ok(parked);
        };
        from = last + 1;
        for (_, row) in page {
            if let Row::Kept(kept) = row
                && kept.until.is_some()
            {
                parked.push(*kept);
            }
        }
    }
}

/// The place that an envelope holds which could not be opened when it first came.
fn shut(draft: &Draft<'_>, id: EnvelopeId) -> Result<Option<Kept>, Stop> {
    if draft.node()?.kept == 0 {
        return Ok(None);
    }
    let waited = |kept: &Kept| kept.envelope.id == id && kept.envelope.key_id != 0;
    Ok(parked(draft)?.into_iter().find(waited))
}

/// Whether an envelope waits that could not be opened when it first came.
pub(super) fn waits_shut(draft: &Draft<'_>, id: EnvelopeId) -> Result<bool, Stop> {
    Ok(shut(draft, id)?.is_some())
}

/// What becomes of an envelope that could not be opened when it first came, and comes now in the clear.
pub(super) enum Place {
    /// It did not wait.
    None,
    /// It was next of its leg: its wait is over.
    First,
    /// Something of its leg waits since before it, or it waits for something itself: it takes over the place of its shut
    /// copy.
    Later,
}

/// Gives an envelope in the clear the place that its shut copy held.
pub(super) fn take_place(
    draft: &mut Draft<'_>,
    peer: RegionKey,
    envelope: &Envelope,
    proven: bool,
) -> Result<Place, Stop> {
    let Some(shut) = shut(draft, envelope.id)? else {
        return Ok(Place::None);
    };
    let before = |kept: &Kept| kept.no < shut.no && is_behind(&kept.envelope, envelope);
    let early = is_early(draft, peer, envelope)?;
    if proven && !early && !parked(draft)?.iter().any(before) {
        draft.record(Fact::Unkept { no: shut.no })?;
        return Ok(Place::First);
    }
    let envelope = envelope.clone();
    let (no, until) = (shut.no, shut.until);
    draft.record(Fact::Kept {
        no,
        peer,
        until,
        envelope,
    })?;
    Ok(Place::Later)
}

/// What an author said on legs and waits here behind others has its turn while its answer is awaited, which brings it: so
/// it has no effect of its own, and its receipt.
pub(super) fn take_up_told(draft: &mut Draft<'_>, author: RegionKey) -> Result<(), Stop> {
    if draft.node()?.kept == 0 {
        return Ok(());
    }
    let known = draft.world.federation.version();
    for kept in parked(draft)? {
        let envelope = &kept.envelope;
        let told = envelope.author == author
            && envelope.addressee == draft.me()
            && envelope.kind == MessageKind::Leg as u32;
        if told
            && envelope.key_id == 0
            && envelope.topology <= known
            && !came_a_newer_way(draft, kept.peer, envelope)
            && !reconcile::comes_back(draft, envelope)?
            && judge_proof(draft, draft.world.notary, envelope)?.is_ok()
        {
            draft.record(Fact::Unkept { no: kept.no })?;
            go_on(draft, kept.peer, kept.envelope)?;
        }
    }
    Ok(())
}

/// Whether one more envelope of a neighbour can be kept.
fn has_room(draft: &Draft<'_>, peer: RegionKey, envelope: &Envelope) -> Result<bool, Stop> {
    let link = draft.link(peer)?;
    let bytes = link.kept_bytes.saturating_add(kept_bytes(envelope));
    Ok(link.kept < KEPT_MAX && bytes <= KEPT_BYTES_MAX)
}

/// Keeps what waits for something. Beyond the neighbour's bound it is refused with an answer.
pub(super) fn park(
    draft: &mut Draft<'_>,
    peer: RegionKey,
    envelope: Envelope,
    wait: Span,
) -> Result<Consumption, Stop> {
    if has_room(draft, peer, &envelope)? {
        let until = clock::end_of(&draft.world, draft.now(), wait);
        keep(draft, peer, envelope, Some(until))?;
        return Ok(Consumption::Parked);
    }
    let words = format!(
        "在本节点等待拓扑新版本、证书或密钥的消息已满 {KEPT_MAX} 件，请先补齐所缺，再由作者重发"
    );
    answer_refused(draft, &envelope, FULL, words)?;
    Ok(Consumption::Refused {
        rule: FULL.to_owned(),
    })
}

/// Keeps what nobody here understands, and tells the operator. Beyond the neighbour's bound only what became of it is
/// on record: number, id, hash and reason.
pub(super) fn set_aside(
    draft: &mut Draft<'_>,
    peer: RegionKey,
    envelope: Envelope,
    why: String,
) -> Result<Consumption, Stop> {
    if !has_room(draft, peer, &envelope)? {
        let why = format!("{why}（该邻居搁置的信封已满，内容未留）");
        return Ok(Consumption::SetAside { why });
    }
    draft.alarm(format!("搁置了 {peer} 传来的信封 {}：{why}", envelope.id));
    keep(draft, peer, envelope, None)?;
    Ok(Consumption::SetAside { why })
}

/// Tells an envelope's author that it was refused.
pub(super) fn answer_refused(
    draft: &mut Draft<'_>,
    envelope: &Envelope,
    rule: &str,
    message: String,
) -> Result<(), Stop> {
    let answer = Message::Refused {
        about: envelope.id,
        leg: envelope.leg,
        rule: rule.to_owned(),
        message,
    };
    draft.send(envelope.author, envelope.lane, &answer, Vec::new())
}

/// Keeps an envelope, until a moment or until people decide.
pub(super) fn keep(
    draft: &mut Draft<'_>,
    peer: RegionKey,
    envelope: Envelope,
    until: Option<Time>,
) -> Result<(), Stop> {
    let no = draft.node()?.kept + 1;
    draft.record(Fact::Kept {
        no,
        peer,
        until,
        envelope,
    })?;
    match until {
        Some(until) => draft.set_timer(until, TimerKey::KeptBound(no)),
        None => Ok(()),
    }
}

/// Takes up what waited for a version that is known now, in the order it came.
pub(super) fn take_up_kept(draft: &mut Draft<'_>) -> Result<(), Stop> {
    let known = draft.world.federation.version();
    let mut still = BTreeSet::new();
    for kept in parked(draft)? {
        let envelope = &kept.envelope;
        let said = said(envelope);
        let mine = envelope.addressee == draft.me();
        // What it waits for waits for nothing itself.
        if mine && (reconcile::comes_back(draft, envelope)? || outruns_its_leg(draft, envelope)?) {
            continue;
        }
        let proof = if mine {
            judge_proof(draft, draft.world.notary, envelope)?
        } else {
            Ok(())
        };
        let waits = if mine {
            envelope.key_id != 0
                || envelope.topology > known
                || came_a_newer_way(draft, kept.peer, envelope)
                || matches!(proof, Err(Unproven::NotYet(_)))
        } else {
            has_no_way(draft, kept.peer, envelope.addressee)?
        };
        if waits || said.is_some_and(|said| still.contains(&said)) {
            still.extend(said);
            continue;
        }
        draft.record(Fact::Unkept { no: kept.no })?;
        match proof {
            Err(why) => unproven(draft, kept.peer, &kept.envelope, why.words())?,
            Ok(()) => go_on(draft, kept.peer, kept.envelope)?,
        };
    }
    Ok(())
}

/// The bound passed: the envelope is refused with an answer.
pub(super) fn kept_bound(draft: &mut Draft<'_>, no: u64) -> Result<(), Stop> {
    let Some(Row::Kept(kept)) = draft.get(&RowKey::Kept(no))? else {
        return Ok(());
    };
    if kept.until.is_none_or(|until| until > draft.now()) {
        return Ok(());
    }
    draft.record(Fact::Unkept { no })?;
    let mine = kept.envelope.addressee == draft.me();
    if mine && let Err(why) = judge_proof(draft, draft.world.notary, &kept.envelope)? {
        unproven(draft, kept.peer, &kept.envelope, why.words())?;
        return take_up_kept(draft);
    }
    let (rule, words) = if !mine {
        let words = format!(
            "按 {} 的拓扑，在期限内没有通往 {} 的路径",
            draft.me(),
            kept.envelope.addressee
        );
        ("link.no-way", words)
    } else if outruns_its_leg(draft, &kept.envelope)? {
        let words = "督办的交办在期限内没有送达本节点".to_owned();
        ("leg.unknown", words)
    } else if kept.envelope.key_id == 0 {
        let words = format!(
            "消息依据的拓扑第 {} 版在期限内未下发到本节点",
            kept.envelope.topology
        );
        ("link.version-unknown", words)
    } else {
        let words = format!(
            "消息封给第 {} 号密钥，已不能打开，期限内没有改封重来",
            kept.envelope.key_id
        );
        ("sealing.unreadable", words)
    };
    answer_refused(draft, &kept.envelope, rule, words)?;
    // What queued behind it need not wait any longer.
    take_up_kept(draft)
}
