//! Supervision orders of superiors that are no end of the leg, and the replies to them: the two ends compare the leg, and
//! nobody passes on what a superior said.
//!
//! | who forgot | who brings it again |
//! |---|---|
//! | an end, or a relay | the superior says its order again, as it said it, to whom it said it; whoever replied to one likewise |
//! | an end | the superior shows it what was replied, with the letter that was signed for it |
//! | the superior | each end to which it said its order tells it order and reply, each with the letter that was signed for it; what one end alone had it says to the other |

use super::letters::{self, Examined};
use super::passing::delayed;
use super::recorded::{Said, Unwritten, say_to_the_other};
use super::replies::Replies;
use super::{acts, each_leg, missing, under_way};
use crate::clock;
use crate::exchange::PastAct;
use crate::field::SealedField;
use crate::id::{LegId, OrderId};
use crate::kernel::Draft;
use crate::kernel::legs::unknown_leg;
use crate::kernel::outcome::Stop;
use crate::kernel::receive::Header;
use crate::leg::{self, Act, Lane, Leg, Order, Party, Reception, Side};
use crate::link::{Envelope, Message};
use crate::policy::authority;
use crate::policy::way::{self, Ends};
use crate::row::{Row, RowKey};
use crate::supervision::{self, IssuedOrder};
use crate::view::{Rows, View};
use hotline_topology::{RegionKey, Time};
use std::collections::BTreeSet;

/// Rows read at a time.
const PAGE: usize = 256;

/// Whether an envelope is about an order, and a leg or order that this node may have forgotten: it waits for the answers.
pub(in crate::kernel) fn comes_back(draft: &Draft<'_>, envelope: &Envelope) -> Result<bool, Stop> {
    if draft.node()?.restore.is_none() || under_way(draft)?.is_empty() {
        return Ok(false);
    }
    let message = draft.world.wire.decode(envelope.kind, &envelope.payload);
    let (leg, act) = match message {
        Ok(Message::Leg { leg, act, .. }) => (leg, act),
        Ok(Message::Past(past))
            if past.letter.is_none() || told_from_above(draft, envelope, &past) =>
        {
            (past.leg, past.act)
        }
        _ => return Ok(false),
    };
    let known = Rows::leg(draft, leg)?;
    let other_end = known.as_ref().and_then(acts::other_end);
    if other_end == Some(envelope.author) {
        return Ok(false);
    }
    Ok(match (order_of(&act), act, known) {
        (Some(order), Act::ReplyOrder { .. }, None) => draft.order(order)?.is_none(),
        (Some(_), Act::Supervise { .. }, known) => known.is_none(),
        (Some(order), _, known) => known.is_none_or(|leg| leg.order(order).is_none()),
        (None, ..) => false,
    })
}

/// Whether a superior shows what was replied to an order of its own.
fn told_from_above(draft: &Draft<'_>, envelope: &Envelope, past: &PastAct) -> bool {
    let below = draft.world.was_below(draft.me(), envelope.author);
    below && matches!(past.act, Act::ReplyOrder { .. })
}

/// The order that an act is about.
pub(super) fn order_of(act: &Act) -> Option<OrderId> {
    match act {
        Act::Supervise { order, .. }
        | Act::Remind { order }
        | Act::EndOrder { order }
        | Act::ReplyOrder { order } => Some(*order),
        _ => None,
    }
}

/// Whether anything was done on an order since.
pub(super) fn is_recent(order: &Order, since: Time) -> bool {
    let late = |at: Option<Time>| at.is_some_and(|at| at >= since);
    order.ended_at.is_none() || order.at >= since || late(order.ended_at) || late(order.replied_at)
}

/// Legs on which a superior gave orders, and of which this node tells it: those of which it is an end that hears orders.
/// Both ends tell: what was under way to one of them when the superior forgot it came to the other alone.
pub(super) fn given_on(
    draft: &Draft<'_>,
    issuer: RegionKey,
    since: Time,
) -> Result<Vec<Leg>, Stop> {
    let (mut found, since) = (Vec::new(), delayed(since));
    if !draft.world.was_below(draft.me(), issuer) {
        return Ok(found);
    }
    each_leg(draft, |leg| {
        let its = |order: &Order| order.issuer == issuer && is_recent(order, since);
        let told = way::of_order(Ends::of(&leg.offer)).contains(&draft.me());
        if told && leg.orders.iter().any(its) {
            found.push(leg);
        }
    })?;
    Ok(found)
}

