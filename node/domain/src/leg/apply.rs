//! Folding: what an act makes of a side's record.
//!
//! Total, and the same for every side: an act that comes too late, twice or under an older number finds its place or
//! changes nothing. Nothing is decided here; [`check`](super::check()) and [`receive`](super::receive()) did that
//! before the act became a fact.

use super::act::{Act, Party};
use super::asking::{Asking, RequestKind};
use super::offer::{Due, Offer};
use super::state::{Closure, Leg, Order, Outcome, Request, Side, Stage};
use crate::id::{LegId, OrderId};
use hotline_topology::Time;

impl Leg {
    /// A fresh record of an offered leg on this side.
    #[must_use]
    pub fn open(id: LegId, side: Side, offer: Offer, offered_at: Time) -> Leg {
        Leg {
            id,
            side,
            due: offer.due,
            offer,
            offered_at,
            stage: Stage::Offered,
            delivered_at: None,
            signed_at: None,
            deemed: false,
            due_no: 0,
            due_by_calendar: 0,
            request: None,
            returns_denied: 0,
            extensions: 0,
            sent_back: 0,
            term: 0,
            lead: None,
            progress: None,
            orders: Vec::new(),
            overdue_since: None,
            closed_at: None,
            heard_at: None,
            version: 1,
        }
    }

    /// Folds an act into the record. Total: never fails, never calls a rule.
    ///
    /// `happened_at` is the author's time, alike on both sides and the only one that the contract's state holds;
    /// `recorded_at` is this node's, and says how fresh its knowledge of the other side is.
    pub fn apply(&mut self, by: Party, happened_at: Time, recorded_at: Time, act: &Act) {
        self.version += 1;
        if self.side.hears(by) {
            self.heard_at = self.heard_at.max(Some(recorded_at));
        }
        match act {
            // The contract never changes; a repeated offer says nothing new.
            Act::Offer(_) => {}
            Act::Receipt => self.deliver(happened_at),
            Act::Sign { deemed } => self.sign(happened_at, *deemed),
            Act::Progress { stage } => self.progress = Some((happened_at, stage.clone())),
            Act::Request { no, asking } => self.ask(*no, happened_at, asking),
            Act::WithdrawRequest { no } => self.withdraw(*no),
            Act::Ruling {
                request,
                of,
                granted,
                due,
                ..
            } => {
                self.rule(*request, *of, *granted, *due, happened_at);
            }
            Act::Recall { ground } => self.close(Closure::Recalled(*ground), happened_at),
            Act::NewDue { no, due } => {
                self.moved_by_calendar(*no, *due);
                self.set_due(*no, *due);
            }
            Act::NameLead { term, lead } => self.name_lead(*term, *lead),
            // What it brings are fields; they stand in the record of the act.
            Act::Forwarded { .. } | Act::Attach { .. } => {}
            Act::ClosedSince { at, how } => self.close(*how, *at),
            Act::Supervise {
                order,
                issuer,
                trigger,
                reply_by,
            } => self.supervise(Order {
                id: *order,
                issuer: *issuer,
                trigger: trigger.clone(),
                at: happened_at,
                reply_by: *reply_by,
                reminders: 0,
                replied_at: None,
                ended_at: None,
            }),
            Act::Remind { order } => self.on_order(*order, |order| {
                order.reminders += u32::from(order.ended_at.is_none());
            }),
            Act::ReplyOrder { order } => self.on_order(*order, |order| {
                order.replied_at = order.replied_at.max(Some(happened_at));
            }),
            Act::EndOrder { order } => self.on_order(*order, |order| {
                order.ended_at.get_or_insert(happened_at);
            }),
            Act::Overdue { due } => self.pass_due(*due),
        }
    }

    fn deliver(&mut self, at: Time) {
        self.delivered_at.get_or_insert(at);
        if self.stage == Stage::Offered {
            self.stage = Stage::Delivered;
        }
    }

    fn sign(&mut self, at: Time, deemed: bool) {
        if self.signed_at.is_none() {
            self.signed_at = Some(at);
            self.deemed = deemed;
        }
        if self.is_open() {
            self.stage = Stage::Signed;
        }
    }

    /// The newer request takes the place of the older. On a closed leg it is late from the start: both sides then
    /// hold the same last word of the taker.
    fn ask(&mut self, no: u32, at: Time, asking: &Asking) {
        if !self.is_new_request(no, at) {
            return;
        }
        let outcome = if self.is_open() {
            Outcome::Open
        } else {
            Outcome::Late
        };
        let asking = asking.clone();
        self.request = Some(Request {
            no,
            at,
            asking,
            outcome,
        });
    }

