//! Days and epochs in evidence: where each letter stands, what neighbours signed for, and what a liar makes of them.

use super::disputes::{lived, others, sign_anew, who};
use super::pair::{CITY, COUNTY, Pair};
use crate::codec::payload::Codec;
use crate::evidence::answer::Asked;
use crate::evidence::bundle::{self, Bundle, Letter, Way};
use crate::evidence::verdict::Class;
use hotline_domain::command::Verb;
use hotline_domain::id::{EnvelopeId, LegId};
use hotline_domain::kernel::Input;
use hotline_domain::leg::Act;
use hotline_domain::link::{LogHead, Message, MessageKind, Wire as _};
use hotline_domain::tally::extend;

/// A day goes by at both ends, and their tallies arrive.
fn day(pair: &mut Pair) {
    pair.days(1);
    for at in [0, 1] {
        pair.step(at, Input::Tick);
    }
    pair.deliver();
}

/// A leg whose letters stand in days that the other end signed for.
fn accounted() -> (Pair, LegId) {
    let (mut pair, _, leg) = lived();
    day(&mut pair);
    day(&mut pair);
    let stage = "on-site".to_owned();
    pair.ask(1, Verb::Progress { leg, stage });
    pair.deliver();
    day(&mut pair);
    day(&mut pair);
    (pair, leg)
}

fn is_tally(letter: &Letter) -> bool {
    letter.envelope.kind == MessageKind::Tally as u32
}

#[test]
fn honest_files_say_where_each_letter_stands() {
    let (pair, leg) = accounted();
    let mut files = Vec::new();
    for at in [0, 1] {
        let (bundle, _) = pair.bundle(at, &leg.to_string());
        let accounts = bundle.accounts.as_ref().expect("accounts");
        let last = accounts.day(accounts.last()).expect("the last day");
        let shown = bundle.letters.iter();
        let shown = shown.filter(|one| last.opened < one.commit && one.commit < last.to);
        assert!(shown.clone().count() >= 5);
        assert!(shown.clone().all(|one| one.place.is_some()));
        let tallies = bundle.letters.iter().filter(|one| is_tally(one)).count();
        assert!((2..=4).contains(&tallies), "{tallies}");
        files.push(pair.file(at, &leg.to_string()));
    }
    let judged = pair.judge(&[("city", &files[0]), ("county", &files[1])]);
    assert_eq!(judged.findings, []);
    // The file keeps what it says.
    let read = bundle::read(&files[1]).unwrap().bundle;
    assert_eq!(read.accounts, pair.bundle(1, &leg.to_string()).0.accounts);
}

/// The county's file, bent and sealed.
fn bent(pair: &Pair, leg: LegId, bend: impl FnOnce(&mut Bundle, &mut LogHead)) -> Vec<u8> {
    let (mut bundle, mut head) = pair.bundle(1, &leg.to_string());
    bend(&mut bundle, &mut head);
    pair.seal(1, (bundle, head))
}

/// An own letter of the county's under a commit that it never signed in.
fn back_dated(pair: &Pair, bundle: &mut Bundle) {
    let own = |one: &&Letter| one.envelope.author == COUNTY && matches!(one.way, Way::Sent(..));
    let leg = |one: &&Letter| one.envelope.kind == MessageKind::Leg as u32;
    let first = bundle
        .letters
        .iter()
        .find(|one| own(one) && leg(one))
        .unwrap();
    let mut forged = bundle
        .letters
        .iter()
        .rfind(|one| own(one) && leg(one))
        .unwrap()
        .clone();
    let used: Vec<u64> = bundle.letters.iter().map(|one| one.commit).collect();
    let commit = (first.commit + 1..).find(|no| !used.contains(no)).unwrap();
    let stage = "handling".to_owned();
    let mut message = Codec
        .decode(forged.envelope.kind, &forged.envelope.payload)
        .unwrap();
    if let Message::Leg { act, .. } = &mut message {
        *act = Act::Progress { stage };
    }
    forged.envelope.payload = Codec.encode(&message);
    forged.envelope.id = EnvelopeId([0x66; 16]);
    (forged.commit, forged.at, forged.place) = (commit, first.at, None);
    forged.envelope.written_at = first.at;
    let head = forged
        .envelope
        .proof
        .as_mut()
        .unwrap()
        .head
        .as_mut()
        .unwrap();
    (head.commit, head.hash) = (commit - 1, [0x44; 32]);
    forged.chain_before = [0x44; 32];
    sign_anew(pair, 1, &mut forged);
    let at = bundle.letters.iter().position(|one| one.commit > commit);
    bundle.letters.insert(at.unwrap(), forged);
}

