mod forks;
mod halfway;
mod letters;
mod moved;
mod orders;
mod origins;

use super::*;
use crate::exchange::{Missing, MissingKind, PastAct};
use crate::kernel::{Input, LinkNews};
use crate::leg::{Party, RecallGround, Side, Stage};
use crate::row::TimerKey;
use crate::testing::{CITY, Fed, LINGCHUAN, MONDAY, NANCUN, PROVINCE, XIACUN, ZEZHOU, node, unit};
use crate::ticket::TicketStage;

const HOUR: i64 = 3_600_000;

fn missing(fed: &Fed, at: RegionKey) -> Vec<Missing> {
    let rows = fed.nodes[&at].view.rows();
    rows.filter_map(|(_, row)| match row {
        Row::Missing(missing) => Some((**missing).clone()),
        _ => None,
    })
    .collect()
}

fn legs(fed: &Fed, at: RegionKey) -> Vec<Leg> {
    let rows = fed.nodes[&at].view.rows();
    rows.filter_map(|(_, row)| match row {
        Row::Leg(leg) => Some((**leg).clone()),
        _ => None,
    })
    .collect()
}

/// What both sides of a leg must have alike when nothing is under way.
fn contract(leg: &Leg) -> Leg {
    Leg {
        side: Side::Both,
        heard_at: None,
        version: 0,
        // Each side's own clock sees it.
        overdue_since: None,
        ..leg.clone()
    }
}

/// Both ends of every leg agree, every open one has its deadline, and nobody waits for an answer.
fn agreed(fed: &Fed, case: &str) {
    for region in fed.nodes.keys() {
        let view = &fed.nodes[region].view;
        assert!(
            under_way(view).expect("memory").is_empty(),
            "{case}: {region} waits"
        );
        let unproven = |missing: &Missing| missing.kind == MissingKind::Unproven;
        let unproven = missing(fed, *region).into_iter().find(unproven);
        assert_eq!(unproven, None, "{case}: {region}");
        for leg in legs(fed, *region) {
            if leg.is_open() && leg.offer.kind == crate::leg::LegKind::Downward {
                let timed = view.rows().any(|(key, _)| {
                    matches!(key, RowKey::Timer(_, TimerKey::LegDue(id)) if *id == leg.id)
                });
                assert!(
                    timed || leg.overdue_since.is_some() || leg.reported_by(leg.due.at),
                    "{case}: {region} has no deadline for {leg:?}"
                );
            }
            let Some(other) = acts::other_end(&leg) else {
                continue;
            };
            let twin = Rows::leg(&fed.nodes[&other].view, leg.id).expect("memory");
            let twin = twin.unwrap_or_else(|| panic!("{case}: {other} lost {leg:?}"));
            assert_eq!(
                contract(&leg),
                contract(&twin),
                "{case}: {region} and {other}"
            );
        }
    }
}

