//! Supervision orders, due dates, leads, and the words and news about a leg.

use super::*;

// Orders.

#[test]
fn an_order_ends_only_by_its_issuer() {
    let mut pair = Pair::signed();
    let order = supervise(SUPERIOR_ORDER, PROVINCE);
    assert_eq!(
        receive(&pair.giver, Party::Giver, START, &order),
        Reception::Apply,
        "a copy for the giver"
    );
    pair.giver(order);
    pair.giver(supervise(ORDER, CITY));
    pair.settle();
    assert_eq!(
        refused(pair.try_giver(supervise(ORDER, CITY))),
        "leg.order.known"
    );
    for act in [
        Act::EndOrder {
            order: SUPERIOR_ORDER,
        },
        Act::Remind {
            order: SUPERIOR_ORDER,
        },
    ] {
        assert_eq!(refused(pair.try_giver(act.clone())), "leg.order.issuer");
        assert_eq!(
            receive(&pair.giver, Party::Giver, START, &act),
            Reception::Apply
        );
    }
    assert_eq!(pair.try_giver(Act::EndOrder { order: ORDER }), Ok(()));
    let unknown = OrderId([9; 16]);
    assert_eq!(
        refused(pair.try_taker(Act::ReplyOrder { order: unknown })),
        "leg.order.unknown"
    );
    assert_eq!(
        receive(
            &pair.giver,
            Party::Giver,
            START,
            &Act::EndOrder { order: unknown }
        ),
        Reception::Void("no such order")
    );
}

#[test]
fn orders_stand_oldest_first() {
    let mut pair = Pair::signed();
    let later = pair.tick();
    let (first, second) = (supervise(SUPERIOR_ORDER, PROVINCE), supervise(ORDER, CITY));
    let mut leg = pair.giver.clone();
    leg.apply(Party::Giver, later, later, &second);
    leg.apply(Party::Giver, START, later, &first);
    assert_eq!(
        leg.orders.iter().map(|order| order.id).collect::<Vec<_>>(),
        [SUPERIOR_ORDER, ORDER]
    );
}

// Due dates and leads.

#[test]
fn older_due_dates_and_terms_have_no_effect() {
    let mut pair = Pair::new(offer(LegKind::Downward, LegRole::CoHandler));
    pair.giver(Act::NewDue { no: 1, due: due(1) });
    pair.giver(Act::NameLead {
        term: 3,
        lead: OTHER_LEG,
    });
    pair.settle();
    assert_eq!(
        refused(pair.try_giver(Act::NewDue { no: 1, due: due(2) })),
        "leg.due.number"
    );
    assert_eq!(
        refused(pair.try_giver(Act::NameLead { term: 3, lead: LEG })),
        "leg.lead.term"
    );
    let old = Act::NewDue { no: 1, due: due(2) };
    assert_eq!(
        receive(&pair.taker, Party::Giver, START, &old),
        Reception::Void("older due date")
    );
    let old = Act::NameLead { term: 2, lead: LEG };
    assert_eq!(
        receive(&pair.taker, Party::Giver, START, &old),
        Reception::Void("older term")
    );
    let same = Act::NameLead { term: 3, lead: LEG };
    assert_eq!(
        receive(&pair.taker, Party::Giver, START, &same),
        Reception::Void("older term")
    );
}

#[test]
fn a_sole_taker_has_no_lead_and_is_not_released() {
    let mut pair = Pair::signed();
    assert_eq!(
        refused(pair.try_giver(Act::NameLead { term: 1, lead: LEG })),
        "leg.lead.sole"
    );
    let release = Act::Recall {
        ground: RecallGround::Released,
    };
    assert_eq!(refused(pair.try_giver(release)), "leg.release.sole");
}

#[test]
fn overdue_is_said_once_for_the_date_in_force() {
    let mut pair = Pair::signed();
    let passed = Act::Overdue { due: due(0).at };
    assert_eq!(
        refused(pair.try_taker(Act::Overdue { due: due(1).at })),
        "leg.overdue.replaced"
    );
    pair.taker(passed.clone());
    assert_eq!(refused(pair.try_taker(passed.clone())), "leg.overdue.known");
    pair.giver(passed);
    assert_eq!(pair.arrives_up(), Reception::Void("known"));
    pair.settle();
    assert_eq!(pair.giver.overdue(), Some(due(0).at));
    pair.giver(Act::NewDue { no: 1, due: due(1) });
    pair.settle();
    assert_eq!(pair.taker.overdue(), None);
}