/// Legs between others on which this node spoke since: it gave an order, or replied to one of somebody who is no end.
pub(super) fn spoken(draft: &Draft<'_>, since: Time) -> Result<Vec<LegId>, Stop> {
    let since = delayed(since);
    let (mut found, mut issued_on) = (BTreeSet::new(), BTreeSet::new());
    each_order(draft, |issued| {
        if is_recent(&issued.order, since) {
            issued_on.insert(issued.leg);
        }
    })?;
    for leg in issued_on {
        if Rows::leg(draft, leg)?.is_none_or(|leg| leg.side == Side::Taker) {
            found.insert(leg);
        }
    }
    let me = draft.me();
    each_leg(draft, |leg| {
        let replied = |order: &Order| {
            order.issuer != me
                && acts::other_end(&leg) != Some(order.issuer)
                && order.replied_at.is_some_and(|at| at >= since)
        };
        if leg.side != Side::Giver && leg.orders.iter().any(replied) {
            found.insert(leg.id);
        }
    })?;
    Ok(found.into_iter().collect())
}

/// Every order that this node issued, ascending by id.
pub(super) fn each_order(draft: &Draft<'_>, mut look: impl FnMut(IssuedOrder)) -> Result<(), Stop> {
    let [mut from, last] = [[0; 16], [0xff; 16]].map(|id| RowKey::Order(OrderId(id)));
    loop {
        let page = draft.scan(&from, &last, PAGE)?;
        let full = page.len() == PAGE;
        for (key, row) in page {
            if let (RowKey::Order(id), Row::Order(issued)) = (key, row) {
                let after = u128::from_be_bytes(id.0).saturating_add(1);
                from = RowKey::Order(OrderId(after.to_be_bytes()));
                look(*issued);
            }
        }
        if !full {
            return Ok(());
        }
    }
}

/// Legs between others on which this node gave orders since: what was replied is shown to an end that forgot it.
pub(super) fn ordered(draft: &Draft<'_>, spoken: &[LegId]) -> Result<Vec<LegId>, Stop> {
    let mut found = Vec::new();
    for leg in spoken {
        if Rows::leg(draft, *leg)?.is_none() {
            found.push(*leg);
        }
    }
    Ok(found)
}

/// Says again what this node said on legs between others to a node that forgot, or by way of it, since; and shows it what
/// was replied to orders of this node's, where it is an end of the leg.
pub(super) fn say_again(
    draft: &mut Draft<'_>,
    restored: RegionKey,
    since: Time,
    letters: &[Envelope],
) -> Result<(), Stop> {
    let (me, since) = (draft.me(), delayed(since));
    let mut once = BTreeSet::new();
    let letters = letters.iter().filter(|letter| once.insert(letter.id));
    let letters: Vec<_> = letters
        .filter_map(|letter| act_on_order(draft, letter).map(|(at, act)| (letter, at, act)))
        .collect();
    let mut written = Said::default();
    for (letter, _, act) in letters.iter().filter(|(letter, ..)| letter.author == me) {
        written.note(act, letter.addressee);
    }
    let unwritten = Unwritten::of(draft, restored, since, &written)?;
    unwritten.say_orders(draft)?;
    let mut said = Said::default();
    let mut replies = Replies::default();
    for (letter, at, act) in letters {
        if letter.author != me {
            replies.show(draft, restored, letter, at, act)?;
            continue;
        }
        let nth = said.note(&act, letter.addressee);
        if letter.written_at >= since && draft.goes_by(restored, letter.addressee) {
            say(draft, letter, at, act, nth)?;
        }
    }
    unwritten.say_the_rest(draft)
}

/// The lanes to a neighbour start anew, and this was under way: what of it is on a leg between others is said again.
pub(in crate::kernel) fn say_again_near(
    draft: &mut Draft<'_>,
    dropped: &[Envelope],
) -> Result<(), Stop> {
    let acts: Vec<_> = dropped
        .iter()
        .map(|letter| act_on_order(draft, letter))
        .collect();
    for (no, letter) in dropped.iter().enumerate() {
        let Some((at, act)) = acts[no].clone() else {
            continue;
        };
        let leg = letter.leg.map_or(Ok(None), |leg| Rows::leg(draft, leg))?;
        if leg.is_some_and(|leg| acts::other_end(&leg) == Some(letter.addressee)) {
            continue;
        }
        let mut nth = 1;
        if let Act::Remind { order } = act
            && let Some(issued) = draft.order(order)?
        {
            // Those that are under way are its last ones.
            let behind = acts.iter().zip(dropped).skip(no + 1);
            let same = |later: &Option<(Time, Act)>| later.as_ref().is_some_and(|it| it.1 == act);
            let behind = behind
                .filter(|(later, envelope)| same(later) && envelope.addressee == letter.addressee)
                .count();
            let behind = u32::try_from(behind).unwrap_or(u32::MAX);
            nth = issued.order.reminders.saturating_sub(behind);
        }
        say(draft, letter, at, act, nth)?;
    }
    Ok(())
}

/// A reply has effect once however often it comes; of orders the how many-th is said.
fn say(draft: &mut Draft<'_>, letter: &Envelope, at: Time, act: Act, nth: u32) -> Result<(), Stop> {
    let Some(leg) = letter.leg else { return Ok(()) };
    let message = match act {
        Act::ReplyOrder { .. } => Message::Leg { leg, at, act },
        act => Message::Past(PastAct {
            leg,
            by: Party::Giver,
            at,
            nth,
            act,
            letter: None,
        }),
    };
    let fields = letter.fields.clone();
    // A superior that forgot its order is told of it on this lane; the reply follows.
    let lane = match message {
        Message::Leg { .. } => Lane::Ordinary,
        _ => letter.lane,
    };
    draft.send(letter.addressee, lane, &message, fields)
}

