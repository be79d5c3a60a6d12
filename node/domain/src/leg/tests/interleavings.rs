//! Every interleaving of two sides that exchange up to eight messages: scenarios for the explorer.

use super::explorer::{Explorer, Scenario};
use super::world::Incident;
use super::*;

/// Messages that both sides together choose to send, the offer included. Answers that a rule sends by itself come on
/// top: a world must be able to fall quiet.
const MESSAGES_MAX: u8 = 8;

// What the sides try. Numbers past the next one are tried too: it is for `check` to refuse them.

fn asks(leg: &Leg, kinds: &[RequestKind]) -> Vec<Act> {
    let no = leg.next_request();
    let ask = |kind: &RequestKind| Act::Request {
        no,
        asking: asking(*kind),
    };
    kinds
        .iter()
        .map(ask)
        .chain([Act::WithdrawRequest { no: no - 1 }])
        .collect()
}

fn rulings(leg: &Leg) -> Vec<Act> {
    let mut acts = Vec::new();
    for request in leg.next_request().saturating_sub(2)..=leg.next_request() {
        for of in RequestKind::ALL {
            let no = leg.due_no + 1;
            let due = (of == RequestKind::Extension).then(|| (no, due(no)));
            acts.push(Act::Ruling {
                request,
                of,
                granted: true,
                basis: String::new(),
                due,
            });
            acts.push(Act::Ruling {
                request,
                of,
                granted: false,
                basis: String::new(),
                due: None,
            });
        }
    }
    acts
}

fn recalls() -> [Act; 3] {
    [
        RecallGround::Recalled,
        RecallGround::Withdrawn,
        RecallGround::Released,
    ]
    .map(|ground| Act::Recall { ground })
}

fn new_due(leg: &Leg) -> Act {
    Act::NewDue {
        no: leg.due_no + 1,
        due: due(leg.due_no + 1),
    }
}

fn order_acts(leg: &Leg) -> [Act; 3] {
    let order = ORDER;
    [
        supervise(order, leg.giver()),
        Act::Remind { order },
        Act::EndOrder { order },
    ]
}

/// Requests, rulings, recalls, due dates: the contract itself.
fn contract_acts(leg: &Leg, by: Party) -> Vec<Act> {
    match by {
        Party::Giver => rulings(leg)
            .into_iter()
            .chain([recalls()[0].clone(), new_due(leg)])
            .collect(),
        Party::Taker => {
            let mut acts = asks(leg, &RequestKind::ALL);
            acts.extend([Act::Receipt, Act::Sign { deemed: false }]);
            acts
        }
    }
}

/// Orders of the giver and of its superior, while the leg is reported on and closed.
fn orders(leg: &Leg, by: Party) -> Vec<Act> {
    match by {
        Party::Giver => {
            let mut acts = rulings(leg);
            acts.extend(order_acts(leg));
            acts
        }
        Party::Taker => {
            let mut acts = asks(leg, &[RequestKind::Result]);
            acts.push(Act::Receipt);
            acts.extend([ORDER, SUPERIOR_ORDER].map(|order| Act::ReplyOrder { order }));
            acts
        }
    }
}

/// The superior's acts and the petitioner's withdrawal, with all that either side may not do on an upward leg.
fn upward_acts(leg: &Leg, by: Party) -> Vec<Act> {
    match by {
        Party::Giver => {
            let mut acts = rulings(leg);
            acts.extend(recalls());
            acts.extend(order_acts(leg));
            acts.push(new_due(leg));
            acts
        }
        Party::Taker => {
            let mut acts = asks(leg, &RequestKind::ALL);
            acts.extend([
                Act::Receipt,
                Act::Sign { deemed: false },
                Act::Sign { deemed: true },
            ]);
            acts.push(Act::Progress {
                stage: "working".to_owned(),
            });
            acts
        }
    }
}

