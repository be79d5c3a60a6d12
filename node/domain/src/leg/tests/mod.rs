//! Tests of the contract. The fixture first: a leg between a city and its county, and a pair of records of it.

mod closing;
mod crossings;
mod explorer;
mod interleavings;
mod orders;
mod properties;
mod requests;
mod upward;
mod world;

use super::*;
use crate::body::Body;
use crate::id::{LegId, MatterId, OrderId};
use crate::refusal::Refusal;
use hotline_topology::{Kind, RegionKey, Time, Urgency};

pub(super) const CITY: RegionKey = RegionKey::literal("990100000000");
pub(super) const COUNTY: RegionKey = RegionKey::literal("990101000000");
pub(super) const PROVINCE: RegionKey = RegionKey::literal("990000000000");
pub(super) const LEG: LegId = LegId([1; 16]);
pub(super) const OTHER_LEG: LegId = LegId([2; 16]);
/// An order of the giver.
pub(super) const ORDER: OrderId = OrderId([3; 16]);
/// An order of the giver's superior.
pub(super) const SUPERIOR_ORDER: OrderId = OrderId([4; 16]);
/// When the fixture's leg is offered.
pub(super) const START: Time = Time(1_000);

/// The due date of that number: one every hour.
pub(super) fn due(no: u32) -> Due {
    let at = START.plus_millis(3_600_000 * i64::from(no + 1));
    Due {
        at,
        calendar: 1,
        provisional: false,
    }
}

/// A leg down from the city to the county, or one up from the county to the city.
pub(crate) fn offer(kind: LegKind, role: LegRole) -> Offer {
    let (giver, taker) = match kind {
        LegKind::Downward => (CITY, COUNTY),
        LegKind::Upward => (COUNTY, CITY),
    };
    Offer {
        matter: MatterId([9; 16]),
        number: "2611220001".to_owned(),
        origin: giver,
        taken_in_at: Time(0),
        serial: 1,
        giver,
        taker: Body::Node(taker),
        role,
        kind,
        replaces: None,
        redo: false,
        rules: RuleVersion {
            pack: "example".to_owned(),
            version: 1,
        },
        due: due(0),
        lane: Lane::Ordinary,
        hops: 1,
        request_kind: Kind::Help,
        category: "0101".to_owned(),
        urgency: Urgency::Normal,
        place: None,
        determined: false,
        basis: String::new(),
        content: Vec::new(),
    }
}

/// A request of that kind.
pub(super) fn asking(kind: RequestKind) -> Asking {
    match kind {
        RequestKind::Return => Asking::Return {
            ground: "not-ours".to_owned(),
            basis: "三定方案".to_owned(),
        },
        RequestKind::Extension => Asking::Extension { until: due(1) },
        RequestKind::Escalation => Asking::Escalation {
            ground: "beyond-powers".to_owned(),
        },
        RequestKind::Result => Asking::Result {
            ground: "solved".to_owned(),
        },
    }
}

/// A supervision order.
pub(super) fn supervise(order: OrderId, issuer: RegionKey) -> Act {
    let reply_by = due(0).at;
    Act::Supervise {
        order,
        issuer,
        trigger: "overdue".to_owned(),
        reply_by,
    }
}

/// What a record says of the contract: all but whose half it is and how it was heard of.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct Face {
    stage: Stage,
    delivered_at: Option<Time>,
    signed: Option<(Time, bool)>,
    due: (u32, Due),
    request: Option<Request>,
    counts: (u32, u32, u32),
    lead: (u32, Option<LegId>),
    progress: Option<(Time, String)>,
    orders: Vec<Order>,
    overdue_since: Option<Time>,
    closed_at: Option<Time>,
}

impl Face {
    /// What both sides must agree on once nothing is under way: a superior's order is between it and the taker.
    pub(super) fn shared(leg: &Leg) -> Face {
        let mut face = Face::of(leg);
        face.orders.retain(|order| order.issuer == leg.giver());
        face
    }

    /// What both sides agree on where messages came twice: a reminder, or a ruling on a request that was replaced
    /// meanwhile, may be counted twice.
    pub(super) fn once(leg: &Leg) -> Face {
        let mut face = Face::shared(leg);
        face.counts = (0, 0, 0);
        face.orders.iter_mut().for_each(|order| order.reminders = 0);
        face
    }

    /// What both sides agree on after the taker forgot the leg and got it back: how it ended, due date, lead, and the
    /// request that the taker waits for.
    pub(super) fn healed(leg: &Leg, taker: &Leg) -> Face {
        let waits = taker.open_request().is_some();
        Face {
            delivered_at: None,
            signed: None,
            request: leg.open_request().filter(|_| waits).cloned(),
            counts: (0, 0, 0),
            progress: None,
            orders: Vec::new(),
            overdue_since: None,
            stage: if leg.is_open() {
                Stage::Delivered
            } else {
                leg.stage
            },
            ..Face::of(leg)
        }
    }

    pub(super) fn of(leg: &Leg) -> Face {
        Face {
            stage: leg.stage,
            delivered_at: leg.delivered_at,
            signed: leg.signed_at.map(|at| (at, leg.deemed)),
            due: (leg.due_no, leg.due),
            request: leg.request.clone(),
            counts: (leg.returns_denied, leg.extensions, leg.sent_back),
            lead: (leg.term, leg.lead),
            progress: leg.progress.clone(),
            orders: leg.orders.clone(),
            overdue_since: leg.overdue_since,
            closed_at: leg.closed_at,
        }
    }
}