/// What an envelope says of an order, and when that was.
fn act_on_order(draft: &Draft<'_>, letter: &Envelope) -> Option<(Time, Act)> {
    match draft.world.wire.decode(letter.kind, &letter.payload) {
        Ok(Message::Leg { at, act, .. }) if order_of(&act).is_some() => Some((at, act)),
        _ => None,
    }
}

/// Whether a superior that is no end of the leg tells of an order of its own.
pub(super) fn is_issuer(draft: &Draft<'_>, leg: &Leg, author: RegionKey, past: &PastAct) -> bool {
    let issuer = match (&past.act, order_of(&past.act)) {
        (Act::Supervise { issuer, .. }, _) => Some(*issuer),
        // An order that never came is unknown: nothing comes of this either.
        (Act::Remind { .. } | Act::EndOrder { .. }, Some(order)) => {
            let known = leg.order(order);
            Some(known.map_or(author, |order| order.issuer))
        }
        _ => None,
    };
    issuer == Some(author)
        && past.by == Party::Giver
        && acts::other_end(leg) != Some(author)
        && authority::party_of(&draft.world, leg, author, &past.act) == Ok(Party::Giver)
}

/// A superior says again what it ordered on a leg: what of it was forgotten here, or never came, is on record now.
pub(super) fn take_again(
    draft: &mut Draft<'_>,
    leg: &Leg,
    past: PastAct,
    fields: Vec<SealedField>,
) -> Result<(), Stop> {
    if acts::knows(draft, leg, &past)? {
        return Ok(());
    }
    let at = clock::happened(past.at, leg.offered_at, draft.now());
    match leg::receive(leg, Party::Giver, at, &past.act) {
        Reception::Void(_) => return Ok(()),
        Reception::Refuse(refusal) => return Err(refusal.into()),
        Reception::Apply | Reception::Late { .. } => {}
    }
    let act = past.act.clone();
    draft.received_fact(leg.id, leg.matter(), Party::Giver, at, act, fields)?;
    supervision::stands(draft, leg.id, at, &past.act).map(|_| ())
}

/// Tells a superior that forgot of its orders on these legs, and of the replies: what has a letter.
pub(super) fn tell(
    draft: &mut Draft<'_>,
    issuer: RegionKey,
    legs: &[Leg],
    letters: &[Envelope],
) -> Result<(), Stop> {
    for leg in legs {
        // Without it the superior could not have ordered anything: it goes first, on the same lane.
        if let Some(notice) = supervision::noticed_by(draft, leg.id, draft.me())? {
            draft.send(issuer, Lane::Ordinary, &Message::Notice(notice), Vec::new())?;
        }
        let mut shown = letters::Shown::of(letters, leg.id);
        for (mut past, _) in acts::of(draft, leg)? {
            let order = order_of(&past.act).and_then(|order| leg.order(order));
            if order.is_some_and(|order| order.issuer == issuer)
                && let Some(letter) = shown.letter(draft, &past)?
            {
                past.letter = Some(Box::new(letter));
                draft.send(issuer, Lane::Ordinary, &Message::Past(past), Vec::new())?;
            }
        }
    }
    Ok(())
}

/// An act on an order of this node's, on a leg that it does not hold, is told by an end that heard the order. `false`: it
/// is none.
pub(super) fn take(
    draft: &mut Draft<'_>,
    header: &Header<'_>,
    past: &PastAct,
) -> Result<bool, Stop> {
    if order_of(&past.act).is_none() {
        return Ok(false);
    }
    if past.letter.is_none() {
        // A superior's own word on a leg that nobody brought back.
        return Err(unknown_leg(past.leg));
    }
    if let Act::ReplyOrder { order } = past.act
        && draft.world.was_below(draft.me(), header.author)
        && draft.order(order)?.is_none()
    {
        // A superior shows an end of the leg its own reply; the leg was its own affair and nobody could bring it back.
        return Ok(true);
    }
    let why = match letters::examine(draft, None, past)? {
        Examined::Proven(signed) => {
            let told = (header.author, header.matter);
            let back = |inner: &mut Draft<'_>| supervision::came_back_afar(inner, &signed, told);
            match draft.attempt(back)? {
                Ok(true) => return say_to_the_other(draft, header.author, &signed).map(|()| true),
                Ok(false) => return Ok(true),
                Err(refusal) => refusal.to_string(),
            }
        }
        Examined::Unproven(why, _) => why,
        Examined::Harmless => return Ok(true),
    };
    missing::unproven(draft, None, header.author, past, Some(&why))?;
    Ok(true)
}
