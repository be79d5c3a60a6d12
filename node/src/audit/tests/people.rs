//! People at random: what they ask for, mostly sensible, often not; and links and time that go their own pace.

use super::net::{NODES, Net};
use hotline_domain::body::Body;
use hotline_domain::command::Verb;
use hotline_domain::id::MatterId;
use hotline_domain::leg::Lane;
use hotline_topology::time::{DAY_MS, HOUR_MS};
use hotline_topology::{FieldName, Kind, PolicyPack, RegionKey, UnitKey, Urgency};
use proptest::prelude::*;
use proptest::sample::Index;

/// One thing that happens at a node.
#[derive(Clone, Debug)]
pub(super) enum Op {
    TakeIn {
        node: usize,
        kind: usize,
    },
    Matter {
        node: usize,
        which: Index,
        verb: usize,
        whom: usize,
    },
    Leg {
        node: usize,
        which: Index,
        verb: usize,
    },
    Deliver {
        link: Index,
        lane: usize,
        messages: usize,
    },
    Wait {
        hours: i64,
    },
}

pub(super) fn any_op() -> impl Strategy<Value = Op> {
    let node = 0..NODES.len();
    prop_oneof![
        2 => (node.clone(), 0..6usize).prop_map(|(node, kind)| Op::TakeIn { node, kind }),
        8 => (node.clone(), any::<Index>(), 0..12usize, 0..4usize)
            .prop_map(|(node, which, verb, whom)| Op::Matter { node, which, verb, whom }),
        12 => (node, any::<Index>(), 0..16usize).prop_map(|(node, which, verb)| Op::Leg { node, which, verb }),
        12 => (any::<Index>(), 0..3usize, 1..6usize)
            .prop_map(|(link, lane, messages)| Op::Deliver { link, lane, messages }),
        2 => (1..40i64).prop_map(|hours| Op::Wait { hours }),
    ]
}

pub(super) fn take_in(kind: Kind) -> Verb {
    Verb::TakeIn {
        channel: "phone".into(),
        kind,
        category: "010203".into(),
        urgency: Urgency::Normal,
        place: None,
        happened_at: None,
    }
}

pub(super) fn own_unit(region: RegionKey) -> Body {
    Body::Unit(region, UnitKey::new("water").unwrap())
}

pub(super) fn assign(matter: MatterId, takers: Vec<Body>) -> Verb {
    Verb::Assign {
        matter,
        takers,
        lead: None,
        basis: "职责".into(),
        due: None,
        determination: None,
    }
}

pub(super) fn run(net: &mut Net, op: &Op) {
    match op {
        Op::TakeIn { node, kind } => {
            let kind = Kind::ALL[*kind];
            let _ = net.ask(*node, "clerk", take_in(kind), &[FieldName::Content]);
        }
        Op::Matter {
            node,
            which,
            verb,
            whom,
        } => on_matter(net, *node, which, *verb, *whom),
        Op::Leg { node, which, verb } => on_leg(net, *node, which, *verb),
        Op::Deliver {
            link,
            lane,
            messages,
        } => {
            let links = Net::links();
            let (from, to) = links[link.index(links.len())];
            for _ in 0..*messages {
                net.deliver(from, to, Lane::ALL[*lane]);
            }
        }
        Op::Wait { hours } => net.wait(hours * HOUR_MS),
    }
}

