//! After a restore: what this node forgot comes back from the others, what they never got is sent anew, and what only
//! the lost disk knew is listed as missing.
//!
//! ```text
//! restored node R                                   every superior, every node below: P
//!   higher epoch, lanes from 1
//!   Inventory (question) ──────────────────────────►  compares each leg between the two
//!                                                   reads its log for what R signed on legs that differ
//!                       ◄── Past, act by act ───────  for every leg of which R lacks or has other acts
//!                       ◄────── Inventory (answer) ──  what P has
//!   Past, act by act ──────────────────────────────►  for every leg of which P lacks something
//!   sees to what follows from what came back
//! ```
//!
//! The rules:
//!
//! - **A leg is the union of its acts.** Each side tells the acts that it has on record, its own and the other's, in its
//!   order; whoever lacks one records it. Acts know themselves again by what they say and how often it was said
//!   ([`crate::exchange::PastAct::nth`]). Both logs are beginnings of true histories and links keep the order, so the
//!   union of two is a state that both could have come to, and folding gives the same leg in whatever order its acts
//!   come (see `leg/tests`). So it matters neither who was restored, nor whether both were.
//! - **Nobody is told what it did itself**, but by the other side of the leg while it asks because it forgot; and it
//!   believes that only with its own signature under it, out of the other side's log (`letters.rs`).
//! - **Until the answer, nothing.** A restored node does nothing on a leg before the other side of it has answered, and
//!   takes no act from there that the answer will bring, or the comparison that follows the last answer; what would
//!   follow there from others' acts follows then; a matter from before the restore also waits for parent and
//!   children. New matters are taken in and handed on meanwhile. A side that cannot answer is waived by a person.
//! - **Passers-by, too.** What a restored node acknowledged and had not passed on is lost for others: whoever has legs
//!   with nodes behind it asks these as well, what else went that way goes again, and nobody loses time over it.
//! - **Then what follows**: receipts, deadlines, rulings that the rules make, recalls below a leg that ended, sights.
//!
//! Where what stands: `asked.rs` answers whoever forgot, `letters.rs` proves what it is told of itself, `back.rs` takes
//! acts that come back, `fork.rs` knows two pasts of a leg, `follow.rs` sees to what follows, `passing.rs` to what else
//! the restored node had taken in, `orders.rs` to what superiors ordered on legs that are not theirs, `recorded.rs` to
//! what of that stands in this node's record alone, `replies.rs` to what was replied to them, `missing.rs` lists
//! what cannot come back, `acts.rs` reads the acts of a leg from the rows.

mod acts;
mod asked;
mod back;
mod follow;
mod fork;
mod letters;
mod missing;
mod orders;
mod passing;
mod recorded;
mod replies;
#[cfg(test)]
mod tests;

use super::draft::Draft;
use super::fold::{epoch_words, next_epoch};
use super::outcome::Stop;
use super::{days, parked, reopen};
use crate::exchange::{Exchange, Inventory, LegNote, Restore};
use crate::fact::Fact;
use crate::id::{LegId, MatterId};
use crate::leg::{Act, Lane, Leg, Order, Party};
use crate::link::Message;
use crate::refusal::{Class, Refusal};
use crate::row::{Row, RowKey};
use crate::ticket::Ticket;
use crate::view::{Rows, View, ViewFailed};
use hotline_topology::{Federation, RegionKey, Time};
use std::collections::BTreeMap;

pub(super) use asked::{gather_again, gathered};
pub(super) use back::{own_again, take};
pub(super) use orders::{comes_back, say_again_near};

/// Rows read at a time.
const PAGE: usize = 256;
/// Legs named in one part of an inventory.
const NOTES_MAX: usize = 4096;
/// Clocks and messages under way: a leg that closed so long before the log's end may still be open elsewhere.
const SLACK_MS: i64 = 24 * 3_600_000;
/// So long an exchange has been under way at least before a person may give it up.
const WAIVE_AFTER_MS: i64 = 10 * 60_000;
/// The lanes that legs travel on.
const LANES: [Lane; 2] = [Lane::Urgent, Lane::Ordinary];
const FIRST: LegId = LegId([0; 16]);
const LAST: LegId = LegId([0xff; 16]);
/// What refuses until the answers are in.
pub(super) const EXCHANGING: &str = "restore.exchanging";

/// The folder was restored on purpose: taken up once.
pub(super) fn restored(draft: &mut Draft<'_>, id: [u8; 16]) -> Result<(), Stop> {
    let node = draft.node()?;
    if node.restore.is_some_and(|known| known.id == id) {
        return Ok(());
    }
    let until = node.time;
    let epoch = next_epoch(node.epoch, draft.now());
    begin(draft, id, until, epoch)
}

