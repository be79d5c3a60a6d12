//! How a leg is delivered and closed, who may act on it, and what comes late.

use super::*;
use crate::refusal::Class;

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
    assert_eq!(
        receive(&restored, Party::Giver, pair.tick(), &answer),
        Reception::Apply
    );
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
        receive(&pair.giver, Party::Taker, START, &Act::Receipt),
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
        receive(&pair.taker, Party::Giver, START, &again),
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
        let Reception::Refuse(refusal) = receive(&pair.giver, Party::Taker, START, &act) else {
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
            matches!(receive(leg, by, START, act), Reception::Refuse(_)),
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
