//! Receipts, acknowledgements, bytes and standings that are not true.

use crate::lies::life::truth::{message, what};
use crate::lies::scene::{Claim, Handed, Scene, minutes, say, sign};
use hotline::evidence::bundle::{Bundle, Letter, Way};
use hotline_domain::evidence::{Effect, Receipted, Signer as _};
use hotline_domain::leg::Act;
use hotline_domain::link::{LogHead, Message, MessageKind};
use hotline_topology::RegionKey;

/// An own letter that its addressee never had is said to have been acknowledged.
pub(super) fn acknowledged(scene: &mut Scene<'_>) -> Option<()> {
    let (world, other) = (scene.world, scene.other);
    let never = |letter: &Letter| {
        let of = what(&letter.envelope);
        let heard = || world.truth.rows.iter().flat_map(|row| &row.heard);
        matches!(letter.way, Way::Sent(_, None))
            && letter.envelope.kind == MessageKind::Leg as u32
            && letter.envelope.addressee == other
            && !heard().any(|heard| heard.what == of)
    };
    let places = scene.places(|letter| scene.is_own(letter) && never(letter));
    if places.is_empty() {
        return None;
    }
    let at = *scene.rng.pick(&places);
    let letter = &mut scene.bundle.letters[at];
    let Way::Sent(hop, _) = letter.way else {
        return None;
    };
    letter.way = Way::Sent(hop, Some(minutes(letter.at, 1)));
    let of = what(&letter.envelope);
    scene.claims.push(Claim::Acknowledged(of));
    Some(())
}

/// A letter of receipts of one's own, as a form for another.
fn receipts(scene: &Scene<'_>) -> Option<Letter> {
    let kind = |letter: &&Letter| letter.envelope.kind == MessageKind::Receipts as u32;
    let own = scene.bundle.letters.iter().filter(kind);
    let mut own = own.filter(|letter| scene.is_own(letter));
    own.next().cloned()
}

/// A receipt for bytes that nobody sent, in a commit that signed nothing.
pub(super) fn other_bytes(scene: &mut Scene<'_>) -> Option<()> {
    let form = receipts(scene)?;
    let Some(Message::Receipts(mut of)) = message(&form.envelope) else {
        return None;
    };
    of.truncate(1);
    let one = of.first_mut()?;
    let id = one.envelope;
    let held = |letter: &Letter| letter.envelope.id == id && matches!(letter.way, Way::Received(_));
    if scene.places(held).is_empty() {
        return None;
    }
    one.statement = [0x33; 32];
    let row = scene.unused()?;
    let mut made = form;
    say(&mut made, &Message::Receipts(of));
    made.envelope.id = scene.id();
    scene.place(&mut made, row);
    scene
        .claims
        .push(Claim::FalseReceipt(what(&made.envelope), id));
    scene.insert(made);
    Some(())
}

/// A receipt for the newest own letter to the other end that has none.
fn receipt_for(scene: &Scene<'_>, of: usize, at: hotline_topology::Time) -> Receipted {
    let envelope = &scene.bundle.letters[of].envelope;
    Receipted {
        envelope: envelope.id,
        leg: envelope.leg,
        statement: envelope.statement(),
        effect: Effect::Applied,
        at,
    }
}

fn own_act(scene: &mut Scene<'_>) -> Option<usize> {
    let places = scene
        .places(|letter| scene.is_own(letter) && letter.envelope.kind == MessageKind::Leg as u32);
    match places.is_empty() {
        true => None,
        false => Some(*scene.rng.pick(&places)),
    }
}

/// A receipt of the other end whose signature is over something else, under a certificate that is not in the file.
pub(super) fn broken_receipt(scene: &mut Scene<'_>) -> Option<()> {
    let of = own_act(scene)?;
    let other = scene.other;
    let form = |letter: &&Letter| {
        letter.envelope.author == other && letter.envelope.kind == MessageKind::Receipts as u32
    };
    let mut made = scene.bundle.letters.iter().find(form)?.clone();
    let receipt = receipt_for(scene, of, made.at);
    say(&mut made, &Message::Receipts(vec![receipt]));
    made.envelope.id = scene.id();
    made.envelope.proof.as_mut()?.certificate = [9; 32];
    scene.bundle.letters.push(made);
    let last = scene.bundle.letters.len() - 1;
    (
        scene.bundle.letters[last].commit,
        scene.bundle.letters[last].at,
    ) = (scene.head.commit, scene.bundle.made_at);
    Some(())
}

