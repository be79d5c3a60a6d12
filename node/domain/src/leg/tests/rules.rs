//! Every rule by an example: given a leg, when somebody acts, then it is allowed, late, void or refused.

use super::*;
use crate::refusal::{Class, Refusal};

fn refused(tried: Result<(), Refusal>) -> &'static str {
    let refusal = tried.expect_err("the act must be refused");
    assert!(
        refusal.message.chars().any(|c| c > '\u{4e00}'),
        "words for a clerk: {}",
        refusal.message
    );
    refusal.rule
}

fn downward() -> Pair {
    Pair::new(offer(LegKind::Downward, LegRole::Sole))
}

fn delivered() -> Pair {
    let mut pair = downward();
    pair.taker(Act::Receipt);
    pair.settle();
    pair
}

fn upward() -> Pair {
    let mut pair = Pair::new(offer(LegKind::Upward, LegRole::Sole));
    pair.taker(Act::Receipt);
    pair.settle();
    pair
}

fn asked(kind: RequestKind) -> Pair {
    let mut pair = Pair::signed();
    pair.asks(kind);
    pair.settle();
    pair
}

const SIGN: Act = Act::Sign { deemed: false };
const RECALL: Act = Act::Recall {
    ground: RecallGround::Recalled,
};

fn request(no: u32, kind: RequestKind) -> Act {
    Act::Request {
        no,
        asking: asking(kind),
    }
}

fn supervise(order: OrderId, issuer: RegionKey) -> Act {
    Act::Supervise {
        order,
        issuer,
        trigger: "overdue".to_owned(),
        reply_by: due(0).at,
    }
}

// Custody.

#[test]
fn custody_moves_with_the_receipt_and_back_with_the_closing() {
    let mut pair = downward();
    pair.taker(Act::Receipt);
    assert_eq!(
        pair.giver.answerable(),
        Party::Giver,
        "until the giver has the receipt"
    );
    pair.settle();
    assert_eq!(pair.giver.answerable(), Party::Taker);
    pair.asks(RequestKind::Result);
    pair.settle();
    assert_eq!(
        pair.giver.answerable(),
        Party::Taker,
        "until the giver accepts"
    );
    pair.giver(ruling(&pair.giver, true));
    assert_eq!(pair.giver.answerable(), Party::Giver);
    pair.settle();
    assert_eq!(pair.taker.stage, Stage::Closed(Closure::Done));
}

#[test]
fn a_superior_answers_only_once_it_accepted() {
    let mut pair = upward();
    assert_eq!(pair.giver.answerable(), Party::Giver);
    pair.taker(SIGN);
    pair.settle();
    assert_eq!(pair.giver.answerable(), Party::Taker);
}

// Requests and rulings.

#[test]
fn a_request_needs_delivery_but_no_signature() {
    assert_eq!(
        refused(downward().try_taker(request(1, RequestKind::Return))),
        "leg.delivered"
    );
    assert_eq!(
        delivered().try_taker(request(1, RequestKind::Return)),
        Ok(())
    );
}

#[test]
fn requests_are_numbered_from_one_on() {
    let mut pair = Pair::signed();
    assert_eq!(
        refused(pair.try_taker(request(2, RequestKind::Result))),
        "leg.request.number"
    );
    pair.asks(RequestKind::Return);
    assert_eq!(
        refused(pair.try_taker(request(1, RequestKind::Result))),
        "leg.request.number"
    );
    pair.asks(RequestKind::Result);
    pair.settle();
    assert_eq!(pair.giver.open_request().map(|open| open.no), Some(2));
}

#[test]
fn a_determined_leg_is_not_returned_even_by_a_message() {
    let determined = Offer {
        determined: true,
        ..offer(LegKind::Downward, LegRole::Sole)
    };
    let mut pair = Pair::new(determined);
    pair.taker(Act::Receipt);
    pair.settle();
    assert_eq!(
        refused(pair.try_taker(request(1, RequestKind::Return))),
        "leg.return.determined"
    );
    let Reception::Refuse(refusal) =
        receive(&pair.giver, Party::Taker, &request(1, RequestKind::Return))
    else {
        panic!("a determined leg must not be returned");
    };
    assert_eq!(refusal.rule, "leg.return.determined");
    assert_eq!(pair.try_taker(request(1, RequestKind::Escalation)), Ok(()));
}

