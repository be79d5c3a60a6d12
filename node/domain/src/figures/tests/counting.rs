//! Counting: Σ deltas over any history of facts = a recount of the rows at its end.

use super::super::{CellKey, Counts, Measure, Table, add, count, day_of};
use super::steps::{ME, Step, any_step, leg_act, offer, rules, taken_in, ticket_act, ticket_fact};
use super::{federation, world};
use crate::fact::Fact;
use crate::id::{LegId, MatterId};
use crate::kernel::{self, World};
use crate::leg::{Act, Closure, Leg, LegKind, Outcome, Party, RequestKind, Side, Stage};
use crate::row::Row;
use crate::ticket::{Ticket, TicketAct};
use crate::view::{MemoryView, Overlay};
use hotline_topology::time::DAY_MS;
use hotline_topology::{PolicyPack, Time};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use std::collections::BTreeMap;

/// A node that folds and counts, without the rules that would forbid most of it.
struct Log<'a> {
    world: World<'a>,
    view: MemoryView,
    cells: BTreeMap<CellKey, Counts>,
}

impl Log<'_> {
    fn record(&mut self, fact: &Fact) {
        let mut after = Overlay::new(&self.view);
        kernel::fold(&mut after, ME, fact).unwrap();
        for (key, delta) in count(&self.world, &self.view, &after, fact).unwrap() {
            assert_eq!(key.author, ME);
            assert!(delta.iter().any(|count| *count != 0), "no empty deltas");
            add(self.cells.entry(key).or_default(), &delta);
        }
        let changes = after.into_changes();
        self.view.apply(changes);
        assert!(
            self.cells.values().flatten().all(|count| *count >= 0),
            "after {fact:?}"
        );
    }

    fn leg(&self, leg: u8) -> Option<Leg> {
        crate::view::Rows::leg(&self.view, LegId([leg; 16])).unwrap()
    }

    fn knows(&self, matter: u8) -> bool {
        crate::view::Rows::ticket(&self.view, MatterId([matter; 16]))
            .unwrap()
            .is_some()
    }

    fn step(&mut self, step: &Step, at: Time) {
        let leg_fact = |leg: u8, by, act| Fact::Leg {
            leg: LegId([leg; 16]),
            matter: MatterId([leg % 4; 16]),
            by,
            at,
            happened_at: at,
            actor: None,
            act,
            fields: Vec::new(),
        };
        match *step {
            Step::TakenIn(matter, kind) if !self.knows(matter) => {
                self.record(&taken_in(matter, kind, at));
            }
            Step::Ticket(matter, act) if self.knows(matter) => {
                self.record(&ticket_fact(matter, at, ticket_act(act, at)));
            }
            Step::Offer(leg, shape) if self.leg(leg).is_none() => {
                let offer = offer(leg, shape, at);
                let incoming = offer.giver != ME;
                if offer.origin == ME && !self.knows(leg % 4) || !incoming && !self.knows(leg % 4) {
                    return;
                }
                self.record(&leg_fact(leg, Party::Giver, Act::Offer(Box::new(offer))));
                if incoming {
                    self.record(&leg_fact(leg, Party::Taker, Act::Receipt));
                    let act = TicketAct::Received {
                        leg: LegId([leg; 16]),
                        due: at.plus_millis(DAY_MS),
                    };
                    self.record(&ticket_fact(leg % 4, at, act));
                }
            }
            Step::Leg(leg, act) => {
                if let Some(known) = self.leg(leg) {
                    let (by, act) = leg_act(act, &known, at);
                    self.record(&leg_fact(leg, by, act));
                }
            }
            _ => {}
        }
    }

    /// Every table by a question a person would ask of each row.
    fn recount(&self) -> BTreeMap<CellKey, Counts> {
        let mut cells = BTreeMap::new();
        for (_, row) in self.view.rows() {
            match row {
                Row::Ticket(ticket) if ticket.origin == ME => {
                    let counts = Measure::ALL.map(|measure| self.of_matter(ticket, measure));
                    let key = |table, first: &str, second: &str| {
                        key(table, ticket.taken_in_at, first, second)
                    };
                    let by_kind = key(Table::MattersByKindChannel, ticket.kind.as_str(), "phone");
                    add(cells.entry(by_kind).or_default(), &counts);
                    let by_category = key(Table::MattersByCategory, "0102", "");
                    add(cells.entry(by_category).or_default(), &counts);
                }
                Row::Leg(leg) if leg.side != Side::Giver => {
                    let Some(delivered) = leg.delivered_at else {
                        continue;
                    };
                    let counts = Measure::ALL.map(|measure| of_leg(leg, measure));
                    let (unit, level) = match leg.side {
                        Side::Both => ("centre", "city"),
                        _ => ("", "province"),
                    };
                    let by_giver = key(Table::LegsByKindGiver, delivered, "complaint", level);
                    add(cells.entry(by_giver).or_default(), &counts);
                    let by_category = key(Table::LegsByCategory, delivered, "0203", "");
                    add(cells.entry(by_category).or_default(), &counts);
                    let by_unit = key(Table::LegsByUnit, delivered, unit, "");
                    add(cells.entry(by_unit).or_default(), &counts);
                }
                _ => {}
            }
        }
        cells
    }

    fn of_matter(&self, ticket: &Ticket, measure: Measure) -> i64 {
        let given = |kind| {
            let legs = self.view.rows().filter_map(|(_, row)| match row {
                Row::Leg(leg) => Some(leg),
                _ => None,
            });
            legs.filter(|leg| {
                leg.matter() == ticket.matter && leg.giver() == ME && leg.offer.kind == kind
            })
            .count() as i64
        };
        let closed_on = ticket.closed_at.filter(|_| !ticket.is_open());
        let refused = ticket.closed_ground.as_deref() == Some("refused");
        let late = closed_on.is_some_and(|at| at > ticket.due.unwrap());
        i64::from(match measure {
            Measure::TakenIn => true,
            Measure::AnsweredDirectly => {
                ticket.closed_ground.as_deref() == Some("answered-directly")
            }
            Measure::Refused => refused,
            Measure::Assigned => given(LegKind::Downward) > 0,
            Measure::Escalated => return given(LegKind::Upward),
            Measure::Returned | Measure::Supervised => false,
            Measure::Redone => return i64::from(ticket.redos),
            Measure::ClosedInTime => closed_on.is_some() && !refused && !late,
            Measure::ClosedLate => closed_on.is_some() && !refused && late,
            Measure::OverdueNow => closed_on.is_none() && ticket.overdue,
            Measure::OpenNow => closed_on.is_none(),
        })
    }
}

