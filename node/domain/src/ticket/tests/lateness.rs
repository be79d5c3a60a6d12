//! 超期 is one account: whoever asks, of a ticket, a leg, the figures or the notices, hears the same.

use super::given_to_county;
use crate::figures::{Grouping, Measure, Query, Table, totals};
use crate::id::{LegId, MatterId};
use crate::supervision::NoticeReason;
use crate::testing::{CITY, DAY, Fed, NANCUN, PROVINCE, ZEZHOU, node};
use crate::ticket::{is_overdue, waits_for_giver};
use hotline_topology::RegionKey;

/// Whether the node counts the ticket as late.
fn late(fed: &Fed, region: RegionKey, matter: MatterId) -> bool {
    let view = &fed.nodes[&region].view;
    is_overdue(view, region, &fed.ticket(region, matter)).unwrap()
}

/// How many legs of the area are overdue by its figures.
fn counted(fed: &Fed, region: RegionKey) -> i64 {
    let query = Query {
        table: Table::LegsByKindGiver,
        from: i32::MIN,
        to: i32::MAX,
        by: Grouping::Whole,
    };
    let node = &fed.nodes[&region];
    let totals = totals(&node.view, &node.tree, region, &query).unwrap();
    totals.sum[Measure::OverdueNow.index()]
}

fn noticed(fed: &Fed, region: RegionKey, leg: LegId) -> bool {
    let notices = fed.notices(region);
    let overdue = |of: NoticeReason| of == NoticeReason::Overdue;
    notices
        .iter()
        .any(|notice| overdue(notice.reason) && notice.leg == Some(leg))
}

/// What everybody says of the leg and of the taker's ticket.
fn all_say(fed: &Fed, matter: MatterId, leg: LegId, overdue: bool) {
    assert_eq!(late(fed, ZEZHOU, matter), overdue, "the taker's ticket");
    for side in [CITY, ZEZHOU] {
        assert_eq!(fed.leg(side, leg).overdue().is_some(), overdue, "{side}");
    }
    assert_eq!(counted(fed, ZEZHOU), i64::from(overdue), "own figures");
    assert_eq!(counted(fed, CITY), i64::from(overdue), "figures above");
    for above in [CITY, PROVINCE] {
        assert_eq!(noticed(fed, above, leg), overdue, "{above} is told");
    }
}

#[test]
fn what_was_reported_in_time_waits_for_its_giver_and_is_not_overdue() {
    let (mut fed, matter, leg) = given_to_county();
    fed.at(ZEZHOU).submit_result(leg, "solved").done();
    let own = fed.ticket(ZEZHOU, matter).due.unwrap();
    fed.until(own.plus_millis(30 * DAY));
    all_say(&fed, matter, leg, false);
    let view = &fed.nodes[&ZEZHOU].view;
    assert!(waits_for_giver(view, ZEZHOU, &fed.ticket(ZEZHOU, matter)).unwrap());
    // The city's own matter is late all the same: it owes the petitioner.
    assert!(late(&fed, CITY, matter));
    // Sent back after the date, it is overdue after all, and everybody says so.
    fed.at(CITY).deny(leg, 1).done();
    fed.pass(DAY);
    all_say(&fed, matter, leg, true);
    // A second result, after the date, changes nothing of that.
    fed.at(ZEZHOU).submit_result(leg, "solved").done();
    fed.pass(DAY);
    all_say(&fed, matter, leg, true);
}

#[test]
fn a_result_that_its_taker_takes_back_after_the_date_waits_for_nobody() {
    let (mut fed, matter, leg) = given_to_county();
    fed.at(ZEZHOU).submit_result(leg, "solved").done();
    fed.pass(30 * DAY);
    all_say(&fed, matter, leg, false);
    fed.at(ZEZHOU).withdraw_request(leg, 1).done();
    fed.pass(DAY);
    all_say(&fed, matter, leg, true);
}

#[test]
fn nothing_reported_is_overdue_for_everybody() {
    let (mut fed, matter, leg) = given_to_county();
    fed.pass(30 * DAY);
    all_say(&fed, matter, leg, true);
}

#[test]
fn the_level_between_is_late_with_what_it_did_not_report_itself() {
    let (mut fed, matter, leg) = given_to_county();
    let below = fed.at(ZEZHOU).assign(matter, [node(NANCUN)]).leg();
    fed.at(NANCUN).submit_result(below, "solved").done();
    fed.pass(30 * DAY);
    assert!(!late(&fed, NANCUN, matter), "it waits for the county");
    assert!(fed.leg(ZEZHOU, below).overdue().is_none());
    assert!(late(&fed, ZEZHOU, matter), "it never told the city");
    assert!(fed.leg(CITY, leg).overdue().is_some());
}
