//! Others in the crowd: accomplices who sign beside, and people without a key who dress true signatures up.

use super::disputes::{lived, offer_of, sign_anew, who};
use super::pair::{CITY, COUNTY, Pair, letter};
use crate::codec::payload::Codec;
use crate::evidence::bundle::{Bundle, Letter, Way, read, write};
use crate::evidence::judge::Judged;
use crate::evidence::verdict::Finding;
use crate::evidence::words::{report, report_json};
use hotline_domain::command::Verb;
use hotline_domain::evidence::{Delivery, Effect, Receipted};
use hotline_domain::id::{EnvelopeId, LegId};
use hotline_domain::leg::Act;
use hotline_domain::link::{Message, MessageKind, Wire as _};

/// What all orders of the same files say, which must be one thing.
fn verdict(pair: &Pair, files: &[(&str, &[u8])]) -> Judged {
    let mut orders = Vec::new();
    for turn in 1..files.len() {
        let mut turned = files.to_vec();
        turned.rotate_left(turn);
        orders.push(turned.clone());
        turned.reverse();
        orders.push(turned);
    }
    let told: Vec<Finding> = pair.judge(files).findings;
    for order in orders {
        let other = pair.judge(&order).findings;
        assert_eq!(other, told, "the order of files changed the verdict");
    }
    pair.judge(files)
}

fn unsealed(bundle: &Bundle) -> Vec<u8> {
    write(bundle, None).unwrap()
}

/// A file of nobody's with this one letter.
fn only(bundle: &Bundle, letter: Letter) -> Bundle {
    Bundle {
        letters: vec![letter],
        standings: Vec::new(),
        contacts: Vec::new(),
        ..bundle.clone()
    }
}

/// The city's sealed file with another offer than the one it sent, and the county's true one.
fn two_offers() -> (Pair, LegId, Vec<u8>, Vec<u8>) {
    let (pair, _, leg) = lived();
    let (mut bundle, head) = pair.bundle(0, &leg.to_string());
    let at = letter(&bundle, offer_of(&bundle, leg));
    bundle.letters[at].envelope.fields[0].hash = [0xee; 32];
    bundle.letters[at].at = bundle.made_at;
    sign_anew(&pair, 0, &mut bundle.letters[at]);
    let lie = pair.seal(0, (bundle, head));
    let truth = pair.file(1, &leg.to_string());
    (pair, leg, lie, truth)
}

#[test]
fn an_accomplice_that_signs_under_the_same_id_saves_nobody() {
    let (pair, leg, lie, truth) = two_offers();
    let bundle = read(&truth).unwrap().bundle;
    let id = offer_of(&bundle, leg);
    let own = |letter: &&Letter| letter.envelope.author == COUNTY;
    let mut beside = bundle.letters.iter().find(own).unwrap().clone();
    beside.envelope.id = id;
    beside.at = bundle.made_at;
    sign_anew(&pair, 1, &mut beside);
    let beside = unsealed(&only(&bundle, beside));
    // Nor does either commit bear two signatures; and the accomplice's own file does not know what it signed for that.
    let both = [
        (CITY, "moved-times"),
        (CITY, "two-roots"),
        (CITY, "two-statements"),
        (COUNTY, "denied-letter"),
        (COUNTY, "two-roots"),
    ];
    let files: [(&str, &[u8]); 3] = [("a", &beside), ("b", &lie), ("c", &truth)];
    assert_eq!(who(&verdict(&pair, &files)), both);
    // Whatever the files are called, for they are looked at by what is in them.
    let files: [(&str, &[u8]); 3] = [("z", &beside), ("y", &lie), ("x", &truth)];
    assert_eq!(who(&verdict(&pair, &files)), both);
}

#[test]
fn every_content_of_an_act_is_compared_with_every_other() {
    let (pair, _, leg) = lived();
    let bundle = pair.bundle(0, &leg.to_string()).0;
    let offer = &bundle.letters[letter(&bundle, offer_of(&bundle, leg))];
    // The first to be looked at belongs to another past and excuses itself alone.
    let contents: Vec<Vec<u8>> = (0..3)
        .map(|no: u8| {
            let mut other = offer.clone();
            edit(&mut other, |message| {
                if let Message::Leg {
                    act: Act::Offer(offer),
                    ..
                } = message
                {
                    offer.category = format!("010{no}");
                }
            });
            other.envelope.id = EnvelopeId([0x70 + no; 16]);
            other.at = bundle.made_at;
            let proof = other.envelope.proof.as_mut().unwrap();
            proof.head.as_mut().unwrap().epoch += u64::from(no == 0);
            sign_anew(&pair, 0, &mut other);
            unsealed(&only(&bundle, other))
        })
        .collect();
    let files: Vec<(&str, &[u8])> = ["a", "b", "c"]
        .into_iter()
        .zip(contents.iter().map(Vec::as_slice))
        .collect();
    assert_eq!(who(&verdict(&pair, &files)), [(CITY, "two-acts")]);
}

