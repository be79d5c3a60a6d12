//! Own matters that come back: each with one intake, whichever of its legs came first; and the figures of others.

use super::*;
use crate::fact::Fact;
use crate::figures::{Measure, Table};
use crate::id::MatterId;
use crate::ticket::TicketAct;

/// A county's matter that was raised, and that its city gave back down.
fn raised_and_given_down(fed: &mut Fed) -> (MatterId, LegId) {
    let matter = fed.at(ZEZHOU).take_in();
    fed.at(ZEZHOU).escalate(matter, "beyond-authority").done();
    let up = legs(fed, CITY)
        .into_iter()
        .find(|leg| leg.matter() == matter)
        .expect("raised");
    fed.at(CITY).sign(up.id).done();
    let down = fed.at(CITY).assign(matter, [node(ZEZHOU)]).leg();
    (matter, down)
}

/// How many matters a node has been told that another took in; or has counted, where that is itself.
fn counted(fed: &Fed, at: RegionKey, author: RegionKey) -> i64 {
    let rows = fed.nodes[&at].view.rows();
    let cells = rows.filter_map(|(key, row)| match (key, row) {
        (RowKey::Cell(key), Row::Cell(cell))
            if key.author == author && key.table == Table::MattersByKindChannel =>
        {
            Some(cell.counts[Measure::TakenIn.index()])
        }
        _ => None,
    });
    cells.sum()
}

fn intakes(fed: &Fed, at: RegionKey, matter: MatterId) -> Vec<TicketAct> {
    let facts = fed.nodes[&at].log.iter().flat_map(|(_, facts)| facts);
    facts
        .filter_map(|fact| match fact {
            Fact::Ticket {
                matter: of, act, ..
            } if *of == matter && matches!(act, TicketAct::TakenIn { .. }) => Some(act.clone()),
            _ => None,
        })
        .collect()
}

#[test]
fn a_raised_matter_that_came_down_again_comes_back_with_its_intake() {
    let mut fed = Fed::new();
    let before = fed.nodes[&ZEZHOU].log.len();
    // The ids of legs are drawn: of several, some legs down lie before their leg up.
    let matters: Vec<_> = (0..8).map(|_| raised_and_given_down(&mut fed)).collect();
    let known: Vec<_> = matters
        .iter()
        .map(|(matter, _)| fed.ticket(ZEZHOU, *matter))
        .collect();
    fed.restore(&[(ZEZHOU, before)]);
    agreed(&fed, "origin");
    for ((matter, down), before) in matters.iter().zip(known) {
        let found = intakes(&fed, ZEZHOU, *matter);
        assert_eq!(found.len(), 1, "{found:?}");
        let ticket = fed.ticket(ZEZHOU, *matter);
        assert_eq!(
            (&ticket.number, &ticket.rules, ticket.due, ticket.stage),
            (&before.number, &before.rules, before.due, before.stage)
        );
        assert_eq!(ticket.incoming, Some(*down));
    }
    assert_eq!(counted(&fed, ZEZHOU, ZEZHOU), 8);
    let lost = missing(&fed, ZEZHOU);
    let lost = lost.iter().filter(|m| m.kind == MissingKind::Petitioner);
    assert_eq!(lost.count(), 8);
}

#[test]
fn an_own_matter_that_nobody_brought_back_is_taken_in_with_what_is_given_of_it() {
    let mut fed = Fed::new();
    let before = fed.nodes[&ZEZHOU].log.len();
    let matter = fed.at(ZEZHOU).take_in();
    let number = fed.ticket(ZEZHOU, matter).number;
    fed.at(ZEZHOU).escalate(matter, "beyond-authority").done();
    let up = legs(&fed, CITY)
        .into_iter()
        .find(|leg| leg.matter() == matter)
        .expect("raised");
    fed.at(CITY).sign(up.id).done();
    // The county waits for nobody's answer.
    for peer in [CITY, NANCUN, XIACUN] {
        fed.cut(ZEZHOU, peer);
    }
    fed.roll_back(ZEZHOU, before);
    fed.input(ZEZHOU, Input::Restored { id: [1; 16] });
    fed.input(ZEZHOU, Input::Start);
    fed.pass(HOUR);
    for peer in [CITY, PROVINCE, NANCUN, XIACUN] {
        let verb = crate::command::Verb::ReopenLink { peer };
        fed.at(ZEZHOU).command(verb).done();
    }
    let leg = fed.at(CITY).assign(matter, [node(ZEZHOU)]).leg();
    fed.connect(ZEZHOU, CITY);
    fed.mend();
    assert_eq!(fed.leg(CITY, leg).stage, Stage::Delivered);
    assert_eq!(intakes(&fed, ZEZHOU, matter).len(), 1);
    assert_eq!(fed.ticket(ZEZHOU, matter).number, number);
    assert_eq!(counted(&fed, ZEZHOU, ZEZHOU), 1);
}

#[test]
fn a_restored_superior_is_told_the_figures_that_it_forgot_within_minutes() {
    let mut fed = Fed::new();
    fed.at(ZEZHOU).take_in();
    fed.pass(10 * 60_000);
    fed.settle();
    let before = fed.nodes[&CITY].log.len();
    fed.at(ZEZHOU).take_in();
    fed.pass(10 * 60_000);
    fed.settle();
    assert_eq!(counted(&fed, CITY, ZEZHOU), 2);
    fed.restore(&[(CITY, before)]);
    assert_eq!(counted(&fed, CITY, ZEZHOU), 1, "forgotten");
    fed.pass(10 * 60_000);
    fed.settle();
    assert_eq!(counted(&fed, CITY, ZEZHOU), 2);
}

#[test]
fn a_superior_that_forgot_an_exception_is_told_of_it_again() {
    let mut fed = Fed::new();
    let matter = fed.at(ZEZHOU).take_in();
    let commits = LEVELS.map(|region| (region, fed.nodes[&region].log.len()));
    let leg = fed.at(ZEZHOU).assign(matter, [node(NANCUN)]).leg();
    fed.pass(8 * 24 * HOUR);
    for (region, commits) in commits {
        let before = fed.notices(region);
        assert!(
            before.iter().any(|notice| notice.leg == Some(leg)),
            "{region}"
        );
        let mut fed = fed.clone();
        fed.restore(&[(region, commits)]);
        assert_eq!(fed.notices(region), before, "{region}");
    }
}

const LEVELS: [RegionKey; 2] = [PROVINCE, CITY];