#[test]
fn a_ruling_answers_the_request_it_names_and_no_other() {
    let mut pair = asked(RequestKind::Return);
    let grant = ruling(&pair.giver, true);
    pair.asks(RequestKind::Result);
    pair.settle();
    assert_eq!(refused(pair.try_giver(grant)), "leg.request.replaced");
    let mut wrong = ruling(&pair.giver, true);
    if let Act::Ruling { of, .. } = &mut wrong {
        *of = RequestKind::Escalation;
    }
    assert_eq!(refused(pair.try_giver(wrong)), "leg.ruling.kind");
    pair.giver(ruling(&pair.giver, false));
    let again = Act::Ruling {
        request: 2,
        of: RequestKind::Result,
        granted: true,
        basis: String::new(),
        due: None,
    };
    assert_eq!(refused(pair.try_giver(again)), "leg.request.none");
}

#[test]
fn only_a_granted_extension_brings_a_due_date() {
    let mut pair = asked(RequestKind::Extension);
    let with = |granted, due| Act::Ruling {
        request: 1,
        of: RequestKind::Extension,
        granted,
        basis: String::new(),
        due,
    };
    assert_eq!(refused(pair.try_giver(with(true, None))), "leg.ruling.due");
    assert_eq!(
        refused(pair.try_giver(with(false, Some((1, due(1)))))),
        "leg.ruling.due"
    );
    assert_eq!(
        refused(pair.try_giver(with(true, Some((2, due(1)))))),
        "leg.due.number"
    );
    pair.giver(with(true, Some((1, due(1)))));
    pair.settle();
    assert_eq!(
        (pair.taker.due_no, pair.taker.due, pair.taker.extensions),
        (1, due(1), 1)
    );
    assert!(pair.taker.is_open());
}

#[test]
fn denials_are_counted_by_kind() {
    let mut pair = asked(RequestKind::Return);
    pair.giver(ruling(&pair.giver, false));
    pair.settle();
    pair.asks(RequestKind::Result);
    pair.settle();
    pair.giver(ruling(&pair.giver, false));
    pair.settle();
    assert_eq!((pair.taker.returns_denied, pair.taker.sent_back), (1, 1));
    assert!(pair.taker.is_open());
}

#[test]
fn a_due_date_granted_to_an_older_request_takes_effect() {
    let mut pair = asked(RequestKind::Extension);
    pair.giver(ruling(&pair.giver, true));
    pair.asks(RequestKind::Result);
    pair.settle();
    assert_eq!(pair.taker.due_no, 1);
    assert_eq!(
        pair.giver.open_request().map(|open| open.asking.kind()),
        Some(RequestKind::Result)
    );
}

#[test]
fn a_withdrawal_comes_too_late_for_a_ruling() {
    let mut pair = asked(RequestKind::Extension);
    pair.giver(ruling(&pair.giver, false));
    pair.taker(Act::WithdrawRequest { no: 1 });
    assert_eq!(pair.arrives_up(), Reception::Void("ruled"));
    pair.settle();
    assert_eq!(
        pair.taker.request.as_ref().map(|last| last.outcome),
        Some(Outcome::Denied)
    );
}

// Closing.

#[test]
fn a_late_result_is_kept_and_answered() {
    let mut pair = Pair::signed();
    pair.asks(RequestKind::Result);
    pair.giver(RECALL);
    let closed_at = pair.giver.closed_at.unwrap();
    assert_eq!(pair.arrives_up(), Reception::Late { closed_at });
    assert_eq!(pair.arrives_down(), Reception::Apply, "the recall");
    assert_eq!(pair.arrives_down(), Reception::Void("closed"), "the answer");
    pair.settle();
    let last = pair.giver.request.clone().unwrap();
    assert_eq!(
        (last.no, last.asking.kind(), last.outcome),
        (1, RequestKind::Result, Outcome::Late)
    );
}

#[test]
fn the_answer_closes_a_leg_whose_closing_was_lost() {
    let mut pair = asked(RequestKind::Result);
    pair.giver(ruling(&pair.giver, true));
    let answer = pair.giver.closed_since().unwrap();
    let mut restored = pair.taker.clone();
    assert_eq!(receive(&restored, Party::Giver, &answer), Reception::Apply);
    let at = pair.tick();
    restored.apply(Party::Giver, at, at, &answer);
    assert_eq!(restored.stage, Stage::Closed(Closure::Done));
    assert_eq!(restored.closed_at, pair.giver.closed_at);
}

#[test]
fn a_ruling_closes_a_leg_whose_taker_forgot_what_it_asked() {
    let mut pair = asked(RequestKind::Escalation);
    pair.giver(ruling(&pair.giver, true));
    pair.taker.request = None;
    assert_eq!(pair.arrives_down(), Reception::Apply);
    assert_eq!(pair.taker.stage, Stage::Closed(Closure::Escalated));
}

