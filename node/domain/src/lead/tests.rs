//! Tests of co-handling: tables, and what holds in whatever order receipts come in and bodies leave.

use super::*;
use crate::id::LegId;
use crate::leg::tests::offer;
use crate::leg::{
    Act, Asking, Closure, Leg, LegKind, LegRole, Offer, Party, RecallGround, Side, Stage,
};
use hotline_topology::Time;
use hotline_topology::policy::LeadRule::{self, ByName, EarliestReceipt};
use proptest::prelude::*;

fn id(serial: u32) -> LegId {
    let mut bytes = [0; 16];
    // Ids order the other way round, so that a test that passes by id and not by serial fails.
    bytes[0] = 255 - u8::try_from(serial).unwrap();
    LegId(bytes)
}

/// `(serial, delivered at, stays)`, short for tables.
fn receipts(rows: &[(u32, Option<i64>, bool)]) -> Vec<Receipt> {
    let receipt = |(serial, delivered, stays): &(u32, Option<i64>, bool)| Receipt {
        leg: id(*serial),
        serial: *serial,
        delivered_at: delivered.map(Time),
        stays: *stays,
    };
    rows.iter().map(receipt).collect()
}

#[test]
fn the_lead_is_fixed_by_the_rule() {
    type Row<'a> = (
        &'a str,
        &'a [(u32, Option<i64>, bool)],
        LeadRule,
        Option<u32>,
        Option<u32>,
    );
    let table: &[Row<'_>] = &[
        (
            "earliest",
            &[(1, Some(9), true), (2, Some(5), true), (3, Some(7), true)],
            EarliestReceipt,
            None,
            Some(2),
        ),
        (
            "ties by leg number",
            &[(2, Some(5), true), (1, Some(5), true)],
            EarliestReceipt,
            None,
            Some(1),
        ),
        (
            "not while one is in transit",
            &[(1, Some(5), true), (2, None, true)],
            EarliestReceipt,
            None,
            None,
        ),
        (
            "whoever left is not waited for",
            &[(1, Some(5), true), (2, None, false)],
            EarliestReceipt,
            None,
            Some(1),
        ),
        (
            "nor does it lead",
            &[(1, Some(5), false), (2, Some(8), true)],
            EarliestReceipt,
            None,
            Some(2),
        ),
        (
            "names do not count here",
            &[(1, Some(5), true), (2, Some(8), true)],
            EarliestReceipt,
            Some(2),
            Some(1),
        ),
        (
            "by name, receipts or not",
            &[(1, Some(5), true), (2, None, true)],
            ByName,
            Some(2),
            Some(2),
        ),
        (
            "by name, and it left",
            &[(1, Some(5), true), (2, Some(8), false)],
            ByName,
            Some(2),
            None,
        ),
        (
            "by name, nobody named",
            &[(1, Some(5), true)],
            ByName,
            None,
            None,
        ),
        (
            "nobody stays",
            &[(1, Some(5), false)],
            EarliestReceipt,
            None,
            None,
        ),
        ("nobody at all", &[], EarliestReceipt, None, None),
    ];
    for (what, rows, rule, named, expected) in table {
        let found = fix(&receipts(rows), *rule, named.map(id));
        assert_eq!(found, expected.map(id), "{what}");
    }
}

#[test]
fn until_then_somebody_leads() {
    type Row<'a> = (
        &'a str,
        &'a [(u32, Option<i64>, bool)],
        Option<u32>,
        Option<u32>,
    );
    let table: &[Row<'_>] = &[
        (
            "at the offer, the first in order",
            &[(1, None, true), (2, None, true)],
            None,
            Some(1),
        ),
        (
            "or whom the giver named",
            &[(1, None, true), (2, None, true)],
            Some(2),
            Some(2),
        ),
        (
            "unless it left",
            &[(1, None, true), (2, None, false)],
            Some(2),
            Some(1),
        ),
        (
            "whoever has it before whoever has not",
            &[(1, None, true), (2, Some(9), true)],
            None,
            Some(2),
        ),
        ("nobody stays", &[(1, None, false)], None, None),
    ];
    for (what, rows, named, expected) in table {
        assert_eq!(
            provisional(&receipts(rows), named.map(id)),
            expected.map(id),
            "{what}"
        );
    }
}

fn naming(term: u32, lead: u32, fixed: bool) -> Naming {
    Naming {
        term,
        lead: id(lead),
        fixed,
    }
}

