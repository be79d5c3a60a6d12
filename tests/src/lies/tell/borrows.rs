//! Others' signatures, others' keys, others' files.

use crate::lies::life::keys::Key;
use crate::lies::life::truth::{message, what};
use crate::lies::scene::{Claim, Handed, Scene, edit, head_of, minutes, say, sign};
use hotline::evidence::bundle::{Bundle, Letter, Way};
use hotline_domain::evidence::{Effect, Receipted, Signer as _};
use hotline_domain::exchange::PastAct;
use hotline_domain::leg::{Act, Party};
use hotline_domain::link::{Message, MessageKind};

/// The other end's honest file of before, as if it were all there is.
pub(super) fn old_file(scene: &mut Scene<'_>) -> Option<()> {
    let old = scene.world.export(scene.other, scene.base.subject, false)?;
    let key = scene
        .world
        .issued(&old.file.seal.as_ref()?.certificate)?
        .key
        .clone();
    scene.beside.push(Handed {
        bundle: old.bundle.clone(),
        seal: Some((key, old.head)),
    });
    scene.replaced.insert(scene.other);
    scene.claims.push(Claim::Replayed(scene.other));
    // The liar's own file stays true.
    Some(())
}

/// A file of the other end without its seal, some letters cut out.
pub(super) fn unsealed(scene: &mut Scene<'_>) -> Option<()> {
    let true_one = scene.world.export(scene.other, scene.base.subject, true)?;
    let mut bundle = true_one.bundle.clone();
    let keep = scene.rng.below(bundle.letters.len() as u64 + 1);
    bundle.letters.truncate(usize::try_from(keep).unwrap_or(0));
    scene.beside.push(Handed { bundle, seal: None });
    Some(())
}

/// A letter of the other end that was never written, by whoever has its stolen key.
fn forged(scene: &mut Scene<'_>, key: &Key) -> Option<Letter> {
    let robbed = key.node;
    let places = scene.places(|letter| {
        letter.envelope.author == robbed
            && letter.envelope.kind == MessageKind::Leg as u32
            && !letter.envelope.is_shut()
            && head_of(letter).is_some()
    });
    if places.is_empty() {
        return None;
    }
    let at = *scene.rng.pick(&places);
    let mut letter = scene.bundle.letters[at].clone();
    edit(&mut letter, |said| {
        if let Message::Leg { act, .. } = said {
            match act {
                Act::Offer(offer) => offer.category = "0101".into(),
                Act::NewDue { due, .. } => due.at = minutes(due.at, 1440),
                Act::Ruling { granted, .. } => *granted = !*granted,
                act => {
                    *act = Act::Progress {
                        stage: "forged".into(),
                    };
                }
            }
        }
    });
    if scene.rng.percent(50) {
        letter.envelope.id = scene.id();
    }
    let back = i64::try_from(scene.rng.below(5000)).unwrap_or(0);
    letter.envelope.written_at = minutes(letter.envelope.written_at, -back);
    let head = head_of(&letter)?;
    sign(&mut letter, head, key);
    scene.claims.push(Claim::Forged(what(&letter.envelope)));
    Some(letter)
}

/// The stolen key of somebody who is not the liar, of the scene's ends.
fn stolen(scene: &Scene<'_>) -> Option<Key> {
    let stolen =
        |revoked: &Option<(hotline_topology::Time, bool)>| matches!(revoked, Some((_, true)));
    let mut keys = scene.world.issued.iter();
    let one = keys.find(|one| stolen(&one.revoked) && one.key.node == scene.other)?;
    Some(one.key.clone())
}

/// A thief's letter in a file of nobody's.
pub(super) fn thief(scene: &mut Scene<'_>) -> Option<()> {
    let key = stolen(scene)?;
    let letter = forged(scene, &key)?;
    scene.robbed.insert(key.node);
    scene.certify(&key);
    let mut bundle = Bundle {
        letters: vec![letter],
        standings: Vec::new(),
        contacts: Vec::new(),
        ..scene.base.bundle.clone()
    };
    bundle.certificates.push((key.node, key.chain()));
    scene.beside.push(Handed { bundle, seal: None });
    Some(())
}

