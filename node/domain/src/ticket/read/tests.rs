use super::*;
use crate::body::Role;
use crate::id::LegId;
use crate::row::{Row, RowKey};
use crate::testing::{CITY, DAY, Fed, ZEZHOU, node, unit};
use crate::view::{Rows as _, View as _};

const ALL: [FieldName; 3] = [
    FieldName::Title,
    FieldName::Content,
    FieldName::PetitionerName,
];

fn texts(fields: &[FieldName]) -> Opened {
    Opened::Texts {
        fields: fields.to_vec(),
    }
}

/// The readings of a ticket as the rows have them.
fn rows(fed: &Fed, matter: MatterId) -> Vec<Reading> {
    let view = &fed.nodes[&CITY].view;
    let count = view.readings(matter).unwrap();
    let row = |no| match view.get(&RowKey::Reading(matter, no)).unwrap() {
        Some(Row::Reading(reading)) => *reading,
        other => panic!("{other:?}"),
    };
    assert_eq!(view.get(&RowKey::Reading(matter, count)), Ok(None));
    (0..count).map(row).collect()
}

#[test]
fn a_reading_is_a_fact_of_its_own_and_leaves_the_ticket_as_it_was() {
    let mut fed = Fed::new();
    let matter = fed.at(CITY).take_in();
    let (before, commits) = (fed.ticket(CITY, matter), fed.nodes[&CITY].log.len());
    let again = [FieldName::Content, FieldName::Title, FieldName::Content];
    fed.at(CITY)
        .read(matter, texts(&again), Purpose::Handle)
        .done();
    fed.pass(DAY);
    fed.at(CITY)
        .named("督办员")
        .with_roles(&[Role::Supervisor])
        .read(matter, texts(&ALL[..2]), Purpose::Audit)
        .done();
    assert_eq!(fed.ticket(CITY, matter), before);
    let facts: Vec<_> = fed.nodes[&CITY].log[commits..]
        .iter()
        .flat_map(|(_, facts)| facts)
        .filter(|fact| matches!(fact, Fact::Read(_)))
        .collect();
    let [first, second] = &rows(&fed, matter)[..] else {
        panic!("two readings")
    };
    assert_eq!(
        facts,
        [&Fact::Read(first.clone()), &Fact::Read(second.clone())]
    );
    assert_eq!(first.opened, texts(&ALL[..2]), "each once, in order");
    assert_eq!(
        (first.who.as_str(), first.purpose),
        ("值班长", Purpose::Handle)
    );
    assert_eq!(
        (second.who.as_str(), second.purpose),
        ("督办员", Purpose::Audit)
    );
    assert!(first.at < second.at);
}

#[test]
fn what_may_not_be_read_is_refused_and_on_no_record() {
    let mut fed = Fed::new();
    let matter = fed.at(CITY).take_in();
    let asks: [(&[Role], &[FieldName], Purpose, &str); 6] = [
        (
            &[Role::Operator],
            &ALL[..1],
            Purpose::Handle,
            "reading.content",
        ),
        (
            &[Role::Supervisor],
            &ALL,
            Purpose::Audit,
            "reading.petitioner",
        ),
        (
            &[Role::Supervisor],
            &ALL[..1],
            Purpose::Handle,
            "reading.purpose-role",
        ),
        (&[Role::Clerk], &ALL, Purpose::Audit, "reading.purpose-role"),
        (&[Role::Clerk], &[], Purpose::Handle, "reading.nothing"),
        (&[], &ALL, Purpose::Handle, "authority.role"),
    ];
    for (roles, fields, purpose, rule) in asks {
        let at = fed.at(CITY).with_roles(roles);
        at.read(matter, texts(fields), purpose).fails(rule);
    }
    let of_unit = fed.at(CITY).of_unit("住建局");
    of_unit
        .read(matter, texts(&ALL[..1]), Purpose::Handle)
        .fails("authority.unit");
    fed.at(CITY)
        .read_attachment(matter, 7)
        .fails("attachment.unknown");
    let nowhere = MatterId([9; 16]);
    fed.at(CITY)
        .read(nowhere, texts(&ALL), Purpose::Handle)
        .fails("ticket.unknown");
    assert_eq!(rows(&fed, matter), []);
}