#[test]
fn nothing_but_orders_goes_on_after_the_closing() {
    let mut pair = Pair::signed();
    pair.giver(supervise(ORDER, CITY));
    pair.settle();
    pair.giver(RECALL);
    pair.settle();
    for act in [
        SIGN,
        request(1, RequestKind::Result),
        Act::Progress {
            stage: "x".to_owned(),
        },
    ] {
        assert_eq!(refused(pair.try_taker(act)), "leg.closed");
    }
    for act in [
        RECALL,
        Act::NewDue { no: 1, due: due(1) },
        supervise(SUPERIOR_ORDER, CITY),
    ] {
        assert_eq!(refused(pair.try_giver(act)), "leg.closed");
    }
    pair.taker(Act::ReplyOrder { order: ORDER });
    pair.giver(Act::Remind { order: ORDER });
    pair.settle();
    pair.giver(Act::EndOrder { order: ORDER });
    pair.settle();
    assert_eq!(
        refused(pair.try_taker(Act::ReplyOrder { order: ORDER })),
        "leg.order.ended"
    );
    let order = pair.giver.order(ORDER).unwrap();
    assert!(order.replied_at.is_some() && order.reminders == 1 && order.ended_at.is_some());
}

#[test]
fn a_receipt_after_the_recall_is_still_written_down() {
    let mut pair = downward();
    pair.taker(Act::Receipt);
    pair.giver(RECALL);
    pair.settle();
    assert!(pair.giver.delivered_at.is_some());
    assert_eq!(pair.giver.answerable(), Party::Giver);
}

#[test]
fn closed_since_is_said_only_as_it_is() {
    let mut pair = Pair::signed();
    let lie = Act::ClosedSince {
        at: START,
        how: Closure::Done,
    };
    assert_eq!(refused(pair.try_giver(lie.clone())), "leg.closed-since");
    pair.giver(RECALL);
    assert_eq!(refused(pair.try_giver(lie)), "leg.closed-since");
    let truth = pair.giver.closed_since().unwrap();
    assert_eq!(pair.try_giver(truth), Ok(()));
}

// Signing and delivery.

#[test]
fn a_leg_is_receipted_and_signed_once() {
    let mut pair = downward();
    assert_eq!(refused(pair.try_taker(SIGN)), "leg.delivered");
    pair.taker(Act::Receipt);
    assert_eq!(refused(pair.try_taker(Act::Receipt)), "leg.receipt.known");
    pair.taker(Act::Sign { deemed: true });
    assert_eq!(refused(pair.try_taker(SIGN)), "leg.sign.once");
    pair.settle();
    assert!(pair.giver.deemed);
    assert_eq!(
        receive(&pair.giver, Party::Taker, &Act::Receipt),
        Reception::Void("known")
    );
}

#[test]
fn an_offer_is_known_once() {
    let pair = downward();
    let again = Act::Offer(Box::new(pair.giver.offer.clone()));
    assert_eq!(
        refused(check(&pair.giver, Party::Giver, &again)),
        "leg.offer.known"
    );
    assert_eq!(
        receive(&pair.taker, Party::Giver, &again),
        Reception::Void("known")
    );
}

#[test]
fn work_before_the_receipt_cannot_be() {
    let pair = downward();
    for act in [
        SIGN,
        request(1, RequestKind::Result),
        Act::Progress {
            stage: "x".to_owned(),
        },
    ] {
        let Reception::Refuse(refusal) = receive(&pair.giver, Party::Taker, &act) else {
            panic!("{act:?} must be refused")
        };
        assert_eq!(
            (refusal.rule, refusal.class),
            ("leg.delivered", Class::State)
        );
    }
}

// Parties.

#[test]
fn each_acts_for_itself() {
    let pair = Pair::signed();
    assert_eq!(refused(check(&pair.giver, Party::Taker, &SIGN)), "leg.side");
    assert_eq!(
        refused(check(&pair.giver, Party::Giver, &SIGN)),
        "leg.party"
    );
    assert_eq!(
        refused(check(&pair.taker, Party::Taker, &RECALL)),
        "leg.party"
    );
    for (leg, by, act) in [
        (&pair.giver, Party::Taker, &RECALL),
        (&pair.giver, Party::Giver, &RECALL),
        (&pair.taker, Party::Taker, &SIGN),
        (
            &Leg {
                side: Side::Both,
                ..pair.taker.clone()
            },
            Party::Taker,
            &SIGN,
        ),
    ] {
        assert!(
            matches!(receive(leg, by, act), Reception::Refuse(_)),
            "{by:?} {act:?}"
        );
    }
}

#[test]
fn a_unit_of_the_own_node_and_its_giver_share_one_record() {
    let mut leg = Leg {
        side: Side::Both,
        ..downward().giver
    };
    for (by, act) in [
        (Party::Taker, Act::Receipt),
        (Party::Taker, SIGN),
        (Party::Taker, request(1, RequestKind::Result)),
    ] {
        assert_eq!(check(&leg, by, &act), Ok(()));
        leg.apply(by, START, START, &act);
    }
    let accept = ruling(&leg, true);
    assert_eq!(check(&leg, Party::Giver, &accept), Ok(()));
    leg.apply(Party::Giver, START, START, &accept);
    assert_eq!(leg.stage, Stage::Closed(Closure::Done));
}

