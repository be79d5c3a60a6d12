use super::*;
use crate::id::Ids;
use crate::kernel::{Action, Input, LinkNews, World};
use crate::tally::Held;
use crate::testing::{CITY, DAY, Fed, LINGCHUAN, PROVINCE, ZEZHOU, node};
use crate::view::Overlay;

fn diary(fed: &Fed, at: RegionKey) -> Diary {
    fed.nodes[&at]
        .view
        .diary()
        .expect("memory")
        .expect("opened")
}

fn account(fed: &Fed, at: RegionKey, of: RegionKey) -> Account {
    fed.nodes[&at].view.account(of).expect("memory")
}

/// A day goes by everywhere.
fn day(fed: &mut Fed) {
    fed.pass(DAY);
    fed.settle();
}

/// Every neighbour holds the newest day of every neighbour.
fn all_hold_the_newest(fed: &Fed) {
    for at in fed.nodes.keys() {
        for of in fed.neighbours(*at) {
            let (held, newest) = (account(fed, *at, of).held, diary(fed, of));
            let epoch = fed.nodes[&of].view.node().expect("memory").epoch;
            let wanted = Held {
                epoch,
                no: newest.last.no,
                value: newest.value,
            };
            assert_eq!(held, Some(wanted), "{at} of {of}");
        }
    }
}

#[test]
fn a_day_ends_by_time_and_every_neighbour_holds_it() {
    let mut fed = Fed::new();
    assert_eq!(diary(&fed, CITY).last.no, 0, "opened at the first start");
    let matter = fed.at(CITY).take_in();
    fed.at(CITY).assign(matter, [node(ZEZHOU)]).done();
    let open = diary(&fed, CITY).open.entries();
    assert!(open >= 2, "an offer and a receipt: {open}");
    day(&mut fed);
    let city = diary(&fed, CITY);
    assert_eq!(city.last.no, 1);
    assert!(city.last.entries >= open);
    all_hold_the_newest(&fed);
    day(&mut fed);
    day(&mut fed);
    assert_eq!(diary(&fed, CITY).last.no, 3);
    all_hold_the_newest(&fed);
    for peer in fed.neighbours(CITY) {
        let signed = account(&fed, CITY, peer).quoted;
        assert!(signed >= 2, "{peer} signed for day {signed}");
    }
    assert_eq!(fed.nodes[&CITY].alarms, Vec::<String>::new());
}

#[test]
fn a_cut_link_queues_one_tally_and_the_next_tells_all_days_since() {
    let mut fed = Fed::new();
    day(&mut fed);
    fed.cut(CITY, ZEZHOU);
    for _ in 0..5 {
        day(&mut fed);
    }
    let waiting = fed.nodes[&CITY].view.link(ZEZHOU).expect("memory");
    let bulk = waiting.lanes[Lane::Bulk.index()];
    let tallies = (bulk.acked + 1..=bulk.sent).filter(|seq| {
        let envelope = fed.outgoing(CITY, ZEZHOU, Lane::Bulk, *seq);
        envelope.is_some_and(|envelope| envelope.kind == MessageKind::Tally as u32)
    });
    assert_eq!(tallies.count(), 1);
    fed.mend();
    all_hold_the_newest(&fed);
}

#[test]
fn a_full_day_ends_before_its_time() {
    let mut fed = Fed::new();
    let before = diary(&fed, CITY).last.no;
    let matter = fed.at(CITY).take_in();
    fed.at(CITY).assign(matter, [node(ZEZHOU)]).done();
    let mut full = diary(&fed, CITY);
    while full.open.entries() < ENTRIES_MAX {
        full.open.add(&[7; 32]);
    }
    let row = Row::Diary(Box::new(full));
    fed.put_rows_back(CITY, [(RowKey::Diary, Some(row))]);
    let matter = fed.at(CITY).take_in();
    fed.at(CITY).assign(matter, [node(ZEZHOU)]).done();
    assert_eq!(diary(&fed, CITY).last.no, before + 1);
    all_hold_the_newest_of(&fed, CITY);
}

fn all_hold_the_newest_of(fed: &Fed, of: RegionKey) {
    for at in fed.neighbours(of) {
        let held = account(fed, at, of).held.expect("told");
        assert_eq!(held.value, diary(fed, of).value, "{at}");
    }
}

