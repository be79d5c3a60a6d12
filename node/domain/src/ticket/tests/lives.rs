//! Whole lives: down to the front line and back, up and answered, shared by two counties.

use crate::id::{LegId, MatterId};
use crate::testing::{CITY, DAY, Fed, LINGCHUAN, MONDAY, NANCUN, PROVINCE, ZEZHOU, node, unit};
use crate::ticket::TicketStage;
use hotline_topology::Level;

#[test]
fn from_the_province_to_a_units_desk_and_back() {
    let mut fed = Fed::new();
    let matter = fed.at(PROVINCE).take_in();
    let to_city = fed.at(PROVINCE).assign(matter, [node(CITY)]).leg();
    let to_county = fed.at(CITY).assign(matter, [node(ZEZHOU)]).leg();
    let to_town = fed.at(ZEZHOU).assign(matter, [node(NANCUN)]).leg();
    let to_unit = fed
        .at(NANCUN)
        .assign(matter, [unit(NANCUN, "综合执法队")])
        .leg();
    assert_eq!(
        fed.ticket(PROVINCE, matter)
            .sights
            .iter()
            .filter(|sight| sight.open)
            .count(),
        3
    );

    fed.at(NANCUN).of_unit("综合执法队").sign(to_unit).done();
    fed.at(NANCUN)
        .of_unit("综合执法队")
        .submit_result(to_unit, "solved")
        .done();
    fed.at(NANCUN).grant(to_unit, 1).done();
    fed.at(NANCUN).submit_result(to_town, "solved").done();
    fed.at(ZEZHOU).grant(to_town, 1).done();
    assert_eq!(fed.ticket(NANCUN, matter).stage, TicketStage::Closed);
    fed.at(ZEZHOU).submit_result(to_county, "solved").done();
    fed.at(CITY).grant(to_county, 1).done();
    fed.at(CITY).submit_result(to_city, "solved").done();
    fed.at(PROVINCE).grant(to_city, 1).done();
    assert_eq!(fed.ticket(PROVINCE, matter).stage, TicketStage::Reviewing);
    fed.at(PROVINCE).close(matter, "solved").done();
    assert!(
        fed.ticket(PROVINCE, matter)
            .sights
            .iter()
            .all(|sight| !sight.open)
    );
}

/// At the origin stands, for every open leg of others: which level, which body, since when and by when.
#[test]
fn the_origin_sees_where_its_matter_is() {
    let mut fed = Fed::new();
    let matter = fed.at(PROVINCE).take_in();
    fed.at(PROVINCE).assign(matter, [node(CITY)]).done();
    fed.pass(2 * DAY);
    let both = [node(ZEZHOU), node(LINGCHUAN)];
    let [one, other] = fed.at(CITY).assign(matter, both).legs();
    let below = fed
        .at(ZEZHOU)
        .assign(matter, [unit(ZEZHOU, "供水公司")])
        .leg();
    let ticket = fed.ticket(PROVINCE, matter);
    let seen = |leg| ticket.sights.iter().find(|sight| sight.leg == leg).unwrap();
    let tree = &fed.nodes[&PROVINCE].tree;
    for (leg, giver, taker, level) in [
        (one, CITY, node(ZEZHOU), Level::City),
        (other, CITY, node(LINGCHUAN), Level::City),
        (below, ZEZHOU, unit(ZEZHOU, "供水公司"), Level::County),
    ] {
        let sight = seen(leg);
        assert_eq!(
            (sight.open, sight.giver, &sight.taker),
            (true, giver, &taker)
        );
        assert_eq!(tree.region(sight.giver).unwrap().level, level);
        assert_eq!(sight.offered_at, MONDAY.plus_millis(2 * DAY));
        assert_eq!(sight.due, fed.leg(giver, leg).due.at);
    }
    fed.at(ZEZHOU)
        .of_unit("供水公司")
        .ask_return(below, "not-our-duty", "三定")
        .done();
    assert_eq!(word(&fed, matter, below), "return-asked");
    fed.at(ZEZHOU).deny(below, 1).done();
    fed.pass(6 * DAY);
    assert_eq!(word(&fed, matter, below), "overdue");
    fed.at(ZEZHOU)
        .of_unit("供水公司")
        .submit_result(below, "solved")
        .done();
    assert_eq!(word(&fed, matter, below), "result-reported");
    fed.at(CITY).recall(one).done();
    assert_eq!(word(&fed, matter, one), "closed");
    assert_eq!(word(&fed, matter, below), "closed");
    assert_eq!(word(&fed, matter, other), "overdue");
}

fn word(fed: &Fed, matter: MatterId, leg: LegId) -> String {
    let ticket = fed.ticket(PROVINCE, matter);
    let sight = ticket.sights.iter().find(|sight| sight.leg == leg);
    sight.unwrap().stage.clone()
}

/// A link is down for a week while people work on both sides of it; in the end all levels tell the same.
#[test]
fn a_week_without_a_link_loses_nothing() {
    let mut fed = Fed::new();
    let matter = fed.at(CITY).take_in();
    let leg = fed.at(CITY).assign(matter, [node(ZEZHOU)]).leg();
    fed.cut(CITY, ZEZHOU);
    let below = fed.at(ZEZHOU).assign(matter, [node(NANCUN)]).leg();
    let theirs = fed.at(ZEZHOU).take_in();
    fed.at(ZEZHOU).escalate(theirs, "other-area").done();
    fed.at(NANCUN).submit_result(below, "solved").done();
    fed.at(ZEZHOU).grant(below, 1).done();
    fed.at(ZEZHOU).submit_result(leg, "solved").done();
    fed.pass(7 * DAY);
    fed.mend();
    fed.at(CITY).grant(leg, 1).done();
    fed.at(CITY).close(matter, "solved").done();
    assert!(
        fed.ticket(CITY, matter)
            .sights
            .iter()
            .all(|sight| !sight.open)
    );
    assert_eq!(fed.ticket(CITY, theirs).stage, TicketStage::Open);
    for region in [CITY, ZEZHOU, NANCUN] {
        assert_eq!(fed.ticket(region, matter).stage, TicketStage::Closed);
    }
}
