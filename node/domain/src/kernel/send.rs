//! Sending: a message becomes an envelope on the next link of its way.

use super::draft::Draft;
use super::outcome::Stop;
use super::{keys, sealed};
use crate::fact::Fact;
use crate::field::SealedField;
use crate::id::{EnvelopeId, LegId, MatterId};
use crate::leg::Lane;
use crate::link::{Envelope, Message, extend};
use crate::policy::way::{self, Ends};
use crate::refusal::{Class, Refusal};
use crate::sealing;
use crate::view::Rows;
use hotline_topology::RegionKey;

/// Writes the message into an envelope and queues it; only the fields that every edge on the way lets pass go along.
pub(super) fn send(
    draft: &mut Draft<'_>,
    to: RegionKey,
    lane: Lane,
    message: &Message,
    fields: Vec<SealedField>,
) -> Result<(), Stop> {
    understood(draft, to, message)?;
    let (matter, leg) = subject(draft, message)?;
    let fields = permitted(draft, to, leg, fields)?;
    let mut envelope = Envelope {
        id: EnvelopeId(draft.draw()),
        kind: message.kind() as u32,
        matter,
        leg,
        author: draft.me(),
        addressee: to,
        route: Vec::new(),
        lane,
        written_at: draft.now(),
        topology: draft.world.federation.version(),
        key_id: 0,
        payload: draft.world.wire.encode(message),
        fields,
        sealed: None,
        proof: None,
        trace: draft.tracing().and_then(|tracing| tracing.of(matter)),
    };
    let next = draft.world.federation.next_hop(draft.me(), to);
    if next == Some(to) || !sealing::is_sealed(envelope.kind) {
        return queue(draft, envelope).map(|_| ());
    }
    let salt = draft.draw();
    draft.world.wire.salt(&mut envelope.payload, salt);
    // The shell makes the node's own key before any link is up, and the link lets nothing of this leave in the clear.
    // What is queued until then is copied as the key is taken into use.
    if keys::known(draft, draft.me())?.is_none() {
        return queue(draft, envelope).map(|_| ());
    }
    sealed::send_far(draft, envelope)
}

/// A neighbour is not sent what it is known not to understand. Of nodes further away nothing is known, whatever they spoke
/// when they were neighbours: they set aside what they do not know, and relays pass it on.
fn understood(draft: &Draft<'_>, to: RegionKey, message: &Message) -> Result<(), Stop> {
    let (kind, wire) = (message.kind(), draft.link(to)?.peer_wire);
    let near = draft.world.federation.next_hop(draft.me(), to) == Some(to);
    if !near || wire == 0 || wire >= kind.since() {
        return Ok(());
    }
    let words = format!(
        "{to} 的程序只懂链路协议第 {wire} 版，这类消息（{}）要第 {} 版起才有；请先升级对方节点",
        kind as u32,
        kind.since()
    );
    Err(Refusal::new(Class::State, "link.version-too-old", words).into())
}

/// Queues an envelope, own or passing, on the link towards its addressee. Answers link and number.
pub(super) fn queue(
    draft: &mut Draft<'_>,
    mut envelope: Envelope,
) -> Result<(RegionKey, u64), Stop> {
    let me = draft.me();
    let peer = draft
        .world
        .federation
        .next_hop(me, envelope.addressee)
        .ok_or_else(|| {
            let words = format!(
                "拓扑中没有从本节点到 {} 的路径；请核对拓扑文件",
                envelope.addressee
            );
            Refusal::new(Class::Invalid, "link.no-way", words)
        })?;
    envelope.route.push(me);
    // An envelope that passes goes on under the span of this node's commit.
    if let (Some(tracing), Some(trace)) = (draft.tracing(), &mut envelope.trace) {
        trace.span = tracing.span;
    }
    let state = draft.link(peer)?.lanes[envelope.lane.index()];
    let seq = state.sent + 1;
    let hash = extend(state.sent_hash, seq, envelope.digest());
    draft.record(Fact::Queued {
        peer,
        seq,
        hash,
        envelope,
    })?;
    draft.pump(peer);
    Ok((peer, seq))
}

/// The matter and leg that a message is about.
fn subject(
    draft: &Draft<'_>,
    message: &Message,
) -> Result<(Option<MatterId>, Option<LegId>), Stop> {
    Ok(match message {
        Message::Leg { leg, .. } => (Rows::leg(draft, *leg)?.map(|leg| leg.matter()), Some(*leg)),
        Message::Sight { matter, sight } => (Some(*matter), Some(sight.leg)),
        Message::Notice(notice) => (Some(notice.matter), notice.leg),
        Message::Past(past) => {
            let known = Rows::leg(draft, past.leg)?;
            (known.map(|leg| leg.matter()), Some(past.leg))
        }
        Message::Figures(_)
        | Message::Inventory(_)
        | Message::Refused { .. }
        | Message::Receipts(_)
        | Message::Tally(_)
        | Message::SealingKeys { .. }
        | Message::SealingAsk { .. }
        | Message::Reseal { .. }
        | Message::Arrived { .. }
        | Message::Have(_)
        | Message::Part { .. } => (None, None),
    })
}

/// The sender strips (invariant 5): a field goes only where every edge on the way lets it.
fn permitted(
    draft: &Draft<'_>,
    to: RegionKey,
    leg: Option<LegId>,
    fields: Vec<SealedField>,
) -> Result<Vec<SealedField>, Stop> {
    if fields.is_empty() {
        return Ok(fields);
    }
    let known = leg.map_or(Ok(None), |leg| Rows::leg(draft, leg))?;
    let ends = known.map(|leg| Ends::of(&leg.offer));
    let (tree, me) = (draft.world.federation, draft.me());
    Ok(fields
        .into_iter()
        .filter(|field| way::may_travel(tree, ends, me, to, field.name))
        .collect())
}