#[test]
fn the_first_word_of_a_restored_node_is_what_remains_and_nobody_takes_it_for_a_fork() {
    for back in [2, 4] {
        let mut fed = Fed::new();
        day(&mut fed);
        let matter = fed.at(CITY).take_in();
        fed.at(CITY).assign(matter, [node(ZEZHOU)]).done();
        for _ in 0..back {
            day(&mut fed);
        }
        let commits = fed.nodes[&CITY].log.len() / 2;
        fed.pass(1_000);
        fed.restore(&[(CITY, commits)]);
        all_hold_the_newest_of(&fed, CITY);
        // Its neighbours' newest days are heard anew, too, though they lead on from what it had signed for and forgot.
        day(&mut fed);
        all_hold_the_newest(&fed);
        for (region, node) in &fed.nodes {
            let charged = fed
                .neighbours(*region)
                .into_iter()
                .any(|peer| node.view.link(peer).expect("memory").conduct.is_some());
            assert!(!charged, "{region}");
        }
    }
}

/// A node that shows one log to its superior and another below is noticed with the next tally.
#[test]
fn two_views_of_one_log_are_noticed_by_who_signed_for_the_first() {
    let mut fed = Fed::new();
    day(&mut fed);
    let mut forked = diary(&fed, CITY);
    forked.value = [9; 32];
    let first = Row::Day([8; 32], [9; 32]);
    fed.put_rows_back(
        CITY,
        [
            (RowKey::Diary, Some(Row::Diary(Box::new(forked)))),
            (RowKey::Day(1), Some(first)),
        ],
    );
    day(&mut fed);
    for at in [PROVINCE, ZEZHOU, LINGCHUAN] {
        let alarms = &fed.nodes[&at].alarms;
        assert!(
            alarms.iter().any(|text| text.contains("不是同一份日志")),
            "{at}: {alarms:?}"
        );
        let link = fed.nodes[&at].view.link(CITY).expect("memory");
        let conduct = link.conduct.expect("on record");
        assert_eq!(conduct.counts[0].offence, Offence::Contradiction);
        assert_eq!(
            account(&fed, at, CITY).held.expect("the first").no,
            1,
            "it keeps the first"
        );
    }
    let own = &fed.nodes[&CITY].alarms;
    assert!(
        own.iter().any(|text| text.contains("旧备份或副本")),
        "{own:?}"
    );
}

#[test]
fn a_neighbour_of_an_older_release_gets_none() {
    let mut fed = Fed::new();
    let older = |fed: &mut Fed, wire| {
        let news = LinkNews::Met {
            epoch: 1,
            wire,
            shown: None,
        };
        fed.input(CITY, Input::Link { peer: ZEZHOU, news })
    };
    older(&mut fed, MessageKind::Tally.since() - 1);
    day(&mut fed);
    assert_eq!(account(&fed, ZEZHOU, CITY).held, None);
    assert_eq!(account(&fed, CITY, ZEZHOU).told, None);
    // It learns of it as soon as it is upgraded.
    let actions = older(&mut fed, MessageKind::Tally.since());
    assert!(actions.contains(&Action::Pump { peer: ZEZHOU }));
    fed.settle();
    all_hold_the_newest_of(&fed, CITY);
}

#[test]
fn whoever_is_no_neighbour_or_tells_no_chain_is_refused() {
    let mut fed = Fed::new();
    day(&mut fed);
    let said = |no| Tally {
        day: Day {
            no,
            ..diary(&fed, CITY).last
        },
        base: 0,
        before: [0; 32],
        since: Vec::new(),
        yours: None,
    };
    let (whole, broken) = (said(1), said(2));
    let node = &fed.nodes[&ZEZHOU];
    let world = World {
        me: ZEZHOU,
        federation: &node.tree,
        packs: &node.packs,
        wire: fed.wire(),
        older: &[],
        examiner: &crate::world::NoDocuments,
        notary: &crate::evidence::Nobody,
    };
    for (from, said, rule) in [
        (PROVINCE, &whole, "tally.neighbour"),
        (CITY, &broken, "tally.broken"),
    ] {
        let overlay = Overlay::new(&node.view);
        let mut draft = Draft::new(world, fed.now, &overlay, Ids::new([1; 16]));
        match heard(&mut draft, from, Some(1), said) {
            Err(Stop::Refused(refusal)) => assert_eq!(refusal.rule, rule),
            other => panic!("{rule}: {other:?}"),
        }
    }
}
