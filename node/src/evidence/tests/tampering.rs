//! Whoever changes a file after its making is found out: each part is flipped in turn.

use super::pair::Pair;
use crate::evidence::bundle::{Bundle, ContactKind, read, write};
use crate::evidence::examine::{Seal, examine};
use crate::evidence::judge::judge;
use crate::evidence::mark::Mark;
use hotline_domain::command::Verb;
use hotline_topology::Time;

fn made() -> (Pair, Vec<u8>) {
    let mut pair = Pair::new();
    let (_, leg) = pair.give();
    pair.deliver();
    pair.ask(1, Verb::Sign { leg });
    pair.deliver();
    let file = pair.file(0, &leg.to_string());
    (pair, file)
}

/// What changes one part of a bundle.
type Flip = fn(&mut Bundle);

#[test]
fn each_part_of_a_sealed_file_is_bound() {
    let (pair, file) = made();
    let flips: [(&str, Flip); 16] = [
        ("node's time", |b| b.made_at = Time(b.made_at.0 + 1)),
        ("legs", |b| b.legs.clear()),
        ("matter", |b| b.matter = None),
        ("scope", |b| b.whole_matter ^= true),
        ("a letter less", |b| drop(b.letters.remove(0))),
        ("order", |b| b.letters.swap(0, 1)),
        ("commit", |b| b.letters[0].commit += 1),
        ("time", |b| b.letters[0].at = Time(b.letters[0].at.0 + 1)),
        ("chain", |b| b.letters[0].chain_before[0] ^= 1),
        ("payload", |b| b.letters[0].envelope.payload[0] ^= 1),
        ("hash of a field", |b| {
            b.letters[0].envelope.fields[0].hash[0] ^= 1
        }),
        ("certificates", |b| b.certificates.clear()),
        ("a contact less", |b| {
            b.contacts.truncate(b.contacts.len() - 1)
        }),
        ("contact", |b| b.contacts[0].kind = ContactKind::DialFailed),
        ("standing", |b| b.standings[0].delivered_at = None),
        ("standing's end", |b| {
            b.standings[0].closed_at = Some(Time(1))
        }),
    ];
    let whole = read(&file).unwrap();
    for (what, flip) in flips {
        let mut bent = whole.clone();
        flip(&mut bent.bundle);
        assert_ne!(bent.bundle, whole.bundle, "{what} flips nothing");
        // The old seal on the new bundle.
        let unsealed = write(&bent.bundle, None).unwrap();
        let mut file = read(&unsealed).unwrap();
        file.seal.clone_from(&whole.seal);
        let judged = judge(
            vec![(what.to_owned(), Ok(file))],
            &pair.trusted(),
            pair.now(),
        );
        // Without the certificates nobody can tell whose seal it is; all else is seen to be another's bytes.
        match what {
            "certificates" => assert_eq!(judged.exit(), 3, "{what}"),
            _ => assert_eq!((judged.exit(), judged.unusable.len()), (2, 1), "{what}"),
        }
        assert!(
            judged.files.iter().all(|file| file.head().is_none()),
            "{what}"
        );
    }
}

/// What changes one part of a letter.
type Bend = fn(&mut hotline_domain::link::Envelope);

#[test]
fn each_part_of_a_letter_is_bound_even_without_a_seal() {
    let (pair, file) = made();
    let bends: [(&str, Bend); 17] = [
        ("id", |e| e.id.0[0] ^= 1),
        ("kind", |e| e.kind += 1),
        ("matter", |e| e.matter = None),
        ("leg", |e| e.leg = None),
        ("author", |e| e.author = super::pair::COUNTY),
        ("addressee", |e| e.addressee = super::pair::CITY),
        ("lane", |e| e.lane = hotline_domain::leg::Lane::Bulk),
        ("time", |e| e.written_at.0 += 1),
        ("topology", |e| e.topology += 1),
        ("payload", |e| e.payload[0] ^= 1),
        ("a field less", |e| drop(e.fields.pop())),
        ("signature", |e| e.proof.as_mut().unwrap().signature[0] ^= 1),
        ("algorithm", |e| e.proof.as_mut().unwrap().algorithm += 1),
        ("place in the tree", |e| {
            e.proof.as_mut().unwrap().leaves += 1
        }),
        ("certificate", |e| {
            e.proof.as_mut().unwrap().certificate[0] ^= 1
        }),
        ("log head", |e| {
            e.proof.as_mut().unwrap().head.as_mut().unwrap().hash[0] ^= 1
        }),
        ("proof", |e| e.proof = None),
    ];
    let whole = read(&file).unwrap().bundle;
    for (what, bend) in bends {
        let mut bent = whole.clone();
        bend(&mut bent.letters[0].envelope);
        assert_ne!(bent, whole, "{what} bends nothing");
        let file = read(&write(&bent, None).unwrap()).unwrap();
        let found = examine(what.to_owned(), file.clone(), &pair.trusted(), pair.now());
        assert_eq!(found.seal, Seal::Missing);
        assert!(!matches!(found.letters[0].mark, Mark::Signed(_)), "{what}");
        let judged = judge(
            vec![(what.to_owned(), Ok(file))],
            &pair.trusted(),
            pair.now(),
        );
        assert!([2, 3].contains(&judged.exit()), "{what}: {}", judged.exit());
    }
}

#[test]
fn bytes_that_are_no_file_are_unusable_and_never_feared() {
    let (pair, file) = made();
    for at in (0..file.len()).step_by(7) {
        let mut bent = file.clone();
        bent[at] ^= 0x41;
        if let Ok(file) = read(&bent) {
            let judged = judge(vec![(String::new(), Ok(file))], &pair.trusted(), pair.now());
            let sealed = judged.files.iter().any(|file| file.head().is_some());
            assert!(!sealed, "byte {at}");
        }
    }
    assert!(read(&file[..file.len() - 9]).is_err());
    assert!(read(b"no evidence at all").is_err());
}
