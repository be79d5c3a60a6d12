//! Matters taken in before the year was announced, and what its calendar does to them.

use crate::clock::DueOf;
use crate::fact::Fact;
use crate::id::{LegId, MatterId};
use crate::leg::Act;
use crate::supervision::NoticeReason;
use crate::testing::calendars::{LONGER, NEXT, PLAIN};
use crate::testing::{ALL, CITY, DAY, Fed, HOUR, LINGCHUAN, NANCUN, PROVINCE, ZEZHOU, node};
use crate::ticket::{TicketAct, is_provisional};
use crate::view::Rows;
use hotline_topology::{Kind, PolicyPack, RegionKey, Span, Time, Urgency};

fn at(text: &str) -> Time {
    text.parse().unwrap()
}

/// The last Monday of a year whose successor nobody has announced.
fn december(change: impl Fn(RegionKey, &mut PolicyPack)) -> Fed {
    let mut fed = Fed::with(change);
    fed.until(at("2026-12-28 10:00"));
    fed
}

/// The ticket's own date; with a mark where it is provisional.
fn due(fed: &Fed, region: RegionKey, matter: MatterId) -> String {
    let ticket = fed.ticket(region, matter);
    let view = &fed.nodes[&region].view;
    let doubt = match is_provisional(view, &ticket).unwrap() {
        true => "?",
        false => "",
    };
    let due = ticket.due.unwrap().to_string();
    format!("{}{doubt}", &due[..10])
}

fn leg_due(fed: &Fed, region: RegionKey, leg: LegId) -> String {
    let due = fed.leg(region, leg).due;
    let doubt = if due.provisional { "?" } else { "" };
    format!("{}{doubt}", &due.at.to_string()[..10])
}

/// What a node moved of tickets: from, to, calendar; and how often it set a leg's date.
fn moves(fed: &Fed, region: RegionKey) -> (Vec<(String, String, u32)>, usize) {
    let facts = || fed.nodes[&region].log.iter().flat_map(|(_, facts)| facts);
    let day = |at: &Time| at.to_string()[..10].to_owned();
    let tickets = facts().filter_map(|fact| match fact {
        Fact::Ticket {
            act: TicketAct::DueSettled { was, due, calendar },
            ..
        } => Some((day(was), day(due), *calendar)),
        _ => None,
    });
    let set = |fact: &&Fact| {
        matches!(
            fact,
            Fact::Leg {
                act: Act::NewDue { .. },
                ..
            }
        )
    };
    (tickets.collect(), facts().filter(set).count())
}

fn nothing_is_left(fed: &Fed) {
    for region in ALL {
        let rows = fed.nodes[&region].view.rows();
        let left = rows.filter(|(key, _)| matches!(key, crate::row::RowKey::Provisional(_)));
        assert_eq!(left.count(), 0, "{region}");
    }
}

/// A matter of the city's, given to the county.
fn given(fed: &mut Fed, kind: Kind) -> (MatterId, LegId) {
    let taken = fed.at(CITY).try_take_in(kind, Urgency::Normal).done();
    let matter = taken.matter.unwrap();
    let leg = fed.at(CITY).assign(matter, [node(ZEZHOU)]).leg();
    (matter, leg)
}

/// City and county alike.
fn both(fed: &Fed, matter: MatterId, leg: LegId, day: &str) {
    for region in [CITY, ZEZHOU] {
        assert_eq!(due(fed, region, matter), day, "{region}");
        assert_eq!(leg_due(fed, region, leg), day, "{region}");
    }
}

#[test]
fn a_date_in_a_year_without_a_calendar_is_provisional_until_the_calendar_comes() {
    for (kind, day) in [(Kind::Help, "2027-01-05"), (Kind::Complaint, "2027-01-19")] {
        let mut fed = december(|_, _| {});
        let (matter, leg) = given(&mut fed, kind);
        both(&fed, matter, leg, &format!("{day}?"));
        fed.announce(NEXT, PLAIN).unwrap();
        both(&fed, matter, leg, day);
        nothing_is_left(&fed);
        // The day is the same: no ticket moved, and the leg's giver said once that it holds.
        assert_eq!(moves(&fed, CITY), (vec![], 1));
        assert_eq!(fed.leg(ZEZHOU, leg).due.calendar, NEXT);
        // What is taken in now is certain.
        let (later, leg) = given(&mut fed, kind);
        both(&fed, later, leg, day);
    }
}

#[test]
fn what_the_calendar_moves_is_on_record_with_both_dates_and_its_version() {
    let mut fed = december(|_, _| {});
    let (matter, leg) = given(&mut fed, Kind::Help);
    fed.announce(NEXT, LONGER).unwrap();
    both(&fed, matter, leg, "2027-01-06");
    let moved = ("2027-01-05".to_owned(), "2027-01-06".to_owned(), NEXT);
    assert_eq!(moves(&fed, CITY), (vec![moved], 1));
    nothing_is_left(&fed);
    // The day before, nobody is overdue.
    fed.until(at("2027-01-06 12:00"));
    assert!(!fed.ticket(CITY, matter).overdue);
    assert!(fed.leg(ZEZHOU, leg).overdue().is_none());
    fed.until(at("2027-01-07 12:00"));
    assert!(fed.ticket(CITY, matter).overdue);
    assert!(fed.leg(ZEZHOU, leg).overdue().is_some());
}