/// An accomplice's receipt for what was not for it.
pub(super) fn strange_receipt(scene: &mut Scene<'_>) -> Option<()> {
    let of = own_act(scene)?;
    let ends = [scene.me(), scene.other];
    let mut others = scene
        .world
        .exports
        .iter()
        .filter(|one| !ends.contains(&one.node));
    let friend: RegionKey = others.next()?.node;
    let mut made = receipts(scene).or_else(|| scene.bundle.letters.first().cloned())?;
    let receipt = receipt_for(scene, of, scene.bundle.made_at);
    say(&mut made, &Message::Receipts(vec![receipt]));
    made.envelope.id = scene.id();
    made.envelope.author = friend;
    made.envelope.addressee = scene.me();
    let mut log = scene
        .world
        .truth
        .rows
        .iter()
        .filter(|row| row.node == friend && row.said.is_empty());
    let row = log.next_back()?;
    made.envelope.written_at = row.at;
    let key = scene.world.key_of(friend).key.clone();
    let head = LogHead {
        epoch: row.epoch,
        commit: row.commit - 1,
        hash: row.before,
    };
    sign(&mut made, head, &key);
    scene.liars.insert(friend);
    let mut bundle = Bundle {
        letters: vec![made],
        standings: Vec::new(),
        contacts: Vec::new(),
        ..scene.base.bundle.clone()
    };
    bundle.certificates.push((friend, key.chain()));
    scene.beside.push(Handed { bundle, seal: None });
    Some(())
}

/// A leg that its giver closed is open in the giver's file.
pub(super) fn still_open(scene: &mut Scene<'_>) -> Option<()> {
    let me = scene.me();
    let mut closed = scene
        .bundle
        .standings
        .iter()
        .filter(|one| one.closed_at.is_some() && one.giver == me);
    let leg = closed.next()?.leg;
    let standings = scene.bundle.standings.iter_mut();
    standings
        .filter(|one| one.leg == leg)
        .for_each(|one| one.closed_at = None);
    // It leaves out what would show it in its own file.
    let closes = |letter: &Letter| {
        matches!(
            message(&letter.envelope),
            Some(Message::Leg { leg: of, act: Act::Recall { .. } | Act::ClosedSince { .. }, .. }) if of == leg
        )
    };
    let gone: Vec<Letter> = scene
        .bundle
        .letters
        .iter()
        .filter(|one| closes(one))
        .cloned()
        .collect();
    if scene.rng.percent(50) {
        for letter in gone {
            let of = what(&letter.envelope);
            scene.bundle.letters.retain(|one| what(&one.envelope) != of);
            scene.claims.push(Claim::NeverWrote(of));
        }
    }
    scene.claims.push(Claim::StillOpen(leg));
    Some(())
}

/// Nothing is said of where a leg stands, or a taker says that it goes on.
pub(super) fn no_standing(scene: &mut Scene<'_>) -> Option<()> {
    let me = scene.me();
    let taken =
        |one: &&hotline::evidence::bundle::Standing| one.taker == me && one.closed_at.is_some();
    let closed = scene.bundle.standings.iter().find(taken).map(|one| one.leg);
    match closed.filter(|_| scene.rng.percent(50)) {
        Some(leg) => {
            let standings = scene.bundle.standings.iter_mut();
            standings
                .filter(|one| one.leg == leg)
                .for_each(|one| one.closed_at = None);
            scene.claims.push(Claim::StillOpen(leg));
        }
        None => {
            let leg = scene.bundle.standings.first()?.leg;
            scene.bundle.standings.retain(|one| one.leg != leg);
            scene.claims.push(Claim::NoStanding(leg));
        }
    }
    Some(())
}

/// A field is gone from a letter of its own, "at the petitioner's wish".
pub(super) fn erased(scene: &mut Scene<'_>) -> Option<()> {
    let places = scene.places(|letter| {
        let shown = scene.is_own(letter)
            || matches!(letter.way, Way::Received(_)) && !letter.envelope.is_shut();
        shown && !letter.envelope.fields.is_empty()
    });
    if places.is_empty() {
        return None;
    }
    let at = *scene.rng.pick(&places);
    scene.bundle.letters[at].envelope.fields.clear();
    let id = scene.bundle.letters[at].envelope.id;
    scene.claims.push(Claim::OtherBytes(id));
    Some(())
}

/// What came of a letter is not what its own receipt says.
pub(super) fn other_effect(scene: &mut Scene<'_>) -> Option<()> {
    let (world, me) = (scene.world, scene.me());
    let receipted = |letter: &Letter| {
        let of = what(&letter.envelope);
        let mut receipts = world.truth.receipts(&of);
        matches!(letter.way, Way::Received(_)) && receipts.any(|(row, ..)| row.node == me)
    };
    let at = scene.pick(receipted)?;
    let of = what(&scene.bundle.letters[at].envelope);
    let Way::Received(effect) = scene.bundle.letters[at].way else {
        return None;
    };
    let other = match effect {
        Effect::Late => Effect::Refused,
        _ => Effect::Late,
    };
    for letter in &mut scene.bundle.letters {
        if what(&letter.envelope) == of {
            letter.way = Way::Received(other);
        }
    }
    scene.claims.push(Claim::OtherEffect(of));
    Some(())
}
