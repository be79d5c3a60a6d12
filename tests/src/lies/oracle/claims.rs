//! What one false claim demands, by who signed the opposite.

use super::{Need, Shown};
use crate::lies::life::truth::{Statement, what};
use crate::lies::oracle::shown::Open;
use crate::lies::scene::Claim;
use hotline::evidence::bundle::Way;
use hotline_domain::evidence::{Effect, signed_of};
use hotline_domain::id::{EnvelopeId, LegId};
use hotline_domain::leg::{Act, RequestKind};
use hotline_domain::link::{LogHead, Message, MessageKind};
use hotline_topology::{RegionKey, Time};
use std::collections::BTreeMap;

/// The liar's file stands first.
const MAIN: usize = 0;

/// What a claim demands.
pub(super) fn need(shown: &Shown<'_>, liar: RegionKey, claim: &Claim) -> Option<Need> {
    let main = shown.binds.get(&MAIN).copied();
    match claim {
        Claim::NeverWrote(of) => never_wrote(shown, liar, main?, of),
        Claim::NeverReceived(of) => receipted(shown, liar, main?, of, None),
        Claim::OtherEffect(of) => {
            let effects = shown.files[MAIN].file.bundle.letters.iter();
            let stated = effects
                .filter(|one| what(&one.envelope) == *of)
                .find_map(|one| match one.way {
                    Way::Received(effect) => Some(effect),
                    Way::Sent(..) => None,
                });
            receipted(shown, liar, main?, of, Some(stated?))
        }
        Claim::OtherContent(stated) => {
            let others = shown.of(liar).map(|open| what(&open.letter.envelope));
            let mut others = others.filter(|of| (of.0, of.1) == (stated.0, stated.1));
            (shown.speaks(stated) && others.any(|of| of.2 != stated.2)).then_some(Need::Convicted)
        }
        Claim::OtherAct(stated) => other_act(shown, liar, stated),
        Claim::OtherRoot(stated) => other_root(shown, liar, stated),
        Claim::OtherHead => {
            let head = main?;
            let others = shown.heads.iter().filter(|(of, _)| *of == liar);
            let mut others =
                others.filter(|(_, of)| (of.epoch, of.commit) == (head.epoch, head.commit));
            others
                .any(|(_, of)| of.hash != head.hash)
                .then(|| two_lives(shown, liar, head.epoch))
        }
        Claim::OtherChain => other_chain(shown, liar, main?),
        Claim::OtherTime => other_time(shown, liar, main?),
        Claim::OtherBytes(id) => {
            main?;
            let mut shown = shown.files[MAIN].file.bundle.letters.iter();
            let shown = shown.any(|one| one.envelope.id == *id);
            shown.then_some(Need::Convicted)
        }
        Claim::FalseReceipt(of, id) => {
            let head = main?;
            let open = shown
                .of(liar)
                .find(|open| what(&open.letter.envelope) == *of)?;
            let then = open.head()?;
            let holds = shown.files[MAIN].file.bundle.letters.iter();
            let mut holds = holds.filter(|one| matches!(one.way, Way::Received(_)));
            let claimed = shown.claims(MAIN, &Shown::legs(open));
            let owes = then.epoch == head.epoch && then.commit < head.commit && claimed;
            (owes && holds.any(|one| one.envelope.id == *id)).then_some(Need::Convicted)
        }
        Claim::StillOpen(leg) => still_open(shown, liar, main?, *leg),
        Claim::NoStanding(leg) => {
            let bundle = &shown.files[MAIN].file.bundle;
            main?;
            let offered = shown.open.iter().any(|open| {
                open.file == MAIN
                    && matches!(open.letter.way, Way::Sent(..) | Way::Received(Effect::Applied))
                    && matches!(&open.message, Some(Message::Leg { leg: of, act: Act::Offer(offer), .. })
                        if of == leg && (offer.giver == liar || offer.taker.region() == liar))
            });
            let none = bundle.standings.iter().all(|one| one.leg != *leg);
            (offered && none && bundle.legs.contains(leg)).then_some(Need::Convicted)
        }
        Claim::Acknowledged(of) => acknowledged(shown, liar, of),
        Claim::Replayed(of) => replayed(shown, *of),
        Claim::NoRestart => {
            main?;
            Some(Need::Convicted)
        }
        Claim::InNoDay(of) => {
            main?;
            let bundle = &shown.files[MAIN].file.bundle;
            let to = bundle.accounts.as_ref()?.days.last()?.to;
            let mut shown = bundle.letters.iter();
            let shown = shown
                .any(|one| what(&one.envelope) == *of && one.place.is_none() && one.commit < to);
            shown.then_some(Need::Convicted)
        }
        Claim::OtherDay(no) => {
            let head = main?;
            let mut told = shown.of(liar).filter(|open| open.file != MAIN);
            let other = told.any(|open| match (&open.message, open.head()) {
                (Some(Message::Tally(said)), Some(then)) => {
                    said.day.no == *no && then.epoch == head.epoch
                }
                _ => false,
            });
            other.then(|| two_lives(shown, liar, head.epoch))
        }
        Claim::Elsewhere => {
            main?;
            let bundle = &shown.files[MAIN].file.bundle;
            let mut open = shown.of(liar).filter(|open| is_kept(open));
            open.any(|open| {
                let legs = Shown::legs(open);
                !legs.is_empty() && !legs.iter().any(|leg| bundle.legs.contains(leg))
            })
            .then_some(Need::Open)
        }
        Claim::Answered => {
            main?;
            let bundle = &shown.files[MAIN].file.bundle;
            let mut open = shown.of(liar).filter(|open| {
                bundle
                    .answers
                    .contains(&shown.files[open.file].file.statement)
            });
            let left_out = |leg: &LegId| !bundle.legs.contains(leg);
            open.any(|open| Shown::legs(open).iter().any(left_out))
                .then_some(Need::Convicted)
        }
        Claim::Forged(of) => {
            let lies = shown
                .files
                .iter()
                .flat_map(|given| &given.file.bundle.letters);
            let mut lies = lies.filter(|one| what(&one.envelope) == *of);
            (lies.next().is_some() && !shown.speaks(of)).then_some(Need::Open)
        }
    }
}

