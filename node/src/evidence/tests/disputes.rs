//! Honest nodes are believed, years later and over rotated certificates; a lying one is convicted by two files.

use super::pair::{CITY, COUNTY, Pair, letter};
use crate::evidence::bundle::{Bundle, Way};
use crate::evidence::cross::{Conviction, cross};
use crate::evidence::examine::{Seal, hands_over};
use crate::identity::Subject;
use crate::identity::authority::Reason;
use crate::identity::revocation::CertificateId;
use hotline_domain::command::Verb;
use hotline_domain::evidence::{Delivery, Effect, Signer as _, merkle, sign, signed_bytes};
use hotline_domain::id::{EnvelopeId, LegId, MatterId};
use hotline_domain::kernel::{Input, LinkNews};
use hotline_domain::leg::Act;
use hotline_domain::link::Message;
use hotline_topology::RegionKey;

/// A matter that went down, was signed for, asked back and refused, over a rotation of both certificates.
pub(super) fn lived() -> (Pair, MatterId, LegId) {
    let mut pair = Pair::new();
    let (matter, leg) = pair.give();
    pair.deliver();
    pair.ask(1, Verb::Sign { leg });
    pair.deliver();
    pair.days(80);
    pair.rotate(0);
    pair.rotate(1);
    let stage = "contacted".to_owned();
    pair.ask(1, Verb::Progress { leg, stage });
    pair.deliver();
    (pair, matter, leg)
}

pub(super) fn who(found: &[Conviction]) -> Vec<(RegionKey, &'static str)> {
    let mut who: Vec<_> = found.iter().map(|one| (one.who, one.rule)).collect();
    who.sort_unstable();
    who.dedup();
    who
}

#[test]
fn years_later_both_files_are_sound_and_every_hand_over_is_receipted() {
    let (pair, matter, leg) = lived();
    // Every certificate in use has run out long ago.
    pair.days(700);
    for subject in [leg.to_string(), matter.to_string()] {
        let files = [0, 1].map(|at| {
            let bytes = pair.file(at, &subject);
            let file = pair.examine(&format!("{at}"), &bytes);
            assert_eq!(file.faults, Vec::<String>::new());
            assert_eq!(file.seal, Seal::Good, "sealed at the last commit");
            file
        });
        assert_eq!(who(&cross(&files)), []);
        for file in &files {
            let handed = file.letters.iter().zip(&file.file.bundle.letters);
            let own = handed.filter(|(seen, letter)| {
                letter.envelope.author == file.file.bundle.node && hands_over(seen.message.as_ref())
            });
            assert!(own.count() >= 1);
            assert!(!file.deliveries.is_empty());
            for (_, delivery) in &file.deliveries {
                let Delivery::Receipted { effect, .. } = delivery else {
                    panic!("{delivery:?}")
                };
                assert_eq!(*effect, Effect::Applied);
            }
            let shown = crate::evidence::words::report(&files[..1], &[], true);
            assert!(shown.as_str().contains("证据完好"), "{shown:?}");
        }
        // Two certificates of each node are in use.
        let certificates = &files[0].file.bundle.certificates;
        assert_eq!(certificates.len(), 4, "{}", certificates.len());
    }
}

#[test]
fn what_was_revoked_after_the_witness_still_counts_and_before_does_not() {
    let (mut pair, _, leg) = lived();
    let file = pair.file(1, &leg.to_string());
    let old = pair.nodes[1].notary.chain();
    pair.days(1);
    let ders = [rustls_pki_types::CertificateDer::from(old[0].as_slice())];
    let serial = CertificateId::of_chain(&ders).unwrap().remove(0).serial;
    let now = crate::clock::Clock::now(&*pair.clock);
    pair.authority
        .revoke(&serial, now, Reason::KeyCompromise)
        .unwrap();
    assert_eq!(pair.examine("then", &file).faults, Vec::<String>::new());
    // Whoever holds the key now cannot make a letter that counts: nobody witnessed it before.
    pair.ask(
        1,
        Verb::Progress {
            leg,
            stage: "on-site".into(),
        },
    );
    let later = pair.file(1, &leg.to_string());
    let found = pair.examine("now", &later);
    assert!(matches!(found.seal, Seal::Broken(_)));
    assert_eq!(found.faults.len(), 2, "{:?}", found.faults);
    // The other node's machine refuses it, too, once it has the list.
    let material =
        crate::identity::Material::load_node(&pair.authority.folder_of(&Subject::Node(CITY)));
    pair.reload(0, material.unwrap());
    let before = pair.bundle(0, &leg.to_string()).0.letters.len();
    pair.pass(1);
    let after = pair.bundle(0, &leg.to_string()).0.letters;
    assert_eq!(after.len(), before, "nothing of it was taken");
}

