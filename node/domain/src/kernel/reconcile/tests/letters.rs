//! What a restored node believes of itself: what it signed, and nothing else.

use super::*;
use crate::evidence::Letters;
use crate::exchange::Letter;
use crate::kernel::tests::sealing;
use crate::link::{Envelope, Proof};

/// The letters that a node has of one leg, whose author is another.
fn letters(fed: &Fed, at: RegionKey, leg: LegId) -> Vec<Envelope> {
    let mut letters = Letters::of(fed.wire(), &[leg], &[]);
    let facts = fed.nodes[&at].log.iter().flat_map(|(_, facts)| facts);
    facts.cloned().for_each(|fact| letters.take(fact));
    letters.found()
}

fn acts(fed: &Fed, letter: &Envelope) -> Option<Act> {
    match fed.wire().decode(letter.kind, &letter.payload) {
        Ok(Message::Leg { act, .. }) => Some(act),
        _ => None,
    }
}

/// The city gave two legs to the county, and recalled the second.
fn two_legs() -> (Fed, LegId, LegId) {
    let mut fed = Fed::new();
    let [kept, gone] = [(), ()].map(|()| {
        let matter = fed.at(CITY).take_in();
        fed.at(CITY).assign(matter, [node(ZEZHOU)]).leg()
    });
    fed.at(CITY).recall(gone).done();
    (fed, kept, gone)
}

fn recall(leg: LegId, letter: Option<Letter>) -> Message {
    Message::Past(PastAct {
        leg,
        by: Party::Giver,
        at: MONDAY,
        nth: 1,
        act: Act::Recall {
            ground: RecallGround::Recalled,
        },
        letter: letter.map(Box::new),
    })
}

/// The city is put back to its last commit, and hears a lie of the county before its answer.
fn lied_to(fed: &mut Fed, lie: &Message) {
    let commits = fed.nodes[&CITY].log.len();
    fed.roll_back(CITY, commits);
    fed.input(CITY, Input::Restored { id: [1; 16] });
    fed.input(CITY, Input::Start);
    let others = [PROVINCE, LINGCHUAN];
    others.into_iter().for_each(|peer| fed.cut(CITY, peer));
    fed.connect(CITY, ZEZHOU);
    fed.forge_envelope(ZEZHOU, CITY, lie, |_| {});
    fed.mend_nothing();
    others.into_iter().for_each(|peer| fed.connect(CITY, peer));
    fed.settle();
}

fn unproven(fed: &Fed, at: RegionKey) -> Vec<String> {
    let found = missing(fed, at).into_iter();
    found
        .filter(|missing| missing.kind == MissingKind::Unproven)
        .map(|missing| missing.words)
        .collect()
}

fn charged(fed: &Fed) -> bool {
    let link = fed.nodes[&CITY].view.link(ZEZHOU).expect("memory");
    link.conduct.is_some()
}

#[test]
fn what_a_neighbour_invents_of_a_restored_node_has_no_effect_and_is_named() {
    let (mut fed, kept, _) = two_legs();
    lied_to(&mut fed, &recall(kept, None));
    assert!(fed.leg(CITY, kept).is_open());
    let named = unproven(&fed, CITY);
    assert!(
        matches!(&named[..], [words] if words.contains(ZEZHOU.as_str()) && words.contains("未采信")),
        "{named:?}"
    );
    assert!(!charged(&fed), "it may have lost its log");
}

#[test]
fn a_false_letter_is_misconduct() {
    let (fed, kept, gone) = two_legs();
    let find = |leg, wanted: fn(&Act) -> bool| {
        let all = letters(&fed, ZEZHOU, leg);
        let found = all
            .into_iter()
            .find(|one| acts(&fed, one).is_some_and(|act| wanted(&act)));
        found.expect("a letter")
    };
    let of_other_act = find(kept, |act| matches!(act, Act::Offer(_)));
    let of_other_leg = find(gone, |act| matches!(act, Act::Recall { .. }));
    let message = Message::Leg {
        leg: kept,
        at: MONDAY,
        act: Act::Recall {
            ground: RecallGround::Recalled,
        },
    };
    let invented = Envelope {
        payload: fed.wire().encode(&message),
        leg: Some(kept),
        ..of_other_leg.clone()
    };
    // Signed by the liar itself, for whom it may speak as little.
    let mut own = Envelope {
        author: ZEZHOU,
        ..invented.clone()
    };
    crate::testing::prove(&mut own);
    let unsigned = Envelope {
        proof: None,
        ..invented.clone()
    };
    let proof = invented.proof.clone();
    let stamped = Envelope {
        proof: proof.map(|proof| Proof {
            leaves: 1,
            index: 0,
            path: Vec::new(),
            ..proof
        }),
        ..invented.clone()
    };
    // Sealed, it would say of itself what its author stated.
    let shut = Envelope {
        key_id: 1,
        sealed: Some(of_other_leg.statement()),
        ..invented.clone()
    };
    let lies = [
        ("another act", of_other_act),
        ("another leg", of_other_leg),
        ("an invented payload", invented),
        ("the liar's own", own),
        ("no signature", unsigned),
        ("another place in the tree", stamped),
        ("sealed", shut),
    ];
    for (case, envelope) in lies {
        let mut fed = fed.clone();
        let chain = vec![envelope.author.as_bytes().to_vec()];
        let letter = Some(Letter { envelope, chain });
        lied_to(&mut fed, &recall(kept, letter));
        assert!(fed.leg(CITY, kept).is_open(), "{case}");
        assert_eq!(unproven(&fed, CITY).len(), 1, "{case}");
        assert!(charged(&fed), "{case}");
    }
}

