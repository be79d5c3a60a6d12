//! Honest nodes whose disk was lost are believed: what they forgot by the manual convicts nobody.

use super::disputes::{others, who};
use super::pair::{CITY, COUNTY, Pair};
use crate::codec::commit;
use crate::store::disk::RealDisk;
use crate::store::log::LogReader;
use hotline_domain::command::Verb;
use hotline_domain::fact::Fact;
use hotline_domain::id::LegId;
use hotline_domain::kernel::{Input, LinkNews, epoch_after};
use std::sync::Arc;

/// A leg that both signed for, which the county's backup of `commits` does not hold.
fn forgotten() -> (Pair, u64, LegId) {
    let mut pair = Pair::new();
    let (_, old) = pair.give();
    pair.deliver();
    pair.ask(1, Verb::Sign { leg: old });
    pair.deliver();
    let backup = pair.commits(1);
    pair.days(1);
    let (_, leg) = pair.give();
    pair.deliver();
    pair.ask(1, Verb::Sign { leg });
    pair.deliver();
    (pair, backup, leg)
}

/// Both ends' sealed files of the leg, against each other.
fn nobody_is_convicted(pair: &Pair, leg: LegId) {
    let files = [0, 1].map(|at| pair.file(at, &leg.to_string()));
    let judged = pair.judge(&[("city", &files[0]), ("county", &files[1])]);
    assert_eq!(judged.unusable, []);
    assert!(judged.files.iter().all(|file| file.head().is_some()));
    assert_eq!(who(&judged), []);
    assert_eq!(others(&judged), []);
}

/// The epoch that the log has come to is the one under which it signs, from the commit on that raises it.
fn signs_under_its_epoch(pair: &Pair, at: usize) {
    let reader = LogReader::open(Arc::new(RealDisk), &pair.log_dir(at)).unwrap();
    let (mut epoch, mut raised) = (1, 0);
    for record in reader.read_from(1).unwrap() {
        let record = record.unwrap();
        let facts = commit::decode(&record.lasting).unwrap().facts;
        let before = epoch;
        epoch = epoch_after(epoch, &facts);
        for fact in &facts {
            let Fact::Queued { envelope, .. } = fact else {
                continue;
            };
            let head = envelope.proof.as_ref().unwrap().head.unwrap();
            if head.commit + 1 == record.no {
                assert_eq!(head.epoch, epoch, "commit {}", record.no);
                raised += u32::from(before != epoch);
            }
        }
    }
    assert!(raised > 0, "what the raising commit sends is looked at");
}

#[test]
fn a_node_restored_by_the_manual_is_convicted_of_nothing_it_forgot() {
    let (mut pair, backup, leg) = forgotten();
    pair.restore(1, backup);
    nobody_is_convicted(&pair, leg);
    signs_under_its_epoch(&pair, 1);
    // Nor once it has gone on.
    let stage = "contacted".to_owned();
    pair.ask(1, Verb::Progress { leg, stage });
    pair.deliver();
    nobody_is_convicted(&pair, leg);
    let (bundle, head) = pair.bundle(1, &leg.to_string());
    assert_eq!(bundle.node, COUNTY);
    assert!(head.epoch > 1, "the seal speaks for the new past");
}

#[test]
fn a_node_rebuilt_from_nothing_is_convicted_of_nothing_it_forgot() {
    let (mut pair, _, leg) = forgotten();
    pair.restore(1, 0);
    nobody_is_convicted(&pair, leg);
    signs_under_its_epoch(&pair, 1);
}

#[test]
fn a_giver_that_was_restored_is_convicted_of_nothing_it_forgot() {
    let mut pair = Pair::new();
    let backup = pair.commits(0);
    let (_, leg) = pair.give();
    pair.deliver();
    pair.ask(1, Verb::Sign { leg });
    pair.deliver();
    pair.restore(0, backup);
    nobody_is_convicted(&pair, leg);
    signs_under_its_epoch(&pair, 0);
}

#[test]
fn who_finds_itself_rolled_back_signs_and_seals_under_the_new_epoch_at_once() {
    let (mut pair, _, leg) = forgotten();
    let why = "对方记得更多".to_owned();
    let (peer, seen_epoch) = (CITY, 4);
    let news = LinkNews::SelfRolledBack { why, seen_epoch };
    pair.step(1, Input::Link { peer, news });
    pair.ask(1, Verb::ReopenLink { peer: CITY });
    let (_, head) = pair.bundle(1, &leg.to_string());
    assert!(head.epoch > 4);
    pair.compare(1);
    let stage = "contacted".to_owned();
    pair.ask(1, Verb::Progress { leg, stage });
    let (bundle, head) = pair.bundle(1, &leg.to_string());
    let last = bundle.letters.last().unwrap().envelope.proof.as_ref();
    assert_eq!(last.unwrap().head.unwrap().epoch, head.epoch);
}
