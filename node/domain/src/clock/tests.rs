use super::*;
use crate::testing::{CITY, DAY, Fed, HOUR, MONDAY, ZEZHOU, node};
use hotline_topology::Span;

fn in_world<T>(fed: &Fed, look: impl FnOnce(&World<'_>) -> T) -> T {
    let node = &fed.nodes[&CITY];
    look(&World {
        me: CITY,
        federation: &node.tree,
        packs: &node.packs,
        wire: fed.wire(),
        older: &[],
        examiner: &crate::world::NoDocuments,
        notary: &crate::evidence::Nobody,
    })
}

fn offered(fed: &Fed, kind: Kind, owed: Option<Time>) -> Time {
    in_world(fed, |world| {
        let owed = owed.map(|at| Due {
            at,
            calendar: 1,
            provisional: false,
        });
        offered_due(world, world.pack(), kind, Urgency::Normal, MONDAY, owed).at
    })
}

#[test]
fn the_earlier_of_the_rules_and_what_the_giver_owes() {
    let fed = Fed::new();
    let rules = offered(&fed, Kind::Help, None);
    assert_eq!(rules.to_string(), "2026-03-16 23:59:59");
    let sooner = MONDAY.plus_millis(DAY);
    assert_eq!(offered(&fed, Kind::Help, Some(sooner)), sooner);
    let later = MONDAY.plus_millis(60 * DAY);
    assert_eq!(offered(&fed, Kind::Help, Some(later)), rules);
}

#[test]
fn what_the_giver_missed_is_on_its_own_account() {
    let fed = Fed::new();
    let missed = MONDAY.plus_millis(-HOUR);
    let rules = offered(&fed, Kind::Help, None);
    assert_eq!(offered(&fed, Kind::Help, Some(missed)), rules);
}

#[test]
fn where_the_rules_leave_it_open_the_giver_s_date_counts_or_the_day() {
    let fed = Fed::with(|_, pack| pack.handling.iter_mut().for_each(|rule| rule.limit = None));
    let owed = MONDAY.plus_millis(3 * DAY);
    assert_eq!(offered(&fed, Kind::Help, Some(owed)), owed);
    assert_eq!(
        offered(&fed, Kind::Help, None).to_string(),
        "2026-03-09 23:59:59"
    );
}

#[test]
fn a_review_reserve_comes_off_as_long_as_something_is_left() {
    let fed = Fed::with(|_, pack| pack.review.reserve = Some(Span::Hours(24)));
    let owed = MONDAY.plus_millis(3 * DAY);
    assert_eq!(
        offered(&fed, Kind::Help, Some(owed)),
        MONDAY.plus_millis(2 * DAY)
    );
    // What would leave no time at all is too tight as well.
    for tight in [5 * HOUR, DAY] {
        let tight = MONDAY.plus_millis(tight);
        assert_eq!(offered(&fed, Kind::Help, Some(tight)), tight);
    }
    let barely = MONDAY.plus_millis(DAY + 1);
    assert_eq!(
        offered(&fed, Kind::Help, Some(barely)),
        MONDAY.plus_millis(1)
    );
}

/// A county whose own rules are stricter than its giver's keeps them, until the giver sets another date.
#[test]
fn the_takers_own_rules_count_until_the_giver_sets_a_date() {
    let mut fed = Fed::with(|region, pack| {
        if region == ZEZHOU {
            pack.handling
                .iter_mut()
                .for_each(|rule| rule.limit = Some(Span::WorkingDays(2)));
        }
    });
    let matter = fed.at(CITY).take_in();
    let leg = fed.at(CITY).assign(matter, [node(ZEZHOU)]).leg();
    let due = fed.ticket(ZEZHOU, matter).due.unwrap();
    assert_eq!(due.to_string(), "2026-03-11 23:59:59");
    fed.at(ZEZHOU).ask_extension(leg, 5).done();
    fed.at(CITY).grant(leg, 1).done();
    assert_eq!(
        fed.ticket(ZEZHOU, matter).due,
        Some(fed.leg(ZEZHOU, leg).due.at)
    );
}

#[test]
fn an_act_happened_when_its_author_says_if_that_can_be() {
    let (offered, arrival) = (MONDAY, MONDAY.plus_millis(DAY));
    let said = MONDAY.plus_millis(HOUR);
    assert_eq!(happened(said, offered, arrival), said);
    let before = MONDAY.plus_millis(-HOUR);
    assert_eq!(
        happened(before, offered, arrival),
        arrival,
        "before it was offered"
    );
    let ahead = arrival.plus_millis(HOUR);
    assert_eq!(
        happened(ahead, offered, arrival),
        arrival,
        "after it arrived"
    );
    let skewed = arrival.plus_millis(SKEW_MS);
    assert_eq!(
        happened(skewed, offered, arrival),
        skewed,
        "within the skew"
    );
}