fn edit(letter: &mut Letter, change: impl FnOnce(&mut Message)) {
    let envelope = &mut letter.envelope;
    let mut message = Codec.decode(envelope.kind, &envelope.payload).unwrap();
    change(&mut message);
    envelope.payload = Codec.encode(&message);
}

/// The city's file with a recall that never reached the county, and where that lies in it.
fn recalled() -> (Pair, LegId, Bundle, usize) {
    let (mut pair, _, leg) = lived();
    pair.ask(0, Verb::Recall { leg });
    let bundle = pair.bundle(0, &leg.to_string()).0;
    let recall = |letter: &Letter| {
        let envelope = &letter.envelope;
        matches!(
            Codec.decode(envelope.kind, &envelope.payload),
            Ok(Message::Leg {
                act: Act::Recall { .. },
                ..
            })
        )
    };
    let at = bundle.letters.iter().position(recall).unwrap();
    (pair, leg, bundle, at)
}

/// A true letter of receipts by the county.
fn true_receipts(bundle: &Bundle) -> Letter {
    let receipts = |letter: &&Letter| {
        letter.envelope.author == COUNTY && letter.envelope.kind == MessageKind::Receipts as u32
    };
    bundle.letters.iter().find(receipts).unwrap().clone()
}

/// Makes it say that the letter at `of` arrived.
fn receipt(bundle: &Bundle, of: usize) -> Letter {
    let mut made = true_receipts(bundle);
    let envelope = &bundle.letters[of].envelope;
    let one = Receipted {
        envelope: envelope.id,
        leg: envelope.leg,
        statement: envelope.statement(),
        effect: Effect::Applied,
        at: made.at,
    };
    made.envelope.payload = Codec.encode(&Message::Receipts(vec![one]));
    made.envelope.id = EnvelopeId([0x66; 16]);
    made
}

/// What is shown of the letter at that place of the one file.
fn delivery(found: &Judged, of: usize) -> &Delivery {
    let mut deliveries = found.deliveries[0].iter();
    &deliveries.find(|(at, _)| *at == of).unwrap().1
}

#[test]
fn a_receipt_that_is_not_signed_proves_nothing_beside_one_that_is() {
    let (pair, _, bundle, recall) = recalled();
    let before = pair.judge(&[("before", &unsealed(&bundle))]);
    assert!(!matches!(
        delivery(&before, recall),
        Delivery::Receipted { .. }
    ));
    // Bytes that are not what was signed make the file unusable, whoever shows it; what is true in it is shown by others.
    for first in [true, false] {
        let mut bundle = bundle.clone();
        let broken = receipt(&bundle, recall);
        let at = if first { 0 } else { bundle.letters.len() };
        bundle.letters.insert(at, broken);
        let found = pair.judge(&[("broken", &unsealed(&bundle))]);
        assert_eq!(found.unusable.len(), 1);
        assert_eq!(found.exit(), 2);
        assert!(found.files.is_empty());
    }
    // A certificate that is not in the file proves as little, and makes nobody a liar.
    let mut unknown = receipt(&bundle, recall);
    unknown.envelope.proof.as_mut().unwrap().certificate = [9; 32];
    let mut bundle = bundle;
    bundle.letters.push(unknown);
    let found = pair.judge(&[("unknown", &unsealed(&bundle))]);
    let shown = delivery(&found, recall);
    assert!(!matches!(shown, Delivery::Receipted { .. }), "{shown:?}");
    assert_eq!(found.files[0].letters[recall].seen_at, None);
}

/// Puts a true signature under whatever the letter says now, as anybody can without a key.
fn dress(letter: &mut Letter, signed: [u8; 32]) {
    letter.envelope.sealed = Some(signed);
}

#[test]
fn a_true_signature_dressed_up_as_a_receipt_is_no_receipt() {
    let (pair, _, mut bundle, recall) = recalled();
    let signed = true_receipts(&bundle).envelope.statement();
    let mut dressed = receipt(&bundle, recall);
    dress(&mut dressed, signed);
    bundle.letters.push(dressed);
    let found = pair.judge(&[("dressed", &unsealed(&bundle))]);
    let last = found.files[0].letters.last().unwrap();
    assert!(last.state.is_good() && last.shut && !last.speaks());
    assert_eq!(last.message, None);
    let shown = delivery(&found, recall);
    assert!(!matches!(shown, Delivery::Receipted { .. }), "{shown:?}");
    let told = report(&found);
    let told = told.as_str();
    assert!(told.contains("封装内容"), "{told}");
    assert!(told.contains("不作证"), "{told}");
    let json = report_json(&found);
    let letters = json["files"][0]["letters"].as_array().unwrap();
    assert_eq!(letters.last().unwrap()["proven"], false);
    assert_eq!(letters.last().unwrap()["sealed_to_addressee"], true);
}

