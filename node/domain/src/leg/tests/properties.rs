//! What holds of any record after any acts, sensible or not.

use super::*;
use proptest::prelude::*;

fn any_kind() -> impl Strategy<Value = RequestKind> {
    prop::sample::select(&RequestKind::ALL[..])
}

/// Any act with small parameters; most are nonsense in most states.
fn any_act() -> impl Strategy<Value = Act> {
    let order = prop::sample::select(&[ORDER, SUPERIOR_ORDER][..]);
    let issuer = prop::sample::select(&[CITY, PROVINCE][..]);
    let lead = prop::sample::select(&[LEG, OTHER_LEG][..]);
    let ground = prop::sample::select(
        &[
            RecallGround::Recalled,
            RecallGround::Withdrawn,
            RecallGround::Released,
        ][..],
    );
    prop_oneof![
        Just(Act::Offer(Box::new(offer(
            LegKind::Downward,
            LegRole::Sole
        )))),
        Just(Act::Receipt),
        any::<bool>().prop_map(|deemed| Act::Sign { deemed }),
        Just(Act::Progress {
            stage: "working".to_owned()
        }),
        (1..5_u32, any_kind()).prop_map(|(no, kind)| Act::Request {
            no,
            asking: asking(kind)
        }),
        (1..5_u32).prop_map(|no| Act::WithdrawRequest { no }),
        (
            1..5_u32,
            any_kind(),
            any::<bool>(),
            prop::option::of(1..4_u32)
        )
            .prop_map(|(request, of, granted, no)| {
                let due = no.map(|no| (no, due(no)));
                Act::Ruling {
                    request,
                    of,
                    granted,
                    basis: String::new(),
                    due,
                }
            }),
        ground.prop_map(|ground| Act::Recall { ground }),
        (0..4_u32).prop_map(|no| Act::NewDue { no, due: due(no) }),
        (0..4_u32, lead).prop_map(|(term, lead)| Act::NameLead { term, lead }),
        Just(Act::ClosedSince {
            at: due(0).at,
            how: Closure::Done
        }),
        (order.clone(), issuer).prop_map(|(order, issuer)| Act::Supervise {
            order,
            issuer,
            trigger: "overdue".to_owned(),
            reply_by: due(1).at
        }),
        order.clone().prop_map(|order| Act::Remind { order }),
        order.clone().prop_map(|order| Act::ReplyOrder { order }),
        order.prop_map(|order| Act::EndOrder { order }),
        (0..3_u32).prop_map(|no| Act::Overdue { due: due(no).at }),
    ]
}

fn any_offer() -> impl Strategy<Value = Offer> {
    let kind = prop::sample::select(&[LegKind::Downward, LegKind::Upward][..]);
    let role = prop::sample::select(&[LegRole::Sole, LegRole::Lead, LegRole::CoHandler][..]);
    (kind, role, any::<bool>()).prop_map(|(kind, role, determined)| Offer {
        determined,
        ..offer(kind, role)
    })
}

fn parties() -> [Party; 2] {
    [Party::Giver, Party::Taker]
}

/// A record after those of the acts that the rules let a unit and its own node do.
fn walked(offer: Offer, acts: &[Act]) -> Leg {
    let mut leg = Leg::open(LEG, Side::Both, offer, START);
    for (passed, act) in acts.iter().enumerate() {
        let at = START.plus_millis(600_000 * i64::try_from(passed).unwrap());
        for by in parties() {
            if check(&leg, by, act).is_ok() {
                leg.apply(by, at, at, act);
            }
        }
    }
    leg
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, failure_persistence: None, ..ProptestConfig::default() })]

    /// Folding never fails, and what must only grow only grows, whatever a log holds.
    #[test]
    fn folding_is_total_and_never_goes_back(
        offer in any_offer(),
        acts in prop::collection::vec((any::<bool>(), any_act()), 0..24),
    ) {
        let mut leg = Leg::open(LEG, Side::Both, offer, START);
        for (taker, act) in acts {
            let before = leg.clone();
            let by = if taker { Party::Taker } else { Party::Giver };
            leg.apply(by, START, START, &act);
            prop_assert_eq!(leg.version, before.version + 1);
            prop_assert!(leg.due_no >= before.due_no && leg.term >= before.term);
            prop_assert!(leg.next_request() >= before.next_request());
            prop_assert!(leg.orders.len() >= before.orders.len());
            prop_assert_eq!(&leg.offer, &before.offer);
            prop_assert_eq!(leg.is_open(), leg.closed_at.is_none());
            if !before.is_open() {
                prop_assert_eq!((leg.stage, leg.closed_at), (before.stage, before.closed_at));
                prop_assert_eq!(leg.answerable(), Party::Giver);
            }
            prop_assert!(leg.is_open() || leg.open_request().is_none());
        }
    }

    /// Void means void, in every state and for every act: nothing would change if it were recorded all the same.
    #[test]
    fn void_acts_change_nothing(
        offer in any_offer(),
        acts in prop::collection::vec(any_act(), 0..24),
        act in any_act(),
    ) {
        for side in [Side::Giver, Side::Taker] {
            let leg = Leg { side, ..walked(offer.clone(), &acts) };
            for by in parties() {
                if let Reception::Void(why) = receive(&leg, by, START, &act) {
                    let mut after = leg.clone();
                    after.apply(by, START, START, &act);
                    prop_assert_eq!(Face::of(&after), Face::of(&leg), "{}", why);
                }
            }
        }
    }

    /// With nothing under way, what one side may do the other takes.
    #[test]
    fn what_one_side_may_do_the_other_takes(
        offer in any_offer(),
        acts in prop::collection::vec(any_act(), 0..24),
        act in any_act(),
    ) {
        let leg = walked(offer, &acts);
        // The giver rules on an upward leg by itself; until then its record is not at rest.
        prop_assume!(automatic(&leg).is_none());
        for (by, side, other) in [
            (Party::Giver, Side::Giver, Side::Taker),
            (Party::Taker, Side::Taker, Side::Giver),
        ] {
            let own = Leg { side, ..leg.clone() };
            let there = Leg { side: other, ..leg.clone() };
            let answer = matches!(act, Act::ClosedSince { .. });
            if check(&own, by, &act).is_ok() && !answer {
                prop_assert_eq!(receive(&there, by, START.plus_millis(1_000_000_000), &act), Reception::Apply, "{:?}", act);
            }
        }
    }

    /// One record for both parties ends as two records that hear of everything at once.
    #[test]
    fn one_record_is_as_good_as_two(
        offer in any_offer(),
        acts in prop::collection::vec(any_act(), 0..24),
    ) {
        let mut both = Leg::open(LEG, Side::Both, offer.clone(), START);
        let mut pair = Pair::new(offer);
        for act in acts {
            for by in parties() {
                if check(&both, by, &act).is_err() {
                    continue;
                }
                let at = pair.tick();
                both.apply(by, at, at, &act);
                pair.giver.apply(by, at, at, &act);
                pair.taker.apply(by, at, at, &act);
                if let Some(ruling) = automatic(&both) {
                    prop_assert_eq!(automatic(&pair.giver), Some(ruling.clone()));
                    prop_assert_eq!(automatic(&pair.taker), None);
                    both.apply(Party::Giver, at, at, &ruling);
                    pair.giver.apply(Party::Giver, at, at, &ruling);
                    pair.taker.apply(Party::Giver, at, at, &ruling);
                }
            }
        }
        prop_assert_eq!(Face::of(&both), Face::of(&pair.giver));
        prop_assert_eq!(Face::of(&both), Face::of(&pair.taker));
    }
}
