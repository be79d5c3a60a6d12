//! Receiving: every numbered envelope is consumed: applied, refused with an answer, relayed, parked, or set aside with
//! an alarm. Only a failing store stops a lane.

use super::context::World;
use super::draft::Draft;
use super::early::leg_came;
use super::legs::{UNKNOWN_LEG, leg_message};
use super::offered::{check_fields, refused_there};
use super::outcome::Stop;
use super::parked::{
    PARKED, Place, has_no_way, must_wait, park, set_aside, take_place, take_up_kept,
};
use super::witness::{Record, unproven};
use super::{conduct, days, keys, plain, reconcile, sealed, send, world};
use crate::body::Body;
use crate::evidence::{Effect, Unproven, judge_proof};
use crate::fact::Fact;
use crate::field::SealedField;
use crate::figures;
use crate::id::MatterId;
use crate::leg::Lane;
use crate::link::{Consumption, Envelope, Message, Offence, Unreadable, extend};
use crate::policy::authority;
use crate::sealing;
use crate::ticket::Sight;
use crate::view::Rows;
use hotline_topology::{Federation, RegionKey, Time};

/// Most nodes that an envelope may pass.
const ROUTE_MAX: usize = 30;

/// Consumes the next envelope of a lane. `None`: nothing new, a duplicate below the mark; else the lane's running hash
/// with it.
pub(super) fn consume(
    draft: &mut Draft<'_>,
    peer: RegionKey,
    lane: Lane,
    seq: u64,
    envelope: Envelope,
) -> Result<Option<[u8; 32]>, Stop> {
    let state = draft.link(peer)?.lanes[lane.index()];
    if seq != state.received + 1 {
        return Ok(None);
    }
    let hash = extend(state.received_hash, seq, envelope.digest());
    let id = envelope.id;
    let kept = envelope.clone();
    let outcome = match draft.attempt(|inner| take(inner, peer, lane, envelope))? {
        Ok(outcome) => outcome,
        Err(refusal) => set_aside(draft, peer, kept, refusal.to_string())?,
    };
    draft.record(Fact::Consumed {
        peer,
        lane,
        seq,
        hash,
        id,
        outcome,
    })?;
    Ok(Some(hash))
}

fn take(
    draft: &mut Draft<'_>,
    peer: RegionKey,
    lane: Lane,
    envelope: Envelope,
) -> Result<Consumption, Stop> {
    if envelope.lane != lane {
        conduct::charge(
            draft,
            peer,
            Offence::Forbidden,
            "信封的通道与传来的通道不符",
        )?;
        return set_aside(
            draft,
            peer,
            envelope,
            "信封的通道与传来的通道不符".to_owned(),
        );
    }
    if envelope.addressee != draft.me() {
        return relay(draft, peer, envelope);
    }
    let proof = judge_proof(draft, draft.world.notary, &envelope)?;
    if let Err(Unproven::Never(why)) = &proof {
        charge_unproven(draft, peer, &envelope, why)?;
        return unproven(draft, peer, &envelope, why);
    }
    if envelope.author != peer && sealed::taken(draft, envelope.id)? {
        return sealed::again(draft, envelope.author, envelope.id);
    }
    if envelope.key_id != 0 {
        return sealed::unopened(draft, peer, envelope);
    }
    let (author, id, kind) = (envelope.author, envelope.id, envelope.kind);
    let outcome = addressed(draft, peer, envelope, proof.is_ok())?;
    if author != peer && sealing::is_sealed(kind) && keys::known(draft, draft.me())?.is_some() {
        sealed::note_arrival(draft, author, id)?;
    }
    Ok(outcome)
}

/// What an envelope that its author did not sign says of the neighbour that brought it. A relay judges no signature, so
/// it answers for the way only, and for that less where it may know a newer tree; and whose certificate was revoked
/// under a full queue has to send what it signed.
fn charge_unproven(
    draft: &mut Draft<'_>,
    peer: RegionKey,
    envelope: &Envelope,
    why: &str,
) -> Result<(), Stop> {
    let way = authority::permit_author(&draft.world, peer, envelope.author, &envelope.route);
    let same_tree = envelope.topology <= draft.world.federation.version();
    match way {
        Err(refusal) if same_tree => {
            conduct::charge(draft, peer, Offence::Forbidden, &refusal.to_string())
        }
        Err(refusal) => conduct::charge(draft, peer, Offence::Refused, &refusal.to_string()),
        Ok(()) if envelope.author == peer => conduct::charge(draft, peer, Offence::Refused, why),
        Ok(()) => Ok(()),
    }
}