/// A peer has met a later epoch of this node's: one above it, and the lanes start once more. With that, what either end
/// did on its legs and was under way is gone (see [`super::reopen::restart_lanes`]): the comparisons that are over are made
/// once more, as those under way are when they end.
pub(super) fn raise(draft: &mut Draft<'_>, seen: u64) -> Result<(), Stop> {
    let node = draft.node()?;
    let Some(restore) = node.restore else {
        return Ok(());
    };
    let epoch = next_epoch(node.epoch.max(seen), draft.now());
    draft.record(Fact::Restored(Restore { epoch, ..restore }))?;
    restart_lanes(draft)?;
    days::close(draft)?;
    for peer in neighbours(draft) {
        if with(draft, peer)?.is_none() {
            ask_once_more(draft, peer)?;
        }
    }
    Ok(())
}

/// Takes the epoch and asks everybody with whom a leg can be. `until`: up to when the log is whole.
pub(super) fn begin(
    draft: &mut Draft<'_>,
    id: [u8; 16],
    until: Time,
    epoch: u64,
) -> Result<(), Stop> {
    let at = draft.now();
    draft.record(Fact::Restored(Restore {
        id,
        at,
        until,
        epoch,
    }))?;
    restart_lanes(draft)?;
    // The first word of an epoch: what remains of the log is signed for again.
    days::close(draft)?;
    let others = others(draft);
    let since = Time(until.0.saturating_sub(SLACK_MS));
    let mut legs = legs_by_peer(draft, since)?;
    for peer in &others {
        let legs = legs.remove(peer).unwrap_or_default();
        begin_with(draft, *peer, epoch, since, &legs)?;
    }
    missing::gone(draft, since)?;
    draft.alarm(format!(
        "本节点的数据恢复到了 {until} 的状态，已进入{}，正与 {} 个节点核对未结交办；核对完之前，此前的工单暂不能办，新受理照常",
        epoch_words(epoch),
        others.len()
    ));
    if others.is_empty() {
        missing::list(draft)?;
    }
    Ok(())
}

/// Begins the exchange with one of them.
fn begin_with(
    draft: &mut Draft<'_>,
    peer: RegionKey,
    epoch: u64,
    since: Time,
    legs: &[Leg],
) -> Result<(), Stop> {
    let exchange = Some(Exchange {
        peer,
        ask: epoch,
        since: draft.now(),
        urgent: false,
        ordinary: false,
    });
    draft.record(Fact::Exchanged { peer, exchange })?;
    // A neighbour that cannot be asked yet must not hold up the others: a person decides.
    let asked = draft.attempt(|inner| ask(inner, peer, epoch, true, since, legs))?;
    if let Err(refusal) = asked {
        draft.alarm(format!("不能与 {peer} 核对交办：{refusal}"));
    }
    Ok(())
}

/// A restored node takes a tree into force that it did not know when it asked, though it was in force by then: who is above
/// or below by that one alone is asked as well. `before`: the version that was in force here.
pub(super) fn reorganised(draft: &mut Draft<'_>, before: u32) -> Result<(), Stop> {
    let Some(restore) = draft.node()?.restore else {
        return Ok(());
    };
    let (tree, me) = (draft.world.federation, draft.me());
    if tree.effective_from() > restore.at {
        return Ok(());
    }
    let known = draft.world.trees().filter(|tree| tree.version() <= before);
    let asked: Vec<_> = known.flat_map(|tree| related(tree, me)).collect();
    let since = Time(restore.until.0.saturating_sub(SLACK_MS));
    let mut legs = legs_by_peer(draft, since)?;
    for peer in related(tree, me) {
        if !asked.contains(&peer) && with(draft, peer)?.is_none() {
            let legs = legs.remove(&peer).unwrap_or_default();
            // It may remember a link from before the restore.
            if is_near(draft, peer) {
                restart_lanes_to(draft, peer)?;
            }
            begin_with(draft, peer, restore.epoch, since, &legs)?;
        }
    }
    Ok(())
}

/// Every node that may have given this one a leg or taken one from it: those above and those below, and those that were
/// so by an older tree, as far as there is a way to them still.
fn others(draft: &Draft<'_>) -> Vec<RegionKey> {
    let (tree, me) = (draft.world.federation, draft.me());
    let mut others = Vec::new();
    for other in draft.world.trees().flat_map(|tree| related(tree, me)) {
        if tree.next_hop(me, other).is_some() && !others.contains(&other) {
            others.push(other);
        }
    }
    others
}

