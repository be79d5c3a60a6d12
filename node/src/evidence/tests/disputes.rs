//! Honest nodes are believed, years later and over rotated certificates; a lying one is convicted by two files.

use super::pair::{CITY, COUNTY, Pair, letter};
use crate::evidence::bundle::{self, Bundle, Way};
use crate::evidence::examine::hands_over;
use crate::evidence::judge::Judged;
use crate::evidence::verdict::Class;
use crate::evidence::words::report;
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

/// Who is convicted, by which rules.
pub(super) fn who(judged: &Judged) -> Vec<(RegionKey, &'static str)> {
    let lies = judged.findings.iter().filter(|one| one.class == Class::Lie);
    let mut who: Vec<_> = lies.map(|one| (one.who, one.rule)).collect();
    who.sort_unstable();
    who.dedup();
    who
}

/// What else was found.
pub(super) fn others(judged: &Judged) -> Vec<(Class, &'static str)> {
    let others = judged.findings.iter().filter(|one| one.class != Class::Lie);
    let mut others: Vec<_> = others.map(|one| (one.class, one.rule)).collect();
    others.dedup();
    others
}

#[test]
fn years_later_both_files_agree_and_every_hand_over_is_receipted() {
    let (mut pair, matter, leg) = lived();
    // Every certificate that signed a letter has run out long ago; those of today seal the files.
    pair.days(700);
    pair.rotate(0);
    pair.rotate(1);
    for subject in [leg.to_string(), matter.to_string()] {
        let files = [0, 1].map(|at| pair.file(at, &subject));
        let judged = pair.judge(&[("city", &files[0]), ("county", &files[1])]);
        assert_eq!(judged.findings, []);
        assert_eq!(judged.exit(), 0);
        assert_eq!(judged.absent, []);
        for (file, delivered) in judged.files.iter().zip(&judged.deliveries) {
            assert!(file.head().is_some());
            assert!(file.letters.iter().all(|seen| seen.speaks()));
            let own = file.seen().filter(|(letter, seen)| {
                letter.envelope.author == file.node() && hands_over(seen.message.as_ref())
            });
            assert_eq!(own.count(), delivered.len());
            assert!(!delivered.is_empty());
            for (_, delivery) in delivered {
                let Delivery::Receipted { effect, .. } = delivery else {
                    panic!("{delivery:?}")
                };
                assert_eq!(*effect, Effect::Applied);
            }
        }
        let shown = report(&judged);
        assert!(
            shown.as_str().contains("所给 2 份文件在所列交办上一致"),
            "{shown:?}"
        );
        // Three certificates of each node are in use: two signed letters, one the seal.
        let certificates = &judged.files[0].file.bundle.certificates;
        assert_eq!(certificates.len(), 5, "{}", certificates.len());
        // One file alone says who gave none.
        let alone = pair.judge(&[("city", &files[0])]);
        assert_eq!(alone.absent, [COUNTY]);
        assert!(report(&alone).as_str().contains("未提交盖章证据的各方"));
        // By its seal of today the city stands by what it signed under what has run out.
        assert_eq!(alone.exit(), 0);
    }
}

#[test]
fn what_ran_out_and_nobody_saw_is_not_provable() {
    let mut pair = Pair::new();
    let (_, leg) = pair.give();
    pair.days(700);
    // Nobody has a key of today that stands by it.
    let unsealed = bundle::write(&pair.bundle(0, &leg.to_string()).0, None).unwrap();
    for file in [unsealed, pair.file(0, &leg.to_string())] {
        let judged = pair.judge(&[("city", &file)]);
        assert_eq!(who(&judged), []);
        assert!(others(&judged).contains(&(Class::Unproven, "letters")));
        assert_eq!(judged.exit(), 3);
        assert!(report(&judged).as_str().contains("不能证明"));
    }
}

/// The county's certificate is revoked, and the city's file judged then.
fn revoked(reason: Reason, adopt: bool) -> Judged {
    let (mut pair, _, leg) = lived();
    let old = pair.nodes[1].notary.chain();
    pair.days(1);
    let ders = [rustls_pki_types::CertificateDer::from(old[0].as_slice())];
    let serial = CertificateId::of_chain(&ders).unwrap().remove(0).serial;
    let now = crate::clock::Clock::now(&*pair.clock);
    pair.authority.revoke(&serial, now, reason).unwrap();
    let city = pair.file(0, &leg.to_string());
    if adopt {
        pair.rotate(1);
    }
    let county = pair.file(1, &leg.to_string());
    pair.judge(&[("city", &city), ("county", &county)])
}

#[test]
fn a_stolen_key_counts_only_for_what_its_own_node_adopts() {
    // Superseded: whoever saw it before is believed.
    let superseded = revoked(Reason::Superseded, false);
    assert_eq!(
        others(&superseded),
        [(Class::Unproven, "seal")],
        "its old seal alone"
    );
    assert_eq!(who(&superseded), []);
    // Stolen: a receipt may be an accomplice's, and its date is what he likes.
    let stolen = revoked(Reason::KeyCompromise, false);
    let open = [(Class::Unproven, "letters"), (Class::Unproven, "seal")];
    assert_eq!(others(&stolen), open);
    assert_eq!(who(&stolen), []);
    assert_eq!(stolen.exit(), 3);
    // Under a new key its node stands by what it did write.
    let adopted = revoked(Reason::KeyCompromise, true);
    assert_eq!(adopted.findings, []);
}

