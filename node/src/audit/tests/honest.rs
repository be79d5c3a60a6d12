//! Whatever people do, and however slow links are: the logs of true nodes are clean.

use super::judged;
use super::net::{CITY, COUNTY, NODES, Net, PROVINCE, node};
use hotline_domain::body::Body;
use hotline_domain::command::Verb;
use hotline_domain::fact::Fact;
use hotline_domain::figures::{Counts, Grouping, Measure, Query, Table, add, totals};
use hotline_domain::id::MatterId;
use hotline_domain::leg::Lane;
use hotline_topology::time::{DAY_MS, HOUR_MS};
use hotline_topology::{FieldName, Kind, RegionKey, UnitKey, Urgency};
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::{RngAlgorithm, TestRng, TestRunner};
use std::cell::RefCell;

/// One thing that happens at a node.
#[derive(Clone, Debug)]
enum Op {
    TakeIn {
        node: usize,
        kind: usize,
    },
    Matter {
        node: usize,
        which: Index,
        verb: usize,
        whom: usize,
    },
    Leg {
        node: usize,
        which: Index,
        verb: usize,
    },
    Deliver {
        link: Index,
        lane: usize,
        messages: usize,
    },
    Wait {
        hours: i64,
    },
}

fn any_op() -> impl Strategy<Value = Op> {
    let node = 0..NODES.len();
    prop_oneof![
        2 => (node.clone(), 0..6usize).prop_map(|(node, kind)| Op::TakeIn { node, kind }),
        8 => (node.clone(), any::<Index>(), 0..12usize, 0..4usize)
            .prop_map(|(node, which, verb, whom)| Op::Matter { node, which, verb, whom }),
        12 => (node, any::<Index>(), 0..16usize).prop_map(|(node, which, verb)| Op::Leg { node, which, verb }),
        12 => (any::<Index>(), 0..3usize, 1..6usize)
            .prop_map(|(link, lane, messages)| Op::Deliver { link, lane, messages }),
        2 => (1..40i64).prop_map(|hours| Op::Wait { hours }),
    ]
}

fn take_in(kind: Kind) -> Verb {
    Verb::TakeIn {
        channel: "phone".into(),
        kind,
        category: "010203".into(),
        urgency: Urgency::Normal,
        place: None,
        happened_at: None,
    }
}

fn own_unit(region: RegionKey) -> Body {
    Body::Unit(region, UnitKey::new("water").unwrap())
}

fn assign(matter: MatterId, takers: Vec<Body>) -> Verb {
    Verb::Assign {
        matter,
        takers,
        lead: None,
        basis: "职责".into(),
        due: None,
        determination: None,
    }
}

fn run(net: &mut Net, op: &Op) {
    match op {
        Op::TakeIn { node, kind } => {
            let kind = Kind::ALL[*kind];
            let _ = net.ask(*node, "clerk", take_in(kind), &[FieldName::Content]);
        }
        Op::Matter {
            node,
            which,
            verb,
            whom,
        } => on_matter(net, *node, which, *verb, *whom),
        Op::Leg { node, which, verb } => on_leg(net, *node, which, *verb),
        Op::Deliver {
            link,
            lane,
            messages,
        } => {
            let links = Net::links();
            let (from, to) = links[link.index(links.len())];
            for _ in 0..*messages {
                net.deliver(from, to, Lane::ALL[*lane]);
            }
        }
        Op::Wait { hours } => net.wait(hours * HOUR_MS),
    }
}