#[test]
fn an_invented_leg_is_not_given() {
    let (mut fed, kept, _) = two_legs();
    let mut offer = fed.leg(CITY, kept).offer;
    offer.number = "no-such".to_owned();
    let lie = Message::Past(PastAct {
        leg: LegId([9; 16]),
        by: Party::Giver,
        at: MONDAY,
        nth: 1,
        act: Act::Offer(Box::new(offer)),
        letter: None,
    });
    lied_to(&mut fed, &lie);
    assert!(
        fed.nodes[&CITY]
            .view
            .leg(LegId([9; 16]))
            .expect("memory")
            .is_none()
    );
    let named = unproven(&fed, CITY);
    assert!(
        matches!(&named[..], [words] if words.contains("no-such")),
        "{named:?}"
    );
}

#[test]
fn what_it_signed_comes_back_as_it_was_signed() {
    let (mut fed, _, gone) = two_legs();
    fed.pass(HOUR);
    let when = |fed: &Fed| fed.leg(CITY, gone).closed_at;
    let closed = when(&fed);
    fed.restore(&[(CITY, 1)]);
    agreed(&fed, "proven");
    assert!(!fed.leg(CITY, gone).is_open() && when(&fed) == closed);
    assert!(unproven(&fed, CITY).is_empty() && !charged(&fed));
}

#[test]
fn acts_that_came_back_to_one_side_prove_themselves_to_the_other_later() {
    let (mut fed, kept, gone) = two_legs();
    fed.at(ZEZHOU).submit_result(kept, "solved").done();
    fed.at(CITY).grant(kept, 1).done();
    // The county forgets everything, learns it from the city; then the city forgets.
    fed.restore(&[(ZEZHOU, 1)]);
    fed.restore(&[(CITY, 1)]);
    agreed(&fed, "one after the other");
    for leg in [kept, gone] {
        assert!(!fed.leg(CITY, leg).is_open());
    }
    assert!(unproven(&fed, CITY).is_empty() && unproven(&fed, ZEZHOU).is_empty());
}

#[test]
fn an_order_of_a_superior_proves_itself_by_its_own_signature() {
    let mut fed = sealing::sealing();
    let leg = sealing::overdue(&mut fed);
    let commits = fed.nodes[&ZEZHOU].log.len();
    sealing::supervise(&mut fed, leg);
    fed.pass(HOUR);
    let orders = fed.leg(ZEZHOU, leg).orders.len();
    fed.restore(&[(ZEZHOU, commits)]);
    agreed(&fed, "order");
    assert_eq!(fed.leg(ZEZHOU, leg).orders.len(), orders);
    assert!(unproven(&fed, ZEZHOU).is_empty());
}

#[test]
fn a_question_that_was_not_answered_when_the_node_stopped_is_answered_after_its_start() {
    let (mut fed, _, gone) = two_legs();
    fed.unread = true;
    fed.restore(&[(CITY, 1)]);
    let waits = |fed: &Fed| {
        let exchanges = under_way(&fed.nodes[&CITY].view).expect("memory");
        exchanges.iter().any(|exchange| exchange.peer == ZEZHOU)
    };
    assert!(waits(&fed), "nobody read the log");
    fed.unread = false;
    fed.input(ZEZHOU, Input::Start);
    fed.settle();
    for region in [PROVINCE, LINGCHUAN, NANCUN, XIACUN] {
        fed.input(region, Input::WorldChanged);
    }
    fed.settle();
    agreed(&fed, "after the start");
    assert!(!fed.leg(CITY, gone).is_open());
    let asked = |(key, _): (&RowKey, &Row)| matches!(key, RowKey::Asked(..));
    assert!(!fed.nodes[&ZEZHOU].view.rows().any(asked));
}