    /// A late request may be taken back as well: the taker did so before it heard of the closing.
    fn withdraw(&mut self, no: u32) {
        if let Some(request) = self.request.as_mut().filter(|request| request.no == no)
            && matches!(request.outcome, Outcome::Open | Outcome::Late)
        {
            request.outcome = Outcome::Withdrawn;
        }
    }

    /// The giver's word overrides a withdrawal that it had not heard of. A ruling on an older request counts for what
    /// it says (denials, a due date, the closing), and leaves the newer request alone unless it closes the leg. A
    /// second ruling on the same request has nothing to say but a due date or the closing.
    fn rule(&mut self, no: u32, of: RequestKind, granted: bool, due: Option<(u32, Due)>, at: Time) {
        if !self.is_open() {
            return;
        }
        if !self.is_ruled(no) {
            self.count(of, granted);
            self.settle(no, granted);
        }
        if let Some((no, due)) = due {
            self.set_due(no, due);
        }
        if granted && let Some(closure) = of.closure() {
            self.settle(no, granted);
            self.close(closure, at);
        }
    }

    fn settle(&mut self, no: u32, granted: bool) {
        if let Some(request) = self.request.as_mut().filter(|request| request.no == no) {
            request.outcome = if granted {
                Outcome::Granted
            } else {
                Outcome::Denied
            };
        }
    }

    fn count(&mut self, of: RequestKind, granted: bool) {
        match (granted, of) {
            (false, RequestKind::Return) => self.returns_denied += 1,
            (false, RequestKind::Result) => self.sent_back += 1,
            (true, RequestKind::Extension) => self.extensions += 1,
            _ => {}
        }
    }

    /// The first closing stands.
    fn close(&mut self, closure: Closure, at: Time) {
        if !self.is_open() {
            return;
        }
        self.stage = Stage::Closed(closure);
        self.closed_at = Some(at);
        // Closed by then is not overdue, whatever the taker's clock saw meanwhile.
        self.overdue_since = self.overdue_since.filter(|due| *due < at);
        if let Some(request) = self.request.as_mut()
            && request.outcome == Outcome::Open
        {
            request.outcome = Outcome::Late;
        }
    }

    /// A giver moves a provisional date as soon as it has a newer calendar, before anybody there sets another one.
    fn moved_by_calendar(&mut self, no: u32, due: Due) {
        let newer = self.due.provisional && due.calendar > self.due.calendar;
        if self.is_open() && no > self.due_no && newer && self.due_by_calendar == self.due_no {
            self.due_by_calendar = no;
        }
    }

    fn set_due(&mut self, no: u32, due: Due) {
        if self.is_open() && no > self.due_no {
            self.due_no = no;
            self.due = due;
            self.overdue_since = self.overdue_since.filter(|passed| *passed == due.at);
        }
    }

    fn name_lead(&mut self, term: u32, lead: LegId) {
        if self.is_open() && term > self.term {
            self.term = term;
            self.lead = Some(lead);
        }
    }

    /// A closed leg takes no new order by its contract; those it has live on until their issuer ends them.
    fn supervise(&mut self, order: Order) {
        if self.is_open() {
            self.take_order(order);
        }
    }

    /// Takes an order, whether the leg is open or not: what a superior orders about work that was badly done stands.
    pub(crate) fn take_order(&mut self, order: Order) {
        if self.order(order.id).is_none() {
            let place = self
                .orders
                .partition_point(|other| (other.at, other.id) < (order.at, order.id));
            self.orders.insert(place, order);
        }
    }

    fn on_order(&mut self, id: OrderId, change: impl FnOnce(&mut Order)) {
        if let Some(order) = self.orders.iter_mut().find(|order| order.id == id) {
            change(order);
        }
    }

    /// Only the due date in force can pass, and not after the leg was closed.
    fn pass_due(&mut self, due: Time) {
        if due == self.due.at && self.closed_at.is_none_or(|closed| due < closed) {
            self.overdue_since = Some(due);
        }
    }
}

impl Side {
    /// True where an act of that party is news to this side; for a unit of the own node every act is.
    fn hears(self, by: Party) -> bool {
        match self {
            Side::Giver => by == Party::Taker,
            Side::Taker => by == Party::Giver,
            Side::Both => true,
        }
    }
}
