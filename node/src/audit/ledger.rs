//! One node's log, told again: its matters, its legs, its cells, and what it was told of others' cells.

use super::tale::LegTale;
use hotline_domain::exchange::MissingKind;
use hotline_domain::fact::Fact;
use hotline_domain::figures::{CellKey, Counts, Report};
use hotline_domain::id::{LegId, MatterId};
use hotline_domain::leg::{Act, LegKind, Party, RuleVersion};
use hotline_domain::ticket::{TicketAct, TicketStage};
use hotline_topology::{Kind, RegionKey, Time};
use std::collections::{BTreeMap, BTreeSet};

/// What a node's log tells.
#[derive(Default)]
pub(super) struct Ledger {
    /// Matters taken in here.
    pub own: BTreeMap<MatterId, MatterTale>,
    /// Matters held here, own or not.
    pub held: BTreeSet<MatterId>,
    /// Every leg given or taken here.
    pub legs: BTreeMap<LegId, LegTale>,
    /// Own cells, summed up.
    pub cells: BTreeMap<CellKey, Counts>,
    /// Others' cells as they were reported.
    pub stored: BTreeMap<RegionKey, Author>,
    /// How often the node found its disk gone back.
    pub epochs_raised: u32,
    /// It has asked the others since what it forgot.
    pub reconciled: bool,
    /// Its disk went back and nobody said so: what it did until somebody did, it may have done before.
    pub in_secret: bool,
    /// Matters that it lists as having two pasts, between which people decide.
    pub forked: BTreeSet<MatterId>,
    /// What cannot be, in words.
    pub oddities: Vec<String>,
}

/// An author's cells at a superior.
#[derive(Default)]
pub(super) struct Author {
    pub epoch: u64,
    pub cells: BTreeMap<CellKey, (u64, Counts)>,
    /// Reported in full, up to when.
    pub as_of: Option<Time>,
}

/// A matter at its origin.
pub(super) struct MatterTale {
    pub number: String,
    pub day_of: Time,
    pub channel: String,
    pub kind: Kind,
    pub category: String,
    pub rules: RuleVersion,
    pub due: Time,
    pub overdue: bool,
    pub state: MatterState,
    pub redos: i64,
    pub given_down: bool,
    pub given_up: i64,
}

/// Where a matter stands at its origin.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum MatterState {
    Open,
    Refused,
    Answered(Time),
    Closed(Time),
}

impl Ledger {
    /// Takes a fact of a commit of the node's log.
    pub fn take(&mut self, me: RegionKey, no: u64, fact: &Fact) {
        if let Some(oddity) = self.told(me, fact) {
            self.oddities.push(format!("第 {no} 次提交：{oddity}"));
        }
    }

    fn told(&mut self, me: RegionKey, fact: &Fact) -> Option<String> {
        match fact {
            Fact::Ticket {
                matter, at, act, ..
            } => self.ticket(*matter, *at, act),
            Fact::Leg {
                leg,
                by,
                happened_at,
                act,
                ..
            } => self.leg(me, *leg, *by, *happened_at, act),
            Fact::OrderStands { leg, order } => {
                let tale = self.legs.get_mut(leg);
                tale.is_none_or(|tale| !tale.orders.insert(order.id.0))
                    .then(|| format!("交办 {leg}：督办单记了两次，或交办不在本日志中"))
            }
            Fact::Counted { cell, deltas } => {
                let counts = self.cells.entry(cell.clone()).or_default();
                (0..counts.len()).for_each(|at| counts[at] += deltas[at]);
                (cell.author != me).then(|| format!("替 {} 记了统计数", cell.author))
            }
            Fact::Reported { report } => {
                self.reported(report);
                None
            }
            Fact::EpochRaised { .. } => {
                self.epochs_raised += 1;
                self.reconciled = false;
                None
            }
            Fact::Restored(restore) => {
                self.epochs_raised += 1;
                self.reconciled = true;
                self.in_secret |= restore.until == Time(0);
                None
            }
            Fact::Missing(missing) if missing.kind == MissingKind::Forked => {
                self.forked.extend(missing.matter);
                None
            }
            _ => None,
        }
    }

