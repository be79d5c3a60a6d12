//! Questions of nodes that forgot: kept until they are answered, part by part, as this node's log is read for what they
//! once signed.
//!
//! ```text
//! Inventory (question, lost) ─▶ kept ─▶ legs that differ ─▶ Action::Gather ─▶ the shell reads the log
//!            next part ◀── Past with letters, Inventory (answer) of this part ◀── Input::Gathered
//! ```
//!
//! A question whose answer was under way when the node stopped is taken up at the next start.

use super::{acts, after, legs_by_peer, letters, orders, passing, say};
use crate::exchange::{Inventory, LegNote};
use crate::fact::Fact;
use crate::id::LegId;
use crate::kernel::Draft;
use crate::kernel::event::Gather;
use crate::kernel::keys::{FIRST_REGION, LAST_REGION};
use crate::kernel::outcome::Stop;
use crate::leg::{Lane, Leg};
use crate::link::{Envelope, Message};
use crate::refusal::{Class, Refusal};
use crate::row::{Row, RowKey};
use crate::view::{Rows, View};
use hotline_topology::RegionKey;
use std::collections::{BTreeMap, BTreeSet};

/// Legs answered in one commit: an act with its letter may be some thousand bytes, a record of the log is bounded. Few
/// in tests, so that their questions have parts.
const LEGS_MAX: usize = if cfg!(test) { 3 } else { 256 };
/// Questions of one node that may wait.
const QUESTIONS_MAX: usize = 1024;

/// The legs with a node that its inventory covers, or names: one that it names is compared however long ago it was
/// closed here.
pub(super) fn covered(
    draft: &Draft<'_>,
    peer: RegionKey,
    inventory: &Inventory,
) -> Result<BTreeMap<LegId, Leg>, Stop> {
    let within = |id: &LegId| (inventory.from..=inventory.to).contains(id);
    let between = legs_by_peer(draft, inventory.since)?.remove(&peer);
    let mut legs = BTreeMap::new();
    for leg in between.unwrap_or_default() {
        if leg.offer.lane == inventory.lane && within(&leg.id) {
            legs.insert(leg.id, leg);
        }
    }
    for note in &inventory.legs {
        if let Some(leg) = Rows::leg(draft, note.leg)?
            && acts::other_end(&leg) == Some(peer)
        {
            legs.insert(leg.id, leg);
        }
    }
    Ok(legs)
}

/// What an inventory says of each leg that it names.
pub(super) fn notes(inventory: &Inventory) -> BTreeMap<LegId, LegNote> {
    inventory
        .legs
        .iter()
        .map(|note| (note.leg, *note))
        .collect()
}

/// Keeps a question until it is answered. A newer one makes older ones moot.
pub(super) fn keep(
    draft: &mut Draft<'_>,
    peer: RegionKey,
    question: Inventory,
) -> Result<(), Stop> {
    let waiting = waiting(draft, peer)?;
    if waiting.len() >= QUESTIONS_MAX {
        let words = format!("{peer} 的核对提问已积压 {QUESTIONS_MAX} 件，先答完再问");
        return Err(Refusal::new(Class::State, "restore.too-many", words).into());
    }
    let no = waiting.last().map_or(1, |(last, _)| last + 1);
    let mut first = true;
    for (no, old) in waiting {
        if old.ask == question.ask {
            first = false;
            continue;
        }
        let question = None;
        draft.record(Fact::Asked { peer, no, question })?;
    }
    let question = Some(question);
    draft.record(Fact::Asked { peer, no, question })?;
    if first { go_on(draft, peer) } else { Ok(()) }
}

/// After a start: the log is read for every question that was not answered to its end.
pub(in crate::kernel) fn gather_again(draft: &mut Draft<'_>) -> Result<(), Stop> {
    let (from, to) = (
        RowKey::Asked(FIRST_REGION, 0),
        RowKey::Asked(LAST_REGION, 0),
    );
    let rows = draft.scan(&from, &to, QUESTIONS_MAX)?;
    let peers = rows.into_iter().filter_map(|(key, _)| match key {
        RowKey::Asked(peer, _) => Some(peer),
        _ => None,
    });
    for peer in peers.collect::<BTreeSet<_>>() {
        go_on(draft, peer)?;
    }
    Ok(())
}

/// The log was read: the part is answered, and the next one begun.
pub(in crate::kernel) fn gathered(
    draft: &mut Draft<'_>,
    ask: &Gather,
    letters: &[Envelope],
) -> Result<(), Stop> {
    let Some((no, question)) = front(draft, ask.peer)? else {
        return Ok(());
    };
    // It was read twice, or for a question that is moot.
    if (no, question.from) != (ask.no, ask.from) {
        return Ok(());
    }
    let part = Part::of(draft, ask.peer, &question)?;
    part.answer(draft, ask.peer, no, question, letters)?;
    go_on(draft, ask.peer)
}