/// The liar holds a thief's letter in its sealed file, and receipts it.
pub(super) fn thief_and_accomplice(scene: &mut Scene<'_>) -> Option<()> {
    let key = stolen(scene)?;
    let mut letter = forged(scene, &key)?;
    scene.robbed.insert(key.node);
    scene.certify(&key);
    let row = scene.unused()?;
    (letter.commit, letter.at, letter.chain_before) = (row.commit, row.at, row.before);
    letter.way = Way::Received(Effect::Applied);
    let kind = |letter: &&Letter| letter.envelope.kind == MessageKind::Receipts as u32;
    let own = scene
        .bundle
        .letters
        .iter()
        .filter(kind)
        .find(|one| scene.is_own(one))
        .cloned();
    if let Some(mut receipt) = own {
        let envelope = &letter.envelope;
        let of = Receipted {
            envelope: envelope.id,
            leg: envelope.leg,
            statement: envelope.statement(),
            effect: Effect::Applied,
            at: row.at,
        };
        say(&mut receipt, &Message::Receipts(vec![of]));
        receipt.envelope.id = scene.id();
        scene.place(&mut receipt, row);
        scene.insert(receipt);
    }
    scene.insert(letter);
    Some(())
}

/// The liar dates a letter back, and an accomplice that is not its addressee receipts it.
pub(super) fn together(scene: &mut Scene<'_>) -> Option<()> {
    super::pretends::strange_receipt(scene)
}

/// True signatures put under other content, as anybody can without a key: a shut letter says nothing.
pub(super) fn dressed(scene: &mut Scene<'_>) -> Option<()> {
    let other = scene.other;
    let at = scene.pick(|letter| letter.envelope.author == other && !letter.envelope.is_shut())?;
    let mut letter = scene.bundle.letters[at].clone();
    letter.envelope.sealed = Some(letter.envelope.statement());
    if scene.rng.percent(50) {
        letter.envelope.id = scene.id();
    }
    edit_shut(&mut letter);
    scene.show(vec![letter]);
    Some(())
}

/// Another content under what is stated.
fn edit_shut(letter: &mut Letter) {
    let stated = letter.envelope.sealed.take();
    edit(letter, |said| match said {
        Message::Leg { act, .. } => {
            if let Act::Offer(offer) = act {
                offer.category = "0101".into();
            } else {
                *act = Act::Progress {
                    stage: "dressed".into(),
                };
            }
        }
        Message::Receipts(of) => of.iter_mut().for_each(|one| one.statement = [0x44; 32]),
        _ => {}
    });
    letter.envelope.sealed = stated;
}

/// A letter that went through shut is shown by its relay as proof of what it says.
pub(super) fn shut(scene: &mut Scene<'_>) -> Option<()> {
    let at = scene.pick(|letter| letter.envelope.is_shut())?;
    let mut letter = scene.bundle.letters[at].clone();
    letter.envelope.key_id = 0;
    letter.envelope.payload = vec![1, 2, 3];
    scene.show(vec![letter]);
    Some(())
}

/// The liar's own word of what the other end did, without its letter.
pub(super) fn past(scene: &mut Scene<'_>) -> Option<()> {
    let other = scene.other;
    let at = scene.pick(|letter| {
        let said = message(&letter.envelope);
        letter.envelope.author == other && matches!(said, Some(Message::Leg { .. }))
    })?;
    let form = scene.bundle.letters[at].clone();
    let places = scene.places(|letter| scene.is_own(letter));
    let own = places.first().copied()?;
    let Some(Message::Leg { leg, at: when, .. }) = message(&form.envelope) else {
        return None;
    };
    let row = scene.unused()?;
    let mut told = scene.bundle.letters[own].clone();
    let act = Act::Progress {
        stage: "told".into(),
    };
    let by = match scene.world.legs.iter().find(|one| one.leg == leg)?.giver == other {
        true => Party::Giver,
        false => Party::Taker,
    };
    let said = Message::Past(PastAct {
        leg,
        by,
        at: when,
        nth: 1,
        act,
        letter: None,
    });
    say(&mut told, &said);
    told.envelope.id = scene.id();
    scene.place(&mut told, row);
    scene.insert(told);
    Some(())
}
