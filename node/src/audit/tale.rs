//! A leg as one log tells it.

use hotline_domain::id::LegId;
use hotline_domain::leg::{Act, Asking, Closure, LegKind, Offer, Party, RequestKind};
use hotline_topology::{RegionKey, Time};
use std::collections::BTreeSet;

/// What one node's log says of a leg.
#[derive(Clone, Debug)]
pub(crate) struct LegTale {
    pub offer: Offer,
    /// By the taker's clock.
    pub delivered: Option<Time>,
    pub signed: bool,
    /// How it ended, and when by the giver's clock.
    pub end: Option<(Closure, Time)>,
    /// The due date in force with its number.
    pub due: (u32, Time),
    /// The taker's last request.
    pub asked: Option<Asked>,
    /// Lead and term last named.
    pub lead: (u32, Option<LegId>),
    /// Supervision orders that came while it was open, and superiors' whenever they came.
    pub orders: BTreeSet<[u8; 16]>,
    passed: Option<Time>,
}

/// A request.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Asked {
    pub no: u32,
    pub kind: RequestKind,
    pub at: Time,
    /// Granted, denied, or not ruled on.
    pub granted: Option<bool>,
    pub withdrawn: bool,
}

/// Who answers for a leg.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Answers {
    Giver,
    Taker,
}

impl LegTale {
    pub fn begin(offer: Offer) -> Self {
        Self {
            due: (0, offer.due.at),
            offer,
            delivered: None,
            signed: false,
            end: None,
            asked: None,
            lead: (0, None),
            orders: BTreeSet::new(),
            passed: None,
        }
    }

    pub fn giver(&self) -> RegionKey {
        self.offer.giver
    }

    pub fn taker(&self) -> RegionKey {
        self.offer.taker.region()
    }

    pub fn is_open(&self) -> bool {
        self.end.is_none()
    }

    /// The one who answers, by this log.
    pub fn answers(&self) -> Answers {
        let custody_moved = match self.offer.kind {
            LegKind::Downward => self.delivered.is_some(),
            LegKind::Upward => self.signed,
        };
        if self.is_open() && custody_moved {
            Answers::Taker
        } else {
            Answers::Giver
        }
    }

    /// Goes on with the next act; an act of the giver that could not be, in words.
    pub fn go_on(&mut self, by: Party, at: Time, act: &Act) -> Option<String> {
        match act {
            Act::Offer(offer) if **offer != self.offer => {
                return Some("同一交办编号先后有两份不同的交办".to_owned());
            }
            Act::Receipt => {
                self.delivered.get_or_insert(at);
            }
            Act::Sign { .. } => self.signed = true,
            Act::Request { no, asking } => self.ask(*no, at, asking),
            Act::WithdrawRequest { no } => {
                if let Some(asked) = self.asked.as_mut().filter(|asked| asked.no == *no) {
                    asked.withdrawn |= asked.granted.is_none();
                }
            }
            Act::Ruling {
                request,
                of,
                granted,
                due,
                ..
            } => {
                if !self.is_open()
                    && *granted
                    && by == Party::Giver
                    && *of != RequestKind::Extension
                {
                    return Some("已结的交办又被批结一次".to_owned());
                }
                let due = due.map(|(no, due)| (no, due.at));
                self.rule(*request, *of, *granted, due, at);
            }
            Act::Recall { ground } => self.finish(Closure::Recalled(*ground), at),
            Act::ClosedSince { at, how } => self.finish(*how, *at),
            Act::NewDue { no, due } => self.move_due(*no, due.at),
            Act::NameLead { term, lead } if self.is_open() && *term > self.lead.0 => {
                self.lead = (*term, Some(*lead));
            }
            Act::Supervise { order, .. } if self.is_open() => {
                self.orders.insert(order.0);
            }
            Act::Overdue { due } => {
                let in_force = *due == self.due.1;
                if in_force && self.end.is_none_or(|(_, ended)| *due < ended) {
                    self.passed = Some(*due);
                }
            }
            _ => {}
        }
        None
    }

    fn ask(&mut self, no: u32, at: Time, asking: &Asking) {
        if self.asked.is_none_or(|asked| asked.no < no) {
            self.asked = Some(Asked {
                no,
                kind: asking.kind(),
                at,
                granted: None,
                withdrawn: false,
            });
        }
    }

    fn rule(
        &mut self,
        request: u32,
        of: RequestKind,
        granted: bool,
        due: Option<(u32, Time)>,
        at: Time,
    ) {
        let same = self.asked.as_mut().filter(|asked| asked.no == request);
        if self.end.is_some() {
            return;
        }
        let closure = of.closure().filter(|_| granted);
        // Of two pasts, in one of which it was denied, the one that ends the leg counts.
        if let Some(asked) = same
            && (asked.granted.is_none() || closure.is_some())
        {
            asked.granted = Some(granted);
            asked.withdrawn = false;
        }
        if let Some((no, due)) = due {
            self.move_due(no, due);
        }
        if let Some(closure) = closure {
            self.finish(closure, at);
        }
    }

    fn finish(&mut self, closure: Closure, at: Time) {
        self.end.get_or_insert((closure, at));
    }

    fn move_due(&mut self, no: u32, due: Time) {
        if self.is_open() && no > self.due.0 {
            self.due = (no, due);
            self.passed = self.passed.filter(|passed| *passed == due);
        }
    }

    /// Open, past its due date, and no result by then that still stands.
    pub fn is_overdue(&self) -> bool {
        let Some(passed) = self.passed.filter(|_| self.is_open()) else {
            return false;
        };
        !self.asked.is_some_and(|asked| {
            asked.kind == RequestKind::Result
                && asked.at <= passed
                && asked.granted != Some(false)
                && !asked.withdrawn
        })
    }

    /// When the work was done, where the leg ended by an accepted result: by the taker's word, else by the giver's.
    pub fn done_at(&self) -> Option<Time> {
        let (Closure::Done, closed) = self.end? else {
            return None;
        };
        let accepted = self
            .asked
            .filter(|asked| asked.kind == RequestKind::Result && asked.granted == Some(true));
        Some(accepted.map_or(closed, |asked| asked.at))
    }
}
