//! Whatever people do at whichever node, in whatever order messages travel: once everything is delivered, both sides of
//! each leg tell the same, somebody answers for each matter, and a superior's figures are the sum of its subtree.

use super::laws;
use crate::body::Body;
use crate::id::{LegId, MatterId, OrderId};
use crate::leg::Leg;
use crate::row::{Row, RowKey};
use crate::testing::{ALL, Desk, Fed, HOUR, node, unit};
use hotline_topology::RegionKey;
use proptest::prelude::*;

/// One thing that happens; the numbers choose among what there is at that moment.
#[derive(Clone, Debug)]
enum Step {
    Deliver(usize),
    Pass(i64),
    TakeIn(usize),
    OnMatter(usize, usize, usize),
    OnLeg(usize, usize),
    OnOrder(usize, usize),
}

fn step() -> impl Strategy<Value = Step> {
    let any = || 0..10_000usize;
    prop_oneof![
        30 => any().prop_map(Step::Deliver),
        4 => prop_oneof![Just(1i64), Just(HOUR), Just(13 * HOUR), Just(60 * HOUR), Just(200 * HOUR)]
            .prop_map(Step::Pass),
        4 => (0..ALL.len()).prop_map(Step::TakeIn),
        22 => (any(), 0..13usize, any())
            .prop_map(|(which, verb, more)| Step::OnMatter(which, verb, more)),
        40 => (any(), 0..26usize).prop_map(|(which, verb)| Step::OnLeg(which, verb)),
        4 => (any(), 0..3usize).prop_map(|(which, verb)| Step::OnOrder(which, verb)),
    ]
}

#[derive(Default)]
struct Play {
    matters: Vec<MatterId>,
    orders: Vec<(RegionKey, LegId, OrderId)>,
}

impl Play {
    fn step(&mut self, fed: &mut Fed, step: Step) {
        match step {
            Step::Deliver(which) => {
                let waiting = fed.waiting();
                if !waiting.is_empty() {
                    let (from, to, lane) = waiting[which % waiting.len()];
                    fed.deliver(from, to, lane);
                }
            }
            Step::Pass(millis) => fed.pass(millis),
            Step::TakeIn(at) if self.matters.len() < 4 => {
                self.matters.push(fed.at(ALL[at]).take_in());
            }
            Step::TakeIn(_) => {}
            Step::OnMatter(which, verb, more) => {
                let held = tickets(fed);
                if !held.is_empty() {
                    let (at, matter) = held[which % held.len()];
                    on_matter(fed, at, matter, verb, more);
                }
            }
            Step::OnLeg(which, verb) => {
                let held = legs(fed);
                if !held.is_empty() {
                    let (at, leg) = &held[which % held.len()];
                    self.on_leg(fed, *at, leg, verb);
                }
            }
            Step::OnOrder(which, verb) => {
                if !self.orders.is_empty() {
                    let (at, _, order) = self.orders[which % self.orders.len()];
                    let desk = fed.at(at);
                    let said = if verb == 0 {
                        desk.end_order(order)
                    } else {
                        desk.remind(order)
                    };
                    drop(said);
                }
            }
        }
    }

    fn on_leg(&mut self, fed: &mut Fed, at: RegionKey, leg: &Leg, verb: usize) {
        let id = leg.id;
        let no = leg.open_request().map_or(1, |request| request.no);
        let order = leg.orders.last().map(|order| order.id);
        let soon = fed.now.plus_millis(30 * HOUR);
        let region = leg.taker().region();
        let desk = fed.at(at);
        let said = match verb {
            0 => desk.sign(id),
            1 => desk.progress(id, "working"),
            2 => desk.ask_return(id, "not-our-duty", "三定方案"),
            3 => desk.ask_extension(id, 3),
            4 => desk.ask_escalation(id, "beyond-authority"),
            5..=9 => desk.submit_result(id, "solved"),
            10 => desk.withdraw_request(id, no),
            11..=16 => desk.grant(id, no),
            17 | 18 => desk.deny(id, no),
            19 => desk.recall(id),
            20 => desk.reassign(id, some_taker(at, no as usize)),
            21 => desk.release(id),
            22 => desk.set_due(id, soon),
            23 => desk.name_lead(leg.matter(), id),
            24 => match order {
                Some(order) => desk.reply_order(id, order),
                None => desk.note(leg.matter()),
            },
            _ => {
                let above = above(desk, region);
                let Ok(done) = fed.at(above).supervise(id, "other").0 else {
                    return;
                };
                let order = done.order.expect("an order");
                self.orders.push((above, id, order));
                return;
            }
        };
        drop(said);
    }
}

