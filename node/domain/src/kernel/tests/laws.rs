//! What must hold in a federation at rest.

use crate::figures::{Grouping, Label, Query, Table, add, totals};
use crate::id::MatterId;
use crate::leg::{Leg, LegKind, Side, Stage};
use crate::row::{Row, RowKey};
use crate::testing::{ALL, Fed, PROVINCE};
use crate::ticket::{Ticket, TicketStage};
use crate::view::Rows;
use hotline_topology::RegionKey;

/// Every law, for these matters; figures are looked at apart, they are reported a minute later.
pub(super) fn hold(fed: &Fed, matters: &[MatterId]) {
    assert!(fed.waiting().is_empty(), "everything was delivered");
    for region in ALL {
        // That a matter lies about is the people's fault.
        let lies = |alarm: &&String| !alarm.starts_with("超期未派");
        let alarms: Vec<_> = fed.nodes[&region].alarms.iter().filter(lies).collect();
        assert!(alarms.is_empty(), "{region}: {alarms:#?}");
        for matter in matters {
            let ticket = fed.nodes[&region].view.ticket(*matter).expect("memory");
            if let Some(ticket) = ticket {
                ticket_fits_its_legs(fed, region, &ticket);
            }
        }
        for leg in legs(fed, region) {
            both_sides_agree(fed, region, &leg);
            taker_has_it_in_hand(fed, &leg);
            deadline_fired(fed, region, &leg);
            origin_sees(fed, region, &leg);
        }
    }
}

fn legs(fed: &Fed, region: RegionKey) -> Vec<Leg> {
    let legs = |(key, row): (&RowKey, &Row)| match (key, row) {
        (RowKey::Leg(_), Row::Leg(leg)) => Some((**leg).clone()),
        _ => None,
    };
    fed.nodes[&region].view.rows().filter_map(legs).collect()
}

/// A closed ticket has no open leg; an open one that is not the node's own has somebody who waits for it.
fn ticket_fits_its_legs(fed: &Fed, region: RegionKey, ticket: &Ticket) {
    let open = |legs: &[crate::id::LegId]| -> Vec<Leg> {
        let legs = legs.iter().map(|id| fed.leg(region, *id));
        legs.filter(Leg::is_open).collect()
    };
    let (given, taken) = (open(&ticket.outgoing), open(&ticket.incoming_all));
    let what = format!("{region}: {ticket:#?}\ngiven {given:#?}\ntaken {taken:#?}");
    if !ticket.is_open() {
        assert!(
            given.is_empty() && taken.is_empty(),
            "closed with open legs at {what}"
        );
        return;
    }
    assert!(
        ticket.origin == region || !taken.is_empty(),
        "nobody waits for {what}"
    );
    let down = |leg: &Leg| leg.offer.kind == LegKind::Downward;
    let awaited = taken.iter().any(down);
    let at_work = given.iter().any(|leg| down(leg) || !awaited);
    assert_eq!(ticket.stage == TicketStage::Assigned, at_work, "{what}");
    assert!(
        taken.iter().filter(|leg| down(leg)).count() <= 1,
        "one giver above: {what}"
    );
    let leading = ticket.lead.filter(|_| given.iter().any(Leg::is_joint));
    if let Some(lead) = leading {
        assert!(ticket.in_hand().contains(&lead), "an old lead: {what}");
        for leg in given.iter().filter(|leg| leg.is_joint()) {
            assert_eq!((leg.lead, leg.term), (Some(lead), ticket.term), "{what}");
        }
    }
}

fn both_sides_agree(fed: &Fed, region: RegionKey, leg: &Leg) {
    if leg.side != Side::Giver {
        return;
    }
    let taker = leg.taker().region();
    let theirs = fed.nodes[&taker].view.leg(leg.id).expect("memory");
    let theirs = theirs.unwrap_or_else(|| panic!("{taker} has no {leg:#?}"));
    // How fresh a side's knowledge is, and whose clock saw the date pass, differ; all else is the contract's.
    let plain = |leg: &Leg| Leg {
        side: Side::Both,
        heard_at: None,
        version: 0,
        overdue_since: leg.overdue().filter(|_| leg.is_open()),
        ..leg.clone()
    };
    assert_eq!(plain(leg), plain(&theirs), "{region} and {taker}");
}

fn taker_has_it_in_hand(fed: &Fed, leg: &Leg) {
    if leg.is_open() && leg.taker().unit().is_none() {
        let ticket = fed.ticket(leg.taker().region(), leg.matter());
        assert!(ticket.is_open(), "{leg:#?} in the hands of {ticket:#?}");
    }
}

fn deadline_fired(fed: &Fed, region: RegionKey, leg: &Leg) {
    let passed = leg.due.at < fed.now && leg.is_open() && leg.offer.kind == LegKind::Downward;
    if passed && leg.stage != Stage::Offered {
        let told = leg.overdue_since.is_some() || leg.reported_by(leg.due.at);
        assert!(told, "{region}: {leg:#?}");
    }
}

/// The origin names each open leg of others: body and date; none is left open that is closed.
fn origin_sees(fed: &Fed, region: RegionKey, leg: &Leg) {
    if leg.side == Side::Taker || leg.offer.origin == region {
        return;
    }
    let ticket = fed.ticket(leg.offer.origin, leg.matter());
    let sight = ticket.sights.iter().find(|sight| sight.leg == leg.id);
    let sight = sight.unwrap_or_else(|| panic!("unseen: {leg:#?}"));
    assert_eq!(
        (sight.open, &sight.taker, sight.due, sight.giver),
        (leg.is_open(), leg.taker(), leg.due.at, region),
    );
}

/// A superior's figures are the sum of what the nodes below say of themselves.
pub(super) fn figures_add_up(fed: &Fed) {
    for table in [
        Table::MattersByKindChannel,
        Table::MattersByCategory,
        Table::LegsByKindGiver,
        Table::LegsByCategory,
        Table::LegsByUnit,
    ] {
        let query = |by| Query {
            table,
            from: 0,
            to: 84_000,
            by,
        };
        let at = |region: RegionKey, by| {
            let node = &fed.nodes[&region];
            totals(&node.view, &node.tree, region, &query(by)).expect("memory")
        };
        let mut sum = Default::default();
        for region in ALL {
            for (label, counts) in at(region, Grouping::Region).lines {
                if label == Label::Region(region) {
                    add(&mut sum, &counts);
                }
            }
        }
        let above = at(PROVINCE, Grouping::Whole);
        assert_eq!(above.sum, sum, "{table:?}");
        assert!(above.is_complete(), "{:?}", above.missing);
    }
}