#[test]
fn a_letter_signed_by_another_key_or_by_none_is_not_taken() {
    let mut pair = Pair::new();
    let (_, leg) = pair.give();
    pair.deliver();
    pair.ask(1, Verb::Sign { leg });
    pair.tamper_outbox(1, |proof| *proof = None);
    pair.pass(1);
    let letters = pair.bundle(0, &leg.to_string()).0.letters;
    let signs = letters
        .iter()
        .filter(|letter| matches!(letter.way, Way::Received(_)))
        .count();
    assert_eq!(
        signs, 2,
        "the receipt and the receipts of the offer, no signature for it"
    );
}

#[test]
fn never_got_it_is_judged_by_who_was_there() {
    let mut pair = Pair::new();
    let (_, leg) = pair.give();
    pair.days(1);
    let news = || Input::Link {
        peer: COUNTY,
        news: LinkNews::DialFailed,
    };
    pair.step(0, news());
    pair.step(0, news());
    let judged = |pair: &Pair| {
        let file = pair.file(0, &leg.to_string());
        pair.examine("city", &file).deliveries[0].1.clone()
    };
    assert!(matches!(judged(&pair), Delivery::PeerAway { tried: 2, .. }));
    pair.days(1);
    pair.meet(0);
    let held = judged(&pair);
    assert!(
        matches!(held, Delivery::HeldBack { signed: false, .. }),
        "{held:?}"
    );
    pair.deliver();
    assert!(matches!(judged(&pair), Delivery::Receipted { .. }));
}

/// The files of both, where one of them lies: `bend` edits its bundle, which it then seals.
fn against(
    liar: usize,
    bend: impl FnOnce(&Pair, LegId, &mut Bundle),
) -> Vec<(RegionKey, &'static str)> {
    let (pair, _, leg) = lived();
    let (mut bundle, head) = pair.bundle(liar, &leg.to_string());
    bend(&pair, leg, &mut bundle);
    let lie = pair.examine("lie", &pair.seal(liar, (bundle, head)));
    let truth = pair.examine("truth", &pair.file(1 - liar, &leg.to_string()));
    assert_eq!(lie.faults, Vec::<String>::new(), "its signatures are good");
    who(&cross(&[lie, truth]))
}

pub(super) fn offer_of(pair: &Pair, leg: LegId, bundle: &Bundle) -> EnvelopeId {
    let _ = pair;
    let is_offer = |letter: &&crate::evidence::bundle::Letter| {
        use hotline_domain::link::Wire as _;
        let envelope = &letter.envelope;
        matches!(
            crate::codec::payload::Codec.decode(envelope.kind, &envelope.payload),
            Ok(Message::Leg { leg: of, act: Act::Offer(_), .. }) if of == leg
        )
    };
    bundle.letters.iter().find(is_offer).unwrap().envelope.id
}

#[test]
fn a_taker_that_denies_what_it_receipted_is_convicted() {
    let found = against(1, |pair, leg, bundle| {
        let offer = offer_of(pair, leg, bundle);
        bundle.letters.retain(|letter| letter.envelope.id != offer);
    });
    assert_eq!(found, [(COUNTY, "denied-receipt")]);
}

#[test]
fn a_taker_that_hides_its_receipt_is_convicted_too() {
    let found = against(1, |pair, leg, bundle| {
        let offer = offer_of(pair, leg, bundle);
        let first = letter(bundle, offer);
        let commit = bundle.letters[first].commit;
        bundle.letters.retain(|letter| letter.commit != commit);
    });
    assert_eq!(
        found,
        [(COUNTY, "denied-letter"), (COUNTY, "denied-receipt")]
    );
}

/// Signs what a letter says now, alone in its commit, under the log head that it names.
pub(super) fn sign_anew(pair: &Pair, at: usize, letter: &mut crate::evidence::bundle::Letter) {
    let envelope = &mut letter.envelope;
    let mut proof = envelope.proof.clone().unwrap();
    let (root, _) = merkle::tree(&[envelope.statement()]);
    let signer = &pair.nodes[at].notary;
    let signature = signer
        .sign(&signed_bytes(&root, &proof.head.unwrap()))
        .unwrap();
    (proof.leaves, proof.index, proof.path) = (1, 0, Vec::new());
    proof.signature = signature.bytes;
    proof.certificate = hotline_domain::evidence::fingerprint(&signer.chain()[0]);
    envelope.proof = Some(proof);
}