// Orders.

#[test]
fn an_order_ends_only_by_its_issuer() {
    let mut pair = Pair::signed();
    let order = supervise(SUPERIOR_ORDER, PROVINCE);
    assert_eq!(
        receive(&pair.giver, Party::Giver, &order),
        Reception::Apply,
        "it comes through the giver"
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
        assert_eq!(receive(&pair.giver, Party::Giver, &act), Reception::Apply);
    }
    assert_eq!(pair.try_giver(Act::EndOrder { order: ORDER }), Ok(()));
    let unknown = OrderId([9; 16]);
    assert_eq!(
        refused(pair.try_taker(Act::ReplyOrder { order: unknown })),
        "leg.order.unknown"
    );
    assert_eq!(
        receive(&pair.giver, Party::Giver, &Act::EndOrder { order: unknown }),
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
        receive(&pair.taker, Party::Giver, &old),
        Reception::Void("older due date")
    );
    let old = Act::NameLead { term: 2, lead: LEG };
    assert_eq!(
        receive(&pair.taker, Party::Giver, &old),
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

// Upward legs.

#[test]
fn a_superior_declines_before_it_accepts_and_answers_after() {
    let mut pair = upward();
    assert_eq!(
        refused(pair.try_taker(request(1, RequestKind::Result))),
        "leg.upward.accept-first"
    );
    assert_eq!(
        refused(pair.try_taker(Act::Progress {
            stage: "x".to_owned()
        })),
        "leg.upward.accept-first"
    );
    pair.taker(SIGN);
    assert_eq!(
        refused(pair.try_taker(request(1, RequestKind::Return))),
        "leg.upward.accepted"
    );
    pair.asks(RequestKind::Result);
    pair.settle();
    assert_eq!(
        pair.taker.stage,
        Stage::Closed(Closure::Done),
        "granted by the giver's commit"
    );
}

#[test]
fn a_superior_that_declined_does_not_accept() {
    let mut pair = upward();
    pair.asks(RequestKind::Return);
    assert_eq!(refused(pair.try_taker(SIGN)), "leg.upward.declined");
    pair.settle();
    assert_eq!(pair.taker.stage, Stage::Closed(Closure::Returned));
}

#[test]
fn a_superior_takes_no_orders_from_below() {
    let mut pair = upward();
    for (act, rule) in [
        (RECALL, "leg.upward.recall"),
        (Act::NewDue { no: 1, due: due(1) }, "leg.upward.due"),
        (supervise(ORDER, COUNTY), "leg.upward.order"),
        (Act::NameLead { term: 1, lead: LEG }, "leg.lead.sole"),
    ] {
        assert_eq!(refused(pair.try_giver(act)), rule);
    }
    for (act, rule) in [
        (request(1, RequestKind::Extension), "leg.upward.request"),
        (request(1, RequestKind::Escalation), "leg.upward.request"),
        (Act::Sign { deemed: true }, "leg.upward.deemed"),
    ] {
        assert_eq!(refused(pair.try_taker(act)), rule);
    }
    pair.asks(RequestKind::Return);
    assert_eq!(
        refused(pair.try_taker(Act::WithdrawRequest { no: 1 })),
        "leg.upward.withdraw"
    );
    pair.giver(Act::Recall {
        ground: RecallGround::Withdrawn,
    });
    pair.settle();
    assert_eq!(
        pair.taker.stage,
        Stage::Closed(Closure::Recalled(RecallGround::Withdrawn))
    );
}

#[test]
fn the_origin_has_nothing_to_rule() {
    let mut pair = upward();
    pair.taker(SIGN);
    pair.asks(RequestKind::Result);
    let Reception::Apply = receive(&pair.giver, Party::Taker, &SIGN) else {
        panic!("accepted")
    };
    let at = pair.tick();
    pair.giver.apply(Party::Taker, at, at, &SIGN);
    pair.giver
        .apply(Party::Taker, at, at, &request(1, RequestKind::Result));
    assert_eq!(
        refused(check(
            &pair.giver,
            Party::Giver,
            &ruling(&pair.giver, false)
        )),
        "leg.upward.ruling"
    );
    let Some(Act::Ruling {
        request: 1,
        of: RequestKind::Result,
        granted: true,
        ..
    }) = automatic(&pair.giver)
    else {
        panic!("the answer is taken at once")
    };
    assert_eq!(
        automatic(&asked(RequestKind::Result).giver),
        None,
        "a downward result waits for its review"
    );
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