    fn leg(&mut self, me: RegionKey, leg: LegId, by: Party, at: Time, act: &Act) -> Option<String> {
        if let Some(tale) = self.legs.get_mut(&leg) {
            let oddity = tale.go_on(by, at, act);
            // Of its two pasts the one that it forgot has come back.
            let other_past = self.in_secret && matches!(act, Act::Ruling { .. });
            return oddity
                .filter(|_| !other_past)
                .map(|oddity| format!("交办 {leg}：{oddity}"));
        }
        let Act::Offer(offer) = act else {
            return Some(format!("交办 {leg} 未见交办书先见「{}」", act.name()));
        };
        if offer.giver != me && offer.taker.region() != me {
            return Some(format!("交办 {leg} 与本节点无关"));
        }
        if offer.giver == me
            && let Some(own) = self.own.get_mut(&offer.matter)
        {
            match offer.kind {
                LegKind::Downward => own.given_down = true,
                LegKind::Upward => own.given_up += 1,
            }
            own.state = MatterState::Open;
        }
        self.legs.insert(leg, LegTale::begin((**offer).clone()));
        None
    }

    fn ticket(&mut self, matter: MatterId, at: Time, act: &TicketAct) -> Option<String> {
        let first = self.held.insert(matter);
        if let TicketAct::TakenIn {
            number,
            channel,
            kind,
            category,
            due,
            happened_at,
            rules,
            ..
        } = act
        {
            let tale = MatterTale {
                number: number.clone(),
                day_of: *happened_at,
                channel: channel.clone(),
                kind: *kind,
                category: category.clone(),
                rules: rules.clone(),
                due: *due,
                overdue: false,
                state: MatterState::Open,
                redos: 0,
                given_down: false,
                given_up: 0,
            };
            let again = self.own.insert(matter, tale).is_some();
            return again.then(|| format!("诉求 {matter} 重复受理"));
        }
        let begins = matches!(act, TicketAct::Received { .. } | TicketAct::Returned { .. });
        if first && !begins {
            return Some(format!("诉求 {matter} 未受理也未收到交办就有了办理记录"));
        }
        if let Some(own) = self.own.get_mut(&matter) {
            own.go_on(at, act);
        }
        None
    }

    fn reported(&mut self, report: &Report) {
        for cell in &report.cells {
            let author = self.stored.entry(cell.key.author).or_default();
            if author.enter(cell.epoch) {
                let stored = author.cells.entry(cell.key.clone()).or_default();
                if cell.version > stored.0 {
                    *stored = (cell.version, cell.counts);
                }
            }
        }
        for mark in &report.watermarks {
            let author = self.stored.entry(mark.author).or_default();
            if author.enter(mark.epoch) && mark.as_of.0 > 0 {
                author.as_of = author.as_of.max(Some(mark.as_of));
            }
        }
    }
}

impl Author {
    /// False for what an older epoch says; a newer one starts anew.
    fn enter(&mut self, epoch: u64) -> bool {
        if epoch > self.epoch {
            *self = Self {
                epoch,
                ..Self::default()
            };
        }
        epoch == self.epoch
    }
}

impl MatterTale {
    fn go_on(&mut self, at: Time, act: &TicketAct) {
        match act {
            TicketAct::Received { due, .. } => {
                self.move_due(*due);
                self.state = MatterState::Open;
            }
            TicketAct::DueChanged { due } | TicketAct::DueSettled { due, .. } => {
                self.move_due(*due);
            }
            TicketAct::AnsweredDirectly => self.state = MatterState::Answered(at),
            TicketAct::Refused { .. } => self.state = MatterState::Refused,
            TicketAct::Closed { .. } => self.state = MatterState::Closed(at),
            TicketAct::Reopened { .. } => self.state = MatterState::Open,
            TicketAct::RedoOrdered { due } => {
                self.redos += 1;
                self.move_due(*due);
                self.state = MatterState::Open;
            }
            TicketAct::Overdue => self.overdue = true,
            TicketAct::Mended {
                stage: TicketStage::Closed,
                closed_at,
                ..
            } => self.state = MatterState::Closed(closed_at.unwrap_or(at)),
            TicketAct::Mended { .. } => {
                if let MatterState::Closed(_) = self.state {
                    self.state = MatterState::Open;
                }
            }
            TicketAct::TakenIn { .. }
            | TicketAct::Determined { .. }
            | TicketAct::CalledBack { .. }
            | TicketAct::CallBackMissed
            | TicketAct::Withdrawn
            | TicketAct::LeadNamed { .. }
            | TicketAct::Returned { .. }
            | TicketAct::Noted
            | TicketAct::Attached { .. }
            | TicketAct::AttachmentRead { .. }
            | TicketAct::AttachmentFetched { .. } => {}
        }
    }

    /// A date that passed stays passed; another date is not passed yet.
    fn move_due(&mut self, due: Time) {
        if due != self.due {
            self.overdue = false;
            self.due = due;
        }
    }
}
