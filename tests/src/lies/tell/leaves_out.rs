//! What is held back: letters, legs, whole subjects.

use crate::lies::life::truth::{Statement, legs, message, what};
use crate::lies::life::world::Subject;
use crate::lies::scene::{Claim, Scene};
use hotline::evidence::bundle::{Letter, Way};
use hotline_domain::id::LegId;
use hotline_domain::link::{Message, MessageKind};

/// A received letter that the liar receipted, out of the file.
fn omit(scene: &mut Scene<'_>) -> Option<Statement> {
    let (world, me) = (scene.world, scene.me());
    let receipted = |letter: &Letter| {
        let of = what(&letter.envelope);
        let mut receipts = world.truth.receipts(&of);
        matches!(letter.way, Way::Received(_)) && receipts.any(|(row, ..)| row.node == me)
    };
    let at = scene.pick(receipted)?;
    let of = what(&scene.bundle.letters[at].envelope);
    let offered = legs(message(&scene.bundle.letters[at].envelope).as_ref());
    scene
        .bundle
        .letters
        .retain(|letter| what(&letter.envelope) != of);
    forget(scene, &offered);
    scene.claims.push(Claim::NeverReceived(of));
    Some(of)
}

/// Standings of legs whose offer is held no longer: a careful liar leaves them out as well.
fn forget(scene: &mut Scene<'_>, of: &[LegId]) {
    let held: Vec<LegId> = scene
        .bundle
        .letters
        .iter()
        .filter_map(|letter| match message(&letter.envelope) {
            Some(Message::Leg {
                leg,
                act: hotline_domain::leg::Act::Offer(_),
                ..
            }) => Some(leg),
            _ => None,
        })
        .collect();
    let gone = |leg: &LegId| of.contains(leg) && !held.contains(leg);
    scene.bundle.standings.retain(|one| !gone(&one.leg));
}

/// The letter alone.
pub(super) fn received(scene: &mut Scene<'_>) -> Option<()> {
    omit(scene).map(|_| ())
}

/// The letter, and every letter of receipts that speaks of it.
pub(super) fn received_and_receipt(scene: &mut Scene<'_>) -> Option<()> {
    let of = omit(scene)?;
    let me = scene.me();
    let receipts: Vec<Statement> = scene
        .world
        .truth
        .receipts(&of)
        .filter(|(row, ..)| row.node == me)
        .map(|(_, said, _)| said.what)
        .collect();
    let before = scene.bundle.letters.len();
    scene
        .bundle
        .letters
        .retain(|letter| !receipts.contains(&what(&letter.envelope)));
    if before > scene.bundle.letters.len() {
        scene
            .claims
            .extend(receipts.into_iter().map(Claim::NeverWrote));
    }
    Some(())
}

/// A letter of its own.
pub(super) fn own(scene: &mut Scene<'_>) -> Option<()> {
    let is_act = |letter: &Letter| letter.envelope.kind == MessageKind::Leg as u32;
    let own = scene.places(|letter| scene.is_own(letter) && is_act(letter));
    if own.is_empty() {
        return None;
    }
    let at = *scene.rng.pick(&own);
    let of = what(&scene.bundle.letters[at].envelope);
    let said = legs(message(&scene.bundle.letters[at].envelope).as_ref());
    scene
        .bundle
        .letters
        .retain(|letter| what(&letter.envelope) != of);
    forget(scene, &said);
    scene.claims.push(Claim::NeverWrote(of));
    Some(())
}

/// What neighbours told it of what it lost.
pub(super) fn came_back(scene: &mut Scene<'_>) -> Option<()> {
    let told = |letter: &Letter| letter.envelope.kind == MessageKind::Past as u32;
    let back = scene.places(|letter| told(letter) && matches!(letter.way, Way::Received(_)));
    if back.is_empty() {
        return None;
    }
    scene.bundle.letters.retain(|letter| !told(letter));
    let me = scene.me();
    let lost: Vec<Statement> = scene
        .world
        .truth
        .rows
        .iter()
        .filter(|row| row.node == me && row.epoch < scene.base.head.epoch)
        .filter(|row| {
            !scene
                .world
                .truth
                .is_in(row, scene.base.past, scene.base.head.commit)
        })
        .flat_map(|row| row.said.iter().map(|said| said.what))
        .collect();
    scene.claims.extend(lost.into_iter().map(Claim::NeverWrote));
    Some(())
}

/// A leg with everything on it, out of a whole matter.
pub(super) fn leg(scene: &mut Scene<'_>) -> Option<()> {
    if !matches!(scene.base.subject, Subject::Matter(_)) || scene.bundle.legs.is_empty() {
        return None;
    }
    let all = scene.bundle.legs.clone();
    let leg = *scene.rng.pick(&all);
    let me = scene.me();
    let (out, kept): (Vec<Letter>, Vec<Letter>) =
        scene.bundle.letters.drain(..).partition(|letter| {
            let of = legs(message(&letter.envelope).as_ref());
            letter.envelope.leg == Some(leg) || (!of.is_empty() && of.iter().all(|of| *of == leg))
        });
    scene.bundle.letters = kept;
    scene.bundle.legs.retain(|of| *of != leg);
    scene.bundle.standings.retain(|one| one.leg != leg);
    for letter in &out {
        let of = what(&letter.envelope);
        let claim = match letter.envelope.author == me {
            true => Claim::NeverWrote(of),
            false => Claim::NeverReceived(of),
        };
        scene.claims.push(claim);
    }
    (!out.is_empty()).then_some(())
}

/// A file of something else.
pub(super) fn subject(scene: &mut Scene<'_>) -> Option<()> {
    let id = scene.rng.bits();
    scene.bundle.legs = vec![LegId(id)];
    (scene.bundle.matter, scene.bundle.whole_matter) = (None, false);
    scene.bundle.letters.clear();
    scene.bundle.standings.clear();
    scene.claims.push(Claim::Elsewhere);
    Some(())
}