#[test]
fn true_signatures_dressed_up_as_other_letters_convict_nobody() {
    let (pair, _, leg) = lived();
    let truths = [0, 1].map(|at| pair.file(at, &leg.to_string()));
    let bundle = read(&truths[0]).unwrap().bundle;
    let offer = offer_of(&bundle, leg);
    let true_offer = bundle.letters[letter(&bundle, offer)].clone();
    let signed = true_offer.envelope.statement();
    let mut dressed = Vec::new();
    // Another content under the same id; another act of the same number; a letter that was never written.
    let mut other = true_offer.clone();
    other.envelope.fields[0].hash = [0xee; 32];
    dress(&mut other, signed);
    dressed.push(other);
    let mut other = true_offer.clone();
    other.envelope.id = EnvelopeId([0x71; 16]);
    edit(&mut other, |message| {
        if let Message::Leg {
            act: Act::Offer(offer),
            ..
        } = message
        {
            offer.category = "0101".into();
        }
    });
    dress(&mut other, signed);
    dressed.push(other);
    // A receipt that the county never gave, for a letter that nobody wrote.
    let mut other = true_receipts(&bundle);
    let signed = other.envelope.statement();
    edit(&mut other, |message| {
        if let Message::Receipts(of) = message {
            of[0].envelope = EnvelopeId([0x72; 16]);
        }
    });
    other.envelope.leg = Some(leg);
    dress(&mut other, signed);
    dressed.push(other);
    // A true letter that only says that it is shut speaks no more than those.
    let mut other = true_offer;
    other.envelope.key_id = 7;
    dressed.push(other);
    for letter in dressed {
        let file = unsealed(&only(&bundle, letter.clone()));
        let judged = pair.judge(&[("dressed", &file)]);
        let seen = &judged.files[0].letters[0];
        assert!(seen.state.is_good(), "{seen:?}");
        assert!(!seen.speaks());
        let files: [(&str, &[u8]); 3] =
            [("d", &file), ("city", &truths[0]), ("county", &truths[1])];
        assert_eq!(who(&verdict(&pair, &files)), [], "{letter:?}");
    }
}

/// A seal has the label and head of a letter: shown as one, it speaks of nothing.
#[test]
fn a_seal_dressed_up_as_a_letter_convicts_nobody() {
    let (mut pair, _, leg) = lived();
    let early = pair.file(1, &leg.to_string());
    let stage = "on-site".to_owned();
    pair.ask(1, Verb::Progress { leg, stage });
    pair.deliver();
    let file = read(&early).unwrap();
    let own = |letter: &&Letter| letter.envelope.author == COUNTY;
    let mut dressed = file.bundle.letters.iter().find(own).unwrap().clone();
    dressed.envelope.id = EnvelopeId([0x73; 16]);
    dressed.envelope.proof.clone_from(&file.seal);
    dress(&mut dressed, file.statement);
    let dressed = unsealed(&only(&file.bundle, dressed));
    let late = [0, 1].map(|at| pair.file(at, &leg.to_string()));
    let files: [(&str, &[u8]); 3] = [("d", &dressed), ("city", &late[0]), ("county", &late[1])];
    assert_eq!(who(&verdict(&pair, &files)), []);
}

#[test]
fn the_head_in_a_shut_letters_signature_speaks_all_the_same() {
    let (pair, _, leg) = lived();
    let (bundle, mut head) = pair.bundle(0, &leg.to_string());
    let at = letter(&bundle, offer_of(&bundle, leg));
    let named = bundle.letters[at].envelope.proof.as_ref().unwrap();
    (head.commit, head.hash) = (named.head.unwrap().commit, [0x22; 32]);
    let lie = pair.seal(0, (only(&bundle, bundle.letters[at].clone()), head));
    let mut shut = bundle.letters[at].clone();
    let signed = shut.envelope.statement();
    dress(&mut shut, signed);
    let shut = unsealed(&only(&bundle, shut));
    let mut empty = read(&lie).unwrap().bundle;
    empty.letters.clear();
    let lie = pair.seal(0, (empty, head));
    let files: [(&str, &[u8]); 2] = [("shut", &shut), ("lie", &lie)];
    assert_eq!(who(&verdict(&pair, &files)), [(CITY, "forked-log")]);
}

/// What is shut in the exporter's own file is not held: it could be anything.
#[test]
fn a_taker_that_hides_what_it_receipted_behind_a_shut_letter_is_convicted() {
    let (pair, _, leg) = lived();
    let (mut bundle, head) = pair.bundle(1, &leg.to_string());
    let at = letter(&bundle, offer_of(&bundle, leg));
    assert!(matches!(bundle.letters[at].way, Way::Received(_)));
    let signed = bundle.letters[at].envelope.statement();
    dress(&mut bundle.letters[at], signed);
    bundle.letters[at].envelope.payload = vec![1, 2, 3];
    let lie = pair.seal(1, (bundle, head));
    let truth = pair.file(0, &leg.to_string());
    let files: [(&str, &[u8]); 2] = [("lie", &lie), ("truth", &truth)];
    assert_eq!(who(&verdict(&pair, &files)), [(COUNTY, "denied-receipt")]);
}
