//! 主办会办: two counties, one lead.

use crate::command::Verb;
use crate::fact::Fact;
use crate::id::{LegId, MatterId};
use crate::leg::{Act, Stage};
use crate::testing::{CITY, Fed, LINGCHUAN, NANCUN, ZEZHOU, node, unit};
use crate::ticket::TicketStage;
use hotline_topology::FieldName;
use hotline_topology::policy::LeadRule;

fn shared(fed: &mut Fed) -> (MatterId, LegId, LegId) {
    let matter = fed.at(CITY).take_in();
    let both = [node(ZEZHOU), node(LINGCHUAN)];
    let [one, other] = fed.at(CITY).assign(matter, both).legs();
    (matter, one, other)
}

#[test]
fn the_earliest_receipt_leads() {
    let mut fed = Fed::new();
    fed.cut(CITY, ZEZHOU);
    let (matter, one, other) = shared(&mut fed);
    let ticket = fed.ticket(CITY, matter);
    assert_eq!(
        (ticket.lead, ticket.lead_fixed, ticket.term),
        (Some(one), false, 1)
    );
    fed.pass(60_000);
    fed.mend();
    let ticket = fed.ticket(CITY, matter);
    assert_eq!(
        (ticket.lead, ticket.lead_fixed, ticket.term),
        (Some(other), true, 2)
    );
    for (side, leg) in [(ZEZHOU, one), (LINGCHUAN, other)] {
        let leg = fed.leg(side, leg);
        assert_eq!((leg.lead, leg.term), (Some(other), 2), "{side}");
    }
}

#[test]
fn by_name_leads_whom_the_giver_named() {
    let mut fed = Fed::with(|_, pack| pack.co_handling.lead = LeadRule::ByName);
    fed.cut(CITY, ZEZHOU);
    let (matter, one, _) = shared(&mut fed);
    fed.pass(60_000);
    fed.mend();
    let ticket = fed.ticket(CITY, matter);
    assert_eq!((ticket.lead, ticket.lead_fixed), (Some(one), true));
}

#[test]
fn the_lead_by_name_is_one_of_the_takers() {
    let mut fed = Fed::new();
    let matter = fed.at(CITY).take_in();
    let assign = |lead| Verb::Assign {
        matter,
        takers: vec![node(ZEZHOU), node(LINGCHUAN)],
        lead: Some(lead),
        basis: "职责".to_owned(),
        due: None,
        determination: None,
    };
    fed.at(CITY)
        .command(assign(node(NANCUN)))
        .fails("assign.lead");
    fed.cut(CITY, LINGCHUAN);
    let [_, other] = fed.at(CITY).command(assign(node(LINGCHUAN))).legs();
    fed.pass(60_000);
    fed.mend();
    let ticket = fed.ticket(CITY, matter);
    assert_eq!((ticket.lead, ticket.lead_fixed), (Some(other), true));
}

#[test]
fn when_the_lead_returns_the_other_leads_in_a_new_term() {
    let mut fed = Fed::new();
    let (matter, one, other) = shared(&mut fed);
    let term = fed.ticket(CITY, matter).term;
    fed.at(ZEZHOU)
        .ask_return(one, "not-our-duty", "三定")
        .done();
    fed.at(CITY).grant(one, 1).done();
    let ticket = fed.ticket(CITY, matter);
    assert_eq!((ticket.lead, ticket.term), (Some(other), term + 1));
    assert_eq!(fed.leg(LINGCHUAN, other).lead, Some(other));
    assert_eq!(ticket.stage, TicketStage::Assigned);
}

#[test]
fn a_person_names_another_lead() {
    let mut fed = Fed::new();
    let (matter, one, other) = shared(&mut fed);
    fed.at(CITY).name_lead(matter, other).done();
    assert_eq!(fed.leg(ZEZHOU, one).lead, Some(other));
    let foreign = fed.at(CITY).take_in();
    let sole = fed.at(CITY).assign(foreign, [node(ZEZHOU)]).leg();
    fed.at(CITY).name_lead(matter, sole).fails("lead.leg");
    fed.at(CITY).recall(other).done();
    fed.at(CITY).name_lead(matter, other).fails("lead.leg");
}

#[test]
fn the_matter_closes_when_all_have_reported_or_were_released() {
    let mut fed = Fed::new();
    let (matter, one, other) = shared(&mut fed);
    fed.at(ZEZHOU).submit_result(one, "solved").done();
    fed.at(CITY).grant(one, 1).done();
    assert_eq!(fed.ticket(CITY, matter).stage, TicketStage::Assigned);
    fed.at(CITY)
        .close(matter, "solved")
        .fails("close.open-legs");
    fed.at(CITY)
        .release(one)
        .fails_citing("release.lead", "辽宁省办法第十一条");
    fed.at(CITY)
        .wordless()
        .release(other)
        .fails("recall.reason");
    fed.at(CITY).release(other).done();
    fed.at(CITY).release(other).fails("lead.release.closed");
    assert_eq!(
        fed.ticket(LINGCHUAN, matter).closed_ground.as_deref(),
        Some("leg-released")
    );
    fed.at(CITY).close(matter, "solved").done();
}

