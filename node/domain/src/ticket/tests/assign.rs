//! 转办.

use super::given_to_county;
use crate::command::Verb;
use crate::id::MatterId;
use crate::testing::{
    CHONGWEN, CITY, DAY, Fed, HOUR, LINGCHUAN, NANCUN, PROVINCE, XIACUN, ZEZHOU, node, unit,
};
use crate::ticket::TicketStage;
use hotline_topology::{Kind, Time, Urgency};

fn assign_by(matter: MatterId, due: Option<Time>, determination: Option<&str>) -> Verb {
    Verb::Assign {
        matter,
        takers: vec![node(ZEZHOU)],
        lead: None,
        basis: String::new(),
        due,
        determination: determination.map(str::to_owned),
    }
}

#[test]
fn the_taker_gets_the_ticket_and_the_giver_its_receipt() {
    let (fed, matter, leg) = given_to_county();
    let (giver, taker) = (fed.leg(CITY, leg), fed.leg(ZEZHOU, leg));
    assert!(giver.delivered_at.is_some() && giver.delivered_at == taker.delivered_at);
    assert_eq!(fed.ticket(CITY, matter).stage, TicketStage::Assigned);
    let ticket = fed.ticket(ZEZHOU, matter);
    assert_eq!((ticket.stage, ticket.hops), (TicketStage::Open, 1));
    assert_eq!(ticket.number, fed.ticket(CITY, matter).number);
}

#[test]
fn without_takers_the_catalogue_names_one() {
    let mut fed = Fed::new();
    let matter = fed.at(ZEZHOU).take_in();
    let leg = fed.at(ZEZHOU).assign(matter, []).leg();
    assert_eq!(fed.leg(ZEZHOU, leg).taker(), &unit(ZEZHOU, "供水公司"));
}

#[test]
fn by_place_the_catalogue_names_the_child() {
    let mut fed = Fed::new();
    let verb = Verb::TakeIn {
        channel: "web".to_owned(),
        kind: Kind::Help,
        category: "03".to_owned(),
        urgency: Urgency::Normal,
        place: Some(NANCUN),
        happened_at: None,
    };
    let matter = fed.at(CITY).command(verb).done().matter.unwrap();
    let leg = fed.at(CITY).assign(matter, []).leg();
    assert_eq!(fed.leg(CITY, leg).taker(), &node(ZEZHOU));
}

#[test]
fn a_taker_must_be_within_reach() {
    let mut fed = Fed::new();
    let matter = fed.at(CITY).take_in();
    for taker in [
        node(NANCUN),
        node(PROVINCE),
        node(CITY),
        unit(ZEZHOU, "供水公司"),
        unit(CITY, "没有的单位"),
    ] {
        fed.at(CITY).assign(matter, [taker]).fails("assign.reach");
    }
}

#[test]
fn one_body_has_a_matter_once() {
    let (mut fed, matter, _) = given_to_county();
    fed.at(CITY)
        .assign(matter, [node(LINGCHUAN)])
        .fails("assign.again");
    let other = fed.at(CITY).take_in();
    let twice = [node(ZEZHOU), node(ZEZHOU)];
    fed.at(CITY).assign(other, twice).fails("assign.takers");
    let many = (0..17).map(|_| node(ZEZHOU));
    fed.at(CITY).assign(other, many).fails("assign.takers");
}

#[test]
fn nothing_is_given_out_that_is_closed() {
    let mut fed = Fed::new();
    let matter = fed.at(CITY).take_in();
    fed.at(CITY).answer_directly(matter).done();
    fed.at(CITY)
        .assign(matter, [node(ZEZHOU)])
        .fails("assign.closed");
}

#[test]
fn a_wished_date_lies_between_now_and_the_rules() {
    let mut fed = Fed::new();
    let matter = fed.at(CITY).take_in();
    let (now, due) = (fed.now, fed.ticket(CITY, matter).due.unwrap());
    fed.at(CITY)
        .command(assign_by(matter, Some(now), None))
        .fails("assign.due");
    let late = Some(due.plus_millis(1));
    fed.at(CITY)
        .command(assign_by(matter, late, None))
        .fails("assign.due");
    let soon = now.plus_millis(6 * HOUR);
    let leg = fed
        .at(CITY)
        .command(assign_by(matter, Some(soon), None))
        .leg();
    assert_eq!(fed.leg(ZEZHOU, leg).due.at, soon);
    assert_eq!(fed.ticket(ZEZHOU, matter).due, Some(soon));
}

#[test]
fn a_giver_that_is_late_itself_does_not_make_its_taker_late_at_once() {
    let mut fed = Fed::new();
    let matter = fed.at(CITY).take_in();
    fed.pass(10 * DAY);
    assert!(fed.ticket(CITY, matter).overdue);
    let leg = fed.at(CITY).assign(matter, [node(ZEZHOU)]).leg();
    assert!(fed.leg(ZEZHOU, leg).due.at > fed.now.plus_millis(4 * DAY));
    assert!(!fed.ticket(ZEZHOU, matter).overdue);
}

#[test]
fn past_the_bound_of_returns_a_handler_is_determined_and_may_not_return_it() {
    let mut fed = Fed::new();
    let matter = fed.at(CITY).take_in();
    for taker in [node(ZEZHOU), node(LINGCHUAN), node(ZEZHOU)] {
        let leg = fed.at(CITY).assign(matter, [taker.clone()]).leg();
        fed.at(taker.region())
            .ask_return(leg, "not-our-duty", "三定方案")
            .done();
        fed.at(CITY).grant(leg, 1).done();
    }
    assert_eq!(fed.ticket(CITY, matter).returns, 3);
    assert_eq!(fed.notices(PROVINCE).len(), 1, "the province learns of it");
    let said = fed.at(CITY).assign(matter, [node(LINGCHUAN)]);
    said.fails_citing("assign.determination-due", "三次派单");
    let blank = assign_by(matter, None, Some("  "));
    fed.at(CITY).command(blank).fails("assign.determination");
    let leg = fed.at(CITY).determine(matter, node(LINGCHUAN)).leg();
    let said = fed
        .at(LINGCHUAN)
        .ask_return(leg, "not-our-duty", "三定方案");
    said.fails("leg.return.determined");
}

#[test]
fn past_the_bound_of_hops_too() {
    let mut fed = Fed::with(|_, pack| pack.hops.max = 2);
    let matter = fed.at(PROVINCE).take_in();
    fed.at(PROVINCE).assign(matter, [node(CITY)]).done();
    fed.at(CITY).assign(matter, [node(ZEZHOU)]).done();
    assert_eq!(fed.ticket(ZEZHOU, matter).hops, 2);
    fed.at(ZEZHOU)
        .assign(matter, [node(XIACUN)])
        .fails_citing("assign.hops", "本包默认");
    fed.at(ZEZHOU).determine(matter, node(XIACUN)).done();
}

#[test]
fn bodies_that_share_a_matter_get_it_in_one_hop() {
    let mut fed = Fed::new();
    let matter = fed.at(CITY).take_in();
    fed.at(CITY)
        .assign(matter, [node(ZEZHOU), node(LINGCHUAN)])
        .done();
    assert_eq!(fed.ticket(CITY, matter).hops, 1);
    fed.at(LINGCHUAN).assign(matter, [node(CHONGWEN)]).done();
    assert_eq!(fed.ticket(CHONGWEN, matter).hops, 2);
}
