//! A table of lies, each told in a sealed file of its liar: what must come out where nobody else gave a file, and where the
//! other end gave its honest one. The liar alone is ever convicted; that a lie goes unseen where nobody holds against it is
//! in the table, too.

use super::disputes::{lived, offer_of, others, sign_anew, who};
use super::pair::{CITY, COUNTY, Pair, letter};
use crate::codec::payload::Codec;
use crate::evidence::bundle::{Bundle, Letter, Way};
use crate::evidence::verdict::Class;
use hotline_domain::command::Verb;
use hotline_domain::evidence::Effect;
use hotline_domain::id::{EnvelopeId, LegId, MatterId};
use hotline_domain::leg::Act;
use hotline_domain::link::{LogHead, Message, MessageKind, Wire as _};
use hotline_topology::Time;

/// What a liar has to work with.
struct Told {
    pair: Pair,
    leg: LegId,
    matter: MatterId,
}

/// What must come out.
#[derive(Clone, Copy, Debug)]
enum Wanted {
    /// The liar is convicted by this rule, perhaps by others too.
    Lie(&'static str),
    /// Nobody is convicted; this is said.
    Open(Class),
    /// Nobody holds against it.
    Unseen,
}
use Wanted::{Lie, Open, Unseen};

/// A lie: whose, how it is told, and what must come out alone and against the other end.
type Row = (&'static str, usize, fn(&Told) -> Vec<u8>, Wanted, Wanted);

fn of_leg(told: &Told, at: usize) -> (Bundle, LogHead) {
    told.pair.bundle(at, &told.leg.to_string())
}

/// The liar's file of the leg, bent.
fn bent(told: &Told, at: usize, bend: impl FnOnce(&mut Bundle)) -> Vec<u8> {
    let (mut bundle, head) = of_leg(told, at);
    bend(&mut bundle);
    told.pair.seal(at, (bundle, head))
}

/// The county's log as it stood before it signed its last letter.
fn cut_short(told: &Told) -> (Bundle, LogHead) {
    let (mut bundle, _) = of_leg(told, 1);
    let own = |one: &&Letter| one.envelope.author == COUNTY;
    let last = bundle.letters.iter().rfind(own).unwrap();
    let head = last.envelope.proof.as_ref().unwrap().head.unwrap();
    bundle.letters.retain(|one| one.commit <= head.commit);
    (bundle, head)
}

fn is_own(letter: &Letter, of: &Bundle) -> bool {
    letter.envelope.author == of.node
}

/// What the last letter of the liar's own says, said otherwise under another id.
fn said_otherwise(
    told: &Told,
    at: usize,
    wanted: fn(&Act) -> bool,
    change: fn(&mut Letter),
) -> Vec<u8> {
    bent(told, at, |bundle| {
        let is_it = |letter: &Letter| {
            let envelope = &letter.envelope;
            let message = Codec.decode(envelope.kind, &envelope.payload);
            matches!(message, Ok(Message::Leg { act, .. }) if wanted(&act))
        };
        let it = bundle.letters.iter().rposition(is_it).unwrap();
        let mut other = bundle.letters[it].clone();
        other.envelope.id = EnvelopeId([0x77; 16]);
        change(&mut other);
        sign_anew(&told.pair, at, &mut other);
        bundle.letters.insert(it + 1, other);
    })
}

const LIES: [Row; 15] = [
    (
        "leaves out what it received",
        1,
        |told| {
            bent(told, 1, |bundle| {
                let offer = offer_of(bundle, told.leg);
                bundle.letters.retain(|one| one.envelope.id != offer);
                bundle.standings.clear();
            })
        },
        // Its own receipt lies beside.
        Lie("denied-receipt"),
        Lie("denied-receipt"),
    ),
    (
        "leaves out what it sent",
        1,
        |told| {
            bent(told, 1, |bundle| {
                let progress = |one: &Letter| {
                    let envelope = &one.envelope;
                    let message = Codec.decode(envelope.kind, &envelope.payload);
                    matches!(
                        message,
                        Ok(Message::Leg {
                            act: Act::Progress { .. },
                            ..
                        })
                    )
                };
                bundle.letters.retain(|one| !progress(one));
            })
        },
        Unseen,
        Lie("denied-letter"),
    ),
    (
        "seals an old log today",
        1,
        |told| told.pair.seal(1, cut_short(told)),
        // The seal's commit lies in the file with its time.
        Lie("moved-times"),
        Lie("time-turned"),
    ),
    (
        "seals an old log as of then",
        1,
        |told| {
            let (mut bundle, head) = cut_short(told);
            bundle.made_at = bundle.letters.last().unwrap().at;
            told.pair.seal(1, (bundle, head))
        },
        Unseen,
        Open(Class::TooOld),
    ),
    (
        "leaves a leg out of a whole matter",
        0,
        |told| {
            let (mut bundle, head) = told.pair.bundle(0, &told.matter.to_string());
            bundle.legs.clear();
            bundle.letters.clear();
            bundle.standings.clear();
            told.pair.seal(0, (bundle, head))
        },
        Unseen,
        Lie("denied-letter"),
    ),
    (
        "offers a leg twice",
        0,
        |told| {
            said_otherwise(
                told,
                0,
                |act| matches!(act, Act::Offer(_)),
                |letter| {
                    change(letter, |message| {
                        if let Message::Leg {
                            act: Act::Offer(offer),
                            ..
                        } = message
                        {
                            offer.category = "0101".into();
                        }
                    });
                },
            )
        },
        Lie("two-acts"),
        Lie("two-acts"),
    ),
    (
        "offers it once with two texts",
        0,
        |told| {
            said_otherwise(
                told,
                0,
                |act| matches!(act, Act::Offer(_)),
                |letter| letter.envelope.fields[0].hash = [0xee; 32],
            )
        },
        Lie("two-acts"),
        Lie("two-acts"),
    ),
    (
        "dates a letter back under a head that it used",
        1,
        |told| {
            said_otherwise(
                told,
                1,
                |act| matches!(act, Act::Sign { .. }),
                |letter| {
                    change(letter, |message| {
                        let stage = "on-site".to_owned();
                        if let Message::Leg { act, .. } = message {
                            *act = Act::Progress { stage };
                        }
                    });
                },
            )
        },
        Lie("two-roots"),
        Lie("two-roots"),
    ),
    (
        "writes its log anew",
        1,
        |told| {
            bent(told, 1, |bundle| {
                bundle
                    .letters
                    .iter_mut()
                    .for_each(|one| one.chain_before = [0x11; 32]);
            })
        },
        Lie("rewritten-log"),
        Lie("rewritten-log"),
    ),
    (
        "moves all times of its log",
        1,
        |told| {
            bent(told, 1, |bundle| {
                bundle.letters.iter_mut().for_each(|one| one.at.0 -= 60_000);
                bundle.made_at.0 -= 60_000;
            })
        },
        Lie("moved-times"),
        Lie("moved-times"),
    ),
    (
        "moves one time of its log",
        1,
        |told| {
            bent(told, 1, |bundle| {
                let received = |one: &&mut Letter| matches!(one.way, Way::Received(_));
                let last = bundle.letters.iter_mut().rfind(received).unwrap();
                last.at = Time(1);
            })
        },
        Lie("moved-times"),
        Lie("moved-times"),
    ),
    (
        "says nothing of where its leg stands",
        1,
        |told| bent(told, 1, |bundle| bundle.standings.clear()),
        Lie("false-standing"),
        Lie("false-standing"),
    ),
    (
        "receipts with another effect than it holds",
        1,
        |told| {
            bent(told, 1, |bundle| {
                let offer = offer_of(bundle, told.leg);
                let at = letter(bundle, offer);
                bundle.letters[at].way = Way::Received(Effect::Late);
            })
        },
        Lie("false-receipt"),
        Lie("false-receipt"),
    ),
    (
        "seals a letter of its own that it altered",
        1,
        |told| {
            bent(told, 1, |bundle| {
                let node = bundle.node;
                let own = |one: &&mut Letter| one.envelope.author == node;
                let last = bundle.letters.iter_mut().rfind(own).unwrap();
                last.envelope.payload.push(0x78);
            })
        },
        Lie("sealed-falsehood"),
        Lie("sealed-falsehood"),
    ),
    (
        "hands in a file of another leg",
        1,
        |told| {
            let (bundle, head) = told.pair.bundle(1, &LegId([0x31; 16]).to_string());
            assert!(bundle.letters.is_empty(), "it knows no such leg");
            told.pair.seal(1, (bundle, head))
        },
        Unseen,
        // Silence is no denial: its signatures in the other's file stand, and it is asked again.
        Open(Class::TooOld),
    ),
];

fn change(letter: &mut Letter, change: impl FnOnce(&mut Message)) {
    let envelope = &mut letter.envelope;
    let mut message = Codec.decode(envelope.kind, &envelope.payload).unwrap();
    change(&mut message);
    envelope.payload = Codec.encode(&message);
}

#[test]
fn every_lie_comes_out_as_far_as_somebody_holds_against_it() {
    let (mut pair, matter, leg) = lived();
    pair.days(1);
    let stage = "on-site".to_owned();
    pair.ask(1, Verb::Progress { leg, stage });
    pair.deliver();
    // Its log goes on a day longer.
    pair.days(1);
    pair.meet(1);
    let told = Told { pair, leg, matter };
    let regions = [CITY, COUNTY];
    for (what, liar, lie, alone, against) in LIES {
        let lie = lie(&told);
        let truth = told.pair.file(1 - liar, &told.leg.to_string());
        let both: [(&str, &[u8]); 2] = [("lie", &lie), ("truth", &truth)];
        for (wanted, files) in [(alone, &both[..1]), (against, &both[..])] {
            let judged = told.pair.judge(files);
            assert_eq!(judged.unusable, [], "{what}");
            let convicted = who(&judged);
            let column = files.len();
            assert!(
                convicted.iter().all(|(who, _)| *who == regions[liar]),
                "{what}, {column}: {convicted:?}"
            );
            match wanted {
                Lie(rule) => assert!(
                    convicted.contains(&(regions[liar], rule)),
                    "{what}, {column}: {convicted:?}"
                ),
                Open(class) => {
                    assert_eq!(convicted, [], "{what}, {column}");
                    let open = others(&judged);
                    assert!(open.iter().any(|(of, _)| *of == class), "{what}: {open:?}");
                }
                Unseen => assert_eq!(judged.findings, [], "{what}, {column}"),
            }
        }
    }
}

/// A thief with a stolen key signs what it likes under any date, and an accomplice receipts it.
#[test]
fn what_a_thief_signs_convicts_nobody_and_proves_nothing() {
    let (mut pair, _, leg) = lived();
    let truth = pair.file(0, &leg.to_string());
    let (bundle, _) = pair.bundle(1, &leg.to_string());
    let own = |one: &&Letter| is_own(one, &bundle) && one.envelope.kind == MessageKind::Leg as u32;
    let mut forged = bundle.letters.iter().rfind(own).unwrap().clone();
    let id = EnvelopeId([0x79; 16]);
    forged.envelope.id = id;
    forged.envelope.written_at.0 -= 3_600_000;
    sign_anew(&pair, 1, &mut forged);
    // The accomplice is the city, which holds it in its sealed file and receipts it.
    let (mut accomplice, head) = pair.bundle(0, &leg.to_string());
    let mut held = forged.clone();
    held.way = Way::Received(Effect::Applied);
    held.at = accomplice.made_at;
    (held.commit, held.chain_before) = (head.commit, [3; 32]);
    accomplice.letters.push(held);
    let accomplice = pair.seal(0, (accomplice, head));
    // The county's key is found stolen, and it has a new one.
    pair.revoke_key_of(1);
    pair.rotate(1);
    let county = pair.file(1, &leg.to_string());
    let judged = pair.judge(&[("accomplice", &accomplice), ("county", &county)]);
    assert_eq!(who(&judged), []);
    assert_eq!(others(&judged), [(Class::Unproven, "letters")]);
    assert_eq!(judged.exit(), 3);
    // Without the forgery everybody agrees, and the county stands by what it did write.
    let judged = pair.judge(&[("city", &truth), ("county", &county)]);
    assert_eq!(judged.findings, []);
}

/// Somebody shows the other end's honest file of before as if it were all.
#[test]
fn an_old_honest_file_is_no_denial_and_nobodys_fault() {
    let mut pair = Pair::new();
    let (_, leg) = pair.give();
    pair.deliver();
    let old = pair.file(1, &leg.to_string());
    pair.days(1);
    pair.ask(1, Verb::Sign { leg });
    pair.deliver();
    let new = pair.file(0, &leg.to_string());
    let judged = pair.judge(&[("old", &old), ("new", &new)]);
    assert_eq!(who(&judged), []);
    assert_eq!(others(&judged), [(Class::TooOld, "too-old")]);
    assert_eq!(judged.exit(), 3);
}

/// Whatever is asked for, an honest node can answer that there is no such thing.
#[test]
fn an_honest_node_says_that_a_leg_never_came() {
    let mut pair = Pair::new();
    let (_, leg) = pair.give();
    let county = pair.file(1, &leg.to_string());
    let city = pair.file(0, &leg.to_string());
    let judged = pair.judge(&[("city", &city), ("county", &county)]);
    assert_eq!(judged.findings, []);
    assert_eq!(judged.absent, [], "it has answered");
    let told = crate::evidence::words::report(&judged);
    assert!(told.as_str().contains("收件方截至"), "{told:?}");
}
