//! Whole lives: down to the front line and back, up and answered, shared by two counties.

use crate::testing::{CITY, Fed, NANCUN, PROVINCE, ZEZHOU, node, unit};
use crate::ticket::TicketStage;

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