#[test]
fn whoever_bends_its_days_is_convicted_by_what_it_signed() {
    let (pair, leg) = accounted();
    let truth = pair.file(0, &leg.to_string());
    type Bend = fn(&Pair, &mut Bundle, &mut LogHead);
    let table: [(&str, Bend, &str, bool); 5] = [
        (
            "dates a letter back under a commit that it never used",
            |pair, bundle, _| back_dated(pair, bundle),
            "outside-its-day",
            true,
        ),
        (
            "has no accounts",
            |_, bundle, _| {
                bundle.accounts = None;
                bundle.letters.iter_mut().for_each(|one| one.place = None);
            },
            "outside-its-day",
            false,
        ),
        (
            "puts a letter into another day",
            |_, bundle, _| {
                let placed = |one: &&mut Letter| one.place.is_some();
                let letter = bundle.letters.iter_mut().find(placed).unwrap();
                letter.place.as_mut().unwrap().index += 1;
            },
            "outside-its-day",
            true,
        ),
        (
            "makes its last day anew",
            |_, bundle, _| {
                let accounts = bundle.accounts.as_mut().unwrap();
                let last = accounts.days.last_mut().unwrap();
                last.root = [5; 32];
                *accounts.chain.last_mut().unwrap() = last.digest();
                let values = accounts.values();
                let before = values[&(accounts.last() - 1)];
                assert_eq!(
                    values[&accounts.last()],
                    extend(&before, accounts.chain.last().unwrap())
                );
            },
            "two-days",
            false,
        ),
        (
            "takes an epoch out of nothing",
            |_, _, head| head.epoch += 1,
            "unexplained-epoch",
            true,
        ),
    ];
    for (what, bend, rule, alone) in table {
        let lie = bent(&pair, leg, |bundle, head| bend(&pair, bundle, head));
        let judged = pair.judge(&[("lie", &lie)]);
        assert_eq!(judged.unusable, [], "{what}");
        assert_eq!(
            who(&judged).contains(&(COUNTY, rule)),
            alone,
            "{what}: {:?}",
            who(&judged)
        );
        let judged = pair.judge(&[("lie", &lie), ("truth", &truth)]);
        assert!(
            who(&judged).contains(&(COUNTY, rule)),
            "{what}: {:?}",
            who(&judged)
        );
        assert!(who(&judged).iter().all(|(who, _)| *who == COUNTY), "{what}");
    }
}

/// A restored log says from where it went on; what lies below that is still in it, and denied in vain.
#[test]
fn what_lies_below_the_place_to_which_a_disk_went_back_is_still_owed() {
    let (mut pair, leg) = accounted();
    let back = pair.commits(1);
    pair.days(1);
    pair.ask(
        1,
        Verb::Progress {
            leg,
            stage: "handling".to_owned(),
        },
    );
    pair.deliver();
    pair.restore(1, back);
    day(&mut pair);
    let truth = pair.file(0, &leg.to_string());
    let county = pair.file(1, &leg.to_string());
    let judged = pair.judge(&[("city", &truth), ("county", &county)]);
    assert_eq!(who(&judged), []);
    let (bundle, head) = pair.bundle(1, &leg.to_string());
    assert_eq!(bundle.restarts.len(), 1);
    assert_eq!(
        (bundle.restarts[0].ended.commit, bundle.restarts[0].began),
        (back, head.epoch)
    );
    // Its first letter was signed under the first epoch, below that.
    let lie = bent(&pair, leg, |bundle, _| {
        let own = |one: &Letter| one.envelope.author == COUNTY && !is_tally(one);
        let first = bundle.letters.iter().position(own).unwrap();
        bundle.letters.remove(first);
    });
    let judged = pair.judge(&[("city", &truth), ("county", &lie)]);
    assert!(
        who(&judged).iter().any(|(who, _)| *who == COUNTY),
        "{:?}",
        who(&judged)
    );
}

#[test]
fn who_answers_a_file_answers_all_of_it() {
    let (pair, leg) = accounted();
    let truth = pair.file(0, &leg.to_string());
    let read = bundle::read(&truth).unwrap();
    let asked = Asked::of(
        vec![("city".to_owned(), read.clone())],
        COUNTY,
        &pair.trusted(),
        pair.now(),
    );
    assert!(asked.legs.contains(&leg));
    assert_eq!(asked.files, [read.statement].into());
    let (_, head) = pair.bundle(1, &leg.to_string());
    assert_eq!(asked.beyond(head), None);
    assert!(
        asked.beyond(LogHead { commit: 3, ..head }).is_some(),
        "an old backup"
    );
    // It hands in another leg: asked for anew; it says that this is its answer: convicted.
    let other = LegId([0x31; 16]).to_string();
    for answers in [false, true] {
        let (mut bundle, head) = pair.bundle(1, &other);
        if answers {
            bundle.answers.insert(read.statement);
        }
        let file = pair.seal(1, (bundle, head));
        let judged = pair.judge(&[("city", &truth), ("county", &file)]);
        if answers {
            assert_eq!(who(&judged), [(COUNTY, "short-answer")]);
        } else {
            assert_eq!(who(&judged), []);
            assert_eq!(others(&judged), [(Class::TooOld, "unanswered")]);
        }
    }
    // So is who answers with a log that ends before what the other file shows.
    let (mut bundle, _) = pair.bundle(1, &leg.to_string());
    let own = bundle
        .letters
        .iter()
        .rfind(|one| one.envelope.author == COUNTY && !is_tally(one));
    let head = own.unwrap().envelope.proof.as_ref().unwrap().head.unwrap();
    bundle.letters.retain(|one| one.commit <= head.commit);
    bundle.made_at = bundle.letters.last().unwrap().at;
    bundle.accounts = None;
    bundle.letters.iter_mut().for_each(|one| one.place = None);
    bundle.answers.insert(read.statement);
    let file = pair.seal(1, (bundle, head));
    let judged = pair.judge(&[("city", &truth), ("county", &file)]);
    assert!(
        who(&judged).contains(&(COUNTY, "short-answer")),
        "{:?}",
        who(&judged)
    );
    assert!(who(&judged).iter().all(|(who, _)| *who != CITY));
}