fn of_leg(leg: &Leg, measure: Measure) -> i64 {
    let closed = |closure| leg.stage == Stage::Closed(closure);
    let handed_in = leg.request.as_ref().filter(|request| {
        request.outcome == Outcome::Granted && request.asking.kind() == RequestKind::Result
    });
    let late = handed_in
        .map(|request| request.at)
        .or(leg.closed_at)
        .is_some_and(|at| at > leg.due.at);
    i64::from(match measure {
        Measure::TakenIn => true,
        Measure::AnsweredDirectly | Measure::Refused | Measure::Assigned => false,
        Measure::Escalated => closed(Closure::Escalated),
        Measure::Returned => closed(Closure::Returned),
        Measure::Supervised => return leg.orders.len() as i64,
        Measure::Redone => leg.offer.redo,
        Measure::ClosedInTime => closed(Closure::Done) && !late,
        Measure::ClosedLate => closed(Closure::Done) && late,
        Measure::OverdueNow => leg.is_open() && leg.overdue().is_some(),
        Measure::OpenNow => leg.is_open(),
    })
}

fn key(table: Table, at: Time, first: &str, second: &str) -> CellKey {
    CellKey {
        author: ME,
        table,
        day: day_of(at),
        first: first.into(),
        second: second.into(),
        rules: rules(),
    }
}

/// Σ count(fact) over the log = recount(rows at the end), and no count is ever below zero
#[test]
fn deltas_add_up_to_a_recount() {
    let (tree, packs) = (federation(), [PolicyPack::default_pack()]);
    let steps = prop::collection::vec((any_step(), 0..4i64), 1..60);
    let mut runner = TestRunner::new(ProptestConfig::with_cases(400));
    let outcome = runner.run(&steps, |steps| {
        let mut log = Log {
            world: world(ME, &tree, &packs),
            view: MemoryView::default(),
            cells: BTreeMap::new(),
        };
        let mut at = Time(20_000 * DAY_MS);
        for (step, wait) in &steps {
            // Coarse, so that acts fall on due dates too.
            at = at.plus_millis(wait * DAY_MS / 4);
            log.step(step, at);
        }
        log.cells
            .retain(|_, counts| counts.iter().any(|count| *count != 0));
        prop_assert_eq!(&log.cells, &log.recount());
        identities(&log.cells)
    });
    outcome.unwrap_or_else(|error| panic!("{error}"));
}

/// taken in = refused + closed + open (matters); taken in ≥ returned + escalated + closed + open (legs, less recalled)
fn identities(cells: &BTreeMap<CellKey, Counts>) -> Result<(), TestCaseError> {
    for (key, counts) in cells {
        let at = |measure: Measure| counts[measure.index()];
        let closed = at(Measure::ClosedInTime) + at(Measure::ClosedLate);
        let ended = at(Measure::Refused) + closed + at(Measure::OpenNow);
        if matches!(
            key.table,
            Table::MattersByKindChannel | Table::MattersByCategory
        ) {
            prop_assert_eq!(at(Measure::TakenIn), ended);
            prop_assert!(at(Measure::AnsweredDirectly) <= closed);
        } else {
            prop_assert!(
                at(Measure::TakenIn) >= ended + at(Measure::Returned) + at(Measure::Escalated)
            );
        }
        prop_assert!(at(Measure::OverdueNow) <= at(Measure::OpenNow));
    }
    Ok(())
}
