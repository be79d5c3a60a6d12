//! Breaks of what a commit leaves on record: marks, numbers, keys, counts, time.

use super::Break;
use super::commits::{nth, renumber};
use crate::sim::node::Node;
use crate::sim::places::HOUR;
use hotline_domain::fact::Fact;
use hotline_domain::figures::CellKey;
use hotline_domain::kernel::{Commit, Event, Input};
use hotline_domain::leg::Act;
use hotline_domain::row::TimerKey;
use hotline_domain::ticket::TicketAct;
use hotline_topology::{RegionKey, Time};

/// Leaves facts out; true when there were any.
fn leave_out(commit: &mut Commit, mut which: impl FnMut(&Fact) -> bool) -> bool {
    let before = commit.facts.len();
    commit.facts.retain(|fact| !which(fact));
    before != commit.facts.len()
}

/// The mark does not move: the same envelope will come and take effect again.
#[derive(Default)]
pub(super) struct MovesNoMark(u64);

impl Break for MovesNoMark {
    fn commit(&mut self, _: &Node, _: &[Event], commit: &mut Commit) -> bool {
        let count = &mut self.0;
        leave_out(commit, |fact| {
            matches!(fact, Fact::Consumed { .. }) && nth(count, 7)
        })
    }
}

#[derive(Default)]
pub(super) struct SameNumber(u64);

impl Break for SameNumber {
    fn commit(&mut self, _: &Node, _: &[Event], commit: &mut Commit) -> bool {
        let mut edited = false;
        for fact in &mut commit.facts {
            if let Fact::Ticket {
                act: TicketAct::TakenIn { number, .. },
                ..
            } = fact
                && nth(&mut self.0, 4)
            {
                "重号".clone_into(number);
                edited = true;
            }
        }
        edited
    }
}

/// What was done under a key is not kept: a command that is asked again is done again.
pub(super) struct KeepsNoKeys;

impl Break for KeepsNoKeys {
    fn commit(&mut self, _: &Node, _: &[Event], commit: &mut Commit) -> bool {
        leave_out(commit, |fact| matches!(fact, Fact::Answered { .. }))
    }
}

#[derive(Default)]
pub(super) struct ForgetsToCount(u64);

impl Break for ForgetsToCount {
    fn commit(&mut self, _: &Node, _: &[Event], commit: &mut Commit) -> bool {
        let count = &mut self.0;
        leave_out(commit, |fact| {
            matches!(fact, Fact::Counted { .. }) && nth(count, 9)
        })
    }
}

/// What a node below reported is also counted as the node's own.
#[derive(Default)]
pub(super) struct CountsForOthers(u64);

impl Break for CountsForOthers {
    fn commit(&mut self, node: &Node, _: &[Event], commit: &mut Commit) -> bool {
        let (count, mut more) = (&mut self.0, Vec::new());
        for fact in &commit.facts {
            if let Fact::Reported { report } = fact {
                let taken = report.cells.iter().filter(|_| nth(count, 20));
                more.extend(taken.map(|cell| Fact::Counted {
                    cell: CellKey {
                        author: node.region,
                        ..cell.key.clone()
                    },
                    deltas: cell.counts,
                }));
            }
        }
        let edited = !more.is_empty();
        commit.facts.extend(more);
        edited
    }
}

/// A deadline passes, its timer goes, and nothing comes of it.
pub(super) struct DeadlineWithoutEffect;

impl Break for DeadlineWithoutEffect {
    fn commit(&mut self, node: &Node, events: &[Event], commit: &mut Commit) -> bool {
        let ticked = matches!(events, [event] if event.input == Input::Tick);
        let due = |fact: &Fact| {
            matches!(
                fact,
                Fact::TimerGone {
                    key: TimerKey::LegDue(_),
                    ..
                }
            )
        };
        if !ticked || !commit.facts.iter().any(due) {
            return false;
        }
        let edited = leave_out(commit, |fact| !matches!(fact, Fact::TimerGone { .. }));
        renumber(node, commit);
        edited
    }
}

/// A taker gives itself more time than its giver gave.
pub(super) struct TakesMoreTime;

impl Break for TakesMoreTime {
    fn commit(&mut self, _: &Node, _: &[Event], commit: &mut Commit) -> bool {
        let mut edited = false;
        for fact in &mut commit.facts {
            if let Fact::Ticket {
                act: TicketAct::Received { due, .. },
                ..
            } = fact
            {
                *due = Time(due.0 + 30 * 24 * HOUR);
                edited = true;
            }
        }
        edited
    }
}

#[derive(Default)]
pub(super) struct TimeRunsBack(u64);

impl Break for TimeRunsBack {
    fn commit(&mut self, _: &Node, _: &[Event], commit: &mut Commit) -> bool {
        let edited = !commit.facts.is_empty() && nth(&mut self.0, 50);
        if edited {
            commit.at = Time(commit.at.0 - 3 * HOUR);
        }
        edited
    }
}

/// A ticket is closed while what it gave is still out.
#[derive(Default)]
pub(super) struct ClosesEarly(u64);

impl Break for ClosesEarly {
    fn commit(&mut self, _: &Node, _: &[Event], commit: &mut Commit) -> bool {
        let given = commit.facts.iter().find_map(|fact| match fact {
            Fact::Leg {
                matter,
                actor: Some(_),
                act: Act::Offer(_),
                ..
            } => Some(*matter),
            _ => None,
        });
        let Some(matter) = given.filter(|_| nth(&mut self.0, 9)) else {
            return false;
        };
        commit.facts.push(Fact::Ticket {
            matter,
            at: commit.at,
            actor: None,
            act: TicketAct::Closed {
                ground: "solved".to_owned(),
            },
            fields: Vec::new(),
        });
        true
    }
}

/// A field is put into the log as it was spoken.
pub(super) struct WritesInTheClear;

impl Break for WritesInTheClear {
    fn commit(&mut self, node: &Node, _: &[Event], commit: &mut Commit) -> bool {
        let mut edited = false;
        for fact in &mut commit.facts {
            if let Fact::Ticket {
                act: TicketAct::Noted,
                fields,
                ..
            } = fact
            {
                for field in fields {
                    field.ciphertext = node.sealer.open(field);
                    edited = true;
                }
            }
        }
        edited
    }
}

/// A node that learns of its own rollback goes on under its old epoch.
pub(super) struct KeepsItsEpoch;

impl Break for KeepsItsEpoch {
    fn commit(&mut self, _: &Node, _: &[Event], commit: &mut Commit) -> bool {
        leave_out(commit, |fact| matches!(fact, Fact::EpochRaised { .. }))
    }
}

/// A clock in doubt holds no timer back.
pub(super) struct TrustsAnyClock;

impl Break for TrustsAnyClock {
    fn events(&mut self, _: RegionKey, events: &mut Vec<Event>) {
        events.retain(|event| !matches!(event.input, Input::ClockDoubt { .. }));
    }

    fn trusts_clock(&self) -> bool {
        true
    }
}
