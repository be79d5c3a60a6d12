//! Logs, heads and times that are not what they were.

use crate::lies::life::truth::{message, what};
use crate::lies::scene::{Claim, Scene, edit, head_of, minutes};
use hotline::evidence::bundle::{Letter, Way};
use hotline_domain::leg::Act;
use hotline_domain::link::{Message, MessageKind};

/// The log as it stood before one of the last own letters was signed.
fn cut(scene: &mut Scene<'_>) -> Option<()> {
    let own = scene.places(|letter| {
        scene.is_own(letter) && head_of(letter).is_some_and(|head| head.epoch == scene.head.epoch)
    });
    if own.is_empty() {
        return None;
    }
    let at = *scene.rng.pick(&own);
    let head = head_of(&scene.bundle.letters[at])?;
    let gone: Vec<Letter> = scene
        .bundle
        .letters
        .iter()
        .filter(|one| one.commit > head.commit)
        .cloned()
        .collect();
    scene.bundle.letters.retain(|one| one.commit <= head.commit);
    scene.head = head;
    let me = scene.me();
    for letter in gone {
        let of = what(&letter.envelope);
        scene.claims.push(match letter.envelope.author == me {
            true => Claim::NeverWrote(of),
            false => Claim::NeverReceived(of),
        });
    }
    // What it says of its legs is as of then: closed is nothing that was closed later.
    let rows = scene.rows();
    let then = rows
        .iter()
        .find(|row| row.commit == head.commit)
        .map(|row| row.at)?;
    scene.bundle.standings.retain_mut(|one| {
        one.closed_at = one.closed_at.filter(|at| *at <= then);
        true
    });
    let held: Vec<_> = scene
        .bundle
        .letters
        .iter()
        .filter_map(|one| one.envelope.leg)
        .collect();
    scene.bundle.standings.retain(|one| held.contains(&one.leg));
    scene.bundle.contacts.retain(|one| one.at <= then);
    Some(())
}

/// An old log, sealed as of today.
pub(super) fn old_log_today(scene: &mut Scene<'_>) -> Option<()> {
    cut(scene)?;
    scene.claims.push(Claim::OtherTime);
    Some(())
}

/// An old log, sealed as of then: what an honest file of then would be.
pub(super) fn old_log(scene: &mut Scene<'_>) -> Option<()> {
    cut(scene)?;
    let rows = scene.rows();
    let then = rows.iter().find(|row| row.commit == scene.head.commit)?;
    scene.bundle.made_at = then.at;
    Some(())
}

/// Another letter, in the commit of a true one.
pub(super) fn used_head(scene: &mut Scene<'_>) -> Option<()> {
    let fits = |letter: &Letter| {
        let said = message(&letter.envelope);
        matches!(
            said,
            Some(Message::Leg {
                act: Act::Sign { .. }
                    | Act::Progress { .. }
                    | Act::NewDue { .. }
                    | Act::Ruling { .. }
                    | Act::Offer(_),
                ..
            })
        )
    };
    let places = scene.places(|letter| scene.is_own(letter) && fits(letter));
    if places.is_empty() {
        return None;
    }
    // A day that has not ended has no account against it.
    let open = scene.places(|one| scene.is_own(one) && fits(one) && one.place.is_none());
    let open = !open.is_empty() && scene.rng.percent(50);
    let places = match open {
        true => scene.places(|one| scene.is_own(one) && fits(one) && one.place.is_none()),
        false => places,
    };
    let at = *scene.rng.pick(&places);
    let mut other = scene.bundle.letters[at].clone();
    let order = hotline_domain::id::OrderId(scene.rng.bits());
    edit(&mut other, |said| {
        if let Message::Leg { act, .. } = said {
            // Neither is numbered.
            *act = match act {
                Act::Sign { .. } | Act::Progress { .. } => Act::Progress {
                    stage: "invented".into(),
                },
                _ => Act::Remind { order },
            };
        }
    });
    other.envelope.id = scene.id();
    other.way = match other.way {
        Way::Sent(to, _) => Way::Sent(to, None),
        way @ Way::Received(_) => way,
    };
    let head = head_of(&other)?;
    scene.sign(&mut other, head);
    scene.claims.push(Claim::OtherRoot(what(&other.envelope)));
    scene.insert(other);
    Some(())
}

/// A letter that never was, in a commit that signed nothing, said to have been acknowledged.
pub(super) fn unused_head(scene: &mut Scene<'_>) -> Option<()> {
    let row = scene.unused()?;
    let other = scene.other;
    let to_other = |letter: &Letter| {
        letter.envelope.kind == MessageKind::Leg as u32 && letter.envelope.addressee == other
    };
    let places = scene.places(|letter| scene.is_own(letter) && to_other(letter));
    if places.is_empty() {
        return None;
    }
    let at = *scene.rng.pick(&places);
    let mut invented = scene.bundle.letters[at].clone();
    let order = hotline_domain::id::OrderId(scene.rng.bits());
    edit(&mut invented, |said| {
        if let Message::Leg { act, .. } = said {
            *act = Act::Remind { order };
        }
    });
    invented.envelope.id = scene.id();
    let Way::Sent(hop, _) = invented.way else {
        return None;
    };
    invented.way = Way::Sent(hop, Some(minutes(row.at, 1)));
    scene.place(&mut invented, row);
    scene
        .claims
        .push(Claim::Acknowledged(what(&invented.envelope)));
    scene.insert(invented);
    Some(())
}

/// Its log is written anew: own letters stand on other chain values than they were signed on.
pub(super) fn chain(scene: &mut Scene<'_>) -> Option<()> {
    let own = scene.places(|letter| {
        scene.is_own(letter) && head_of(letter).is_some_and(|head| head.epoch == scene.head.epoch)
    });
    if own.is_empty() {
        return None;
    }
    scene
        .bundle
        .letters
        .iter_mut()
        .for_each(|letter| letter.chain_before = [0x11; 32]);
    scene.claims.push(Claim::OtherChain);
    Some(())
}

/// The file is sealed at an old commit as of then, with another chain value.
pub(super) fn other_head(scene: &mut Scene<'_>) -> Option<()> {
    old_log(scene)?;
    scene.head.hash = [0x22; 32];
    scene.claims.push(Claim::OtherHead);
    Some(())
}

/// All times of its log, or one.
pub(super) fn times(scene: &mut Scene<'_>) -> Option<()> {
    let dated = scene.places(|letter| {
        scene.is_own(letter) && head_of(letter).is_some_and(|head| head.epoch == scene.head.epoch)
    });
    if dated.is_empty() {
        return None;
    }
    if scene.rng.percent(50) {
        scene
            .bundle
            .letters
            .iter_mut()
            .for_each(|one| one.at = minutes(one.at, -1));
        scene.bundle.made_at = minutes(scene.bundle.made_at, -1);
    } else {
        let last = scene.bundle.letters.len() - 1;
        let at = usize::try_from(scene.rng.below(last as u64 + 1)).unwrap_or(0);
        scene.bundle.letters[at].at = minutes(scene.bundle.made_at, 5);
    }
    scene.claims.push(Claim::OtherTime);
    Some(())
}

/// What it exported and how it says when: a clock that is far off is no lie.
pub(super) fn clock(scene: &mut Scene<'_>) -> Option<()> {
    scene.bundle.sealed_at = minutes(scene.bundle.sealed_at, 60 * 24 * 400);
    Some(())
}
