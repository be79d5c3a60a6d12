//! Every envelope is consumed: applied, refused with an answer, relayed, parked, or set aside with an alarm.

use crate::fact::Fact;
use crate::id::LegId;
use crate::kernel::Input;
use crate::leg::{Act, Asking, Lane, Stage};
use crate::link::{Consumption, Message};
use crate::row::{Row, RowKey};
use crate::supervision::NoticeReason;
use crate::testing::{CITY, DAY, Fed, LINGCHUAN, NANCUN, PROVINCE, ZEZHOU, node};
use crate::ticket::TicketStage;
use crate::view::View;
use hotline_topology::{Federation, RegionKey};

fn newer(tree: &Federation) -> Federation {
    let text = tree.to_toml().replacen("version = 1", "version = 2", 1);
    Federation::parse("federation.toml", &text).expect("the same tree")
}

fn kept(fed: &Fed, region: RegionKey) -> usize {
    let rows = fed.nodes[&region].view.rows();
    rows.filter(|(key, _)| matches!(key, RowKey::Kept(_)))
        .count()
}

fn outcomes(fed: &Fed, region: RegionKey) -> Vec<Consumption> {
    let facts = fed.nodes[&region].log.iter().flat_map(|(_, facts)| facts);
    facts
        .filter_map(|fact| match fact {
            Fact::Consumed { outcome, .. } => Some(outcome.clone()),
            _ => None,
        })
        .collect()
}

#[test]
fn what_is_written_under_a_newer_tree_waits_for_it_and_so_does_what_follows() {
    let mut fed = Fed::new();
    let tree = newer(&fed.nodes[&CITY].tree);
    let old = std::mem::replace(&mut fed.nodes.get_mut(&CITY).unwrap().tree, tree.clone());
    let matter = fed.at(CITY).take_in();
    let leg = fed.at(CITY).assign(matter, [node(ZEZHOU)]).leg();
    assert_eq!(fed.leg(CITY, leg).stage, Stage::Offered);
    // What follows under the old version must not overtake the offer.
    fed.nodes.get_mut(&CITY).unwrap().tree = old;
    fed.at(CITY).recall(leg).done();
    fed.nodes.get_mut(&CITY).unwrap().tree = tree.clone();
    assert_eq!(kept(&fed, ZEZHOU), 2);
    fed.input(ZEZHOU, Input::WorldChanged);
    assert_eq!(kept(&fed, ZEZHOU), 2, "the version is still unknown");
    fed.nodes.get_mut(&ZEZHOU).unwrap().tree = tree;
    fed.input(ZEZHOU, Input::WorldChanged);
    fed.settle();
    assert_eq!(kept(&fed, ZEZHOU), 0);
    assert!(!fed.leg(ZEZHOU, leg).is_open());
    assert_eq!(fed.ticket(ZEZHOU, matter).stage, TicketStage::Closed);
    assert!(fed.leg(CITY, leg).delivered_at.is_some());
}

#[test]
fn past_its_bound_a_waiting_offer_comes_back() {
    let mut fed = Fed::new();
    let tree = newer(&fed.nodes[&CITY].tree);
    fed.nodes.get_mut(&CITY).unwrap().tree = tree;
    let matter = fed.at(CITY).take_in();
    let leg = fed.at(CITY).assign(matter, [node(ZEZHOU)]).leg();
    fed.pass(8 * DAY);
    assert_eq!(kept(&fed, ZEZHOU), 0);
    assert!(!fed.leg(CITY, leg).is_open());
    assert_eq!(fed.ticket(CITY, matter).stage, TicketStage::Open);
}

#[test]
fn an_unknown_kind_is_set_aside_with_an_alarm() {
    let mut fed = Fed::new();
    let matter = fed.at(CITY).take_in();
    let leg = fed.at(CITY).assign(matter, [node(ZEZHOU)]).leg();
    let message = Message::Leg {
        leg,
        at: fed.now,
        act: Act::Sign { deemed: false },
    };
    fed.forge_envelope(ZEZHOU, CITY, &message, |envelope| envelope.kind = 99);
    assert_eq!(kept(&fed, CITY), 1);
    assert!(
        fed.nodes[&CITY]
            .alarms
            .iter()
            .any(|text| text.contains("99"))
    );
    fed.at(ZEZHOU).sign(leg).done();
    assert_eq!(fed.leg(CITY, leg).stage, Stage::Signed, "the lane goes on");
    // A relay passes on what it does not understand.
    fed.forge_envelope(NANCUN, CITY, &message, |envelope| envelope.kind = 99);
    assert!(outcomes(&fed, ZEZHOU).contains(&Consumption::Relayed));
    assert_eq!((kept(&fed, ZEZHOU), kept(&fed, CITY)), (0, 2));
}