fn on_matter(net: &mut Net, at: usize, which: &Index, verb: usize, whom: usize) {
    let tickets = net.tickets(at);
    if tickets.is_empty() {
        return;
    }
    let matter = tickets[which.index(tickets.len())].matter;
    let me = NODES[at].0;
    let children: Vec<Body> = net
        .tree
        .children(me)
        .iter()
        .map(|key| Body::Node(*key))
        .collect();
    let pack = &net.packs[0];
    let closing = pack
        .closings
        .iter()
        .find(|closing| closing.after.is_none())
        .unwrap();
    let closing = closing.ground.code.clone();
    let refusal = pack.refusals[0].ground.code.clone();
    let beyond = pack.escalation.grounds[0].code.clone();
    let rating = pack.callback.scale[pack.callback.scale.len() - 1 - whom % 2]
        .code
        .clone();
    let taker = children.get(whom % children.len().max(1)).cloned();
    let (who, verb, field) = match verb {
        0 => ("clerk", Verb::AnswerDirectly { matter }, FieldName::Answer),
        1 => (
            "clerk",
            Verb::Refuse {
                matter,
                ground: refusal,
                basis: "依据".into(),
            },
            FieldName::Reason,
        ),
        2 | 3 => (
            "boss",
            assign(matter, taker.into_iter().collect()),
            FieldName::Instruction,
        ),
        4 => (
            "boss",
            assign(matter, vec![own_unit(me)]),
            FieldName::Instruction,
        ),
        5 => {
            let joint = taker.into_iter().chain([own_unit(me)]).collect();
            ("boss", assign(matter, joint), FieldName::Instruction)
        }
        6 | 7 => (
            "boss",
            Verb::Close {
                matter,
                ground: closing,
            },
            FieldName::Answer,
        ),
        8 | 9 => {
            // Rated, and handled again where the rating was poor.
            let rated = Verb::CallBack {
                matter,
                rating: Some(rating),
            };
            let _ = net.ask(at, "judge", rated, &[FieldName::RatingText]);
            let redo = Verb::Redo {
                matter,
                taker: Some(own_unit(me)),
            };
            ("boss", redo, FieldName::Instruction)
        }
        10 => (
            "boss",
            Verb::Escalate {
                matter,
                ground: beyond,
            },
            FieldName::Reason,
        ),
        _ => ("clerk", Verb::Withdraw { matter }, FieldName::Reason),
    };
    let _ = net.ask(at, who, verb, &[field]);
}

fn on_leg(net: &mut Net, at: usize, which: &Index, verb: usize) {
    let legs = net.legs(at);
    if legs.is_empty() {
        return;
    }
    let known = &legs[which.index(legs.len())];
    let (leg, due) = (known.id, known.due.at);
    let request = known.request.as_ref().map_or(1, |request| request.no);
    let pack = &net.packs[0];
    let trigger = pack.supervision.triggers[0].ground.code.clone();
    let order = known.orders.first().map(|order| order.id);
    let closing = pack
        .closings
        .iter()
        .find(|closing| closing.after.is_none())
        .unwrap();
    let closing = closing.ground.code.clone();
    let back = pack.returns.grounds[0].code.clone();
    let beyond = pack.escalation.grounds[0].code.clone();
    let basis = || "职责认定".to_owned();
    let rule = |granted| Verb::Rule {
        leg,
        request,
        granted,
        basis: basis(),
    };
    let (verb, field) = match (verb, order) {
        (0 | 1, _) => (Verb::Sign { leg }, FieldName::Note),
        (2..=4, _) => (
            Verb::SubmitResult {
                leg,
                ground: closing,
            },
            FieldName::ResultText,
        ),
        (5, _) => (
            Verb::AskReturn {
                leg,
                ground: back,
                basis: basis(),
            },
            FieldName::Reason,
        ),
        (6, _) => (Verb::AskExtension { leg, days: 5 }, FieldName::Reason),
        (7, _) => (
            Verb::AskEscalation {
                leg,
                ground: beyond,
            },
            FieldName::StageReport,
        ),
        (8..=10, _) => (rule(true), FieldName::Reason),
        (11, _) => (rule(false), FieldName::Reason),
        (12, _) => (Verb::Recall { leg }, FieldName::Reason),
        (13, _) => (
            Verb::SetDue {
                leg,
                due: due.plus_millis(-DAY_MS),
            },
            FieldName::Reason,
        ),
        (14, _) | (_, None) => (
            Verb::Supervise {
                leg,
                trigger,
                reply_by: None,
            },
            FieldName::Reason,
        ),
        (_, Some(order)) => (Verb::ReplyOrder { leg, order }, FieldName::Reason),
    };
    let _ = net.ask(at, "handler", verb, &[field]);
}

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
    let closing = net.packs[0]
        .closings
        .iter()
        .find(|closing| closing.after.is_none())
        .unwrap();
    let ground = closing.ground.code.clone();
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
    let closing = net.packs[0]
        .closings
        .iter()
        .find(|closing| closing.after.is_none())
        .unwrap();
    let ground = closing.ground.code.clone();
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