#[test]
fn a_matter_of_three_from_offer_to_succession() {
    let step = |current, rows: &[(u32, Option<i64>, bool)]| {
        next(current, &receipts(rows), EarliestReceipt, None)
    };
    let offered = step(None, &[(1, None, true), (2, None, true), (3, None, true)]);
    assert_eq!(
        offered,
        Some(naming(1, 1, false)),
        "a provisional lead at the offer"
    );

    let rows = [(1, None, true), (2, Some(5), true), (3, Some(6), true)];
    assert_eq!(
        step(offered, &rows),
        None,
        "it stays until all receipts are in"
    );

    let rows = [(1, Some(7), true), (2, Some(5), true), (3, Some(6), true)];
    let fixed = step(offered, &rows);
    assert_eq!(
        fixed,
        Some(naming(2, 2, true)),
        "the earliest receipt leads, in a new term"
    );
    assert_eq!(step(fixed, &rows), None, "once");

    let rows = [
        (1, Some(7), true),
        (2, Some(5), true),
        (3, Some(6), true),
        (4, Some(4), true),
    ];
    assert_eq!(
        step(fixed, &rows),
        None,
        "whoever joins later does not displace it"
    );

    let rows = [(1, Some(7), true), (2, Some(5), false), (3, Some(6), true)];
    let successor = step(fixed, &rows);
    assert_eq!(
        successor,
        Some(naming(3, 3, true)),
        "its leg is returned: the next by the same rule"
    );

    let rows = [
        (1, Some(7), false),
        (2, Some(5), false),
        (3, Some(6), false),
    ];
    assert_eq!(step(successor, &rows), None, "nobody is left to lead");

    let rows = [(3, Some(6), false), (4, None, true), (5, None, true)];
    assert_eq!(
        step(successor, &rows),
        Some(naming(4, 4, false)),
        "given anew: the term goes on"
    );
}

#[test]
fn fixing_the_provisional_lead_keeps_its_term() {
    let rows = receipts(&[(1, Some(5), true), (2, Some(6), true)]);
    let provisional = Some(naming(1, 1, false));
    assert_eq!(
        next(provisional, &rows, EarliestReceipt, None),
        Some(naming(1, 1, true))
    );
}

#[test]
fn a_lead_by_name_is_followed_by_a_provisional_one() {
    let rows = receipts(&[(1, None, true), (2, None, true)]);
    let named = next(None, &rows, ByName, Some(id(2)));
    assert_eq!(named, Some(naming(1, 2, true)));
    let rows = receipts(&[(1, Some(4), true), (2, Some(3), false)]);
    let after = next(named, &rows, ByName, Some(id(2)));
    assert_eq!(
        after,
        Some(naming(2, 1, false)),
        "until a person names another"
    );
    assert_eq!(
        next(after, &rows, ByName, Some(id(1))),
        Some(naming(2, 1, true))
    );
}

// The rest by real legs.

fn leg(serial: u32, role: LegRole) -> Leg {
    let offer = Offer {
        serial,
        ..offer(LegKind::Downward, role)
    };
    Leg::open(id(serial), Side::Giver, offer, Time(0))
}

fn closed(serial: u32, closure: Closure) -> Leg {
    let mut leg = leg(serial, LegRole::CoHandler);
    let answer = Act::ClosedSince {
        at: Time(9),
        how: closure,
    };
    leg.apply(Party::Giver, Time(9), Time(9), &answer);
    leg
}

#[test]
fn a_body_stays_by_its_open_leg_or_its_accepted_result() {
    assert!(Receipt::of(&leg(1, LegRole::Lead)).stays);
    for (closure, stays) in [
        (Closure::Done, true),
        (Closure::Returned, false),
        (Closure::Escalated, false),
        (Closure::Recalled(RecallGround::Recalled), false),
        (Closure::Recalled(RecallGround::Withdrawn), false),
        (Closure::Recalled(RecallGround::Released), false),
    ] {
        assert_eq!(Receipt::of(&closed(1, closure)).stays, stays, "{closure:?}");
    }
}

#[test]
fn a_matter_closes_when_everyone_reported_or_was_released() {
    let done = closed(1, Closure::Done);
    let released = closed(2, Closure::Recalled(RecallGround::Released));
    let returned = closed(3, Closure::Returned);
    assert_eq!(may_close(&[done.clone(), released, returned]), Ok(()));
    assert_eq!(may_close(&[]), Ok(()));
    assert_eq!(
        may_close(&[leg(4, LegRole::Sole)]),
        Ok(()),
        "a sole taker is no co-handler"
    );

    let refusal = may_close(&[done, leg(4, LegRole::CoHandler)]).unwrap_err();
    assert_eq!(refusal.rule, "lead.outstanding");
    assert!(
        refusal.message.contains("990101000000（在途未送达）"),
        "{}",
        refusal.message
    );
}