/// Some node at or above the desk, by chance of the taker's key.
fn above(desk: Desk<'_>, region: RegionKey) -> RegionKey {
    let me = desk.place();
    let up = desk.parent().unwrap_or(me);
    if region.as_str().as_bytes()[8] % 2 == 1 {
        up
    } else {
        me
    }
}

fn on_matter(fed: &mut Fed, at: RegionKey, matter: MatterId, verb: usize, more: usize) {
    let (one, other) = (some_taker(at, more), some_taker(at, more / 7));
    let rating = ["unsatisfied", "satisfied"][more % 2];
    let desk = fed.at(at);
    let said = match verb {
        0..=3 => desk.assign(matter, [one]),
        4 => desk.assign(matter, [one, other]),
        5 => desk.determine(matter, one),
        6 | 7 => desk.escalate(matter, "hard-to-solve"),
        8 | 9 => desk.close(matter, "solved"),
        10 => desk.named("回访员").call_back(matter, Some(rating)),
        11 => desk.redo(matter, more.is_multiple_of(3).then_some(one)),
        _ if more.is_multiple_of(3) => desk.withdraw(matter),
        _ => desk.answer_directly(matter),
    };
    drop(said);
}

/// A child, or one of two own units.
fn some_taker(at: RegionKey, which: usize) -> Body {
    let tree = crate::testing::tree();
    let mut takers: Vec<_> = tree.children(at).iter().map(|child| node(*child)).collect();
    let region = tree.region(at).expect("a node");
    let standard = tree.standard_of(region).expect("usual units");
    let units = standard.units.iter().take(2);
    takers.extend(units.map(|known| unit(at, known.key.as_str())));
    takers.swap_remove(which % takers.len())
}

/// Every leg at each node that holds it; open ones come thrice as often.
fn legs(fed: &Fed) -> Vec<(RegionKey, Leg)> {
    let mut held = Vec::new();
    for region in ALL {
        for (key, row) in fed.nodes[&region].view.rows() {
            if let (RowKey::Leg(_), Row::Leg(leg)) = (key, row) {
                let often = if leg.is_open() { 3 } else { 1 };
                held.extend((0..often).map(|_| (region, (**leg).clone())));
            }
        }
    }
    held
}

/// Every matter at each node that holds it.
fn tickets(fed: &Fed) -> Vec<(RegionKey, MatterId)> {
    let mut held = Vec::new();
    for region in ALL {
        for (key, _) in fed.nodes[&region].view.rows() {
            if let RowKey::Ticket(matter) = key {
                held.push((region, *matter));
            }
        }
    }
    held
}

/// `HOTLINE_CASES` asks for more than the few that every run tries.
fn cases() -> u32 {
    let asked = std::env::var("HOTLINE_CASES");
    asked
        .ok()
        .and_then(|cases| cases.parse().ok())
        .unwrap_or(40)
}

proptest! {
    // A failure prints the steps that lead to it; older ones mean nothing to newer rules.
    #![proptest_config(ProptestConfig {
        cases: cases(),
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn whatever_people_do_nothing_is_lost(steps in prop::collection::vec(step(), 40..220)) {
        let mut fed = Fed::new();
        fed.at_once = false;
        let mut play = Play::default();
        for step in steps {
            play.step(&mut fed, step);
        }
        fed.at_once = true;
        fed.settle();
        // What came after its date fires on the next tick.
        fed.pass(1);
        laws::hold(&fed, &play.matters);
        fed.pass(400 * HOUR);
        laws::hold(&fed, &play.matters);
        laws::figures_add_up(&fed);
    }
}