#[test]
fn the_petitioners_person_closes_to_a_unit_with_its_leg() {
    let mut fed = Fed::new();
    let matter = fed.at(CITY).take_in();
    let leg: LegId = fed.at(CITY).assign(matter, [unit(CITY, "住建局")]).leg();
    let ask = |fed: &mut Fed, fields: &[FieldName]| {
        let desk = fed.at(CITY).of_unit("住建局");
        desk.read(matter, texts(fields), Purpose::Handle)
    };
    ask(&mut fed, &ALL).done();
    fed.at(CITY).recall(leg).done();
    ask(&mut fed, &ALL).fails("reading.petitioner");
    ask(&mut fed, &ALL[..2]).done();
    assert_eq!(rows(&fed, matter).len(), 2);
    let unit = rows(&fed, matter)[0].unit.clone();
    assert_eq!(unit.unwrap().as_str(), "住建局");
}

#[test]
fn readings_stay_when_the_texts_are_erased_and_travel_nowhere() {
    let mut fed = Fed::new();
    let matter = fed.at(CITY).take_in();
    fed.at(CITY).assign(matter, [node(ZEZHOU)]).done();
    let below = fed.nodes[&ZEZHOU].log.len();
    fed.at(CITY)
        .read(matter, texts(&ALL), Purpose::Handle)
        .done();
    let (_, last) = fed.nodes[&CITY].log.last().unwrap();
    assert_eq!(last.len(), 1, "{last:?}");
    assert_eq!(fed.nodes[&ZEZHOU].log.len(), below);
    let own = fed.at(CITY).take_in();
    fed.at(CITY).read(own, texts(&ALL), Purpose::Handle).done();
    fed.at(CITY).answer_directly(own).done();
    fed.at(CITY)
        .command(crate::command::Verb::Erase {
            matter: own,
            reason: "依本人申请".to_owned(),
            oldest_backup: None,
        })
        .done();
    assert_eq!(rows(&fed, own).len(), 1);
}

#[test]
fn an_order_is_read_with_and_without_a_ticket_of_its_matter() {
    let mut fed = Fed::new();
    let matter = fed.at(ZEZHOU).take_in();
    let leg = fed
        .at(ZEZHOU)
        .assign(matter, [unit(ZEZHOU, "供水公司")])
        .leg();
    fed.pass(8 * DAY);
    let order = fed.at(CITY).supervise(leg, "overdue").order();
    let opened = Opened::Order(order);
    for region in [CITY, ZEZHOU] {
        fed.at(region)
            .read(matter, opened.clone(), Purpose::Supervise)
            .done();
        assert_eq!(fed.nodes[&region].view.readings(matter), Ok(1), "{region}");
    }
    // The unit that owes the answer, and no other.
    fed.at(ZEZHOU)
        .of_unit("供水公司")
        .read(matter, opened.clone(), Purpose::Handle)
        .done();
    fed.at(ZEZHOU)
        .of_unit("住建局")
        .read(matter, opened.clone(), Purpose::Handle)
        .fails("authority.unit");
    fed.at(CITY)
        .with_roles(&[Role::Operator])
        .read(matter, opened.clone(), Purpose::Supervise)
        .fails("reading.content");
    fed.at(CITY)
        .read(MatterId([9; 16]), opened, Purpose::Supervise)
        .fails("order.unknown");
    let unknown = Opened::Order(OrderId([9; 16]));
    fed.at(CITY)
        .read(matter, unknown, Purpose::Supervise)
        .fails("order.unknown");
}