#[test]
fn lists_past_their_renewal_convict_nobody() {
    let (pair, _, leg) = lived();
    let (mut bundle, head) = pair.bundle(1, &leg.to_string());
    let offer = offer_of(&bundle, leg);
    bundle.letters.retain(|letter| letter.envelope.id != offer);
    let lie = pair.seal(1, (bundle, head));
    let truth = pair.file(0, &leg.to_string());
    let files: [(&str, &[u8]); 2] = [("lie", &lie), ("truth", &truth)];
    assert_eq!(who(&pair.judge(&files)), [(COUNTY, "denied-receipt")]);
    let trusted = pair.trusted();
    pair.days(8);
    let given = files.map(|(name, bytes)| (name.to_owned(), crate::evidence::bundle::read(bytes)));
    let now = crate::clock::Clock::now(&*pair.clock);
    let judged = crate::evidence::judge::judge(given.to_vec(), &trusted, now);
    assert_eq!(who(&judged), []);
    assert_eq!(others(&judged), [(Class::Unproven, "lists")]);
}

#[test]
fn a_letter_under_a_revoked_key_is_not_taken_once_the_list_is_here() {
    let (mut pair, _, leg) = lived();
    let old = pair.nodes[1].notary.chain();
    let ders = [rustls_pki_types::CertificateDer::from(old[0].as_slice())];
    let serial = CertificateId::of_chain(&ders).unwrap().remove(0).serial;
    let now = pair.now();
    let compromised = Reason::KeyCompromise;
    pair.authority.revoke(&serial, now, compromised).unwrap();
    let stage = "on-site".to_owned();
    pair.ask(1, Verb::Progress { leg, stage });
    let city = pair.authority.folder_of(&Subject::Node(CITY));
    pair.reload(0, crate::identity::Material::load_node(&city).unwrap());
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
        let judged = pair.judge(&[("city", &file)]);
        judged.deliveries[0][0].1.clone()
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

/// What is found in the files of both, where one of them lies: `bend` edits its bundle, which it then seals.
fn against(
    liar: usize,
    bend: impl FnOnce(&Pair, LegId, &mut Bundle),
) -> Vec<(RegionKey, &'static str)> {
    let (pair, _, leg) = lived();
    let (mut bundle, head) = pair.bundle(liar, &leg.to_string());
    bend(&pair, leg, &mut bundle);
    let lie = pair.seal(liar, (bundle, head));
    let truth = pair.file(1 - liar, &leg.to_string());
    let judged = pair.judge(&[("lie", &lie), ("truth", &truth)]);
    assert_eq!(judged.unusable, []);
    who(&judged)
}

pub(super) fn offer_of(bundle: &Bundle, leg: LegId) -> EnvelopeId {
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
    let found = against(1, |_, leg, bundle| {
        let offer = offer_of(bundle, leg);
        bundle.letters.retain(|letter| letter.envelope.id != offer);
    });
    assert_eq!(found, [(COUNTY, "denied-receipt")]);
}

#[test]
fn a_taker_that_hides_its_receipt_is_convicted_too() {
    let found = against(1, |_, leg, bundle| {
        let offer = offer_of(bundle, leg);
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
        let at = letter(bundle, offer_of(bundle, leg));
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
    let signed_on = [
        (CITY, "moved-times"),
        (CITY, "two-acts"),
        (CITY, "two-roots"),
    ];
    assert_eq!(found, signed_on);
}

#[test]
fn a_node_whose_log_has_two_heads_is_convicted() {
    let (pair, _, leg) = lived();
    let (bundle, mut head) = pair.bundle(0, &leg.to_string());
    let at = letter(&bundle, offer_of(&bundle, leg));
    let named = bundle.letters[at]
        .envelope
        .proof
        .as_ref()
        .unwrap()
        .head
        .unwrap();
    (head.commit, head.hash) = (named.commit, [0x22; 32]);
    let lie = pair.seal(0, (bundle, head));
    let truth = pair.file(1, &leg.to_string());
    let judged = pair.judge(&[("lie", &lie), ("truth", &truth)]);
    let turned = [
        (CITY, "forked-log"),
        (CITY, "moved-times"),
        (CITY, "time-turned"),
    ];
    assert_eq!(who(&judged), turned);
}

#[test]
fn a_taker_that_receipts_what_it_does_not_hold_is_convicted() {
    let found = against(1, |pair, leg, bundle| {
        let offer = offer_of(bundle, leg);
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
    let signed_on = [
        (COUNTY, "false-receipt"),
        (COUNTY, "moved-times"),
        (COUNTY, "two-roots"),
    ];
    assert_eq!(found, signed_on);
}

#[test]
fn a_giver_that_shows_another_offer_is_convicted() {
    let found = against(0, |pair, leg, bundle| {
        let at = letter(bundle, offer_of(bundle, leg));
        bundle.letters[at].envelope.fields[0].hash = [0xee; 32];
        // Its present key did not exist when the offer was made; it dates the letter to now.
        bundle.letters[at].at = bundle.made_at;
        sign_anew(pair, 0, &mut bundle.letters[at]);
    });
    let signed_on = [
        (CITY, "moved-times"),
        (CITY, "two-roots"),
        (CITY, "two-statements"),
    ];
    assert_eq!(found, signed_on);
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
    let lie = pair.seal(0, (bundle, head));
    let truth = pair.file(1, &leg.to_string());
    let judged = pair.judge(&[("lie", &lie), ("truth", &truth)]);
    assert_eq!(who(&judged), [(CITY, "closed-and-open")]);
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