/// An envelope for this node, in the clear; what is not proven yet waits.
fn addressed(
    draft: &mut Draft<'_>,
    peer: RegionKey,
    envelope: Envelope,
    proven: bool,
) -> Result<Consumption, Stop> {
    match take_place(draft, peer, &envelope, proven)? {
        Place::First => {
            // What queued behind it follows.
            let outcome = open(draft, peer, envelope)?;
            take_up_kept(draft)?;
            return Ok(outcome);
        }
        Place::Later => return Ok(Consumption::Parked),
        Place::None => {}
    }
    if !proven || must_wait(draft, peer, &envelope)? {
        return park(draft, peer, envelope, PARKED);
    }
    let about = envelope.leg;
    let outcome = open(draft, peer, envelope)?;
    if let Some(leg) = about {
        leg_came(draft, leg)?;
    }
    Ok(outcome)
}

/// Applies an envelope addressed to this node, or refuses it with an answer.
pub(super) fn open(
    draft: &mut Draft<'_>,
    peer: RegionKey,
    envelope: Envelope,
) -> Result<Consumption, Stop> {
    let message = match draft.world.wire.decode(envelope.kind, &envelope.payload) {
        Ok(message) => message,
        Err(Unreadable::UnknownKind(kind)) => {
            return set_aside(draft, peer, envelope, format!("不认识的消息种类 {kind}"));
        }
        Err(Unreadable::Malformed(why)) => {
            let way =
                authority::permit_author(&draft.world, peer, envelope.author, &envelope.route);
            match way {
                Err(refusal) => {
                    conduct::charge(draft, peer, Offence::Forbidden, &refusal.to_string())?;
                }
                // What another node wrote is not the fault of the one that passes it on unread.
                Ok(()) if envelope.author == peer => {
                    conduct::charge(draft, peer, Offence::Unreadable, &why)?;
                }
                Ok(()) => {}
            }
            return set_aside(draft, peer, envelope, format!("消息内容不可读：{why}"));
        }
    };
    let (author, id) = (envelope.author, envelope.id);
    let answerable = !matches!(message, Message::Refused { .. } | Message::Receipts(_));
    let record = Record::of(&envelope, &message);
    let tried = draft.attempt(|inner| {
        authority::permit_author(&inner.world, peer, author, &envelope.route)?;
        plain::check(&message)?;
        let header = Header {
            tree: inner.world.tree(envelope.topology),
            author,
            written_at: envelope.written_at,
            matter: envelope.matter,
            epoch: envelope
                .proof
                .as_ref()
                .and_then(|proof| proof.head)
                .map(|head| head.epoch),
        };
        apply(inner, peer, &header, message, envelope.fields)
    })?;
    match tried {
        Ok(effect) => {
            record.keep(draft, effect)?;
            Ok(Consumption::Applied)
        }
        Err(refusal) => {
            draft.alarm(format!("拒绝了 {author} 的消息 {id}：{refusal}"));
            record.keep(draft, Effect::Refused)?;
            // What a node lost with its disk others may speak of as long as they live.
            let forgotten = refusal.rule == UNKNOWN_LEG && draft.node()?.restore.is_some();
            let offence = offence_of(peer, author, refusal.rule).filter(|_| !forgotten);
            if let Some(offence) = offence {
                conduct::charge(draft, peer, offence, &refusal.to_string())?;
            }
            if answerable {
                let answer = Message::Refused {
                    about: id,
                    leg: envelope.leg,
                    rule: refusal.rule.to_owned(),
                    message: refusal.message,
                };
                draft.send(author, envelope.lane, &answer, Vec::new())?;
            }
            Ok(Consumption::Refused {
                rule: refusal.rule.to_owned(),
            })
        }
    }
}

/// What a refused message says of the neighbour that brought it: for messages of others it answers only where they
/// should not have come by it.
fn offence_of(peer: RegionKey, author: RegionKey, rule: &str) -> Option<Offence> {
    match rule {
        authority::NOT_ON_THAT_SIDE => Some(Offence::Forbidden),
        _ if author != peer => None,
        _ if rule.starts_with("authority.") => Some(Offence::Forbidden),
        _ => Some(Offence::Refused),
    }
}

/// What the envelope of a message says of it.
pub(super) struct Header<'a> {
    /// The tree that it was written under, where that is known.
    pub tree: &'a Federation,
    /// Who wrote it.
    pub author: RegionKey,
    /// When.
    pub written_at: Time,
    /// About which matter.
    pub matter: Option<MatterId>,
    /// Under which epoch of its author it was signed, where it says so.
    pub epoch: Option<u64>,
}

fn apply(
    draft: &mut Draft<'_>,
    peer: RegionKey,
    header: &Header<'_>,
    message: Message,
    fields: Vec<SealedField>,
) -> Result<Effect, Stop> {
    let (tree, author) = (header.tree, header.author);
    match message {
        Message::Leg { leg, at, act } => {
            let at = at.min(header.written_at);
            leg_message(draft, tree, author, leg, at, act, fields)
        }
        Message::Past(past) => {
            reconcile::take(draft, peer, header, past, fields)?;
            Ok(Effect::Applied)
        }
        // Nothing else is about a leg's content.
        message => {
            check_fields(draft, tree, author, None, &fields)?;
            apply_plain(draft, peer, header, message)
        }
    }
}