/// Answers what needs no letter, and has the log read for the first part that does.
fn go_on(draft: &mut Draft<'_>, peer: RegionKey) -> Result<(), Stop> {
    while let Some((no, question)) = front(draft, peer)? {
        let part = Part::of(draft, peer, &question)?;
        let told = part.told.iter().chain(&part.ordered);
        let mut legs: Vec<LegId> = told.map(|leg| leg.id).collect();
        if !(legs.is_empty() && part.spoken.is_empty()) {
            let (from, spoken) = (question.from, part.spoken);
            // What was replied to this node's orders is shown to whoever forgot it.
            legs.extend(orders::ordered(draft, &spoken)?);
            draft.gather(Gather {
                peer,
                no,
                from,
                legs,
                spoken,
            });
            return Ok(());
        }
        part.answer(draft, peer, no, question, &[])?;
    }
    Ok(())
}

/// Every question of a node that is not answered yet, oldest first.
fn waiting(draft: &Draft<'_>, peer: RegionKey) -> Result<Vec<(u64, Inventory)>, Stop> {
    let (from, to) = (RowKey::Asked(peer, 0), RowKey::Asked(peer, u64::MAX));
    let rows = draft.scan(&from, &to, QUESTIONS_MAX)?;
    let questions = rows.into_iter().filter_map(|(key, row)| match (key, row) {
        (RowKey::Asked(_, no), Row::Asked(question)) => Some((no, *question)),
        _ => None,
    });
    Ok(questions.collect())
}

/// The question that is answered now.
fn front(draft: &Draft<'_>, peer: RegionKey) -> Result<Option<(u64, Inventory)>, Stop> {
    Ok(waiting(draft, peer)?.into_iter().next())
}

/// As much of a question as is answered at once.
struct Part {
    legs: Vec<Leg>,
    /// Those that differ.
    told: Vec<Leg>,
    /// Given by this node, with orders of who asks; with the last part.
    ordered: Vec<Leg>,
    /// Between others, where this node spoke; with the last part.
    spoken: Vec<LegId>,
    /// Where the next part begins.
    next: Option<LegId>,
}

impl Part {
    fn of(draft: &Draft<'_>, peer: RegionKey, question: &Inventory) -> Result<Self, Stop> {
        let notes = notes(question);
        let mut legs: Vec<Leg> = covered(draft, peer, question)?.into_values().collect();
        let more = legs.len() > LEGS_MAX;
        legs.truncate(LEGS_MAX);
        let next = legs.last().filter(|_| more).map(|leg| after(leg.id));
        let mut told = Vec::new();
        for leg in &legs {
            let note = notes.get(&leg.id);
            if note.map(|note| note.hash) != Some(acts::hash(draft, leg, None)?) {
                told.push(leg.clone());
            }
        }
        let last = next.is_none() && is_last(question);
        let (ordered, spoken) = match last {
            true => (
                orders::given_on(draft, peer, question.since)?,
                orders::spoken(draft, question.since)?,
            ),
            false => (Vec::new(), Vec::new()),
        };
        Ok(Self {
            legs,
            told,
            ordered,
            spoken,
            next,
        })
    }

    fn answer(
        self,
        draft: &mut Draft<'_>,
        peer: RegionKey,
        no: u64,
        question: Inventory,
        letters: &[Envelope],
    ) -> Result<(), Stop> {
        for leg in &self.told {
            tell(draft, peer, leg, Some(letters))?;
        }
        let since = question.since;
        let whole = question.last && self.next.is_none();
        let last = self.next.is_none() && is_last(&question);
        let answer = Inventory {
            answer: true,
            lost: false,
            to: match (self.next, self.legs.last()) {
                (Some(_), Some(last)) => last.id,
                _ => question.to,
            },
            last: whole,
            legs: Vec::new(),
            ..question.clone()
        };
        if last {
            passing::tell_notices(draft, peer, since)?;
            orders::tell(draft, peer, &self.ordered, letters)?;
        }
        say(draft, peer, answer, &self.legs.iter().collect::<Vec<_>>())?;
        let rest = self.next.map(|from| Inventory {
            from,
            legs: (question.legs.iter().copied())
                .filter(|note| note.leg >= from)
                .collect(),
            ..question
        });
        draft.record(Fact::Asked {
            peer,
            no,
            question: rest,
        })?;
        if last {
            passing::bring_again(draft, peer, since)?;
            orders::say_again(draft, peer, since, letters)?;
        }
        Ok(())
    }
}

/// Whether nothing is asked behind this.
fn is_last(question: &Inventory) -> bool {
    question.last && question.lane == Lane::Ordinary
}

/// Tells the acts of a leg that are on record here. The listener's own go to a node that forgot alone, with what it
/// signed of them, as far as the log has it.
pub(super) fn tell(
    draft: &mut Draft<'_>,
    peer: RegionKey,
    leg: &Leg,
    letters: Option<&[Envelope]>,
) -> Result<(), Stop> {
    let own = acts::own_party(leg);
    let mut shown = letters.map(|letters| letters::Shown::of(letters, leg.id));
    for (mut past, fields) in acts::between_ends(draft, leg)? {
        if Some(past.by) != own {
            let Some(shown) = &mut shown else { continue };
            past.letter = shown.letter(draft, &past)?.map(Box::new);
        }
        draft.send(peer, leg.offer.lane, &Message::Past(past), fields)?;
    }
    Ok(())
}