/// A log that went back may have two lives under one epoch, where a later one is seen.
fn two_lives(shown: &Shown<'_>, liar: RegionKey, epoch: u64) -> Need {
    match shown.later(liar, epoch) || (epoch > 1 && epoch < 1_000_000) {
        true => Need::Disputed,
        false => Need::Convicted,
    }
}

fn is_kept(open: &Open) -> bool {
    [
        MessageKind::Leg,
        MessageKind::Refused,
        MessageKind::Receipts,
    ]
    .map(|kind| kind as u32)
    .contains(&open.letter.envelope.kind)
}

/// What the liar wrote, and leaves out.
fn never_wrote(shown: &Shown<'_>, liar: RegionKey, main: LogHead, of: &Statement) -> Option<Need> {
    let open = shown
        .of(liar)
        .find(|open| what(&open.letter.envelope) == *of)?;
    let another = shown.files[MAIN].file.bundle.letters.iter().any(|one| {
        (one.envelope.author, one.envelope.id) == (of.0, of.1) && what(&one.envelope) != *of
    });
    let claimed = shown.claims(MAIN, &Shown::legs(open));
    if shown.holds_own(MAIN, of) || another || !is_kept(open) || !claimed {
        return None;
    }
    let (row, _) = shown.world.truth.wrote(of)?;
    match row.epoch.cmp(&main.epoch) {
        std::cmp::Ordering::Equal if row.commit <= main.commit => Some(Need::Convicted),
        std::cmp::Ordering::Equal | std::cmp::Ordering::Greater => Some(Need::Open),
        std::cmp::Ordering::Less => {
            let Some(Message::Leg { leg, act, .. }) = &open.message else {
                return None;
            };
            let back = shown.open.iter().any(|told| {
                told.file == MAIN
                    && matches!(&told.message, Some(Message::Past(past)) if past.leg == *leg
                        && (past.act == *act || past.letter.as_ref().is_some_and(|one| one.envelope.id == of.1)))
            });
            (!back).then_some(Need::Disputed)
        }
    }
}