/// The nodes above and below one.
fn related(tree: &Federation, me: RegionKey) -> impl Iterator<Item = RegionKey> {
    let is_node = move |key: &RegionKey| tree.node_for(*key) == Some(*key) && *key != me;
    let below = tree.subtree(me);
    tree.ancestors(me).chain(below).filter(is_node)
}

/// Those of them to which this node has a link.
pub(super) fn neighbours(draft: &Draft<'_>) -> Vec<RegionKey> {
    let mut others = others(draft);
    others.retain(|other| is_near(draft, *other));
    others
}

fn is_near(draft: &Draft<'_>, other: RegionKey) -> bool {
    draft.world.federation.next_hop(draft.me(), other) == Some(other)
}

fn restart_lanes(draft: &mut Draft<'_>) -> Result<(), Stop> {
    for peer in neighbours(draft) {
        restart_lanes_to(draft, peer)?;
    }
    Ok(())
}

fn restart_lanes_to(draft: &mut Draft<'_>, peer: RegionKey) -> Result<(), Stop> {
    let link = draft.link(peer)?;
    draft.record(Fact::LinkChanged {
        peer,
        peer_epoch: link.peer_epoch,
        failures: 0,
        heard_at: link.heard_at,
        blocked: None,
        peer_wire: link.peer_wire,
        restarting: true,
        shown: link.shown,
    })?;
    reopen::restart(draft, peer)?;
    draft.cut(peer, "本节点以更高的纪元重新开始".to_owned());
    Ok(())
}

/// Legs between this node and others, ascending by id: open, closed since, or taken since, however long before they were
/// closed: links can be down for days. A clock that stood still dates all that too early; but what was offered since is due
/// since by the giver's own. And on a leg that is over orders may be reminded of, answered and ended.
fn legs_by_peer(view: &dyn View, since: Time) -> Result<BTreeMap<RegionKey, Vec<Leg>>, ViewFailed> {
    let mut legs: BTreeMap<RegionKey, Vec<Leg>> = BTreeMap::new();
    each_leg(view, |leg| {
        let late = |at: Time| at >= since;
        let done = leg.closed_at.is_none_or(late) || leg.delivered_at.is_some_and(late);
        let ordered = |order: &Order| orders::is_recent(order, since);
        let due = late(leg.offer.due.at) || late(leg.due.at);
        let lately = done || due || leg.orders.iter().any(ordered);
        if let Some(peer) = acts::other_end(&leg).filter(|_| lately) {
            legs.entry(peer).or_default().push(leg);
        }
    })?;
    Ok(legs)
}

/// Every leg that this node holds, ascending by id.
fn each_leg(view: &dyn View, mut look: impl FnMut(Leg)) -> Result<(), ViewFailed> {
    let mut from = FIRST;
    loop {
        let page = view.scan(&RowKey::Leg(from), &RowKey::Leg(LAST), PAGE)?;
        let full = page.len() == PAGE;
        for (key, row) in page {
            if let (RowKey::Leg(id), Row::Leg(leg)) = (key, row) {
                from = after(id);
                look(*leg);
            }
        }
        if !full {
            return Ok(());
        }
    }
}

/// The id after this one; the last one itself has none, and nobody draws it.
fn after(id: LegId) -> LegId {
    LegId(u128::from_be_bytes(id.0).saturating_add(1).to_be_bytes())
}

/// Asks what the peer has of the legs between the two. `lost`: this node forgot what it had acknowledged.
fn ask(
    draft: &mut Draft<'_>,
    peer: RegionKey,
    number: u64,
    lost: bool,
    since: Time,
    legs: &[Leg],
) -> Result<(), Stop> {
    for lane in LANES {
        let question = Inventory {
            ask: number,
            answer: false,
            lost,
            since,
            lane,
            from: FIRST,
            to: LAST,
            last: true,
            legs: Vec::new(),
        };
        let mine = legs.iter().filter(|leg| leg.offer.lane == lane);
        say(draft, peer, question, &mine.collect::<Vec<_>>())?;
    }
    Ok(())
}

/// Compares all legs with a neighbour after the link to it was re-opened.
pub(super) fn ask_again(draft: &mut Draft<'_>, peer: RegionKey) -> Result<(), Stop> {
    let legs = legs_by_peer(draft, Time(0))?.remove(&peer);
    ask(draft, peer, 0, false, Time(0), &legs.unwrap_or_default())
}