fn on_matter(net: &mut Net, at: usize, which: &Index, verb: usize, whom: usize) {
    let tickets = net.tickets(at);
    if tickets.is_empty() {
        return;
    }
    let matter = tickets[which.index(tickets.len())].matter;
    let me = NODES[at].0;
    let children = net.tree.children(me);
    let pack = &net.packs[0];
    let closing = closing_ground(pack);
    let refusal = pack.refusals[0].ground.code.clone();
    let beyond = pack.escalation.grounds[0].code.clone();
    let rating = pack.callback.scale[pack.callback.scale.len() - 1 - whom % 2]
        .code
        .clone();
    let taker = children.get(whom % children.len().max(1));
    let taker = taker.map(|key| Body::Node(*key));
    let (who, verb, field) = match verb {
        0 => ("clerk", Verb::AnswerDirectly { matter }, FieldName::Answer),
        1 => (
            "clerk",
            Verb::Refuse {
                matter,
                ground: refusal,
                basis: "依据".into(),
            },
            FieldName::Reason,
        ),
        2 | 3 => (
            "boss",
            assign(matter, taker.into_iter().collect()),
            FieldName::Instruction,
        ),
        4 => (
            "boss",
            assign(matter, vec![own_unit(me)]),
            FieldName::Instruction,
        ),
        5 => {
            let joint = taker.into_iter().chain([own_unit(me)]).collect();
            ("boss", assign(matter, joint), FieldName::Instruction)
        }
        6 | 7 => (
            "boss",
            Verb::Close {
                matter,
                ground: closing,
            },
            FieldName::Answer,
        ),
        8 | 9 => {
            // Rated, and handled again where the rating was poor.
            let rating = Some(rating);
            let rated = Verb::CallBack { matter, rating };
            let _ = net.ask(at, "judge", rated, &[FieldName::RatingText]);
            let taker = Some(own_unit(me));
            ("boss", Verb::Redo { matter, taker }, FieldName::Instruction)
        }
        10 => (
            "boss",
            Verb::Escalate {
                matter,
                ground: beyond,
            },
            FieldName::Reason,
        ),
        _ => ("clerk", Verb::Withdraw { matter }, FieldName::Reason),
    };
    let _ = net.ask(at, who, verb, &[field]);
}

fn on_leg(net: &mut Net, at: usize, which: &Index, verb: usize) {
    let legs = net.legs(at);
    if legs.is_empty() {
        return;
    }
    let known = &legs[which.index(legs.len())];
    let (leg, due) = (known.id, known.due.at);
    let request = known.request.as_ref().map_or(1, |request| request.no);
    let pack = &net.packs[0];
    let trigger = pack.supervision.triggers[0].ground.code.clone();
    let order = known.orders.first().map(|order| order.id);
    let closing = closing_ground(pack);
    let back = pack.returns.grounds[0].code.clone();
    let beyond = pack.escalation.grounds[0].code.clone();
    let basis = || "职责认定".to_owned();
    let rule = |granted| Verb::Rule {
        leg,
        request,
        granted,
        basis: basis(),
    };
    let (verb, field) = match (verb, order) {
        (0 | 1, _) => (Verb::Sign { leg }, FieldName::Note),
        (2..=4, _) => (
            Verb::SubmitResult {
                leg,
                ground: closing,
            },
            FieldName::ResultText,
        ),
        (5, _) => (
            Verb::AskReturn {
                leg,
                ground: back,
                basis: basis(),
            },
            FieldName::Reason,
        ),
        (6, _) => (Verb::AskExtension { leg, days: 5 }, FieldName::Reason),
        (7, _) => (
            Verb::AskEscalation {
                leg,
                ground: beyond,
            },
            FieldName::StageReport,
        ),
        (8..=10, _) => (rule(true), FieldName::Reason),
        (11, _) => (rule(false), FieldName::Reason),
        (12, _) => (Verb::Recall { leg }, FieldName::Reason),
        (13, _) => (
            Verb::SetDue {
                leg,
                due: due.plus_millis(-DAY_MS),
            },
            FieldName::Reason,
        ),
        (14, _) | (_, None) => (
            Verb::Supervise {
                leg,
                trigger,
                reply_by: None,
            },
            FieldName::Reason,
        ),
        (_, Some(order)) => (Verb::ReplyOrder { leg, order }, FieldName::Reason),
    };
    let _ = net.ask(at, "handler", verb, &[field]);
}

/// A ground of the pack that needs no time to pass first.
pub(super) fn closing_ground(pack: &PolicyPack) -> String {
    let mut grounds = pack.closings.iter();
    let closing = grounds.find(|closing| closing.after.is_none()).unwrap();
    closing.ground.code.clone()
}