fn apply_plain(
    draft: &mut Draft<'_>,
    peer: RegionKey,
    header: &Header<'_>,
    message: Message,
) -> Result<Effect, Stop> {
    let (tree, author) = (header.tree, header.author);
    match message {
        Message::Leg { .. } | Message::Past(_) => Ok(()),
        Message::Sight { matter, sight } => {
            return sighted(draft, author, matter, sight);
        }
        Message::Notice(notice) => {
            authority::permit_notice(&draft.world, author, &notice)?;
            draft.record(Fact::Noticed(notice))
        }
        Message::Inventory(inventory) => reconcile::heard(draft, author, inventory),
        Message::Figures(report) => {
            let news = tells_news(draft, &report)?;
            // Whose figures go this way, the tree says that they were written under.
            let world = World {
                federation: tree,
                ..draft.world
            };
            let fact = figures::accept(&world, author, report)?;
            draft.record(fact)?;
            if news {
                super::timers::figures_soon(draft)
            } else {
                Ok(())
            }
        }
        Message::Have(have) => world::peer_has(draft, author, have),
        Message::Part {
            digest,
            no,
            of,
            bytes,
        } => world::part(draft, author, digest, no, of, bytes),
        Message::Refused { about, rule, .. } if rule == sealed::NO_COPY => {
            sealed::given_up(draft, author, about)
        }
        Message::Refused {
            about,
            leg,
            rule,
            message,
        } => {
            // It was taken note of there: nothing is to be sent again.
            sealed::arrived(draft, author, &[about])?;
            refused_there(draft, author, leg, &rule, &message)
        }
        Message::SealingKeys { keys } => keys::stated(draft, peer, keys),
        Message::SealingAsk { region } => keys::asked(draft, peer, region),
        Message::Reseal { about, key } => sealed::reseal(draft, peer, author, about, key),
        Message::Arrived { envelopes } => sealed::arrived(draft, author, &envelopes),
        // Kept as evidence; the leg's own acts decide who answers.
        Message::Receipts(_) => Ok(()),
        Message::Tally(tally) => days::heard(draft, author, header.epoch, &tally),
    }?;
    Ok(Effect::Applied)
}

/// Where a leg between others stands; a dissolved node also tells its successor what it gave down.
fn sighted(
    draft: &mut Draft<'_>,
    author: RegionKey,
    matter: MatterId,
    sight: Sight,
) -> Result<Effect, Stop> {
    let known = Rows::ticket(draft, matter)?;
    // The giver took the work back itself; or an own matter that was forgotten comes with the leg that follows.
    let comes = sight.taker == Body::Node(draft.me());
    if known.is_none() && (comes || world::succeed::may_succeed(draft, author)) {
        return Ok(Effect::Void);
    }
    let ticket = draft.ticket(matter)?;
    let heir = sight.giver == author && world::succeed::succeeds(draft, author, &ticket);
    if !heir {
        authority::permit_sight(draft.me(), author, &ticket, &sight)?;
    }
    let kept = sight.clone();
    draft.record(Fact::Sighted {
        matter,
        sight: kept,
    })?;
    if heir {
        world::succeed::adopt(draft, matter, &sight)?;
    }
    Ok(Effect::Applied)
}

/// Whether a report must go on soon: cells changed, or an author is heard of for the first time. What only confirms
/// that nothing changed goes on with this node's own next report.
fn tells_news(draft: &Draft<'_>, report: &figures::Report) -> Result<bool, Stop> {
    if !report.cells.is_empty() {
        return Ok(true);
    }
    for mark in &report.watermarks {
        if figures::known(draft, mark.author)?.is_none() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Passes an envelope on; what it does not understand, too.
fn relay(draft: &mut Draft<'_>, peer: RegionKey, envelope: Envelope) -> Result<Consumption, Stop> {
    let passed = envelope
        .route
        .iter()
        .filter(|region| **region == draft.me());
    if passed.count() > 1 || envelope.route.len() >= ROUTE_MAX {
        let why = format!("信封在去往 {} 的路上兜圈子", envelope.addressee);
        return set_aside(draft, peer, envelope, why);
    }
    if has_no_way(draft, peer, envelope.addressee)? || must_wait(draft, peer, &envelope)? {
        return park(draft, peer, envelope, PARKED);
    }
    send::queue(draft, envelope)?;
    Ok(Consumption::Relayed)
}

/// Goes on with an envelope that waited: one for another node travels on, one for this node is opened.
pub(super) fn go_on(
    draft: &mut Draft<'_>,
    peer: RegionKey,
    envelope: Envelope,
) -> Result<Consumption, Stop> {
    if envelope.addressee == draft.me() {
        open(draft, peer, envelope)
    } else {
        send::queue(draft, envelope)?;
        Ok(Consumption::Relayed)
    }
}