/// Another letter of the same commit that says what `edit` makes of this one.
fn another(
    pair: &Pair,
    at: usize,
    bundle: &mut Bundle,
    letter: usize,
    edit: impl FnOnce(&mut Message),
) {
    use hotline_domain::link::Wire as _;
    let mut other = bundle.letters[letter].clone();
    let codec = crate::codec::payload::Codec;
    let mut message = codec
        .decode(other.envelope.kind, &other.envelope.payload)
        .unwrap();
    edit(&mut message);
    other.envelope.payload = codec.encode(&message);
    other.envelope.id = EnvelopeId([0x77; 16]);
    other.at = bundle.made_at;
    sign_anew(pair, at, &mut other);
    bundle.letters.push(other);
}

#[test]
fn a_giver_that_offers_one_leg_twice_is_convicted() {
    let found = against(0, |pair, leg, bundle| {
        let at = letter(bundle, offer_of(pair, leg, bundle));
        another(pair, 0, bundle, at, |message| {
            if let Message::Leg {
                act: Act::Offer(offer),
                ..
            } = message
            {
                offer.category = "0101".into();
            }
        });
    });
    assert_eq!(found, [(CITY, "two-acts")]);
}

#[test]
fn a_node_whose_log_has_two_heads_is_convicted() {
    let (pair, _, leg) = lived();
    let (bundle, mut head) = pair.bundle(0, &leg.to_string());
    let at = letter(&bundle, offer_of(&pair, leg, &bundle));
    let named = bundle.letters[at]
        .envelope
        .proof
        .as_ref()
        .unwrap()
        .head
        .unwrap();
    (head.commit, head.hash) = (named.commit, [0x22; 32]);
    let lie = pair.examine("lie", &pair.seal(0, (bundle, head)));
    let truth = pair.examine("truth", &pair.file(1, &leg.to_string()));
    assert_eq!(who(&cross(&[lie, truth])), [(CITY, "forked-log")]);
}

#[test]
fn a_taker_that_receipts_what_it_does_not_hold_is_convicted() {
    let found = against(1, |pair, leg, bundle| {
        let offer = offer_of(pair, leg, bundle);
        let receipts = |letter: &crate::evidence::bundle::Letter| {
            letter.envelope.author == COUNTY
                && letter.envelope.kind == hotline_domain::link::MessageKind::Receipts as u32
        };
        let at = bundle.letters.iter().position(receipts).unwrap();
        another(pair, 1, bundle, at, |message| {
            if let Message::Receipts(of) = message {
                of.retain(|receipt| receipt.envelope == offer);
                of[0].statement = [0x33; 32];
            }
        });
    });
    assert_eq!(found, [(COUNTY, "false-receipt")]);
}

#[test]
fn a_giver_that_shows_another_offer_is_convicted() {
    let found = against(0, |pair, leg, bundle| {
        let at = letter(bundle, offer_of(pair, leg, bundle));
        bundle.letters[at].envelope.fields[0].hash = [0xee; 32];
        // Its present key did not exist when the offer was made; it dates the letter to now.
        bundle.letters[at].at = bundle.made_at;
        sign_anew(pair, 0, &mut bundle.letters[at]);
    });
    assert_eq!(found, [(CITY, "two-statements")]);
}

#[test]
fn a_log_that_was_written_anew_is_convicted_by_any_letter_from_before() {
    let found = against(1, |_, _, bundle| {
        for letter in &mut bundle.letters {
            letter.chain_before = [0x11; 32];
        }
    });
    assert_eq!(found, [(COUNTY, "rewritten-log")]);
}

#[test]
fn a_giver_that_says_open_to_one_and_closed_to_another_is_convicted() {
    let (mut pair, _, leg) = lived();
    pair.ask(0, Verb::Recall { leg });
    pair.deliver();
    let (mut bundle, head) = pair.bundle(0, &leg.to_string());
    bundle.standings[0].closed_at = None;
    let lie = pair.examine("lie", &pair.seal(0, (bundle, head)));
    let truth = pair.examine("truth", &pair.file(1, &leg.to_string()));
    assert_eq!(who(&cross(&[lie, truth])), [(CITY, "closed-and-open")]);
}

#[test]
fn nothing_is_signed_twice_and_a_commit_without_letters_not_at_all() {
    let pair = Pair::new();
    let mut commit = hotline_domain::kernel::Commit::default();
    let view = hotline_domain::view::MemoryView::default();
    sign(
        &mut commit,
        CITY,
        &view,
        &pair.nodes[0].notary,
        (0, [0; 32]),
    )
    .unwrap();
    assert_eq!(commit, hotline_domain::kernel::Commit::default());
}
