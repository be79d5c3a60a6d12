//! The verbs, one group a verb, and whole lives of matters.

mod assign;
mod close;
mod co_handling;
mod escalate;
mod front_desk;
mod lateness;
mod lives;
mod recall;
mod requests;
mod rule;

use crate::id::{LegId, MatterId};
use crate::testing::{CITY, Fed, ZEZHOU, node, unit};

/// The city took a matter in and gave it to a county.
fn given_to_county() -> (Fed, MatterId, LegId) {
    let mut fed = Fed::new();
    let matter = fed.at(CITY).take_in();
    let leg = fed.at(CITY).assign(matter, [node(ZEZHOU)]).leg();
    (fed, matter, leg)
}

/// The county took a matter in and gave it to a unit of its own.
fn given_to_unit() -> (Fed, MatterId, LegId) {
    let mut fed = Fed::new();
    let matter = fed.at(ZEZHOU).take_in();
    let leg = fed
        .at(ZEZHOU)
        .assign(matter, [unit(ZEZHOU, "供水公司")])
        .leg();
    (fed, matter, leg)
}

/// The city took a matter in, the county handled it, the city closed it.
fn handled_by_county() -> (Fed, MatterId, LegId) {
    let (mut fed, matter, leg) = given_to_county();
    fed.at(ZEZHOU).submit_result(leg, "solved").done();
    fed.at(CITY).grant(leg, 1).done();
    fed.at(CITY).close(matter, "solved").done();
    (fed, matter, leg)
}
