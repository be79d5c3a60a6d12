use super::*;
use crate::id::{LegId, MatterId};
use crate::policy::purpose::Purpose;
use crate::reading::{Entrance, Opened};
use crate::supervision::NoticeReason;
use crate::testing::{CITY, Fed, MONDAY, ZEZHOU, node, unit};
use hotline_topology::Kind;

const UNIT: &str = "住建局";
const OTHER: &str = "城管局";

fn person(roles: &[Role], of: Option<&str>) -> Actor {
    Actor {
        name: "某".to_owned(),
        roles: roles.to_vec(),
        unit: of.map(|key| UnitKey::new(key).unwrap()),
    }
}

/// What a person sees of the ticket at the node: nothing, its head, its content, the petitioner, too.
fn seen(fed: &Fed, at: RegionKey, matter: MatterId, who: &Actor) -> &'static str {
    let ticket = fed.ticket(at, matter);
    match of_ticket(&fed.nodes[&at].view, who, at, &ticket).unwrap() {
        Err(refusal) => refusal.rule,
        Ok(readable) => match (readable.content, readable.petitioner) {
            (false, false) => "head",
            (true, false) => "content",
            (true, true) => "all",
            (false, true) => "petitioner alone",
        },
    }
}

#[test]
fn each_role_sees_of_a_ticket_what_the_table_says() {
    let mut fed = Fed::new();
    let matter = fed.at(CITY).take_in();
    let down = fed.at(CITY).assign(matter, [node(ZEZHOU)]).leg();
    let own = fed.at(ZEZHOU).assign(matter, [unit(ZEZHOU, UNIT)]).leg();
    let table = |fed: &Fed, at: RegionKey, of: Option<&str>| {
        Role::ALL.map(|role| seen(fed, at, matter, &person(&[role], of)))
    };
    // Clerk, dispatcher, handler, supervisor, operator.
    assert_eq!(
        table(&fed, CITY, None),
        ["all", "all", "all", "content", "head"]
    );
    assert_eq!(
        table(&fed, ZEZHOU, None),
        ["content", "all", "all", "content", "head"],
        "only the origin's clerks speak with the petitioner"
    );
    assert_eq!(
        table(&fed, ZEZHOU, Some(UNIT)),
        ["content", "content", "all", "content", "head"]
    );
    assert_eq!(table(&fed, ZEZHOU, Some(OTHER)), ["authority.unit"; 5]);
    // A unit of that name at another node has nothing to do with it.
    assert_eq!(table(&fed, CITY, Some(UNIT)), ["authority.unit"; 5]);
    assert_eq!(seen(&fed, CITY, matter, &person(&[], None)), "reading.role");

    fed.at(ZEZHOU)
        .of_unit(UNIT)
        .submit_result(own, "solved")
        .done();
    fed.at(ZEZHOU).grant(own, 1).done();
    assert_eq!(
        seen(&fed, ZEZHOU, matter, &person(&[Role::Handler], Some(UNIT))),
        "content",
        "once its leg is over the unit has no business with the petitioner's number"
    );
    fed.at(ZEZHOU).submit_result(down, "solved").done();
    fed.at(CITY).grant(down, 1).done();
    fed.at(CITY).close(matter, "solved").done();
    assert_eq!(
        table(&fed, CITY, None),
        ["all", "all", "content", "content", "head"]
    );
}

#[test]
fn whoever_has_several_roles_may_read_what_any_of_them_may() {
    let mut fed = Fed::new();
    let matter = fed.at(CITY).take_in();
    fed.at(CITY).assign(matter, [node(ZEZHOU)]).done();
    let seen = |roles: &[Role]| seen(&fed, ZEZHOU, matter, &person(roles, None));
    assert_eq!(seen(&[Role::Operator, Role::Supervisor]), "content");
    assert_eq!(seen(&[Role::Operator, Role::Dispatcher]), "all");
    assert_eq!(seen(&[Role::Clerk, Role::Handler]), "all");
}

#[test]
fn the_petitioners_person_is_name_and_contact_and_nothing_else() {
    let content = Readable {
        content: true,
        petitioner: false,
    };
    let withheld: Vec<_> = FieldName::ALL
        .into_iter()
        .filter(|name| !content.field(*name))
        .collect();
    assert_eq!(withheld, [FieldName::PetitionerName, FieldName::Contact]);
    let head = Readable::HEAD;
    assert!(!FieldName::ALL.into_iter().any(|name| head.field(name)));
}

