//! Custody, requests and rulings: given a leg, when somebody acts, then it is allowed, void or refused.

use super::*;

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
    let Reception::Refuse(refusal) = receive(
        &pair.giver,
        Party::Taker,
        START,
        &request(1, RequestKind::Return),
    ) else {
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

#[test]
fn a_ruling_that_comes_twice_counts_once() {
    let mut pair = asked(RequestKind::Return);
    let denial = ruling(&pair.giver, false);
    pair.giver(denial.clone());
    pair.settle();
    let at = pair.tick();
    assert_eq!(
        receive(&pair.taker, Party::Giver, at, &denial),
        Reception::Void("known")
    );
    pair.taker.apply(Party::Giver, at, at, &denial);
    assert_eq!(pair.taker.returns_denied, 1);
}

#[test]
fn a_second_ruling_still_closes_and_still_sets_the_date() {
    let mut pair = asked(RequestKind::Extension);
    let grant = ruling(&pair.giver, true);
    pair.giver(ruling(&pair.giver, false));
    pair.settle();
    // The giver's disk was set back to before its denial.
    let at = pair.tick();
    assert_eq!(
        receive(&pair.taker, Party::Giver, at, &grant),
        Reception::Apply
    );
    pair.taker.apply(Party::Giver, at, at, &grant);
    assert_eq!((pair.taker.due_no, pair.taker.extensions), (1, 0));

    let mut pair = asked(RequestKind::Result);
    let accept = ruling(&pair.giver, true);
    pair.giver(ruling(&pair.giver, false));
    pair.settle();
    let at = pair.tick();
    assert_eq!(
        receive(&pair.taker, Party::Giver, at, &accept),
        Reception::Apply
    );
    pair.taker.apply(Party::Giver, at, at, &accept);
    assert_eq!(pair.taker.stage, Stage::Closed(Closure::Done));
    let last = pair.taker.request.map(|last| last.outcome);
    assert_eq!(last, Some(Outcome::Granted));
}

#[test]
fn a_request_under_an_old_number_is_news_when_it_is_newer() {
    let pair = asked(RequestKind::Extension);
    let known = pair.giver.request.clone().unwrap();
    let again = request(1, RequestKind::Result);
    let hear = |at| receive(&pair.giver, Party::Taker, at, &again);
    assert_eq!(hear(known.at), Reception::Void("known"));
    assert_eq!(hear(known.at.plus_millis(1)), Reception::Apply);
}