/// A morning at five desks: hand-overs down, up and across, requests of each kind, closings.
fn morning(at_once: bool) -> Fed {
    let mut fed = Fed::new();
    fed.at_once = at_once;
    let settle = |fed: &mut Fed| {
        fed.pass(60_000);
        fed.settle();
    };
    let far = fed.at(PROVINCE).take_in();
    let far = fed.at(PROVINCE).assign(far, [node(CITY)]).leg();
    settle(&mut fed);
    fed.at(CITY).sign(far).done();
    let matter = fed.leg(CITY, far).matter();
    let below = fed.at(CITY).assign(matter, [node(ZEZHOU)]).leg();
    settle(&mut fed);
    fed.at(ZEZHOU).sign(below).done();
    fed.at(ZEZHOU).progress(below, "contacted").done();
    fed.at(ZEZHOU).progress(below, "contacted").done();
    fed.at(ZEZHOU).ask_extension(below, 2).done();
    settle(&mut fed);
    fed.at(CITY).deny(below, 1).done();
    let own = fed.at(ZEZHOU).take_in();
    let given = fed.at(ZEZHOU).assign(own, [node(NANCUN)]).leg();
    settle(&mut fed);
    fed.at(NANCUN).sign(given).done();
    fed.at(NANCUN).submit_result(given, "solved").done();
    settle(&mut fed);
    fed.at(ZEZHOU).deny(given, 1).done();
    settle(&mut fed);
    fed.at(NANCUN).submit_result(given, "solved").done();
    settle(&mut fed);
    fed.at(ZEZHOU).grant(given, 2).done();
    fed.at(ZEZHOU).submit_result(below, "solved").done();
    settle(&mut fed);
    fed.at(CITY).grant(below, 2).done();
    settle(&mut fed);
    let shared = fed.at(CITY).take_in();
    let two = [node(ZEZHOU), node(LINGCHUAN)];
    let [one, other] = fed.at(CITY).assign(shared, two).legs();
    settle(&mut fed);
    fed.at(LINGCHUAN).submit_result(other, "solved").done();
    settle(&mut fed);
    fed.at(CITY).grant(other, 1).done();
    let order = fed.at(CITY).supervise(one, "overdue").order();
    fed.at(CITY).remind(order).done();
    settle(&mut fed);
    fed.at(ZEZHOU).reply_order(one, order).done();
    let up = fed.at(ZEZHOU).take_in();
    fed.at(ZEZHOU).escalate(up, "beyond-authority").done();
    settle(&mut fed);
    let gone = fed.at(CITY).take_in();
    let gone = fed.at(CITY).assign(gone, [node(ZEZHOU)]).leg();
    settle(&mut fed);
    let gone_matter = fed.leg(ZEZHOU, gone).matter();
    let deeper = fed.at(ZEZHOU).assign(gone_matter, [node(XIACUN)]).leg();
    settle(&mut fed);
    fed.at(CITY).recall(gone).done();
    settle(&mut fed);
    assert!(!fed.leg(XIACUN, deeper).is_open());
    let home = fed.at(ZEZHOU).take_in();
    fed.at(ZEZHOU).assign(home, [unit(ZEZHOU, "水务局")]).0.ok();
    settle(&mut fed);
    fed.at_once = true;
    fed
}

#[test]
fn a_node_restored_to_any_commit_of_its_log_agrees_with_all_others_again() {
    let fed = morning(true);
    agreed(&fed, "before");
    for region in [PROVINCE, CITY, ZEZHOU, NANCUN, LINGCHUAN] {
        for commits in 0..fed.nodes[&region].log.len() {
            let case = format!("{region} at {commits}");
            let mut fed = fed.clone();
            let before = legs(&fed, region);
            fed.restore(&[(region, commits)]);
            agreed(&fed, &case);
            for leg in before {
                if acts::other_end(&leg).is_none() {
                    continue;
                }
                let now = Rows::leg(&fed.nodes[&region].view, leg.id).expect("memory");
                let now = now.unwrap_or_else(|| panic!("{case}: {leg:?} is forgotten"));
                // The lead may have been named anew, in a higher term.
                let named = Leg {
                    term: now.term.max(leg.term),
                    lead: now.lead,
                    ..contract(&leg)
                };
                assert_eq!(contract(&now), named, "{case}");
                if leg.side == Side::Taker && leg.offer.origin != region && !leg.is_open() {
                    let ticket = fed.ticket(region, leg.matter());
                    assert_eq!(ticket.stage, TicketStage::Closed, "{case}: {ticket:?}");
                }
            }
            let found = missing(&fed, region);
            assert!(found.iter().any(|m| m.kind == MissingKind::Span), "{case}");
            life_goes_on(&mut fed, &case);
        }
    }
}

/// After everything a matter still goes down two levels and its answer comes up.
fn life_goes_on(fed: &mut Fed, case: &str) {
    let matter = fed.at(CITY).take_in();
    let leg = fed.at(CITY).assign(matter, [node(ZEZHOU)]).leg();
    assert_eq!(fed.leg(CITY, leg).stage, Stage::Delivered, "{case}");
    let below = fed.at(ZEZHOU).assign(matter, [node(NANCUN)]).leg();
    fed.at(NANCUN).submit_result(below, "solved").done();
    fed.at(ZEZHOU).grant(below, 1).done();
    fed.at(ZEZHOU).submit_result(leg, "solved").done();
    fed.at(CITY).grant(leg, 1).done();
    assert!(!fed.leg(ZEZHOU, leg).is_open(), "{case}");
}