#[test]
fn the_refusal_says_what_each_waits_for() {
    let mut waiting = leg(1, LegRole::CoHandler);
    let mut said = Vec::new();
    let no = 1;
    let result = Asking::Result {
        ground: "solved".to_owned(),
    };
    let extension = Asking::Extension { until: waiting.due };
    for act in [
        Act::Receipt,
        Act::Request {
            no,
            asking: extension,
        },
        Act::Request {
            no: no + 1,
            asking: result,
        },
    ] {
        waiting.apply(Party::Taker, Time(5), Time(5), &act);
        said.push(
            may_close(std::slice::from_ref(&waiting))
                .unwrap_err()
                .message,
        );
    }
    for (words, expected) in said
        .iter()
        .zip(["尚未报送结果", "申请待审核", "结果待审核"])
    {
        assert!(words.contains(expected), "{words}");
    }
}

#[test]
fn the_last_body_is_not_released() {
    let legs = [leg(1, LegRole::Lead), leg(2, LegRole::CoHandler)];
    assert_eq!(may_release(&legs, id(2)), Ok(()));
    assert_eq!(
        may_release(&legs, id(1)),
        Ok(()),
        "the lead may go: another takes over"
    );
    let legs = [closed(1, Closure::Returned), leg(2, LegRole::CoHandler)];
    assert_eq!(
        may_release(&legs, id(2)).unwrap_err().rule,
        "lead.release.last"
    );
    assert_eq!(
        may_release(&legs, id(1)).unwrap_err().rule,
        "lead.release.closed"
    );
    assert_eq!(
        may_release(&[leg(3, LegRole::Sole)], id(3))
            .unwrap_err()
            .rule,
        "lead.release.closed"
    );
    let legs = [closed(1, Closure::Done), leg(2, LegRole::CoHandler)];
    assert_eq!(may_release(&legs, id(2)), Ok(()), "the other has reported");
    assert_eq!(legs[0].stage, Stage::Closed(Closure::Done));
}

/// Something happens to one of the legs.
#[derive(Clone, Copy, Debug)]
enum News {
    /// Its receipt comes in.
    Receipt(usize, i64),
    /// It is returned, recalled or released.
    Leaves(usize),
}

fn any_news() -> impl Strategy<Value = News> {
    prop_oneof![
        (0..5_usize, 0..4_i64).prop_map(|(at, when)| News::Receipt(at, when)),
        (0..5_usize).prop_map(News::Leaves),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, failure_persistence: None, ..ProptestConfig::default() })]

    /// One lead at every moment, terms that rise exactly with it, and nothing more to say once it was said.
    #[test]
    fn there_is_always_one_lead(
        bodies in 1..5_u32,
        news in prop::collection::vec(any_news(), 0..16),
        rule in prop::sample::select(&LeadRule::ALL[..]),
        named in prop::option::of(1..5_u32),
    ) {
        let rows: Vec<_> = (1..=bodies).map(|serial| (serial, None, true)).collect();
        let mut legs = receipts(&rows);
        let named = named.map(id);
        let mut current = next(None, &legs, rule, named);
        prop_assert!(current.is_some_and(|naming| naming.term == 1));
        for news in news {
            match news {
                News::Receipt(at, when) => if let Some(leg) = legs.get_mut(at) {
                    leg.delivered_at.get_or_insert(Time(when));
                },
                News::Leaves(at) => if let Some(leg) = legs.get_mut(at) {
                    leg.stays = false;
                },
            }
            let before = current;
            if let Some(naming) = next(current, &legs, rule, named) {
                let changed = before.is_none_or(|before| before.lead != naming.lead);
                let term = before.map_or(0, |before| before.term);
                prop_assert_eq!(naming.term, term + u32::from(changed));
                current = Some(naming);
                prop_assert_eq!(next(current, &legs, rule, named), None);
            }
            let anybody = legs.iter().any(|leg| leg.stays);
            let leads = current.is_some_and(|naming| legs.iter().any(|leg| leg.stays && leg.leg == naming.lead));
            prop_assert_eq!(anybody, leads);
        }
    }

    /// Whichever way receipts come in, the same body leads in the end: the earliest, ties by leg number.
    #[test]
    fn the_order_of_arrival_does_not_matter(
        delivered in prop::collection::vec(0..4_i64, 1..6),
        order in any::<prop::sample::Index>(),
    ) {
        let rows: Vec<_> = (1..).zip(&delivered).map(|(serial, _)| (serial, None, true)).collect();
        let mut legs = receipts(&rows);
        let mut current = next(None, &legs, EarliestReceipt, None);
        for at in 0..delivered.len() {
            let at = (at + order.index(delivered.len())) % delivered.len();
            legs[at].delivered_at = Some(Time(delivered[at]));
            current = next(current, &legs, EarliestReceipt, None).or(current);
        }
        let earliest = (0..delivered.len()).min_by_key(|at| (delivered[*at], *at)).unwrap();
        let naming = current.unwrap();
        prop_assert_eq!((naming.lead, naming.fixed), (legs[earliest].leg, true));
        prop_assert!(naming.term <= 2, "named provisionally, then fixed");
    }
}
