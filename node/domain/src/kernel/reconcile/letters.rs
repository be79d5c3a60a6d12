//! The letter of an act that comes back: found by who tells it, examined by whose act it is said to be.
//!
//! A lying neighbour could invent what a restored node did. So what is told of that node is taken only with the
//! envelope in which it, or a superior of its, once signed just this act of this leg. What is told without one is kept
//! apart and named to people ([`super::missing::unproven`]); with a false one it is misconduct besides.

use crate::evidence::{Unproven, judge_letter};
use crate::exchange::{Letter, PastAct};
use crate::id::{EnvelopeId, LegId};
use crate::kernel::outcome::Stop;
use crate::kernel::witness;
use crate::kernel::{Draft, World};
use crate::leg::{Act, Asking, Leg, Party};
use crate::link::{Envelope, Message};
use crate::policy::authority;
use crate::row::{Row, RowKey};
use crate::view::{Rows as _, View};
use hotline_topology::{RegionKey, Time};
use std::collections::BTreeSet;

/// The ground that a refused offer comes back with, see `kernel/offered.rs`.
const REFUSED: &str = "refused-by-rule";
/// Such an offer never reached its taker's node: it has no letter of its.
const NEVER_SENT: &str = "sealing.";

/// Letters shown for the acts of one leg, each once.
pub(super) struct Shown<'a> {
    letters: &'a [Envelope],
    leg: LegId,
    used: BTreeSet<EnvelopeId>,
    chains: BTreeSet<[u8; 32]>,
}

impl<'a> Shown<'a> {
    /// Out of these.
    pub(super) fn of(letters: &'a [Envelope], leg: LegId) -> Self {
        Self {
            letters,
            leg,
            used: BTreeSet::new(),
            chains: BTreeSet::new(),
        }
    }

    /// The letter of an act, where there is one: the first that was not shown for another. The log holds what was refused
    /// as well: what somebody wrote in another's name says the same, and proves nothing of that other.
    pub(super) fn letter(
        &mut self,
        draft: &Draft<'_>,
        past: &PastAct,
    ) -> Result<Option<Letter>, Stop> {
        debug_assert_eq!(past.leg, self.leg);
        let known = draft.leg(past.leg)?;
        let is_its =
            |one: &Envelope, act: &Act| speaks_for(draft, Some(&known), one.author, past.by, act);
        let tells = |one: &&Envelope| {
            !self.used.contains(&one.id)
                && one.author != draft.me()
                && said(draft, one, past).is_some_and(|(_, act)| is_its(one, &act))
        };
        let Some(found) = self.letters.iter().find(tells) else {
            return Ok(None);
        };
        self.used.insert(found.id);
        letter_of(draft, found, &mut self.chains).map(Some)
    }
}

/// An envelope as it is shown, with its signer's certificates where they were not shown before.
pub(super) fn letter_of(
    draft: &Draft<'_>,
    found: &Envelope,
    shown: &mut BTreeSet<[u8; 32]>,
) -> Result<Letter, Stop> {
    let mut chain = Vec::new();
    if let Some(proof) = &found.proof
        && !shown.contains(&proof.certificate)
        && let Some(Row::Certificate(_, known)) =
            draft.get(&RowKey::Certificate(proof.certificate))?
    {
        chain = known;
        shown.insert(proof.certificate);
    }
    let envelope = Envelope {
        route: Vec::new(),
        trace: None,
        ..found.clone()
    };
    Ok(Letter { envelope, chain })
}

/// What came of examining an act that is said to be one of this node's.
pub(super) enum Examined {
    /// It is: as it was signed.
    Proven(PastAct),
    /// Nobody's signature could be under it, and it does nobody harm: taken, and named to people.
    Harmless,
    /// It may be, or not. Why it is not taken; whether what was shown for it is false.
    Unproven(String, bool),
}