/// What the liar receipted, and does not hold, or with another effect.
fn receipted(
    shown: &Shown<'_>,
    liar: RegionKey,
    main: LogHead,
    of: &Statement,
    stated: Option<Effect>,
) -> Option<Need> {
    if stated.is_none() && shown.holds_received(MAIN, of) {
        return None;
    }
    let all = shown
        .world
        .truth
        .receipts(of)
        .filter(|(row, ..)| row.node == liar);
    let needs = all.filter_map(|(row, said, effect)| {
        let open = shown
            .of(liar)
            .find(|open| what(&open.letter.envelope) == said.what)?;
        let Some(Message::Receipts(items)) = &open.message else {
            return None;
        };
        let item = items
            .iter()
            .find(|one| (one.envelope, one.statement) == (of.1, of.2))?;
        let legs: Vec<LegId> = item.leg.into_iter().collect();
        let owes = row.epoch == main.epoch && row.commit <= main.commit;
        if stated == Some(effect) || !owes || !shown.claims(MAIN, &legs) {
            return None;
        }
        Some(Need::Convicted)
    });
    needs.max()
}

fn slot(act: &Act) -> Option<(u8, u32)> {
    Some(match act {
        Act::Offer(_) => (0, 0),
        Act::Request { no, .. } => (1, *no),
        Act::Ruling { request, .. } => (2, *request),
        Act::NewDue { no, .. } => (3, *no),
        Act::NameLead { term, .. } => (4, *term),
        _ => return None,
    })
}

/// Another act under one number.
fn other_act(shown: &Shown<'_>, liar: RegionKey, stated: &Statement) -> Option<Need> {
    let open = shown
        .of(liar)
        .find(|open| what(&open.letter.envelope) == *stated)?;
    let Some(Message::Leg {
        leg, act: this_act, ..
    }) = &open.message
    else {
        return None;
    };
    let this = slot(this_act)?;
    let others = shown.of(liar).filter(|other| {
        other.letter.envelope.id != stated.1
            && matches!(&other.message, Some(Message::Leg { leg: of, act, .. })
                if of == leg && slot(act) == Some(this) && (act != this_act || other_texts(open, other)))
    });
    let needs = others.map(|other| match epoch(open) {
        _ if this.0 == 0 => Need::Convicted,
        Some(epoch) if self::epoch(other) == Some(epoch) => two_lives(shown, liar, epoch),
        _ => Need::Disputed,
    });
    needs.max()
}

/// Whether a field that both carry says different things.
fn other_texts(one: &Open, other: &Open) -> bool {
    let fields = &other.letter.envelope.fields;
    let mut of_one = one.letter.envelope.fields.iter();
    of_one.any(|field| {
        fields
            .iter()
            .any(|of| of.name == field.name && of.hash != field.hash)
    })
}

fn epoch(open: &Open) -> Option<u64> {
    open.head().map(|head| head.epoch)
}

/// Something besides what a commit signed.
fn other_root(shown: &Shown<'_>, liar: RegionKey, stated: &Statement) -> Option<Need> {
    let open = shown
        .of(liar)
        .find(|open| what(&open.letter.envelope) == *stated)?;
    let (head, root) = (open.head()?, signed_of(&open.letter.envelope));
    let mut others = shown.of(liar).filter(|other| other.head() == Some(head));
    let other = others.any(|other| signed_of(&other.letter.envelope) != root);
    other.then(|| two_lives(shown, liar, head.epoch))
}

/// Own letters stand in the file where they were not signed.
fn other_chain(shown: &Shown<'_>, liar: RegionKey, main: LogHead) -> Option<Need> {
    let letters = &shown.files[MAIN].file.bundle.letters;
    let wrong = shown.of(liar).any(|open| {
        let Some(head) = open.head() else {
            return false;
        };
        let of = what(&open.letter.envelope);
        let mut copies = letters
            .iter()
            .filter(|one| matches!(one.way, Way::Sent(..)) && what(&one.envelope) == of)
            .peekable();
        head.epoch == main.epoch
            && head.commit < main.commit
            && copies.peek().is_some()
            && copies.all(|one| (one.commit, one.chain_before) != (head.commit + 1, head.hash))
    });
    wrong.then_some(Need::Convicted)
}