fn rule(answer: Result<Readable, Refusal>) -> &'static str {
    answer.err().map_or("seen", |refusal| {
        assert!(!refusal.message.is_empty());
        refusal.rule
    })
}

#[test]
fn what_belongs_to_the_node_as_a_whole_is_seen_by_role_and_by_no_unit() {
    const SEEN: &str = "seen";
    const ROLE: &str = "reading.role";
    let table = [
        (What::Figures, [SEEN; 5]),
        (What::Links, [ROLE, SEEN, ROLE, SEEN, SEEN]),
        (What::Missing, [ROLE, SEEN, ROLE, SEEN, SEEN]),
        (What::Documents, [ROLE, SEEN, ROLE, SEEN, SEEN]),
        (What::Keys, [ROLE, ROLE, ROLE, SEEN, SEEN]),
    ];
    for (what, expected) in table {
        let said = Role::ALL.map(|role| rule(permit(&person(&[role], None), CITY, what)));
        assert_eq!(said, expected, "{what:?}");
        let units = Role::ALL.map(|role| rule(permit(&person(&[role], Some(UNIT)), CITY, what)));
        assert_eq!(units, ["authority.unit"; 5], "{what:?}");
    }
}

#[test]
fn a_unit_sees_its_own_legs_and_notices() {
    let mut fed = Fed::new();
    let matter = fed.at(CITY).take_in();
    let down = fed.at(CITY).assign(matter, [node(ZEZHOU)]).leg();
    let own = fed.at(ZEZHOU).assign(matter, [unit(ZEZHOU, UNIT)]).leg();
    let notice = |taker| Notice {
        matter,
        number: "甲".to_owned(),
        leg: Some(LegId([9; 16])),
        giver: ZEZHOU,
        taker,
        reason: NoticeReason::Overdue,
        kind: Kind::Help,
        category: "0201".to_owned(),
        raised_by: ZEZHOU,
        raised_at: MONDAY,
        due: None,
    };
    let (down, own) = (fed.leg(ZEZHOU, down), fed.leg(ZEZHOU, own));
    let (of_node, of_unit) = (notice(node(ZEZHOU)), notice(unit(ZEZHOU, UNIT)));
    let questions = [
        (What::Leg(&own), true),
        (What::Notice(&of_unit), true),
        (What::Order(own.taker()), true),
        (What::Order(down.taker()), false),
        (What::Leg(&down), false),
        (What::Notice(&of_node), false),
    ];
    for (what, units) in questions {
        let ask = |of| rule(permit(&person(&[Role::Handler], of), ZEZHOU, what));
        assert_eq!(ask(None), "seen", "{what:?}");
        assert_eq!(ask(Some(UNIT)) == "seen", units, "{what:?}");
        assert_eq!(ask(Some(OTHER)), "authority.unit", "{what:?}");
        assert_eq!(
            rule(permit(&person(&[], None), ZEZHOU, what)),
            "reading.role"
        );
    }
}

#[test]
fn who_read_what_is_for_those_who_answer_for_it_and_everybody_sees_their_own() {
    let by = |who: &str| Reading {
        matter: MatterId([1; 16]),
        at: MONDAY,
        who: who.to_owned(),
        unit: None,
        opened: Opened::Texts {
            fields: vec![FieldName::Title],
        },
        purpose: Purpose::Handle,
        entrance: Entrance::Local,
    };
    let (own, anothers) = (by("某"), by("他人"));
    let ask = |of: Option<&str>, reading: &Reading| {
        Role::ALL.map(|role| permit(&person(&[role], of), CITY, What::Reading(reading)).is_ok())
    };
    // Clerk, dispatcher, handler, supervisor, operator.
    assert_eq!(ask(None, &own), [true, true, true, true, false]);
    assert_eq!(ask(None, &anothers), [false, true, false, true, false]);
    assert_eq!(ask(Some(UNIT), &own), [true, true, true, true, false]);
    assert_eq!(ask(Some(UNIT), &anothers), [false; 5]);
}
