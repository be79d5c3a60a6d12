//! Each way to break a promise shows, under its own name. A judge that never finds anything proves nothing.

use super::super::{Case, Chain, Log, Logs, Verdict, judge};
use super::honest::story;
use super::net::{CITY, COUNTY, Net, PROVINCE, TOWN};
use hotline_domain::fact::Fact;
use hotline_domain::id::MatterId;
use hotline_domain::leg::{Act, Party};
use hotline_domain::ticket::TicketAct;
use hotline_topology::RegionKey;

/// The verdict once some facts of a node were dropped or changed.
fn after(net: &Net, node: RegionKey, tamper: impl FnMut(&mut Fact) -> bool) -> Verdict {
    let mut logs = net.logs.clone();
    let mut tamper = tamper;
    for (_, _, facts) in logs.get_mut(&node).unwrap() {
        facts.retain_mut(|fact| tamper(fact));
    }
    verdict(net, &logs)
}

pub(super) fn verdict(net: &Net, logs: &Logs) -> Verdict {
    judge(&Case {
        quiet: true,
        confirmed: &net.confirmed,
        ..Case::new(logs, &net.tree)
    })
}

pub(super) fn says(verdict: &Verdict, words: &str) -> bool {
    verdict.faults.iter().any(|fault| fault.contains(words))
}

pub(super) fn touches(fact: &Fact, name: &str) -> bool {
    matches!(fact, Fact::Leg { act, .. } if act.name() == name)
}

#[test]
fn an_intake_that_no_log_holds_is_lost() {
    let net = story(9);
    let taken_in = |fact: &Fact| {
        matches!(
            fact,
            Fact::Ticket {
                act: TicketAct::TakenIn { .. },
                ..
            }
        )
    };
    let found = after(&net, CITY, |fact| !taken_in(fact));
    assert!(says(&found, "没有节点留有记录"), "{found}");
    assert!(says(&found, "却没有受理记录"), "{found}");
    assert_eq!(found.lost, 2, "confirmed, and still handled");
}

#[test]
fn a_matter_taken_in_twice_is_doubled() {
    let net = story(9);
    let mut logs = net.logs.clone();
    let copy: Log = logs[&CITY]
        .iter()
        .map(|(no, at, facts)| {
            let facts = facts
                .iter()
                .filter(|fact| matches!(fact, Fact::Ticket { .. }))
                .cloned();
            (*no, *at, facts.collect())
        })
        .collect();
    logs.get_mut(&TOWN).unwrap().extend(copy);
    let found = verdict(&net, &logs);
    assert!(says(&found, "各受理一次"), "{found}");
    assert!(found.duplicated > 0);
}

#[test]
fn a_leg_that_its_taker_never_had_is_answered_by_nobody() {
    let net = story(1);
    let found = after(&net, COUNTY, |fact| {
        !matches!(fact, Fact::Leg { .. } | Fact::Ticket { .. })
    });
    assert!(says(&found, "却没有这份交办"), "{found}");
    assert_eq!(found.unanswered, 1);
}

#[test]
fn a_taker_that_thinks_it_is_over_is_no_answerer() {
    let net = story(9);
    let found = after(&net, CITY, |fact| !touches(fact, "ruling"));
    assert!(says(&found, "无人负责"), "{found}");
    assert!(
        says(&found, "仍未结"),
        "closed at the origin with an open leg:\n{found}"
    );
    assert_eq!(found.unanswered, 1);
}

#[test]
fn two_logs_that_tell_different_contracts_disagree() {
    let net = story(1);
    let found = after(&net, COUNTY, |fact| {
        if let Fact::Leg {
            act: Act::Offer(offer),
            by: Party::Giver,
            ..
        } = fact
            && offer.giver == CITY
        {
            offer.due.at = offer.due.at.plus_millis(1);
        }
        true
    });
    assert!(says(&found, "交办书不同"), "{found}");
    assert!(says(&found, "办理期限不一致"), "{found}");
    assert!(found.disagreeing > 0);
}

