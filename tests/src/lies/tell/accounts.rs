//! Days and epochs that are not what they were, and answers that answer nothing.

use super::leaves_out;
use crate::lies::life::truth::what;
use crate::lies::scene::{Claim, Scene};

/// A later epoch, that no restart began.
pub(super) fn epoch(scene: &mut Scene<'_>) -> Option<()> {
    scene.head.epoch += 1;
    scene.claims.push(Claim::NoRestart);
    Some(())
}

/// A letter that stands in a day stands nowhere.
pub(super) fn outside(scene: &mut Scene<'_>) -> Option<()> {
    let at = scene.pick(|letter| letter.place.is_some())?;
    let letter = &mut scene.bundle.letters[at];
    let of = what(&letter.envelope);
    letter.place = None;
    scene.claims.push(Claim::InNoDay(of));
    Some(())
}

/// The last day holds something else, and the chain goes with it.
pub(super) fn day(scene: &mut Scene<'_>) -> Option<()> {
    let root = [scene.rng.bits(), scene.rng.bits()].concat();
    let accounts = scene.bundle.accounts.as_mut()?;
    let last = accounts.days.last_mut()?;
    last.root.copy_from_slice(&root);
    let (no, digest) = (last.no, last.digest());
    *accounts.chain.last_mut()? = digest;
    // What stood in it goes along, so that nothing in the file itself is against it.
    let in_it = |place: &hotline::evidence::accounts::Place| place.day == no;
    let letters = &mut scene.bundle.letters;
    letters.retain(|letter| !letter.place.as_ref().is_some_and(in_it));
    if scene.bundle.letters.len() < scene.base.bundle.letters.len() {
        return None;
    }
    scene.claims.push(Claim::OtherDay(no));
    Some(())
}

/// A file of something else is called the answer to all others.
pub(super) fn answer(scene: &mut Scene<'_>) -> Option<()> {
    leaves_out::subject(scene)?;
    let (me, all) = (scene.me(), &scene.world.exports);
    let others = all.iter().filter(|export| export.node != me);
    let named = others.map(|export| export.file.statement);
    scene.bundle.answers = named.collect();
    scene.claims.push(Claim::Answered);
    Some(())
}