#[test]
fn two_neighbours_restored_at_once_to_any_commits_agree() {
    let fed = morning(true);
    for (one, other) in [(CITY, ZEZHOU), (ZEZHOU, NANCUN), (PROVINCE, CITY)] {
        let ends = (fed.nodes[&one].log.len(), fed.nodes[&other].log.len());
        for first in (0..ends.0).step_by(5) {
            for second in (0..ends.1).step_by(7) {
                let case = format!("{one} at {first}, {other} at {second}");
                let mut fed = fed.clone();
                fed.restore(&[(one, first), (other, second)]);
                agreed(&fed, &case);
                life_goes_on(&mut fed, &case);
            }
        }
    }
}

#[test]
fn news_for_the_origin_that_a_restored_relay_had_not_passed_on_comes_anew() {
    let mut fed = morning(true);
    let matter = fed.at(LINGCHUAN).take_in();
    fed.at(LINGCHUAN)
        .escalate(matter, "beyond-authority")
        .done();
    let up = legs(&fed, CITY)
        .into_iter()
        .find(|leg| leg.matter() == matter);
    fed.at(CITY).sign(up.expect("raised").id).done();
    let down = fed.at(CITY).assign(matter, [node(ZEZHOU)]).leg();
    let commits = fed.nodes[&CITY].log.len();
    // The city takes an envelope of one county for the other, acknowledges it, and loses its disk.
    fed.cut(CITY, LINGCHUAN);
    let leg = fed.at(ZEZHOU).assign(matter, [node(NANCUN)]).leg();
    assert!(fed.waiting().is_empty(), "the city has it");
    let sees = |fed: &Fed| {
        let sights = fed.ticket(LINGCHUAN, matter).sights;
        sights.iter().any(|sight| sight.leg == leg)
    };
    assert!(!sees(&fed));
    fed.mend_nothing();
    fed.restore(&[(CITY, commits)]);
    assert!(sees(&fed));
    assert_eq!(fed.leg(CITY, down).stage, Stage::Delivered);
    agreed(&fed, "relay");
}

#[test]
fn nothing_is_done_on_old_matters_before_the_answers_are_in_and_new_ones_go_on() {
    let mut fed = Fed::new();
    let matter = fed.at(CITY).take_in();
    let leg = fed.at(CITY).assign(matter, [node(ZEZHOU)]).leg();
    let commits = fed.nodes[&CITY].log.len();
    fed.at(ZEZHOU).submit_result(leg, "solved").done();
    fed.at(CITY).grant(leg, 1).done();
    fed.roll_back(CITY, commits);
    fed.input(CITY, Input::Restored { id: [1; 16] });
    fed.input(CITY, Input::Start);
    fed.cut(CITY, ZEZHOU);
    for peer in [PROVINCE, LINGCHUAN] {
        fed.connect(CITY, peer);
    }
    fed.settle();
    fed.at(CITY).recall(leg).fails(EXCHANGING);
    fed.at(CITY).close(matter, "solved").fails(EXCHANGING);
    fed.at(CITY).note(matter).done();
    fed.pass(1_000);
    let new = fed.at(CITY).take_in();
    let given = fed.at(CITY).assign(new, [node(ZEZHOU)]).leg();
    fed.pass(60 * HOUR * 24);
    assert!(
        fed.leg(CITY, leg).overdue_since.is_none(),
        "left to the answer"
    );
    fed.connect(CITY, ZEZHOU);
    fed.mend();
    assert!(
        !fed.leg(CITY, leg).is_open(),
        "the city's own ruling came back"
    );
    assert_eq!(fed.leg(ZEZHOU, given).stage, Stage::Delivered);
    // Its county, two townships and its own parent answered; what did not answer before is waived by a person.
    agreed(&fed, "gate");
}