/// Naming of the lead, release, and the requests that end a co-handler's part.
fn joint_acts(leg: &Leg, by: Party) -> Vec<Act> {
    match by {
        Party::Giver => {
            let mut acts = rulings(leg);
            acts.extend(recalls());
            for term in leg.term..=leg.term + 1 {
                acts.extend([LEG, OTHER_LEG].map(|lead| Act::NameLead { term, lead }));
            }
            acts
        }
        Party::Taker => {
            let mut acts = asks(leg, &[RequestKind::Return, RequestKind::Result]);
            acts.push(Act::Receipt);
            acts
        }
    }
}

/// Due dates that pass, move and are met.
fn clocks(leg: &Leg, by: Party) -> Vec<Act> {
    match by {
        Party::Giver => rulings(leg)
            .into_iter()
            .chain([recalls()[0].clone(), new_due(leg)])
            .collect(),
        Party::Taker => {
            let mut acts = asks(leg, &[RequestKind::Extension, RequestKind::Result]);
            acts.extend([Act::Receipt, Act::Sign { deemed: true }]);
            acts
        }
    }
}

/// What a forgetful taker must hear and say again.
fn forgettable(leg: &Leg, by: Party) -> Vec<Act> {
    match by {
        Party::Giver => {
            let lead = Act::NameLead {
                term: leg.term + 1,
                lead: OTHER_LEG,
            };
            let mut acts = rulings(leg);
            acts.extend([recalls()[0].clone(), new_due(leg), lead]);
            acts
        }
        Party::Taker => asks(leg, &[RequestKind::Extension, RequestKind::Result])
            .into_iter()
            .chain([Act::Receipt])
            .collect(),
    }
}

/// All of the above that a downward leg knows.
fn everything(leg: &Leg, by: Party) -> Vec<Act> {
    let mut acts = contract_acts(leg, by);
    for more in [joint_acts, orders] {
        for act in more(leg, by) {
            if !acts.contains(&act) {
                acts.push(act);
            }
        }
    }
    if by == Party::Taker {
        acts.push(Act::Progress {
            stage: "working".to_owned(),
        });
    }
    acts
}

fn scenario(kind: LegKind, role: LegRole, tries: fn(&Leg, Party) -> Vec<Act>) -> Scenario {
    Scenario {
        offer: offer(kind, role),
        tries,
        clock_max: 0,
        messages_max: MESSAGES_MAX,
        superior: false,
        incident: Incident::Never,
        receive,
    }
}

/// Explores, prints how much, and demands that it was not next to nothing.
#[expect(clippy::disallowed_macros, reason = "how much was explored")]
fn hold(name: &str, scenario: Scenario, worlds_min: usize) {
    let explorer = Explorer::new(scenario);
    match explorer.run() {
        Ok(explored) => {
            let worlds = explored.worlds;
            println!("{name}: {worlds} worlds, {} of them quiet", explored.quiet);
            assert!(
                worlds >= worlds_min,
                "{name}: only {worlds} worlds were explored"
            );
            assert_eq!(explored.false_voids, [""; 0], "{name}: void must be void");
        }
        Err(mut trace) => {
            trace.reverse();
            panic!("{name}: broken after\n{}", trace.join("\n"));
        }
    }
}

#[test]
fn a_downward_leg_ends_alike_on_both_sides() {
    hold(
        "downward",
        scenario(LegKind::Downward, LegRole::Sole, contract_acts),
        10_000,
    );
}

#[test]
fn an_upward_leg_ends_alike_on_both_sides() {
    hold(
        "upward",
        scenario(LegKind::Upward, LegRole::Sole, upward_acts),
        1_000,
    );
}

#[test]
fn a_joint_leg_agrees_on_its_lead() {
    hold(
        "joint",
        scenario(LegKind::Downward, LegRole::CoHandler, joint_acts),
        10_000,
    );
}

#[test]
fn orders_outlive_the_leg_and_agree() {
    let base = scenario(LegKind::Downward, LegRole::Sole, orders);
    let superior = true;
    hold("orders", Scenario { superior, ..base }, 10_000);
}