/// Sends an inventory of these legs in parts that cover `from` to `to` of it without gaps.
fn say(
    draft: &mut Draft<'_>,
    peer: RegionKey,
    whole: Inventory,
    legs: &[&Leg],
) -> Result<(), Stop> {
    let mut from = whole.from;
    let mut parts = legs.chunks(NOTES_MAX).peekable();
    loop {
        let part = parts.next().unwrap_or_default();
        let more = parts.peek().is_some();
        let to = match part.last() {
            Some(leg) if more => leg.id,
            _ => whole.to,
        };
        let mut notes = Vec::with_capacity(part.len());
        for leg in part {
            let other = acts::own_party(leg).map(Party::other);
            notes.push(LegNote {
                leg: leg.id,
                hash: acts::hash(draft, leg, None)?,
                heard: acts::hash(draft, leg, other)?,
            });
        }
        let message = Message::Inventory(Inventory {
            from,
            to,
            last: whole.last && !more,
            legs: notes,
            ..whole
        });
        draft.send(peer, whole.lane, &message, Vec::new())?;
        if !more {
            return Ok(());
        }
        from = after(to);
    }
}

/// An inventory arrived: a question to answer, or the answer to this node's own.
pub(super) fn heard(
    draft: &mut Draft<'_>,
    author: RegionKey,
    inventory: Inventory,
) -> Result<(), Stop> {
    if !others(draft).contains(&author) {
        let words = format!("{author} 与本节点之间不会有交办，不与其核对");
        return Err(Refusal::new(Class::Forbidden, "restore.stranger", words).into());
    }
    // Whoever forgot is answered with what it signed: the log is read for it first.
    if inventory.lost && !inventory.answer {
        return asked::keep(draft, author, inventory);
    }
    let theirs = asked::notes(&inventory);
    let legs = asked::covered(draft, author, &inventory)?;
    let awaited =
        with(draft, author)?.filter(|known| inventory.answer && known.ask == inventory.ask);
    for leg in legs.values() {
        // What ended here and is not listed in an answer is past its interest there.
        let unlisted = inventory.answer && !leg.is_open() && !theirs.contains_key(&leg.id);
        let note = theirs.get(&leg.id);
        if !unlisted && note.map(|note| note.hash) != Some(acts::hash(draft, leg, None)?) {
            asked::tell(draft, author, leg, None)?;
        }
        if let (Some(exchange), Some(note)) = (&awaited, note) {
            fork::look(draft, leg, exchange, note)?;
        }
    }
    if inventory.answer {
        return answered(draft, author, &inventory);
    }
    let answer = Inventory {
        answer: true,
        ..inventory
    };
    say(draft, author, answer, &legs.values().collect::<Vec<_>>())
}

fn answered(draft: &mut Draft<'_>, peer: RegionKey, inventory: &Inventory) -> Result<(), Stop> {
    let Some(mut exchange) = with(draft, peer)?.filter(|known| known.ask == inventory.ask) else {
        return Ok(());
    };
    if !inventory.last {
        return Ok(());
    }
    match inventory.lane {
        Lane::Urgent => exchange.urgent = true,
        _ => exchange.ordinary = true,
    }
    if exchange.urgent && exchange.ordinary {
        return end(draft, peer);
    }
    let exchange = Some(exchange);
    draft.record(Fact::Exchanged { peer, exchange })
}

/// The exchange with a peer is over: what follows is seen to, and after the last one what is missing is listed.
fn end(draft: &mut Draft<'_>, peer: RegionKey) -> Result<(), Stop> {
    parked::take_up_told(draft, peer)?;
    let exchange = None;
    draft.record(Fact::Exchanged { peer, exchange })?;
    follow::follow(draft, peer)?;
    ask_once_more(draft, peer)?;
    parked::take_up_kept(draft)?;
    // Nodes further away may be long in answering; what they bring is still taken.
    let awaited = under_way(draft)?;
    if is_near(draft, peer) && !awaited.iter().any(|other| is_near(draft, other.peer)) {
        missing::list(draft)?;
    }
    Ok(())
}

/// What the peer did behind its answer on one lane, or behind a part of it, came to nothing here while the rest was
/// awaited: the two compare once more.
fn ask_once_more(draft: &mut Draft<'_>, peer: RegionKey) -> Result<(), Stop> {
    let until = draft.node()?.restore.map_or(Time(0), |known| known.until);
    let since = Time(until.0.saturating_sub(SLACK_MS));
    let legs = legs_by_peer(draft, since)?.remove(&peer);
    let legs = legs.unwrap_or_default();
    // One that speaks of no comparison was waived by a person.
    let asked = draft.attempt(|inner| ask(inner, peer, 0, false, since, &legs))?;
    if let Err(refusal) = asked {
        draft.alarm(format!("不能与 {peer} 再次核对交办：{refusal}"));
    }
    Ok(())
}

