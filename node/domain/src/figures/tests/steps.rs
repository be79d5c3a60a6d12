//! What the log of a city may say, drawn at random: what makes no sense in its place changes nothing.

use super::{CITY, COUNTY, PROVINCE};
use crate::body::Body;
use crate::fact::Fact;
use crate::id::{MatterId, OrderId};
use crate::leg::{
    Act, Asking, Due, Lane, Leg, LegKind, LegRole, Offer, Party, RecallGround, RequestKind,
    RuleVersion,
};
use crate::ticket::TicketAct;
use hotline_topology::time::DAY_MS;
use hotline_topology::{Kind, RegionKey, Time, UnitKey, Urgency};
use proptest::prelude::*;

pub(super) const ME: RegionKey = CITY;

/// Something that a log of the city may say; what makes no sense in its place changes nothing.
#[derive(Clone, Debug)]
pub(super) enum Step {
    TakenIn(u8, u8),
    Ticket(u8, u8),
    Offer(u8, u8),
    Leg(u8, u8),
}

pub(super) fn any_step() -> impl Strategy<Value = Step> {
    prop_oneof![
        (0..3u8, 0..6u8).prop_map(|(matter, kind)| Step::TakenIn(matter, kind)),
        (0..4u8, 0..9u8).prop_map(|(matter, act)| Step::Ticket(matter, act)),
        (0..6u8, 0..8u8).prop_map(|(leg, shape)| Step::Offer(leg, shape)),
        (0..6u8, 0..16u8).prop_map(|(leg, act)| Step::Leg(leg, act)),
        (0..6u8, 0..16u8).prop_map(|(leg, act)| Step::Leg(leg, act)),
    ]
}

pub(super) fn rules() -> RuleVersion {
    RuleVersion {
        pack: "default".into(),
        version: 1,
    }
}

fn due(at: Time) -> Due {
    Due {
        at,
        calendar: 1,
        provisional: false,
    }
}

pub(super) fn ticket_fact(matter: u8, at: Time, act: TicketAct) -> Fact {
    Fact::Ticket {
        matter: MatterId([matter; 16]),
        at,
        actor: None,
        act,
        fields: Vec::new(),
    }
}

pub(super) fn taken_in(matter: u8, kind: u8, at: Time) -> Fact {
    let act = TicketAct::TakenIn {
        number: format!("No.{matter}"),
        channel: "phone".into(),
        kind: Kind::ALL[usize::from(kind)],
        category: format!("01020{kind}"),
        urgency: Urgency::Normal,
        place: None,
        due: at.plus_millis(2 * DAY_MS),
        happened_at: at.plus_millis(-DAY_MS / 2),
        rules: rules(),
        content: Vec::new(),
    };
    ticket_fact(matter, at, act)
}

pub(super) fn ticket_act(act: u8, at: Time) -> TicketAct {
    let soon = at.plus_millis(DAY_MS);
    match act {
        0 => TicketAct::AnsweredDirectly,
        1 => TicketAct::Refused {
            ground: "out-of-scope".into(),
            basis: "basis".into(),
        },
        2 | 3 => TicketAct::Closed {
            ground: "solved".into(),
        },
        4 => TicketAct::Reopened {
            reason: "sent-back".into(),
        },
        5 => TicketAct::RedoOrdered { due: soon },
        6 => TicketAct::Overdue,
        7 => TicketAct::DueChanged { due: soon },
        _ => TicketAct::Withdrawn,
    }
}

/// Shapes: to an own unit, to the county, up to the province, down from the province.
pub(super) fn offer(leg: u8, shape: u8, at: Time) -> Offer {
    let unit = Body::Unit(ME, UnitKey::new("centre").unwrap());
    let (giver, taker, kind) = match shape % 4 {
        0 => (ME, unit, LegKind::Downward),
        1 => (ME, Body::Node(COUNTY), LegKind::Downward),
        2 => (ME, Body::Node(PROVINCE), LegKind::Upward),
        _ => (PROVINCE, Body::Node(ME), LegKind::Downward),
    };
    Offer {
        matter: MatterId([leg % 4; 16]),
        number: "No.".into(),
        origin: if leg % 4 == 3 { PROVINCE } else { ME },
        taken_in_at: at,
        serial: 1,
        giver,
        taker,
        role: LegRole::Sole,
        kind,
        replaces: None,
        redo: shape >= 4,
        rules: rules(),
        due: due(at.plus_millis(DAY_MS)),
        lane: Lane::Ordinary,
        hops: 1,
        request_kind: Kind::Complaint,
        category: "020304".into(),
        place: None,
        urgency: Urgency::Normal,
        determined: false,
        basis: String::new(),
        content: Vec::new(),
    }
}

pub(super) fn leg_act(act: u8, known: &Leg, at: Time) -> (Party, Act) {
    let last = known.request.as_ref().map_or(0, |request| request.no);
    let ruling = |of, granted| Act::Ruling {
        request: last,
        of,
        granted,
        basis: String::new(),
        due: (of == RequestKind::Extension && granted)
            .then(|| (known.due_no + 1, due(at.plus_millis(DAY_MS)))),
    };
    let asked = known
        .request
        .as_ref()
        .map_or(RequestKind::Result, |request| request.asking.kind());
    let ask = |asking| Act::Request {
        no: last + 1,
        asking,
    };
    let ground = || "ground".to_owned();
    match act {
        0..=2 => (Party::Taker, Act::Receipt),
        3 => (Party::Taker, Act::Sign { deemed: false }),
        4 | 5 => (Party::Taker, ask(Asking::Result { ground: ground() })),
        6 => (
            Party::Taker,
            ask(Asking::Return {
                ground: ground(),
                basis: ground(),
            }),
        ),
        7 => (Party::Taker, ask(Asking::Escalation { ground: ground() })),
        8 => (
            Party::Taker,
            ask(Asking::Extension {
                until: due(at.plus_millis(DAY_MS)),
            }),
        ),
        9 | 10 => (Party::Giver, ruling(asked, true)),
        11 => (Party::Giver, ruling(asked, false)),
        12 => (
            Party::Giver,
            Act::Recall {
                ground: RecallGround::Recalled,
            },
        ),
        13 => (
            Party::Giver,
            Act::Supervise {
                order: OrderId([known.orders.len() as u8 + 1; 16]),
                issuer: PROVINCE,
                trigger: "manual".into(),
                reply_by: at.plus_millis(DAY_MS),
            },
        ),
        14 => (
            Party::Giver,
            Act::NewDue {
                no: known.due_no + 1,
                due: due(at.plus_millis(DAY_MS)),
            },
        ),
        _ => (Party::Taker, Act::Overdue { due: known.due.at }),
    }
}