#[test]
fn due_dates_that_pass_agree() {
    let base = scenario(LegKind::Downward, LegRole::Sole, clocks);
    let (clock_max, messages_max) = (1, 7);
    hold(
        "clocks",
        Scenario {
            clock_max,
            messages_max,
            ..base
        },
        10_000,
    );
}

#[test]
fn everything_at_once_agrees() {
    let base = scenario(LegKind::Downward, LegRole::CoHandler, everything);
    let messages_max = 6;
    hold(
        "everything",
        Scenario {
            messages_max,
            ..base
        },
        10_000,
    );
}

#[test]
fn what_comes_twice_has_no_second_effect() {
    let tries: [fn(&Leg, Party) -> Vec<Act>; 3] = [contract_acts, joint_acts, orders];
    for (name, tries) in ["contract twice", "lead twice", "orders twice"]
        .into_iter()
        .zip(tries)
    {
        let base = scenario(LegKind::Downward, LegRole::CoHandler, tries);
        let (incident, messages_max) = (Incident::Repeats, 6);
        hold(
            name,
            Scenario {
                incident,
                messages_max,
                ..base
            },
            5_000,
        );
    }
}

#[test]
fn a_taker_that_forgot_the_leg_is_heard_again() {
    let base = scenario(LegKind::Downward, LegRole::CoHandler, forgettable);
    let (incident, messages_max) = (Incident::Forgets, 6);
    hold(
        "forgets",
        Scenario {
            incident,
            messages_max,
            ..base
        },
        10_000,
    );
}

/// Explores with one rule broken, and demands that the net catches it.
fn caught(
    tries: fn(&Leg, Party) -> Vec<Act>,
    incident: Incident,
    receive: fn(&Leg, Party, Time, &Act) -> Reception,
) {
    let base = scenario(LegKind::Downward, LegRole::Sole, tries);
    let broken = Scenario {
        receive,
        incident,
        messages_max: 6,
        ..base
    };
    let trace = Explorer::new(broken).run().err();
    let trace = trace.expect("a broken rule must be caught");
    assert!(trace[0].starts_with("quiet, and yet"), "{}", trace[0]);
}

#[test]
fn a_giver_deaf_to_late_requests_is_caught() {
    caught(
        contract_acts,
        Incident::Never,
        |leg, by, at, act| match receive(leg, by, at, act) {
            Reception::Late { .. } if matches!(act, Act::Request { .. }) => Reception::Void("late"),
            other => other,
        },
    );
}

#[test]
fn a_taker_deaf_to_rulings_on_older_requests_is_caught() {
    caught(
        contract_acts,
        Incident::Never,
        |leg, by, at, act| match act {
            Act::Ruling { request, .. } if *request + 1 < leg.next_request() => {
                Reception::Void("older")
            }
            _ => receive(leg, by, at, act),
        },
    );
}

#[test]
fn a_taker_that_lets_its_withdrawal_stand_is_caught() {
    caught(contract_acts, Incident::Never, |leg, by, at, act| {
        match (act, &leg.request) {
            (Act::Ruling { .. }, Some(last)) if last.outcome == Outcome::Withdrawn => {
                Reception::Void("withdrawn")
            }
            _ => receive(leg, by, at, act),
        }
    });
}

#[test]
fn a_side_that_drops_orders_of_a_closed_leg_is_caught() {
    caught(orders, Incident::Never, |leg, by, at, act| match act {
        Act::EndOrder { .. } | Act::ReplyOrder { .. } if !leg.is_open() => {
            Reception::Void("closed")
        }
        _ => receive(leg, by, at, act),
    });
}

#[test]
fn a_giver_that_goes_by_numbers_alone_is_caught() {
    caught(
        forgettable,
        Incident::Forgets,
        |leg, by, at, act| match act {
            Act::Request { no, .. } if *no < leg.next_request() => Reception::Void("known"),
            _ => receive(leg, by, at, act),
        },
    );
}
