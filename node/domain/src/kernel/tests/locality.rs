//! The petitioner stays at the origin; case files travel as far as the edges let them.

use crate::id::MatterId;
use crate::leg::{Act, Asking};
use crate::link::Message;
use crate::testing::{ALL, CITY, DAY, Fed, LINGCHUAN, NANCUN, ZEZHOU, node, text, unit};
use hotline_topology::{FieldName, RegionKey};

/// Whether anything in a node's rows or log holds these words.
fn holds(fed: &Fed, region: RegionKey, words: &str) -> bool {
    let node = &fed.nodes[&region];
    let bytes = format!("{:?}", words.as_bytes());
    let inner = bytes.trim_matches(['[', ']']);
    let rows = format!("{:?}", node.view);
    let log = format!("{:?}", node.log);
    rows.contains(inner) || log.contains(inner)
}

#[test]
fn name_and_contact_are_nowhere_but_at_the_origin() {
    let mut fed = Fed::new();
    let matter: MatterId = fed.at(ZEZHOU).take_in();
    fed.at(ZEZHOU).escalate(matter, "other-area").done();
    let both = [node(ZEZHOU), node(LINGCHUAN)];
    let [mine, theirs] = fed.at(CITY).assign(matter, both).legs();
    let below = fed.at(ZEZHOU).assign(matter, [node(NANCUN)]).leg();
    fed.at(NANCUN)
        .assign(matter, [unit(NANCUN, "平安办")])
        .done();
    fed.at(LINGCHUAN).submit_result(theirs, "solved").done();
    fed.at(CITY).grant(theirs, 1).done();
    fed.pass(9 * DAY);
    fed.at(ZEZHOU).recall(below).done();
    fed.at(ZEZHOU).submit_result(mine, "solved").done();
    assert!(holds(&fed, ZEZHOU, "张三") && holds(&fed, ZEZHOU, "13800000000"));
    for other in ALL.into_iter().filter(|region| *region != ZEZHOU) {
        assert!(!holds(&fed, other, "张三"), "{other}");
        assert!(!holds(&fed, other, "13800000000"), "{other}");
    }
    assert!(
        holds(&fed, LINGCHUAN, "小区停水两天"),
        "the content goes with the legs"
    );
}

#[test]
fn notes_of_the_staff_stay_where_they_were_written() {
    let mut fed = Fed::new();
    let matter = fed.at(CITY).take_in();
    let leg = fed.at(CITY).assign(matter, [node(ZEZHOU)]).leg();
    fed.at(ZEZHOU).progress(leg, "contacted").done();
    fed.at(ZEZHOU).note(matter).done();
    assert!(holds(&fed, ZEZHOU, "已电话联系") && holds(&fed, ZEZHOU, "内部记录"));
    assert!(!holds(&fed, CITY, "已电话联系") && !holds(&fed, CITY, "内部记录"));
}

#[test]
fn a_receiver_refuses_what_the_edge_does_not_let_pass() {
    let mut fed = Fed::new();
    let matter = fed.at(CITY).take_in();
    let leg = fed.at(CITY).assign(matter, [node(ZEZHOU)]).leg();
    let asking = Asking::Result {
        ground: "solved".to_owned(),
    };
    let act = Act::Request { no: 1, asking };
    let message = Message::Leg {
        leg,
        at: fed.now,
        act,
    };
    let name = text(FieldName::PetitionerName, "李四");
    // Past the harness's own check of what travels: it is the receiver that is tried here.
    fed.careless = true;
    fed.forge_envelope(ZEZHOU, CITY, &message, |envelope| {
        envelope.fields = vec![name]
    });
    assert!(
        fed.leg(CITY, leg).request.is_none(),
        "the whole message has no effect"
    );
    assert!(!holds(&fed, CITY, "李四"));
    let alarms = &fed.nodes[&ZEZHOU].alarms;
    assert!(
        alarms
            .iter()
            .any(|text| text.contains("locality.field-policy")),
        "{alarms:?}"
    );
}