/// A person waives what a peer would answer; false where nothing is waited for. Not at once: whoever re-opens one refused
/// link after the other has begun the exchange with all of them by the first, and must not waive it by the second.
///
/// # Errors
/// Refuses as `link.exchanging`.
pub(super) fn waive(draft: &mut Draft<'_>, peer: RegionKey) -> Result<bool, Stop> {
    let Some(exchange) = with(draft, peer)? else {
        return Ok(false);
    };
    let bound = exchange.since.plus_millis(WAIVE_AFTER_MS);
    if draft.now() < bound {
        let words = format!(
            "与 {peer} 的核对正在进行，链路已随核对一并开放，不必再次开放；要放弃等待它的答复，请在 {bound} 之后再试"
        );
        return Err(Refusal::new(Class::State, "link.exchanging", words).into());
    }
    missing::unasked(draft, peer)?;
    end(draft, peer)?;
    Ok(true)
}

/// The exchange with a peer, while its answer is awaited.
fn with(view: &dyn View, peer: RegionKey) -> Result<Option<Exchange>, ViewFailed> {
    Ok(match view.get(&RowKey::Exchange(peer))? {
        Some(Row::Exchange(exchange)) => Some(*exchange),
        _ => None,
    })
}

/// Every exchange whose answer is awaited.
pub(super) fn under_way(view: &dyn View) -> Result<Vec<Exchange>, ViewFailed> {
    const LOWEST: RegionKey = RegionKey::literal("000000000000");
    const HIGHEST: RegionKey = RegionKey::literal("zzzzzzzzzzzz");
    let (from, to) = (RowKey::Exchange(LOWEST), RowKey::Exchange(HIGHEST));
    let rows = view.scan(&from, &to, usize::MAX)?;
    let exchanges = rows.into_iter().filter_map(|(_, row)| match row {
        Row::Exchange(exchange) => Some(*exchange),
        _ => None,
    });
    Ok(exchanges.collect())
}

/// Whether acts of that node on legs with this one are left to its answer.
pub(super) fn awaits(view: &dyn View, author: RegionKey) -> Result<bool, ViewFailed> {
    Ok(with(view, author)?.is_some())
}

/// This node does nothing on a leg whose other side has not answered; a new matter's offer is no such thing.
pub(super) fn permit_act(
    draft: &Draft<'_>,
    other: RegionKey,
    matter: MatterId,
    act: &Act,
) -> Result<(), Stop> {
    let Some(exchange) = with(draft, other)? else {
        return Ok(());
    };
    let new = Rows::ticket(draft, matter)?.is_some_and(|ticket| ticket.since > exchange.since);
    if new && matches!(act, Act::Offer(_)) {
        return Ok(());
    }
    Err(refusal(&[other]))
}

/// A matter from before the restore waits for the neighbours and for every other side of its legs.
pub(super) fn permit_matter(draft: &Draft<'_>, ticket: &Ticket) -> Result<(), Stop> {
    let waiting = under_way(draft)?;
    if waiting.iter().all(|exchange| ticket.since > exchange.since) {
        return Ok(());
    }
    let mut concerned = Vec::new();
    for id in ticket.incoming_all.iter().chain(&ticket.outgoing) {
        concerned.extend(Rows::leg(draft, *id)?.and_then(|leg| acts::other_end(&leg)));
    }
    let (tree, me) = (draft.world.federation, draft.me());
    let awaited: Vec<_> = waiting
        .iter()
        .map(|exchange| exchange.peer)
        .filter(|peer| concerned.contains(peer) || tree.next_hop(me, *peer) == Some(*peer))
        .collect();
    if awaited.is_empty() {
        return Ok(());
    }
    Err(refusal(&awaited))
}

fn refusal(awaited: &[RegionKey]) -> Stop {
    let names: Vec<_> = awaited.iter().map(ToString::to_string).collect();
    let words = format!(
        "本节点的数据恢复后，还在等 {} 的核对答复，此前的工单暂不能办；对方长期不通时，由运维执行 hotline link reopen 放弃等待",
        names.join("、")
    );
    Refusal::new(Class::State, EXCHANGING, words).into()
}
