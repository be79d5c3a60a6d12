use super::*;
use crate::id::{LegId, MatterId, OrderId};
use crate::testing::{CITY, node};

const MATTER: MatterId = MatterId([1; 16]);
const LEG: LegId = LegId([2; 16]);
const ORDER: OrderId = OrderId([3; 16]);

fn person(role: Role, unit: Option<&str>) -> Actor {
    Actor {
        name: "某".to_owned(),
        roles: vec![role],
        unit: unit.map(|key| hotline_topology::UnitKey::new(key).unwrap()),
    }
}

/// One verb of each row of the table above.
fn verbs() -> [(Verb, &'static [Role]); 7] {
    use Role::{Clerk, Dispatcher, Handler, Operator, Supervisor};
    [
        (Verb::Withdraw { matter: MATTER }, &[Clerk, Dispatcher]),
        (Verb::Recall { leg: LEG }, &[Dispatcher]),
        (Verb::Sign { leg: LEG }, &[Dispatcher, Handler]),
        (Verb::Remind { order: ORDER }, &[Dispatcher, Supervisor]),
        (
            Verb::Note { matter: MATTER },
            &[Clerk, Dispatcher, Handler, Supervisor],
        ),
        (Verb::ForgiveLink { peer: CITY }, &[Operator]),
        (Verb::ReopenLink { peer: CITY }, &[Operator]),
    ]
}

#[test]
fn each_role_does_what_the_table_says() {
    for (verb, roles) in verbs() {
        for role in Role::ALL {
            let said = permit(&person(role, None), &verb);
            assert_eq!(said.is_ok(), roles.contains(&role), "{role:?} {verb:?}");
        }
    }
}

#[test]
fn a_units_people_do_no_more_than_handlers_whatever_else_they_are() {
    for (verb, roles) in verbs() {
        let handlers = roles.contains(&Role::Handler);
        for role in roles {
            let said = permit(&person(*role, Some("城管局")), &verb);
            assert_eq!(said.is_ok(), handlers, "{role:?} {verb:?}");
        }
    }
}

#[test]
fn a_hotlines_own_leg_is_no_units_business() {
    let mut fed = crate::testing::Fed::new();
    let matter = fed.at(CITY).take_in();
    let taker = node(crate::testing::ZEZHOU);
    let leg = fed.at(CITY).assign(matter, [taker]).leg();
    let leg = fed.leg(crate::testing::ZEZHOU, leg);
    assert!(permit_taker(&person(Role::Dispatcher, None), &leg).is_ok());
    let refusal = permit_taker(&person(Role::Handler, Some("城管局")), &leg).unwrap_err();
    assert_eq!(refusal.rule, "authority.unit");
}