#[test]
fn an_offer_that_a_rule_refuses_comes_back_to_its_giver() {
    let mut fed = Fed::new();
    let matter = fed.at(CITY).take_in();
    let leg = fed.at(CITY).assign(matter, [node(ZEZHOU)]).leg();
    let mut offer = fed.leg(CITY, leg).offer;
    offer.content.clear();
    // Twice the same matter for one node: the second has to come back.
    let twin = LegId([7; 16]);
    fed.forge(CITY, ZEZHOU, twin, Act::Offer(Box::new(offer)));
    assert!(outcomes(&fed, ZEZHOU).contains(&Consumption::Refused {
        rule: "leg.one-incoming".to_owned()
    }));
    let alarms = &fed.nodes[&CITY].alarms;
    assert!(alarms.iter().any(|text| text.contains("leg.one-incoming")));

    // An offer of this node's own, refused over there, is open for another decision and known above.
    let refused = Message::Refused {
        about: crate::id::EnvelopeId([1; 16]),
        leg: None,
        rule: "leg.one-incoming".to_owned(),
        message: "不能再接".to_owned(),
    };
    fed.cut(CITY, LINGCHUAN);
    let other = fed.at(CITY).take_in();
    let leg = fed.at(CITY).assign(other, [node(LINGCHUAN)]).leg();
    let Message::Refused {
        about,
        rule,
        message,
        ..
    } = refused
    else {
        unreachable!()
    };
    let refused = Message::Refused {
        about,
        leg: Some(leg),
        rule,
        message,
    };
    fed.forge_envelope(LINGCHUAN, CITY, &refused, |_| {});
    fed.mend_one_way(LINGCHUAN, CITY);
    assert_eq!(fed.ticket(CITY, other).stage, TicketStage::Open);
    assert!(!fed.leg(CITY, leg).is_open());
    assert_eq!(fed.notices(PROVINCE)[0].reason, NoticeReason::Bounced);
}

#[test]
fn what_is_refused_behind_an_offer_does_not_take_the_leg_back() {
    for rule in [
        "leg.unknown",
        "leg.forward.sole",
        "order.goes-to-taker",
        "restore.not-its-word",
        "authority.not-a-party",
    ] {
        let mut fed = Fed::new();
        let matter = fed.at(CITY).take_in();
        fed.cut(CITY, LINGCHUAN);
        let leg = fed.at(CITY).assign(matter, [node(LINGCHUAN)]).leg();
        let refused = Message::Refused {
            about: crate::id::EnvelopeId([1; 16]),
            leg: Some(leg),
            rule: rule.to_owned(),
            message: "未采信".to_owned(),
        };
        fed.forge_envelope(LINGCHUAN, CITY, &refused, |_| {});
        fed.mend_one_way(LINGCHUAN, CITY);
        assert!(fed.leg(CITY, leg).is_open(), "{rule}");
        let alarms = &fed.nodes[&CITY].alarms;
        assert!(alarms.iter().any(|text| text.contains(rule)), "{alarms:?}");
        fed.mend();
        assert!(fed.leg(CITY, leg).delivered_at.is_some(), "{rule}");
    }
}

#[test]
fn a_duplicate_moves_nothing_and_is_acknowledged() {
    let mut fed = Fed::new();
    let matter = fed.at(CITY).take_in();
    fed.cut(CITY, ZEZHOU);
    let leg = fed.at(CITY).assign(matter, [node(ZEZHOU)]).leg();
    let seq = fed.nodes[&CITY].view.rows().find_map(|(key, _)| match key {
        RowKey::Outbox(ZEZHOU, Lane::Ordinary, seq) => Some(*seq),
        _ => None,
    });
    let seq = seq.unwrap();
    let Ok(Some(Row::Outbox(envelope, _))) =
        fed.nodes[&CITY]
            .view
            .get(&RowKey::Outbox(ZEZHOU, Lane::Ordinary, seq))
    else {
        panic!("an envelope");
    };
    fed.mend();
    let commits = fed.nodes[&ZEZHOU].log.len();
    let (peer, lane) = (CITY, Lane::Ordinary);
    let actions = fed.input(
        ZEZHOU,
        Input::Envelope {
            peer,
            lane,
            seq,
            envelope,
        },
    );
    assert_eq!(fed.nodes[&ZEZHOU].log.len(), commits);
    assert_eq!(actions.len(), 1, "the mark, once more: {actions:?}");
    assert_eq!(fed.ticket(ZEZHOU, matter).incoming_all, [leg]);
}

#[test]
fn acts_of_others_than_the_parties_have_no_effect() {
    let mut fed = Fed::new();
    let matter = fed.at(CITY).take_in();
    let leg = fed.at(CITY).assign(matter, [node(ZEZHOU)]).leg();
    let asking = Asking::Result {
        ground: "solved".to_owned(),
    };
    fed.forge(LINGCHUAN, CITY, leg, Act::Request { no: 1, asking });
    assert!(fed.leg(CITY, leg).request.is_none());
    // A co-handler's result has no place on a leg with one taker.
    fed.forge(CITY, ZEZHOU, leg, Act::Forwarded { from: leg });
    assert!(outcomes(&fed, ZEZHOU).contains(&Consumption::Refused {
        rule: "leg.forward.sole".to_owned()
    }));
    let offer = fed.leg(CITY, leg).offer;
    fed.forge(NANCUN, ZEZHOU, LegId([8; 16]), Act::Offer(Box::new(offer)));
    assert!(outcomes(&fed, ZEZHOU).contains(&Consumption::Refused {
        rule: "authority.giver".to_owned()
    }));
}

#[test]
fn the_urgent_lane_is_its_own() {
    use hotline_topology::{Kind, Urgency};
    let mut fed = Fed::new();
    let said = fed.at(CITY).try_take_in(Kind::Help, Urgency::Emergency);
    let matter = said.done().matter.unwrap();
    let leg = fed.at(CITY).assign(matter, [node(ZEZHOU)]).leg();
    assert_eq!(fed.leg(ZEZHOU, leg).offer.lane, Lane::Urgent);
    let link = crate::view::Rows::link(&fed.nodes[&CITY].view, ZEZHOU).unwrap();
    assert_eq!(link.lanes[Lane::Ordinary.index()].sent, 0);
    assert!(link.lanes[Lane::Urgent.index()].sent > 0);
}