#[test]
fn a_sole_taker_is_recalled_not_released() {
    let mut fed = Fed::new();
    let matter = fed.at(CITY).take_in();
    let leg = fed.at(CITY).assign(matter, [node(ZEZHOU)]).leg();
    fed.at(CITY).release(leg).fails("release.sole");
}

#[test]
fn a_release_runs_down_as_a_recall() {
    let mut fed = Fed::new();
    let (matter, one, _) = shared(&mut fed);
    let below = fed.at(ZEZHOU).assign(matter, [node(NANCUN)]).leg();
    let other = fed.ticket(CITY, matter).outgoing[1];
    fed.at(CITY).name_lead(matter, other).done();
    fed.at(CITY).release(one).done();
    assert!(!fed.leg(NANCUN, below).is_open());
}

#[test]
fn a_co_handlers_result_goes_to_the_lead_through_the_giver() {
    let mut fed = Fed::new();
    let (matter, one, other) = shared(&mut fed);
    assert_eq!(fed.ticket(CITY, matter).lead, Some(one));
    fed.at(LINGCHUAN).submit_result(other, "solved").done();
    fed.at(CITY).grant(other, 1).done();
    let log = fed.nodes[&ZEZHOU].log.iter().flat_map(|(_, facts)| facts);
    let forwarded: Vec<_> = log
        .filter_map(|fact| match fact {
            Fact::Leg {
                leg,
                act: Act::Forwarded { from },
                fields,
                ..
            } => Some((
                *leg,
                *from,
                fields.iter().map(|f| f.name).collect::<Vec<_>>(),
            )),
            _ => None,
        })
        .collect();
    assert_eq!(forwarded, [(one, other, vec![FieldName::ResultText])]);
}

#[test]
fn units_of_the_own_level_share_a_matter_too() {
    let mut fed = Fed::new();
    let matter = fed.at(ZEZHOU).take_in();
    let units = [unit(ZEZHOU, "供水公司"), unit(ZEZHOU, "城管局")];
    let [one, other] = fed.at(ZEZHOU).assign(matter, units).legs();
    let ticket = fed.ticket(ZEZHOU, matter);
    assert_eq!((ticket.lead, ticket.lead_fixed), (Some(one), true));
    fed.at(ZEZHOU)
        .of_unit("供水公司")
        .submit_result(one, "solved")
        .done();
    fed.at(ZEZHOU).grant(one, 1).done();
    fed.at(ZEZHOU)
        .of_unit("城管局")
        .submit_result(other, "solved")
        .done();
    fed.at(ZEZHOU).grant(other, 1).done();
    assert_eq!(fed.ticket(ZEZHOU, matter).stage, TicketStage::Reviewing);
    fed.at(ZEZHOU).close(matter, "solved").done();
}

#[test]
fn a_body_that_joins_by_reassignment_leads_when_nobody_else_stays() {
    let mut fed = Fed::new();
    let (matter, one, other) = shared(&mut fed);
    fed.at(CITY).recall(other).done();
    let [_, new] = fed.at(CITY).reassign(one, node(LINGCHUAN)).legs();
    let ticket = fed.ticket(CITY, matter);
    assert_eq!(ticket.lead, Some(new));
    assert_eq!(fed.leg(LINGCHUAN, new).lead, Some(new));
    assert_eq!(fed.leg(LINGCHUAN, new).stage, Stage::Delivered);
}

#[test]
fn a_body_that_joins_later_hears_who_leads() {
    let mut fed = Fed::new();
    let matter = fed.at(ZEZHOU).take_in();
    let units = [unit(ZEZHOU, "供水公司"), unit(ZEZHOU, "城管局")];
    let [one, other] = fed.at(ZEZHOU).assign(matter, units).legs();
    fed.at(ZEZHOU)
        .of_unit("供水公司")
        .submit_result(one, "solved")
        .done();
    fed.at(ZEZHOU).grant(one, 1).done();
    let [_, new] = fed.at(ZEZHOU).reassign(other, node(NANCUN)).legs();
    assert_eq!(fed.leg(NANCUN, new).lead, Some(one));
}

/// The county shared its part once; the city sends the matter again, and the county shares it anew.
#[test]
fn a_second_round_has_a_lead_of_its_own() {
    let mut fed = Fed::new();
    let matter = fed.at(CITY).take_in();
    let first = fed.at(CITY).assign(matter, [node(ZEZHOU)]).leg();
    let units = || [unit(ZEZHOU, "供水公司"), unit(ZEZHOU, "城管局")];
    for leg in fed.at(ZEZHOU).assign(matter, units()).legs::<2>() {
        let who = fed.leg(ZEZHOU, leg).taker().unit().unwrap().to_string();
        fed.at(ZEZHOU)
            .of_unit(&who)
            .submit_result(leg, "solved")
            .done();
        fed.at(ZEZHOU).grant(leg, 1).done();
    }
    fed.at(ZEZHOU).submit_result(first, "solved").done();
    fed.at(CITY).grant(first, 1).done();
    fed.pass(60_000);
    fed.at(CITY).assign(matter, [node(ZEZHOU)]).done();
    let [one, _] = fed.at(ZEZHOU).assign(matter, units()).legs();
    assert_eq!(fed.ticket(ZEZHOU, matter).lead, Some(one));
}