#[test]
fn a_result_reported_in_time_is_not_overdue_until_it_is_sent_back() {
    let mut pair = Pair::signed();
    pair.asks(RequestKind::Result);
    assert_eq!(
        refused(pair.try_taker(Act::Overdue { due: due(0).at })),
        "leg.overdue.reported"
    );
    // The giver's clock passes the date before the result comes in.
    pair.pass(due(0).at);
    pair.giver(Act::Overdue { due: due(0).at });
    assert_eq!(pair.giver.overdue(), Some(due(0).at));
    pair.settle();
    assert_eq!(pair.giver.overdue(), None);
    pair.giver(ruling(&pair.giver, false));
    pair.settle();
    assert_eq!(pair.taker.overdue(), Some(due(0).at));
}

// Words and news.

#[test]
fn the_stage_word_says_what_is_waited_for() {
    let mut pair = downward();
    let mut words = vec![stage_word(&pair.giver)];
    pair.taker(Act::Receipt);
    pair.settle();
    words.push(stage_word(&pair.giver));
    pair.taker(SIGN);
    pair.settle();
    words.push(stage_word(&pair.giver));
    for kind in RequestKind::ALL {
        pair.asks(kind);
        pair.settle();
        words.push(stage_word(&pair.giver));
    }
    pair.taker(Act::WithdrawRequest { no: 4 });
    pair.taker(Act::Overdue { due: due(0).at });
    pair.settle();
    words.push(stage_word(&pair.giver));
    pair.giver(RECALL);
    words.push(stage_word(&pair.giver));
    let asked = [
        "return-asked",
        "extension-asked",
        "escalation-asked",
        "result-reported",
    ];
    let expected = [
        &["offered", "delivered", "signed"][..],
        &asked,
        &["overdue", "closed"],
    ]
    .concat();
    assert_eq!(words, expected);
    let mut up = upward();
    up.taker(SIGN);
    assert_eq!(stage_word(&up.taker), "accepted");
}

#[test]
fn news_is_what_the_other_side_did() {
    let mut pair = downward();
    assert_eq!(pair.giver.heard_at, None);
    pair.giver(Act::NewDue { no: 1, due: due(1) });
    assert_eq!(pair.giver.heard_at, None, "the own act is no news");
    pair.taker(Act::Receipt);
    pair.arrives_up();
    let heard = pair.giver.heard_at.unwrap();
    assert!(
        heard > pair.giver.delivered_at.unwrap(),
        "when it was recorded here"
    );
}

#[test]
fn closed_at_the_very_moment_is_in_time() {
    let mut leg = Pair::signed().giver;
    let due = leg.due.at;
    leg.apply(Party::Giver, due, due, &Act::Overdue { due });
    let mut later = leg.clone();
    leg.apply(Party::Giver, due, due, &RECALL);
    assert_eq!(leg.overdue_since, None);
    later.apply(Party::Giver, due.plus_millis(1), due, &RECALL);
    assert_eq!(later.overdue_since, Some(due));
}

#[test]
fn a_due_date_counts_by_its_number() {
    let mut leg = Pair::signed().giver;
    for (no, expected) in [(2, due(2)), (2, due(2)), (1, due(2)), (3, due(3))] {
        let new = Act::NewDue { no, due: due(no) };
        leg.apply(Party::Giver, START, START, &new);
        assert_eq!(leg.due, expected);
    }
    let same = Act::NewDue { no: 3, due: due(0) };
    leg.apply(Party::Giver, START, START, &same);
    assert_eq!(leg.due, due(3));
}

#[test]
fn a_closed_leg_takes_no_new_order() {
    let mut pair = Pair::signed();
    pair.giver(RECALL);
    pair.settle();
    let order = supervise(SUPERIOR_ORDER, PROVINCE);
    let closed_at = pair.taker.closed_at.unwrap();
    let at = pair.tick();
    assert_eq!(
        receive(&pair.taker, Party::Giver, at, &order),
        Reception::Late { closed_at }
    );
    pair.taker.apply(Party::Giver, at, at, &order);
    assert!(pair.taker.orders.is_empty());
}

#[test]
fn a_result_reported_late_is_overdue_all_the_same() {
    let mut pair = Pair::signed();
    let due = due(0).at;
    pair.pass(due);
    pair.asks(RequestKind::Result);
    pair.taker(Act::Overdue { due });
    pair.settle();
    assert_eq!(pair.giver.overdue(), Some(due));
    assert_eq!(stage_word(&pair.giver), "result-reported");
}