/// Commits and times that do not go one way.
fn other_time(shown: &Shown<'_>, liar: RegionKey, main: LogHead) -> Option<Need> {
    let bundle = &shown.files[MAIN].file.bundle;
    let mut dated: BTreeMap<u64, Vec<(u64, Time)>> = BTreeMap::new();
    for open in shown.of(liar).filter(|open| Shown::is_dated(&open.letter)) {
        if let Some(head) = open.head() {
            let of = (head.commit + 1, open.letter.envelope.written_at);
            dated.entry(head.epoch).or_default().push(of);
        }
    }
    for (at, head) in &shown.binds {
        if shown.files[*at].file.bundle.node == liar {
            let of = (head.commit, shown.files[*at].file.bundle.made_at);
            dated.entry(head.epoch).or_default().push(of);
        }
    }
    let turned = dated.iter().filter(|(_, all)| {
        all.iter()
            .any(|one| all.iter().any(|other| one.0 < other.0 && one.1 > other.1))
    });
    let turned = turned
        .map(|(epoch, _)| two_lives(shown, liar, *epoch))
        .max();
    let mut inside: Vec<(u64, Time)> = bundle
        .letters
        .iter()
        .map(|one| (one.commit, one.at))
        .collect();
    inside.push((main.commit, bundle.made_at));
    let moved = inside.iter().any(|one| {
        inside.iter().any(|other| {
            (one.0 < other.0 && one.1 > other.1) || (one.0 == other.0 && one.1 != other.1)
        })
    });
    let own = shown.of(liar).any(|open| {
        let head = open.head();
        open.file == MAIN
            && Shown::is_dated(&open.letter)
            && matches!(open.letter.way, Way::Sent(..))
            && head.is_some_and(|head| {
                head.epoch == main.epoch && head.commit + 1 == open.letter.commit
            })
            && open.letter.at != open.letter.envelope.written_at
    });
    turned.max((moved || own).then_some(Need::Convicted))
}

/// What ended a leg, by its giver.
fn closes(message: &Message) -> Option<LegId> {
    match message {
        Message::Leg { leg, act, .. } => match act {
            Act::Recall { .. } | Act::ClosedSince { .. } => Some(*leg),
            Act::Ruling {
                of, granted: true, ..
            } if *of != RequestKind::Extension => Some(*leg),
            _ => None,
        },
        _ => None,
    }
}

/// A leg that the liar closed, or heard closed, is open in his file.
fn still_open(shown: &Shown<'_>, liar: RegionKey, main: LogHead, leg: LegId) -> Option<Need> {
    let stands = shown.files[MAIN].file.bundle.standings.iter().any(|one| {
        one.leg == leg && (one.giver == liar || one.taker == liar) && one.closed_at.is_none()
    });
    if !stands {
        return None;
    }
    let by_own = shown.of(liar).any(|open| {
        let closed = open.message.as_ref().and_then(closes) == Some(leg);
        let owes = open
            .head()
            .is_some_and(|head| head.epoch == main.epoch && head.commit < main.commit);
        closed && owes
    });
    let heard = shown.open.iter().any(|open| {
        open.file == MAIN
            && matches!(open.letter.way, Way::Received(Effect::Applied))
            && open.message.as_ref().and_then(closes) == Some(leg)
    });
    (by_own || heard).then_some(Need::Convicted)
}

/// An addressee that is the next hop has no such letter, in a file of after its acknowledgement.
fn acknowledged(shown: &Shown<'_>, liar: RegionKey, of: &Statement) -> Option<Need> {
    let letter = shown.files[MAIN]
        .file
        .bundle
        .letters
        .iter()
        .find(|one| what(&one.envelope) == *of)?;
    let Way::Sent(hop, Some(acked)) = letter.way else {
        return None;
    };
    shown.binds.get(&MAIN)?;
    let to = letter.envelope.addressee;
    let legs: Vec<LegId> = letter.envelope.leg.into_iter().collect();
    let lacks = shown.binds.keys().any(|at| {
        let given = &shown.files[*at];
        let held = |id: EnvelopeId| {
            given
                .file
                .bundle
                .letters
                .iter()
                .any(|one| one.envelope.id == id)
        };
        given.file.bundle.node == to
            && given.honest
            && shown.claims(*at, &legs)
            && !held(of.1)
            && given.file.bundle.made_at >= acked
    });
    (hop == to && to != liar && lacks).then_some(Need::Disputed)
}

/// Something shows that a node signed after the end of the only file of its that is given.
fn replayed(shown: &Shown<'_>, of: RegionKey) -> Option<Need> {
    let mut files = shown
        .binds
        .iter()
        .filter(|(at, _)| shown.files[**at].file.bundle.node == of);
    let Some((at, end)) = files.next() else {
        // Its seal does not count any more.
        return Some(Need::Open);
    };
    let later = shown.of(of).any(|open| {
        let after = |head: LogHead| (head.epoch, head.commit) >= (end.epoch, end.commit);
        is_kept(open) && open.head().is_some_and(after) && shown.claims(*at, &Shown::legs(open))
    });
    later.then_some(Need::Open)
}
