//! What is said otherwise the second time, under an id, a number, or a leg.

use crate::lies::life::truth::{Row, message, what};
use crate::lies::scene::{Claim, Handed, Scene, edit, head_of, sign};
use hotline::evidence::bundle::{Bundle, Letter};
use hotline_domain::leg::{Act, Asking, Lane};
use hotline_domain::link::{LogHead, Message};

/// An own act of the scene that fits.
fn act(scene: &mut Scene<'_>, fits: fn(&Act) -> bool) -> Option<usize> {
    let places = scene.places(|letter| {
        let said = message(&letter.envelope);
        scene.is_own(letter) && matches!(said, Some(Message::Leg { act, .. }) if fits(&act))
    });
    match places.is_empty() {
        true => None,
        false => Some(*scene.rng.pick(&places)),
    }
}

fn is_numbered(act: &Act) -> bool {
    matches!(
        act,
        Act::Offer(_) | Act::Request { .. } | Act::Ruling { .. } | Act::NewDue { .. }
    )
}

/// Says something that the true act excludes.
fn otherwise(letter: &mut Letter, no: u8) {
    edit(letter, |said| {
        let Message::Leg { act, at, .. } = said else {
            return;
        };
        match act {
            Act::Offer(offer) => offer.category = format!("010{no}"),
            Act::Ruling { granted, basis, .. } => {
                *granted = !*granted;
                *basis = format!("另一意见{no}");
            }
            Act::NewDue { due, .. } => due.at = due.at.plus_millis(86_400_000 * i64::from(no + 1)),
            Act::Request { asking, .. } => {
                *asking = Asking::Escalation {
                    ground: format!("other-{no}"),
                };
            }
            Act::Progress { stage } => *stage = format!("other-{no}"),
            Act::Sign { deemed } => *deemed = !*deemed,
            _ => *at = at.plus_millis(i64::from(no) + 1),
        }
    });
}

/// Another content under an own id, in a commit that signed nothing; the true one is left out.
pub(super) fn contents(scene: &mut Scene<'_>) -> Option<()> {
    let at = act(scene, |_| true)?;
    let row = scene.unused()?;
    let true_one = what(&scene.bundle.letters[at].envelope);
    let mut other = scene.bundle.letters[at].clone();
    otherwise(&mut other, 7);
    scene.place(&mut other, row);
    scene
        .bundle
        .letters
        .retain(|letter| what(&letter.envelope) != true_one);
    let stated = what(&other.envelope);
    scene.insert(other);
    scene.claims.push(Claim::OtherContent(stated));
    Some(())
}

/// The same act again, said otherwise under another id in a commit that signed nothing.
fn again(scene: &mut Scene<'_>, at: usize, change: impl FnOnce(&mut Letter)) -> Option<Letter> {
    let row: &Row = scene.unused()?;
    let mut other = scene.bundle.letters[at].clone();
    change(&mut other);
    other.envelope.id = scene.id();
    scene.place(&mut other, row);
    Some(other)
}

fn keep(scene: &mut Scene<'_>, other: Letter) {
    scene.claims.push(Claim::OtherAct(what(&other.envelope)));
    scene.insert(other);
}

/// A leg is offered twice.
pub(super) fn offers(scene: &mut Scene<'_>) -> Option<()> {
    let at = act(scene, |act| matches!(act, Act::Offer(_)))?;
    let other = again(scene, at, |letter| otherwise(letter, 7))?;
    keep(scene, other);
    Some(())
}

/// The same, the other one under another epoch and shown by somebody else.
pub(super) fn offers_apart(scene: &mut Scene<'_>) -> Option<()> {
    let at = act(scene, |act| matches!(act, Act::Offer(_)))?;
    let mut other = scene.bundle.letters[at].clone();
    otherwise(&mut other, 5);
    other.envelope.id = scene.id();
    let head = head_of(&other)?;
    let head = LogHead {
        epoch: head.epoch + 1,
        ..head
    };
    scene.sign(&mut other, head);
    scene.claims.push(Claim::OtherAct(what(&other.envelope)));
    scene.show(vec![other]);
    Some(())
}

/// A numbered act twice.
pub(super) fn acts(scene: &mut Scene<'_>) -> Option<()> {
    let at = act(scene, |act| {
        is_numbered(act) && !matches!(act, Act::Offer(_))
    })?;
    let other = again(scene, at, |letter| otherwise(letter, 7))?;
    keep(scene, other);
    Some(())
}

/// A numbered act with another text.
pub(super) fn texts(scene: &mut Scene<'_>) -> Option<()> {
    let at = act(scene, is_numbered)?;
    scene.bundle.letters[at].envelope.fields.first()?;
    let other = again(scene, at, |letter| {
        letter.envelope.fields[0].hash = [0xee; 32]
    })?;
    keep(scene, other);
    Some(())
}

/// Over the other lane.
pub(super) fn lanes(scene: &mut Scene<'_>) -> Option<()> {
    let at = act(scene, is_numbered)?;
    let other = again(scene, at, |letter| {
        otherwise(letter, 7);
        letter.envelope.lane = match letter.envelope.lane {
            Lane::Urgent => Lane::Ordinary,
            Lane::Ordinary | Lane::Bulk => Lane::Urgent,
        };
    })?;
    keep(scene, other);
    Some(())
}

/// Several contents of one offer, each in a file of its own; the first to be looked at is of another epoch.
pub(super) fn many(scene: &mut Scene<'_>) -> Option<()> {
    let at = act(scene, |act| matches!(act, Act::Offer(_)))?;
    for no in 0..3u8 {
        let mut other = scene.bundle.letters[at].clone();
        otherwise(&mut other, no);
        other.envelope.id.0 = [no; 16];
        let row = scene.unused()?;
        scene.place(&mut other, row);
        if no == 0 {
            let head = head_of(&other)?;
            let head = LogHead {
                epoch: head.epoch + 1,
                ..head
            };
            scene.sign(&mut other, head);
        }
        scene.claims.push(Claim::OtherAct(what(&other.envelope)));
        scene.show(vec![other]);
    }
    Some(())
}

/// Two contents under one id, and an accomplice signs something of its own under that id.
pub(super) fn accomplice(scene: &mut Scene<'_>) -> Option<()> {
    contents(scene)?;
    let me = scene.me();
    let ends = [me, scene.other];
    let mut others = scene
        .world
        .exports
        .iter()
        .filter(|one| !ends.contains(&one.node) && one.late);
    let friend = others.next()?.node;
    let Some(Claim::OtherContent((_, id, _))) = scene.claims.last().cloned() else {
        return None;
    };
    let at = scene
        .places(|letter| letter.envelope.id == id)
        .first()
        .copied()?;
    let mut beside = scene.bundle.letters[at].clone();
    let key = scene.world.key_of(friend).key.clone();
    beside.envelope.author = friend;
    let mut log = scene
        .world
        .truth
        .rows
        .iter()
        .filter(|row| row.node == friend && row.said.is_empty());
    let row = log.next_back()?;
    beside.envelope.written_at = row.at;
    let head = LogHead {
        epoch: row.epoch,
        commit: row.commit - 1,
        hash: row.before,
    };
    sign(&mut beside, head, &key);
    scene.liars.insert(friend);
    let mut bundle = Bundle {
        letters: vec![beside],
        standings: Vec::new(),
        contacts: Vec::new(),
        ..scene.base.bundle.clone()
    };
    bundle
        .certificates
        .push((friend, hotline_domain::evidence::Signer::chain(&key)));
    scene.beside.push(Handed { bundle, seal: None });
    Some(())
}