/// Examines an act of this node's side of a leg that the other side tells. `known`: the leg, where it is known here.
pub(super) fn examine(
    draft: &mut Draft<'_>,
    known: Option<&Leg>,
    past: &PastAct,
) -> Result<Examined, Stop> {
    let Some(letter) = past.letter.as_deref() else {
        if known.is_some_and(|leg| leg.delivered_at.is_none()) && never_sent(past) {
            return Ok(Examined::Harmless);
        }
        let why = "没有附上当时签名的原件".to_owned();
        return Ok(Examined::Unproven(why, false));
    };
    let Letter { envelope, chain } = letter;
    if !chain.is_empty() {
        witness::introduced(draft, envelope.author, chain.clone())?;
    }
    match judge_letter(draft, draft.world.notary, envelope)? {
        Ok(()) => {}
        Err(Unproven::NotYet(why)) => {
            let why = format!("所附原件的签名尚不能采信：{why}");
            return Ok(Examined::Unproven(why, false));
        }
        Err(Unproven::Never(why)) => {
            return Ok(Examined::Unproven(
                format!("所附原件的签名无效：{why}"),
                true,
            ));
        }
    }
    let other = || {
        let why = "所附原件签的不是这一交办的这件事".to_owned();
        Ok(Examined::Unproven(why, true))
    };
    let Some((at, act)) = said(draft, envelope, past) else {
        return other();
    };
    if !speaks_for(draft, known, envelope.author, past.by, &act) {
        return other();
    }
    Ok(Examined::Proven(PastAct {
        at,
        act,
        letter: past.letter.clone(),
        ..*past
    }))
}

/// Whether an author may have done this as that party of the leg, by the tree in force or one before it.
fn speaks_for(
    draft: &Draft<'_>,
    known: Option<&Leg>,
    author: RegionKey,
    by: Party,
    act: &Act,
) -> bool {
    let me = draft.me();
    match (known, act) {
        (_, Act::Offer(offer)) => by == Party::Giver && author == offer.giver,
        (Some(leg), _) => match by {
            Party::Taker => author == leg.taker().region(),
            Party::Giver => draft.world.trees().any(|federation| {
                let world = World {
                    federation,
                    ..draft.world
                };
                authority::party_of(&world, leg, author, act) == Ok(Party::Giver)
            }),
        },
        // An order of this node's on a leg between others, and the reply to it.
        (None, Act::ReplyOrder { order }) => {
            let issued = draft.order(*order);
            by == Party::Taker
                && matches!(issued, Ok(Some(issued)) if issued.taker.region() == author)
        }
        (None, Act::Supervise { .. } | Act::Remind { .. } | Act::EndOrder { .. }) => {
            by == Party::Giver && author == me
        }
        (None, _) => false,
    }
}

/// When the author of an envelope says that it did this, and how; `None` where it says something else.
fn said(draft: &Draft<'_>, envelope: &Envelope, past: &PastAct) -> Option<(Time, Act)> {
    let message = draft.world.wire.decode(envelope.kind, &envelope.payload);
    let written = envelope.written_at;
    match message.ok()? {
        Message::Leg { leg, at, act } if leg == past.leg && same(&act, &past.act) => {
            Some((at.min(written), act))
        }
        Message::Past(told)
            if (told.leg, told.by) == (past.leg, past.by) && same(&told.act, &past.act) =>
        {
            Some((told.at.min(written), told.act))
        }
        // The giver took it for a granted return.
        Message::Refused {
            leg: Some(leg),
            rule,
            ..
        } if leg == past.leg && past.by == Party::Taker => match &past.act {
            Act::Request {
                asking: Asking::Return { ground, basis },
                ..
            } if ground == REFUSED && *basis == rule => Some((past.at, past.act.clone())),
            _ => None,
        },
        _ => None,
    }
}

/// The contract never changes: there is one offer, whatever a repetition says.
fn same(one: &Act, other: &Act) -> bool {
    one == other || matches!((one, other), (Act::Offer(_), Act::Offer(_)))
}

/// Whether the giver took its offer back because it never left it: then the taker has signed nothing.
fn never_sent(past: &PastAct) -> bool {
    matches!(
        &past.act,
        Act::Request { asking: Asking::Return { ground, basis }, .. }
            if past.by == Party::Taker && ground == REFUSED && basis.starts_with(NEVER_SENT)
    )
}