#[test]
fn a_taker_never_moves_its_legs_date_by_itself() {
    let mut fed = december(|_, _| {});
    let (matter, leg) = given(&mut fed, Kind::Help);
    let below = fed.at(ZEZHOU).assign(matter, [node(NANCUN)]).leg();
    // The township has the calendar first, then the county, then the city.
    fed.reload(NANCUN, NEXT, LONGER);
    assert_eq!(leg_due(&fed, NANCUN, below), "2027-01-05?");
    assert_eq!(due(&fed, NANCUN, matter), "2027-01-05?");
    fed.reload(ZEZHOU, NEXT, LONGER);
    for region in [CITY, ZEZHOU] {
        assert_eq!(leg_due(&fed, region, leg), "2027-01-05?", "{region}");
    }
    // The county owes by the city's date still, and so does the township by the county's.
    assert_eq!(due(&fed, ZEZHOU, matter), "2027-01-05?");
    assert_eq!(leg_due(&fed, NANCUN, below), "2027-01-05?");
    fed.reload(CITY, NEXT, LONGER);
    for (region, leg) in [(CITY, leg), (ZEZHOU, leg), (ZEZHOU, below), (NANCUN, below)] {
        assert_eq!(leg_due(&fed, region, leg), "2027-01-06", "{region}");
        assert_eq!(due(&fed, region, matter), "2027-01-06", "{region}");
    }
    nothing_is_left(&fed);
}

#[test]
fn a_giver_with_the_calendar_settles_the_leg_of_a_taker_without_it() {
    let mut fed = december(|_, _| {});
    let (matter, leg) = given(&mut fed, Kind::Help);
    fed.reload(CITY, NEXT, LONGER);
    assert_eq!(leg_due(&fed, ZEZHOU, leg), "2027-01-06");
    // The county's own rules still count by the older calendar.
    assert_eq!(due(&fed, ZEZHOU, matter), "2027-01-05?");
    fed.reload(ZEZHOU, NEXT, LONGER);
    assert_eq!(due(&fed, ZEZHOU, matter), "2027-01-06");
    nothing_is_left(&fed);
}

#[test]
fn a_shorter_limit_of_the_takers_own_goes_on_counting() {
    let mut fed = december(|region, pack| {
        if region == ZEZHOU {
            for rule in &mut pack.handling {
                rule.limit = Some(Span::WorkingDays(4));
            }
        }
    });
    let (matter, leg) = given(&mut fed, Kind::Help);
    assert_eq!(due(&fed, ZEZHOU, matter), "2027-01-04?");
    fed.announce(NEXT, LONGER).unwrap();
    assert_eq!(leg_due(&fed, ZEZHOU, leg), "2027-01-06");
    assert_eq!(due(&fed, ZEZHOU, matter), "2027-01-05");
    // A date that a person sets replaces it.
    fed.at(CITY).set_due(leg, at("2027-01-06 12:00")).done();
    assert_eq!(due(&fed, ZEZHOU, matter), "2027-01-06");
}

#[test]
fn a_date_that_a_person_set_stands() {
    let mut fed = december(|_, _| {});
    let (matter, leg) = given(&mut fed, Kind::Help);
    let wished = at("2027-01-04 12:00");
    fed.at(CITY).set_due(leg, wished).done();
    assert_eq!(leg_due(&fed, ZEZHOU, leg), "2027-01-04");
    fed.announce(NEXT, LONGER).unwrap();
    assert_eq!(fed.leg(ZEZHOU, leg).due.at, wished);
    assert_eq!(fed.leg(ZEZHOU, leg).due_no, 1);
    assert_eq!(due(&fed, ZEZHOU, matter), "2027-01-04");
    assert_eq!(due(&fed, CITY, matter), "2027-01-06");
    nothing_is_left(&fed);
}

#[test]
fn an_extension_moves_with_the_date_that_it_extends() {
    let mut fed = december(|_, _| {});
    let (matter, leg) = given(&mut fed, Kind::Help);
    fed.at(ZEZHOU).ask_extension(leg, 2).done();
    fed.at(CITY).grant(leg, 1).done();
    both(&fed, matter, leg, "2027-01-07?");
    fed.announce(NEXT, LONGER).unwrap();
    both(&fed, matter, leg, "2027-01-08");
    nothing_is_left(&fed);
}

