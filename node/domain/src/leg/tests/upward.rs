//! Upward legs: the superior accepts or declines, and owes only the answer.

use super::*;

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
    let Reception::Apply = receive(&pair.giver, Party::Taker, START, &SIGN) else {
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