#[test]
fn a_person_waives_what_never_answers_and_it_is_listed() {
    let mut fed = Fed::new();
    let matter = fed.at(CITY).take_in();
    let leg = fed.at(CITY).assign(matter, [node(ZEZHOU)]).leg();
    let commits = fed.nodes[&CITY].log.len();
    fed.cut(CITY, ZEZHOU);
    fed.roll_back(CITY, commits);
    fed.input(CITY, Input::Restored { id: [1; 16] });
    for peer in [PROVINCE, LINGCHUAN] {
        fed.connect(CITY, peer);
    }
    fed.settle();
    fed.at(CITY).recall(leg).fails(EXCHANGING);
    let verb = crate::command::Verb::ReopenLink { peer: ZEZHOU };
    fed.at(CITY).command(verb).fails("link.exchanging");
    fed.pass(HOUR);
    for silent in [ZEZHOU, NANCUN, XIACUN] {
        let verb = crate::command::Verb::ReopenLink { peer: silent };
        fed.at(CITY).command(verb).done();
    }
    let kinds: Vec<_> = missing(&fed, CITY).iter().map(|m| m.kind).collect();
    let unasked = kinds
        .iter()
        .filter(|kind| **kind == MissingKind::Unasked)
        .count();
    assert_eq!(unasked, 3, "{kinds:?}");
    fed.at(CITY).recall(leg).done();
}

#[test]
fn a_due_date_that_was_forgotten_binds_the_ticket_again() {
    let mut fed = Fed::new();
    let [earlier, later] = [-5, 5].map(|hours| {
        let matter = fed.at(CITY).take_in();
        let leg = fed.at(CITY).assign(matter, [node(ZEZHOU)]).leg();
        (
            matter,
            leg,
            fed.leg(CITY, leg).due.at.plus_millis(hours * HOUR),
        )
    });
    let before = fed.nodes[&ZEZHOU].log.len();
    fed.at(CITY).set_due(earlier.1, earlier.2).done();
    fed.at(ZEZHOU).ask_extension(later.1, 5).done();
    fed.at(CITY).grant(later.1, 1).done();
    let expected = [earlier, later].map(|(matter, ..)| fed.ticket(ZEZHOU, matter).due);
    assert_eq!(expected[0], Some(earlier.2));
    assert!(expected[1] > Some(later.2));
    fed.restore(&[(ZEZHOU, before)]);
    fed.settle();
    let found = [earlier, later].map(|(matter, ..)| fed.ticket(ZEZHOU, matter).due);
    assert_eq!(found, expected);
}

#[test]
fn own_matters_come_back_from_the_takers_and_what_never_left_is_listed() {
    let mut fed = Fed::new();
    let before = fed.nodes[&CITY].log.len();
    let first = fed.at(CITY).take_in();
    let second = fed.at(CITY).take_in();
    fed.at(CITY).assign(second, [node(ZEZHOU)]).done();
    let number = fed.ticket(CITY, second).number;
    let lost = fed.ticket(CITY, first).number;
    fed.restore(&[(CITY, before)]);
    let ticket = fed.ticket(CITY, second);
    assert_eq!(
        (&ticket.number, ticket.stage),
        (&number, TicketStage::Assigned)
    );
    assert!(ticket.due.is_some() && ticket.is_own(CITY));
    assert!(
        fed.nodes[&CITY]
            .view
            .ticket(first)
            .expect("memory")
            .is_none()
    );
    let found = missing(&fed, CITY);
    let petitioner = found.iter().find(|m| m.kind == MissingKind::Petitioner);
    assert_eq!(petitioner.and_then(|m| m.matter), Some(second));
    let gap = found
        .iter()
        .find(|m| m.kind == MissingKind::Number)
        .expect("a number");
    let (plain, _) = lost.rsplit_once('-').expect("a check character");
    let mark_and_count = plain.splitn(3, '-').nth(2).expect("mark and count");
    assert!(gap.number.ends_with(mark_and_count), "{gap:?} is {lost}");
}

#[test]
fn a_node_lost_for_good_is_rebuilt_from_its_neighbours() {
    let fed = morning(true);
    let mut fed = fed;
    let open: Vec<_> = legs(&fed, ZEZHOU)
        .into_iter()
        .filter(|leg| leg.side != Side::Both)
        .collect();
    fed.restore(&[(ZEZHOU, 0)]);
    agreed(&fed, "rebuilt");
    for leg in open {
        assert_eq!(contract(&fed.leg(ZEZHOU, leg.id)), contract(&leg));
        assert!(
            fed.nodes[&ZEZHOU]
                .view
                .ticket(leg.matter())
                .expect("memory")
                .is_some()
        );
    }
}