#[test]
fn a_leg_in_place_of_another_moves_as_that_one_would() {
    let mut fed = december(|_, _| {});
    let (_, leg) = given(&mut fed, Kind::Help);
    fed.pass(DAY);
    let next = fed.at(CITY).reassign(leg, node(LINGCHUAN)).done().legs;
    let next = *next.last().unwrap();
    assert_eq!(leg_due(&fed, CITY, next), "2027-01-05?");
    fed.announce(NEXT, LONGER).unwrap();
    assert_eq!(leg_due(&fed, CITY, next), "2027-01-06");
    nothing_is_left(&fed);
}

#[test]
fn an_order_waits_longer_where_the_calendar_says_so() {
    let mut fed = december(|_, _| {});
    let (_, leg) = given(&mut fed, Kind::Help);
    fed.until(at("2026-12-30 10:00"));
    let order = fed.at(CITY).supervise(leg, "overdue").order();
    let reply_by = |fed: &Fed| {
        let issued = fed.nodes[&CITY].view.order(order).unwrap().unwrap();
        issued.order.reply_by.to_string()[..10].to_owned()
    };
    let unsettled = |fed: &Fed| fed.nodes[&CITY].view.provisional(DueOf::Order(order));
    assert_eq!(reply_by(&fed), "2027-01-05");
    assert!(unsettled(&fed).unwrap().is_some());
    fed.announce(NEXT, LONGER).unwrap();
    assert_eq!(reply_by(&fed), "2027-01-06");
    assert_eq!(unsettled(&fed).unwrap(), None);
    let unanswered = |fed: &Fed| {
        let notices = fed.notices(CITY);
        let reason = NoticeReason::OrderUnanswered;
        notices.iter().filter(|one| one.reason == reason).count()
    };
    fed.until(at("2027-01-06 12:00"));
    assert_eq!(unanswered(&fed), 0);
    fed.until(at("2027-01-07 12:00"));
    assert_eq!(unanswered(&fed), 1);
}

#[test]
fn a_calendar_has_effect_once_however_often_it_comes() {
    let mut fed = december(|_, _| {});
    let (matter, leg) = given(&mut fed, Kind::Help);
    fed.announce(NEXT, LONGER).unwrap();
    let before = moves(&fed, CITY);
    let refused = fed.announce(NEXT, LONGER).unwrap_err();
    assert_eq!(refused, "world.not-newer");
    for region in ALL {
        fed.reload(region, NEXT, LONGER);
    }
    // A later version that says the same, too.
    fed.announce(NEXT + 1, LONGER).unwrap();
    assert_eq!(moves(&fed, CITY), before);
    assert_eq!(fed.leg(ZEZHOU, leg).due_no, 1);
    both(&fed, matter, leg, "2027-01-06");
}

#[test]
fn a_restored_giver_moves_nothing_twice() {
    let mut fed = december(|_, _| {});
    let (matter, leg) = given(&mut fed, Kind::Help);
    let commits = fed.nodes[&CITY].log.len();
    fed.announce(NEXT, LONGER).unwrap();
    both(&fed, matter, leg, "2027-01-06");
    fed.restore(&[(CITY, commits)]);
    // The calendar comes once more.
    fed.reload(CITY, NEXT, LONGER);
    fed.pass(2 * HOUR);
    both(&fed, matter, leg, "2027-01-06");
    for region in [CITY, ZEZHOU] {
        assert_eq!(fed.leg(region, leg).due_no, 1, "{region}");
    }
    nothing_is_left(&fed);
}

#[test]
fn a_giver_that_forgot_its_leg_still_moves_it() {
    let mut fed = december(|_, _| {});
    let commits = fed.nodes[&CITY].log.len();
    let (matter, leg) = given(&mut fed, Kind::Help);
    fed.restore(&[(CITY, commits)]);
    fed.pass(2 * HOUR);
    both(&fed, matter, leg, "2027-01-05?");
    fed.announce(NEXT, LONGER).unwrap();
    fed.pass(2 * HOUR);
    both(&fed, matter, leg, "2027-01-06");
    nothing_is_left(&fed);
}

#[test]
fn a_restored_taker_has_its_date_from_its_giver() {
    let mut fed = december(|_, _| {});
    let (matter, leg) = given(&mut fed, Kind::Help);
    let commits = fed.nodes[&ZEZHOU].log.len();
    fed.announce(NEXT, LONGER).unwrap();
    fed.restore(&[(ZEZHOU, commits)]);
    fed.reload(ZEZHOU, NEXT, LONGER);
    fed.pass(2 * HOUR);
    both(&fed, matter, leg, "2027-01-06");
    nothing_is_left(&fed);
}

/// More dates than one commit takes.
#[test]
fn many_dates_are_settled_page_by_page() {
    let mut fed = december(|_, _| {});
    for _ in 0..600 {
        fed.at(PROVINCE).take_in();
    }
    fed.announce(NEXT, LONGER).unwrap();
    fed.pass(1);
    nothing_is_left(&fed);
    assert_eq!(moves(&fed, PROVINCE).0.len(), 600);
}
