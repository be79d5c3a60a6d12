//! 受理, 不予受理, 直接答复, 记录.

use crate::body::Role;
use crate::command::Verb;
use crate::testing::{CITY, DAY, Fed, MONDAY, NANCUN, ZEZHOU, node, unit};
use crate::ticket::{TicketStage, number_is_valid};
use hotline_topology::{Kind, RegionKey, Urgency};

fn told(fed: &Fed, days_ago: i64, place: Option<RegionKey>) -> Verb {
    Verb::TakeIn {
        channel: "phone".to_owned(),
        kind: Kind::Help,
        category: "0201".to_owned(),
        urgency: Urgency::Normal,
        place,
        happened_at: Some(fed.now.plus_millis(-days_ago * DAY)),
    }
}

#[test]
fn a_matter_taken_in_has_a_number_and_a_due_date() {
    let mut fed = Fed::new();
    let matter = fed.at(CITY).take_in();
    let ticket = fed.ticket(CITY, matter);
    assert!(number_is_valid(&ticket.number), "{}", ticket.number);
    assert_eq!((ticket.origin, ticket.stage), (CITY, TicketStage::Open));
    // 5 working days: until the end of next Monday.
    assert_eq!(ticket.due.unwrap().to_string(), "2026-03-16 23:59:59");
    assert_eq!(ticket.fields.len(), 4);
}

#[test]
fn what_was_told_by_phone_counts_from_then_within_three_days() {
    let mut fed = Fed::new();
    let verb = told(&fed, 2, None);
    let matter = fed.at(CITY).command(verb).done().matter.unwrap();
    assert_eq!(
        fed.ticket(CITY, matter).taken_in_at,
        MONDAY.plus_millis(-2 * DAY)
    );
    let verb = told(&fed, 4, None);
    fed.at(CITY).command(verb).fails("intake.time");
    let verb = told(&fed, -1, None);
    fed.at(CITY).command(verb).fails("intake.time");
}

#[test]
fn nothing_is_taken_in_without_content_nor_at_a_place_nobody_knows() {
    let mut fed = Fed::new();
    let wordless = fed.at(CITY).wordless();
    wordless
        .try_take_in(Kind::Help, Urgency::Normal)
        .fails("intake.content");
    let verb = told(&fed, 0, Some(RegionKey::literal("999999000000")));
    fed.at(CITY).command(verb).fails("intake.place");
}

#[test]
fn a_category_that_nobody_knows_is_refused_with_the_nearest_ones() {
    let mut fed = Fed::new();
    let of = |code: &str| Verb::TakeIn {
        channel: "phone".to_owned(),
        kind: Kind::Help,
        category: code.to_owned(),
        urgency: Urgency::Normal,
        place: None,
        happened_at: None,
    };
    for unknown in ["9999", "0299", "02011", "供水", "0201 ", "02019x"] {
        let refused = fed.at(CITY).command(of(unknown)).fails("intake.category");
        let words = refused.to_string();
        assert!(words.contains(unknown.trim()), "{words}");
        assert!(
            words.contains("02 ") || words.contains("0201 供水"),
            "{words}"
        );
        assert!(words.contains("hotline codes 事项"), "{words}");
    }
    // A table of a first and a second level, and a jurisdiction's own third one.
    for known in ["02", "0201", "020103"] {
        fed.at(CITY).command(of(known)).done();
    }
}

#[test]
fn a_kind_whose_limit_the_pack_leaves_open_is_not_taken_in() {
    let mut fed = Fed::with(|_, pack| {
        for rule in &mut pack.handling {
            if rule.kind == Kind::Report {
                rule.limit = None;
                rule.left_to = Some("市政府".to_owned());
                rule.article = "泽州县实施意见".to_owned();
            }
        }
    });
    let said = fed.at(CITY).try_take_in(Kind::Report, Urgency::Normal);
    said.fails_citing("intake.open-limit", "泽州县");
}

#[test]
fn only_the_front_desk_takes_in() {
    let mut fed = Fed::new();
    let handler = fed.at(CITY).with_roles(&[Role::Handler, Role::Supervisor]);
    handler
        .try_take_in(Kind::Help, Urgency::Normal)
        .fails("authority.role");
    let (clerk, both) = (Role::Clerk, fed.at(ZEZHOU).of_unit("供水公司"));
    both.with_roles(&[clerk])
        .try_take_in(Kind::Help, Urgency::Normal)
        .fails("authority.unit");
}

#[test]
fn out_of_scope_is_refused_with_ground_and_basis() {
    let mut fed = Fed::new();
    let matter = fed.at(CITY).take_in();
    fed.at(CITY)
        .refuse(matter, "no-such-ground", "依据")
        .fails("refuse.ground");
    fed.at(CITY)
        .refuse(matter, "petition-system", " ")
        .fails("refuse.basis");
    fed.at(CITY)
        .refuse(matter, "petition-system", "已进入信访")
        .done();
    let ticket = fed.ticket(CITY, matter);
    assert_eq!(ticket.closed_ground.as_deref(), Some("refused"));
    fed.at(CITY)
        .refuse(matter, "petition-system", "再来")
        .fails("ticket.closed");
}

#[test]
fn what_the_desk_can_answer_is_answered_at_once() {
    let mut fed = Fed::new();
    let matter = fed.at(CITY).take_in();
    fed.at(CITY)
        .wordless()
        .answer_directly(matter)
        .fails("answer.empty");
    fed.at(CITY).answer_directly(matter).done();
    assert_eq!(fed.ticket(CITY, matter).stage, TicketStage::Closed);
    fed.at(CITY).answer_directly(matter).fails("ticket.closed");
}

#[test]
fn what_was_given_out_is_neither_refused_nor_answered_directly() {
    let mut fed = Fed::new();
    let matter = fed.at(CITY).take_in();
    let leg = fed.at(CITY).assign(matter, [node(ZEZHOU)]).leg();
    fed.at(CITY)
        .refuse(matter, "petition-system", "依据")
        .fails("ticket.given-out");
    fed.at(CITY).recall(leg).done();
    fed.at(CITY)
        .answer_directly(matter)
        .fails("ticket.given-out");
    fed.at(ZEZHOU)
        .answer_directly(matter)
        .fails("ticket.not-own");
    fed.at(ZEZHOU)
        .refuse(matter, "petition-system", "依据")
        .fails("ticket.not-own");
    fed.at(NANCUN)
        .answer_directly(matter)
        .fails("ticket.unknown");
}

#[test]
fn notes_are_for_those_who_have_the_matter() {
    let mut fed = Fed::new();
    let matter = fed.at(ZEZHOU).take_in();
    fed.at(ZEZHOU)
        .assign(matter, [unit(ZEZHOU, "供水公司")])
        .done();
    fed.at(ZEZHOU).note(matter).done();
    fed.at(ZEZHOU).of_unit("供水公司").note(matter).done();
    fed.at(ZEZHOU)
        .of_unit("城管局")
        .note(matter)
        .fails("authority.unit");
    fed.at(ZEZHOU).wordless().note(matter).fails("note.empty");
    fed.at(CITY).note(matter).fails("ticket.unknown");
}