#[test]
fn a_restore_is_taken_up_once_and_an_epoch_that_others_know_is_passed_over() {
    let mut fed = Fed::new();
    let matter = fed.at(CITY).take_in();
    fed.at(CITY).assign(matter, [node(ZEZHOU)]).done();
    let commits = fed.nodes[&CITY].log.len();
    fed.restore(&[(CITY, commits)]);
    let moment = u64::try_from(fed.now.0).expect("after 1970");
    assert_eq!(fed.nodes[&CITY].view.node().expect("memory").epoch, moment);
    let id = fed.nodes[&CITY]
        .view
        .node()
        .expect("memory")
        .restore
        .expect("one")
        .id;
    fed.input(CITY, Input::Restored { id });
    assert_eq!(fed.nodes[&CITY].view.node().expect("memory").epoch, moment);
    // The same old backup again, in the same millisecond: the neighbours know that epoch.
    fed.restore(&[(CITY, commits)]);
    let above = moment + 1;
    assert_eq!(fed.nodes[&CITY].view.node().expect("memory").epoch, above);
    agreed(&fed, "twice");
}

#[test]
fn a_clone_that_comes_with_the_older_epoch_is_refused_and_stops() {
    let mut fed = Fed::new();
    let matter = fed.at(CITY).take_in();
    fed.at(CITY).assign(matter, [node(ZEZHOU)]).done();
    let original = fed.nodes[&ZEZHOU].clone();
    let commits = original.log.len();
    fed.restore(&[(ZEZHOU, commits)]);
    // The machine that was thought dead is still there.
    let restored = fed.nodes.insert(ZEZHOU, original).expect("it");
    let (mine, theirs) = (fed.hello(CITY, ZEZHOU), fed.hello(ZEZHOU, CITY));
    assert!(matches!(
        fed.hear(ZEZHOU, &mine),
        crate::link::Verdict::SelfRolledBack(_)
    ));
    assert!(matches!(
        fed.hear(CITY, &theirs),
        crate::link::Verdict::PeerRolledBack(_)
    ));
    let blocked = |fed: &Fed, at: RegionKey, peer| {
        fed.nodes[&at]
            .view
            .link(peer)
            .expect("memory")
            .blocked
            .is_some()
    };
    assert!(blocked(&fed, ZEZHOU, CITY) && blocked(&fed, CITY, ZEZHOU));
    // And the restored one finds the link refused until people have settled it.
    fed.nodes.insert(ZEZHOU, restored);
    let said = fed.hello(ZEZHOU, CITY);
    fed.hear(CITY, &said);
    assert!(blocked(&fed, CITY, ZEZHOU));
}

#[test]
fn nobody_is_told_what_it_did_itself_unless_it_asks() {
    let mut fed = Fed::new();
    let matter = fed.at(CITY).take_in();
    let leg = fed.at(CITY).assign(matter, [node(ZEZHOU)]).leg();
    let lie = Message::Past(PastAct {
        leg,
        by: Party::Giver,
        at: MONDAY,
        nth: 1,
        act: Act::Recall {
            ground: RecallGround::Recalled,
        },
        letter: None,
    });
    fed.forge_envelope(ZEZHOU, CITY, &lie, |_| {});
    assert!(fed.leg(CITY, leg).is_open());
    fed.forge_envelope(LINGCHUAN, CITY, &lie, |_| {});
    let alarms = &fed.nodes[&CITY].alarms;
    assert!(
        alarms
            .iter()
            .any(|text| text.contains("restore.not-a-party")),
        "{alarms:?}"
    );
    assert!(fed.leg(CITY, leg).is_open());
}

#[test]
fn a_blocked_link_is_lifted_by_an_announced_restart_alone() {
    let mut fed = Fed::new();
    let why = "旧备份".to_owned();
    let news = LinkNews::PeerRolledBack { why };
    fed.input(CITY, Input::Link { peer: ZEZHOU, news });
    let commits = fed.nodes[&ZEZHOU].log.len();
    fed.restore(&[(ZEZHOU, commits)]);
    let link = fed.nodes[&CITY].view.link(ZEZHOU).expect("memory");
    let epoch = fed.nodes[&ZEZHOU].view.node().expect("memory").epoch;
    assert!(link.blocked.is_none() && epoch > 1 && link.peer_epoch == epoch);
}