/// Both records of a leg, and what is under way between them.
#[derive(Clone)]
pub(super) struct Pair {
    pub(super) giver: Leg,
    pub(super) taker: Leg,
    down: Vec<(Time, Act)>,
    up: Vec<(Time, Act)>,
    now: Time,
}

impl Pair {
    /// An offered leg that the taker's node has just written down.
    pub(super) fn new(offer: Offer) -> Pair {
        Pair {
            giver: Leg::open(LEG, Side::Giver, offer.clone(), START),
            taker: Leg::open(LEG, Side::Taker, offer, START),
            down: Vec::new(),
            up: Vec::new(),
            now: START,
        }
    }

    /// A sole downward leg, delivered and signed for.
    pub(super) fn signed() -> Pair {
        let mut pair = Pair::new(offer(LegKind::Downward, LegRole::Sole));
        pair.taker(Act::Receipt);
        pair.taker(Act::Sign { deemed: false });
        pair.settle();
        pair
    }

    /// The time of the next act: a millisecond after the last.
    pub(super) fn tick(&mut self) -> Time {
        self.now = self.now.plus_millis(1);
        self.now
    }

    /// Whatever happens next happens after that moment.
    pub(super) fn pass(&mut self, moment: Time) {
        self.now = self.now.max(moment);
    }

    /// The giver does something; its message is under way.
    pub(super) fn giver(&mut self, act: Act) {
        self.try_giver(act).unwrap();
    }

    /// The taker does something; its message is under way.
    pub(super) fn taker(&mut self, act: Act) {
        self.try_taker(act).unwrap();
    }

    pub(super) fn try_giver(&mut self, act: Act) -> Result<(), Refusal> {
        check(&self.giver, Party::Giver, &act)?;
        let at = self.tick();
        self.giver.apply(Party::Giver, at, at, &act);
        self.down.push((at, act));
        Ok(())
    }

    pub(super) fn try_taker(&mut self, act: Act) -> Result<(), Refusal> {
        check(&self.taker, Party::Taker, &act)?;
        let at = self.tick();
        self.taker.apply(Party::Taker, at, at, &act);
        self.up.push((at, act));
        Ok(())
    }

    /// The taker asks, under its next number.
    pub(super) fn asks(&mut self, kind: RequestKind) {
        let no = self.taker.next_request();
        self.taker(Act::Request {
            no,
            asking: asking(kind),
        });
    }

    /// The oldest message to the giver arrives.
    pub(super) fn arrives_up(&mut self) -> Reception {
        let (at, act) = self.up.remove(0);
        let arrived = self.tick();
        let reception = receive(&self.giver, Party::Taker, at, &act);
        match &reception {
            Reception::Apply => {
                self.giver.apply(Party::Taker, at, arrived, &act);
                if let Some(ruling) = automatic(&self.giver) {
                    self.giver(ruling);
                }
            }
            Reception::Late { .. } => {
                self.giver.apply(Party::Taker, at, arrived, &act);
                let answer = self.giver.closed_since().unwrap();
                self.down.push((arrived, answer));
            }
            Reception::Void(_) | Reception::Refuse(_) => {}
        }
        reception
    }

    /// Everything under way to the giver arrives, nothing to the taker.
    pub(super) fn arrives_up_all(&mut self) {
        while !self.up.is_empty() {
            self.arrives_up();
        }
    }

    /// The oldest message to the taker arrives.
    pub(super) fn arrives_down(&mut self) -> Reception {
        let (at, act) = self.down.remove(0);
        let arrived = self.tick();
        let reception = receive(&self.taker, Party::Giver, at, &act);
        if reception == Reception::Apply {
            self.taker.apply(Party::Giver, at, arrived, &act);
        }
        reception
    }

    /// Everything under way arrives; then both sides agree.
    pub(super) fn settle(&mut self) {
        while !self.up.is_empty() {
            self.arrives_up();
        }
        while !self.down.is_empty() {
            self.arrives_down();
        }
        assert_eq!(Face::shared(&self.giver), Face::shared(&self.taker));
    }
}

/// The ruling on the giver's open request.
pub(super) fn ruling(leg: &Leg, granted: bool) -> Act {
    let request = leg.open_request().expect("a request is open");
    let of = request.asking.kind();
    let no = leg.due_no + 1;
    let due = (granted && of == RequestKind::Extension).then(|| (no, due(no)));
    Act::Ruling {
        request: request.no,
        of,
        granted,
        basis: "审核意见".to_owned(),
        due,
    }
}

pub(super) fn refused(tried: Result<(), Refusal>) -> &'static str {
    let refusal = tried.expect_err("the act must be refused");
    assert!(
        refusal.message.chars().any(|c| c > '\u{4e00}'),
        "words for a clerk: {}",
        refusal.message
    );
    refusal.rule
}

pub(super) fn downward() -> Pair {
    Pair::new(offer(LegKind::Downward, LegRole::Sole))
}

pub(super) fn delivered() -> Pair {
    let mut pair = downward();
    pair.taker(Act::Receipt);
    pair.settle();
    pair
}

pub(super) fn upward() -> Pair {
    let mut pair = Pair::new(offer(LegKind::Upward, LegRole::Sole));
    pair.taker(Act::Receipt);
    pair.settle();
    pair
}

pub(super) fn asked(kind: RequestKind) -> Pair {
    let mut pair = Pair::signed();
    pair.asks(kind);
    pair.settle();
    pair
}

pub(super) const SIGN: Act = Act::Sign { deemed: false };
pub(super) const RECALL: Act = Act::Recall {
    ground: RecallGround::Recalled,
};

pub(super) fn request(no: u32, kind: RequestKind) -> Act {
    Act::Request {
        no,
        asking: asking(kind),
    }
}