#[test]
fn a_message_that_never_arrived_shows_once_links_are_quiet() {
    let net = story(9);
    let lost = |fact: &Fact| {
        touches(fact, "ruling")
            && matches!(
                fact,
                Fact::Leg {
                    by: Party::Giver,
                    ..
                }
            )
    };
    let mut logs = net.logs.clone();
    let county = logs.get_mut(&COUNTY).unwrap();
    let last = county
        .iter_mut()
        .rev()
        .find(|(_, _, facts)| facts.iter().any(lost))
        .unwrap();
    last.2.retain(|fact| !lost(fact));
    let found = verdict(&net, &logs);
    assert!(says(&found, "结办情况不一致"), "{found}");
    let running = judge(&Case {
        confirmed: &net.confirmed,
        ..Case::new(&logs, &net.tree)
    });
    assert!(
        !says(&running, "结办情况不一致"),
        "in the middle of things it may be on its way"
    );
}

#[test]
fn a_leg_closed_twice_shows() {
    let net = story(9);
    let mut logs = net.logs.clone();
    let city = logs.get_mut(&CITY).unwrap();
    let ruling = city
        .iter()
        .find(|(_, _, facts)| facts.iter().any(|fact| touches(fact, "ruling")));
    let again = ruling.unwrap().clone();
    city.push(again);
    assert!(says(&verdict(&net, &logs), "又被批结一次"));
}

#[test]
fn a_wrong_count_shows_at_its_author() {
    let net = story(9);
    let found = after(&net, COUNTY, |fact| {
        if let Fact::Counted { deltas, .. } = fact {
            deltas[0] += 1;
        }
        true
    });
    assert!(
        says(&found, &format!("{COUNTY} 的统计数与日志重算不符")),
        "{found}"
    );
    assert!(found.figures.wrong > 0);
}

#[test]
fn a_wrong_or_missing_report_shows_at_the_superior() {
    let net = story(9);
    let found = after(&net, PROVINCE, |fact| {
        if let Fact::Reported { report } = fact {
            report.cells.iter_mut().for_each(|cell| cell.counts[0] += 1);
        }
        true
    });
    assert!(
        says(&found, &format!("{PROVINCE} 所存 {CITY} 的统计数")),
        "{found}"
    );
    assert_eq!((found.figures.total, found.figures.recount), (2, 1));
    let silent = after(&net, PROVINCE, |fact| {
        !matches!(fact, Fact::Reported { .. })
    });
    assert!(!silent.figures.complete);
    assert!(says(&silent, "统计数不完整"), "{silent}");
}

#[test]
fn what_a_rolled_back_disk_knew_is_missing_and_not_wrong() {
    let net = story(1);
    let mut logs = net.logs.clone();
    let county = logs.get_mut(&COUNTY).unwrap();
    let (no, at, _) = *county
        .first()
        .map(|(no, at, _)| (*no, *at, ()))
        .as_ref()
        .unwrap();
    *county = vec![(no, at, vec![Fact::EpochRaised { epoch: 2 }])];
    let found = verdict(&net, &logs);
    assert!(
        found
            .missing
            .iter()
            .any(|words| words.contains("却没有这份交办")),
        "{found}"
    );
    assert!(!says(&found, "却没有这份交办"));
    assert!(found.rolled_back.contains(&COUNTY));
}

#[test]
fn a_log_that_is_not_at_hand_is_said_to_be_missing() {
    let net = story(1);
    let mut logs = net.logs.clone();
    logs.remove(&COUNTY);
    let found = verdict(&net, &logs);
    assert_eq!((found.nodes, found.unseen), (4, 1));
    assert_eq!(found.unanswered, 0);
}

#[test]
fn a_broken_chain_and_an_unknown_promise_are_told_in_words() {
    let net = story(9);
    let stranger = MatterId([9; 16]);
    let chains = [
        Chain {
            node: CITY,
            outcome: Ok(12),
        },
        Chain {
            node: COUNTY,
            outcome: Err("第 3 次提交".into()),
        },
    ];
    let found = judge(&Case {
        quiet: true,
        confirmed: &[stranger],
        chains: &chains,
        ..Case::new(&net.logs, &net.tree)
    });
    assert_eq!(found.faults.len(), 2, "{found}");
    let shown = found.to_string();
    for words in [
        "静默后",
        "丢失 1 件",
        "日志链：2 条中 1 条完好，共 12 次提交",
        "发现 2 个问题",
    ] {
        assert!(shown.contains(words), "{words} in {shown}");
    }
    assert!(
        super::judged(&net, true)
            .to_string()
            .ends_with("结论：未发现问题")
    );
}
