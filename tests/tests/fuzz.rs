//! Every decoder and state machine over its corpus, and some mutations of it.
//!
//! `HOTLINE_FUZZ=N` tries so many mutations of each target instead of the usual number.

#![expect(
    clippy::disallowed_macros,
    reason = "a program for developers: what it prints comes from tests"
)]

use hotline_tests::fuzz::driver::{Until, corpus, run};
use hotline_tests::fuzz::seeds::seeds;
use hotline_tests::fuzz::targets::TARGETS;

/// Mutated inputs of each target.
const TRIED: u64 = 3_000;
/// Of targets that read whole files, fewer.
const TRIED_SLOW: u64 = 150;

#[test]
fn no_input_breaks_a_decoder_or_a_state_machine() {
    let wanted = std::env::var("HOTLINE_FUZZ").ok();
    let wanted = wanted.and_then(|tried| tried.parse().ok());
    for (name, _) in TARGETS {
        let usual = match *name {
            "topology" | "policy" => TRIED_SLOW,
            _ => TRIED,
        };
        let until = Until::Tried(wanted.unwrap_or(usual));
        match run(name, until, 7).expect("a corpus") {
            Ok(report) => println!(
                "{name}: {} inputs, {} answers",
                report.tried, report.answers
            ),
            Err(crash) => panic!("{}: panics on {:02x?}", crash.target, crash.input),
        }
    }
}

#[test]
fn good_inputs_are_taken_and_the_corpus_is_small() {
    let mut bytes = 0;
    for (name, target) in TARGETS {
        let good = seeds(name);
        assert!(
            !good.is_empty() && good.iter().all(|seed| !seed.is_empty()),
            "{name}"
        );
        let answers: Vec<_> = good.iter().map(|seed| target(seed)).collect();
        println!("{name}: {answers:?}");
        bytes += corpus(name)
            .expect("readable")
            .iter()
            .map(Vec::len)
            .sum::<usize>();
    }
    assert!(bytes < 1 << 20, "{bytes} bytes of corpus");
    let whole = |name: &str| {
        let (_, target) = TARGETS
            .iter()
            .find(|(target, _)| *target == name)
            .expect("there");
        target(&seeds(name)[0])
    };
    assert_eq!(
        (whole("topology"), whole("policy")),
        ("whole".to_owned(), "whole".to_owned())
    );
    assert!(whole("session").contains("ddd"), "{}", whole("session"));
    assert!(whole("leg").contains('+'), "{}", whole("leg"));
}
