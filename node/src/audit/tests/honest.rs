//! Whatever people do, and however slow links are: the logs of true nodes are clean.

use super::judged;
use super::net::{CITY, COUNTY, Net, PROVINCE, node};
use super::people::{any_op, assign, closing_ground, own_unit, run, take_in};
use hotline_domain::body::Body;
use hotline_domain::command::Verb;
use hotline_domain::fact::Fact;
use hotline_domain::figures::{Counts, Grouping, Measure, Query, Table, add, totals};
use hotline_topology::{FieldName, Kind};
use proptest::prelude::*;
use proptest::test_runner::{RngAlgorithm, TestRng, TestRunner};
use std::cell::RefCell;

/// judge(logs) is clean at every moment for what holds at every moment, and once quiet for all; and the histories are
/// rich enough to reach every measure.
#[test]
fn true_nodes_are_found_true() {
    let reached = RefCell::new((Counts::default(), Counts::default()));
    let histories = (any::<u8>(), prop::collection::vec(any_op(), 20..260));
    // Always the same histories, so that what they reach does not hang on luck.
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let mut runner = TestRunner::new_with_rng(ProptestConfig::with_cases(64), rng);
    let outcome = runner.run(&histories, |(seed, ops)| {
        let mut net = Net::new(seed);
        for (at, op) in ops.iter().enumerate() {
            run(&mut net, op);
            if at % 16 == 0 {
                let verdict = judged(&net, false);
                prop_assert!(verdict.is_clean(), "after {at} of {op:?}:\n{verdict}");
            }
        }
        net.settle();
        note(&net, &mut reached.borrow_mut());
        judge_quiet(&net)
    });
    outcome.unwrap_or_else(|error| panic!("{error}"));
    let (matters, legs) = reached.into_inner();
    let never = |counts: &Counts| -> Vec<Measure> {
        let all = Measure::ALL.into_iter();
        all.filter(|measure| counts[measure.index()] == 0).collect()
    };
    assert_eq!(never(&matters), [Measure::Returned, Measure::Supervised]);
    let only_matters = [
        Measure::AnsweredDirectly,
        Measure::Refused,
        Measure::Assigned,
    ];
    assert_eq!(never(&legs), only_matters);
}

fn judge_quiet(net: &Net) -> Result<(), TestCaseError> {
    let verdict = judged(net, true);
    prop_assert!(verdict.is_clean(), "{verdict}");
    prop_assert_eq!(verdict.matters, net.confirmed.len() as u64);
    prop_assert_eq!(verdict.figures.total, verdict.figures.recount);
    prop_assert!(verdict.figures.complete);
    let query = Query {
        table: Table::MattersByKindChannel,
        from: 0,
        to: i32::MAX - 1,
        by: Grouping::Whole,
    };
    let shown = totals(&net.views[0], &net.tree, PROVINCE, &query).unwrap();
    prop_assert_eq!(
        shown.sum[Measure::TakenIn as usize],
        verdict.figures.recount
    );
    Ok(())
}

/// Adds up what was ever counted, of matters and of legs.
fn note(net: &Net, reached: &mut (Counts, Counts)) {
    let facts = net.logs.values().flatten().flat_map(|(_, _, facts)| facts);
    for fact in facts {
        if let Fact::Counted { cell, deltas } = fact {
            let of = match cell.table {
                Table::MattersByKindChannel | Table::MattersByCategory => &mut reached.0,
                Table::LegsByKindGiver | Table::LegsByCategory | Table::LegsByUnit => {
                    &mut reached.1
                }
            };
            add(of, &deltas.map(|delta| delta.max(0)));
        }
    }
}

/// A matter goes down and comes back answered: the verdict counts it so.
#[test]
fn a_matter_that_went_down_and_came_back_is_counted() {
    let running = judged(&story(1), false);
    assert!(running.is_clean(), "{running}");
    assert_eq!((running.legs, running.legs_open, running.open), (2, 2, 1));
    let verdict = judged(&story(9), true);
    assert!(verdict.is_clean(), "{verdict}");
    assert_eq!((verdict.matters, verdict.closed, verdict.open), (1, 1, 0));
    assert_eq!((verdict.legs, verdict.legs_open, verdict.lost), (2, 0, 0));
    assert_eq!((verdict.figures.total, verdict.figures.recount), (1, 1));
}

/// The county handed its result in, then gave the matter on; when the result was accepted, the leg below stayed open
/// for ever, and an upward one likewise. So nothing is given on while a result waits.
#[test]
fn nothing_is_given_on_while_a_result_waits() {
    let mut net = Net::new(1);
    let done = net.ask(
        node(CITY),
        "clerk",
        take_in(Kind::Complaint),
        &[FieldName::Content],
    );
    let matter = done.unwrap().matter.unwrap();
    let county = assign(matter, vec![Body::Node(COUNTY)]);
    let leg = net.ask(node(CITY), "boss", county, &[]).unwrap().legs[0];
    net.deliver_all();
    let ground = closing_ground(&net.packs[0]);
    let result = Verb::SubmitResult {
        leg,
        ground: ground.clone(),
    };
    net.ask(node(COUNTY), "handler", result, &[FieldName::ResultText])
        .unwrap();
    let unit = assign(matter, vec![own_unit(COUNTY)]);
    let given_on = net.ask(node(COUNTY), "boss", unit, &[]);
    assert_eq!(given_on.unwrap_err().rule, "ticket.answered");
    net.deliver_all();
    let accept = Verb::Rule {
        leg,
        request: 1,
        granted: true,
        basis: String::new(),
    };
    net.ask(node(CITY), "boss", accept, &[]).unwrap();
    net.ask(
        node(CITY),
        "boss",
        Verb::Close { matter, ground },
        &[FieldName::Answer],
    )
    .unwrap();
    net.settle();
    let verdict = judged(&net, true);
    assert!(verdict.is_clean(), "{verdict}");
    assert_eq!(verdict.legs_open, 0);
}

/// The city gives a complaint to the county, the county to its water unit; with `until` past 1 it is done and closed.
pub(super) fn story(until: u32) -> Net {
    let mut net = Net::new(1);
    let done = net.ask(
        node(CITY),
        "clerk",
        take_in(Kind::Complaint),
        &[FieldName::Content],
    );
    let matter = done.unwrap().matter.unwrap();
    let county = assign(matter, vec![Body::Node(COUNTY)]);
    let leg = net.ask(node(CITY), "boss", county, &[]).unwrap().legs[0];
    net.deliver_all();
    let unit = assign(matter, vec![own_unit(COUNTY)]);
    let below = net.ask(node(COUNTY), "boss", unit, &[]).unwrap().legs[0];
    if until == 1 {
        net.settle();
        return net;
    }
    let ground = closing_ground(&net.packs[0]);
    for (leg, giver) in [(below, COUNTY), (leg, CITY)] {
        let result = Verb::SubmitResult {
            leg,
            ground: ground.clone(),
        };
        net.ask(node(COUNTY), "handler", result, &[FieldName::ResultText])
            .unwrap();
        net.deliver_all();
        let accept = Verb::Rule {
            leg,
            request: 1,
            granted: true,
            basis: String::new(),
        };
        net.ask(node(giver), "boss", accept, &[]).unwrap();
        net.deliver_all();
    }
    let close = Verb::Close { matter, ground };
    net.ask(node(CITY), "boss", close, &[FieldName::Answer])
        .unwrap();
    net.settle();
    net
}
