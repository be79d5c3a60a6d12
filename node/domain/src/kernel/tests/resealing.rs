//! What does not open at its addressee: asked for under another key, waited for, or set aside.

use super::sealing::{
    awaiting, in_flight, known, make, ordered, overdue, rows, sealing, signed_as_known, supervise,
};
use crate::fact::Fact;
use crate::id::LegId;
use crate::kernel::{Action, Input, LinkNews};
use crate::leg::Lane;
use crate::link::{Consumption, Envelope, Message, WIRE_VERSION};
use crate::row::{Row, RowKey};
use crate::sealing::{Destroyed, NewKey, SealingKey, SignedKey, number};
use crate::testing::{CHONGWEN, CITY, DAY, Fed, HOUR, NANCUN, PROVINCE, ZEZHOU, prove};
use crate::view::View;
use hotline_topology::RegionKey;

/// The next envelope of a link as the neighbour gets it that cannot open it.
pub(in crate::kernel) fn deliver_shut(
    fed: &mut Fed,
    from: RegionKey,
    to: RegionKey,
    key_id: u32,
) -> Vec<Action> {
    let link = fed.nodes[&from].view.get(&RowKey::Link(to));
    let Ok(Some(Row::Link(link))) = link else {
        panic!("no link")
    };
    let lane = Lane::Ordinary;
    let seq = link.lanes[lane.index()].acked + 1;
    let plain = fed.outgoing(from, to, lane, seq).expect("an envelope");
    let envelope = Envelope {
        key_id,
        sealed: Some(plain.statement()),
        payload: b"ciphertext".to_vec(),
        fields: Vec::new(),
        ..plain
    };
    let envelope = Box::new(envelope);
    let peer = from;
    let actions = fed.input(
        to,
        Input::Envelope {
            peer,
            lane,
            seq,
            envelope,
        },
    );
    let (peer, upto) = (to, seq);
    fed.input(from, Input::Acked { peer, lane, upto });
    actions
}

/// Nobody states it again: the relays on the way know an older one, and answer with that.
#[test]
fn a_key_stated_while_the_own_clock_is_in_doubt_is_taken_whatever_its_number() {
    let mut fed = sealing();
    let why = "时钟停走".to_owned();
    fed.input(ZEZHOU, Input::ClockDoubt { why });
    // All others are days ahead of it by now.
    let mut new = signed_as_known(&fed, CHONGWEN);
    new.key.no += 3 * 24 * 60;
    let stated = Message::SealingKeys {
        keys: vec![new.clone()],
    };
    fed.forge_envelope(CITY, ZEZHOU, &stated, |_| {});
    assert_eq!(known(&fed, ZEZHOU, CHONGWEN), Some(new.key.clone()));
    // Whose clock is good does not take it.
    fed.forge_envelope(PROVINCE, CITY, &stated, |_| {});
    assert_ne!(known(&fed, CITY, CHONGWEN), Some(new.key));
}

#[test]
fn an_envelope_sealed_to_a_lost_key_is_sealed_anew_and_what_followed_waits_for_it() {
    let mut fed = sealing();
    let leg = overdue(&mut fed);
    let old = known(&fed, PROVINCE, ZEZHOU).unwrap().no;
    fed.at_once = false;
    let order = supervise(&mut fed, leg);
    fed.at(PROVINCE).remind(order).done();
    fed.deliver(PROVINCE, CITY, Lane::Ordinary);
    fed.deliver(PROVINCE, CITY, Lane::Ordinary);
    // Revoked: destroyed at once, with a record.
    make(&mut fed, ZEZHOU, 0);
    let actions = fed.input(ZEZHOU, Input::Tick);
    let slot = 1_000 + u64::from(old);
    assert!(
        actions.contains(&Action::DestroyKey { slot }),
        "{actions:?}"
    );
    assert!(matches!(
        fed.nodes[&ZEZHOU].view.get(&RowKey::Destroyed(slot)),
        Ok(Some(Row::Destroyed(record))) if record.of == Destroyed::SealingKey(old)
    ));
    let actions = deliver_shut(&mut fed, CITY, ZEZHOU, old);
    let alarm = |action: &Action| matches!(action, Action::Alarm { .. });
    assert!(actions.iter().any(alarm));
    // The reminder is sealed to a good key and opens, but must not come before the order.
    fed.deliver(CITY, ZEZHOU, Lane::Ordinary);
    assert_eq!(ordered(&fed, leg), 0);
    fed.at_once = true;
    fed.settle();
    assert_eq!(fed.leg(ZEZHOU, leg).orders[0].reminders, 1);
    let newest = known(&fed, ZEZHOU, ZEZHOU).unwrap();
    assert_eq!(newest.revoked, old);
    for region in [PROVINCE, CHONGWEN] {
        assert_eq!(
            known(&fed, region, ZEZHOU).as_ref(),
            Some(&newest),
            "a revocation goes everywhere"
        );
    }
    fed.pass(2 * 60_000);
    fed.settle();
    assert_eq!(in_flight(&fed, PROVINCE), []);
    let kept = |key: &RowKey| matches!(key, RowKey::Kept(_));
    assert!(rows(&fed, ZEZHOU, kept).is_empty());
}

/// A disk was put back to before the last change of the key: the neighbours remember the newer one.
#[test]
fn a_node_that_lost_its_newest_key_makes_a_newer_one_and_is_sent_everything_again() {
    let mut fed = sealing();
    let leg = overdue(&mut fed);
    let old = fed.nodes[&ZEZHOU].view.clone();
    let before = known(&fed, ZEZHOU, ZEZHOU).unwrap().no;
    make(&mut fed, ZEZHOU, DAY);
    fed.settle();
    let lost = known(&fed, PROVINCE, ZEZHOU).unwrap().no;
    let key = |no| RowKey::OwnKey(no);
    let back = [RowKey::SealingKey(ZEZHOU), key(before), key(lost)];
    let back = back.map(|at| (at.clone(), old.get(&at).unwrap()));
    fed.put_rows_back(ZEZHOU, back);
    fed.at_once = false;
    supervise(&mut fed, leg);
    fed.deliver(PROVINCE, CITY, Lane::Ordinary);
    deliver_shut(&mut fed, CITY, ZEZHOU, lost);
    let told = fed.waiting().into_iter().any(|(from, _, _)| from == ZEZHOU);
    assert!(!told, "an older key is no answer");
    let wire = WIRE_VERSION;
    let news = LinkNews::Met {
        epoch: 2,
        wire,
        shown: None,
    };
    fed.input(CITY, Input::Link { peer: ZEZHOU, news });
    fed.at_once = true;
    fed.settle();
    assert_eq!(
        known(&fed, ZEZHOU, ZEZHOU).unwrap().no,
        lost,
        "it knows what it lacks"
    );
    make(&mut fed, ZEZHOU, DAY);
    fed.settle();
    assert_eq!(ordered(&fed, leg), 1);
    assert!(known(&fed, PROVINCE, ZEZHOU).unwrap().no > lost);
}

/// The same by a restore on purpose, with hellos and all: whoever starts its lanes anew is told what it may have forgotten.
#[test]
fn a_restored_node_learns_of_the_key_that_it_lost() {
    let mut fed = sealing();
    let leg = overdue(&mut fed);
    let commits = fed.nodes[&ZEZHOU].log.len();
    make(&mut fed, ZEZHOU, DAY);
    fed.settle();
    let lost = known(&fed, PROVINCE, ZEZHOU).unwrap().no;
    fed.cut(CITY, ZEZHOU);
    supervise(&mut fed, leg);
    fed.mend_nothing();
    fed.restore(&[(ZEZHOU, commits)]);
    assert_eq!(known(&fed, ZEZHOU, ZEZHOU).unwrap().no, lost);
    assert_eq!(fed.nodes[&ZEZHOU].view.get(&RowKey::OwnKey(lost)), Ok(None));
    make(&mut fed, ZEZHOU, DAY);
    fed.settle();
    assert!(known(&fed, PROVINCE, ZEZHOU).unwrap().no > lost);
}

/// Its clock went back with its disk, or further: it made that key itself, so there was such a moment, whatever its clock
/// says now. As long as it does not know of it, all that is sealed to it stays shut.
#[test]
fn a_restored_node_whose_clock_went_back_learns_of_the_key_that_it_lost() {
    let mut fed = sealing();
    let leg = overdue(&mut fed);
    let commits = fed.nodes[&ZEZHOU].log.len();
    let back = fed.now;
    fed.pass(3 * DAY);
    make(&mut fed, ZEZHOU, DAY);
    fed.settle();
    let lost = known(&fed, PROVINCE, ZEZHOU).unwrap().no;
    fed.cut(CITY, ZEZHOU);
    supervise(&mut fed, leg);
    fed.mend_nothing();
    fed.now = back;
    fed.restore(&[(ZEZHOU, commits)]);
    assert_eq!(known(&fed, ZEZHOU, ZEZHOU).unwrap().no, lost);
    make(&mut fed, ZEZHOU, DAY);
    fed.settle();
    let made = known(&fed, ZEZHOU, ZEZHOU).unwrap();
    assert!(made.no > lost, "what others know is not its newest");
    assert_eq!(known(&fed, PROVINCE, ZEZHOU), Some(made));
}

#[test]
fn what_is_refused_over_and_over_is_not_sealed_for_ever() {
    let mut fed = sealing();
    let leg = overdue(&mut fed);
    fed.cut(CITY, ZEZHOU);
    supervise(&mut fed, leg);
    let about = in_flight(&fed, PROVINCE)[0].envelope.id;
    for round in 0..40 {
        if round == 3 {
            // The same key again and again is answered by what is under way.
            assert_eq!(in_flight(&fed, PROVINCE)[0].no, 1);
        }
        if round >= 3 {
            make(&mut fed, ZEZHOU, 0);
        }
        let signed = signed_as_known(&fed, ZEZHOU);
        let message = Message::Reseal { about, key: signed };
        fed.forge_envelope(CITY, PROVINCE, &message, |envelope| {
            (envelope.author, envelope.route) = (ZEZHOU, vec![ZEZHOU, CITY]);
            prove(envelope);
        });
        fed.settle();
    }
    let kept = in_flight(&fed, PROVINCE);
    assert!(kept.iter().all(|kept| kept.envelope.id != about));
    let alarm = |text: &String| text.contains("sealing.tries");
    assert!(fed.nodes[&PROVINCE].alarms.iter().any(alarm));
}

#[test]
fn what_does_not_open_under_a_good_key_is_set_aside_and_answered_once() {
    let mut fed = sealing();
    let leg = overdue(&mut fed);
    let key = known(&fed, PROVINCE, ZEZHOU).unwrap().no;
    fed.at_once = false;
    supervise(&mut fed, leg);
    fed.deliver(PROVINCE, CITY, Lane::Ordinary);
    deliver_shut(&mut fed, CITY, ZEZHOU, key);
    fed.at_once = true;
    fed.settle();
    let mut facts = fed.nodes[&ZEZHOU].log.iter().flat_map(|(_, facts)| facts);
    assert!(facts.any(|fact| {
        let Fact::Consumed { outcome, .. } = fact else {
            return false;
        };
        matches!(outcome, Consumption::SetAside { .. })
    }));
    let alarm = |text: &String| text.contains("sealing.unreadable");
    assert!(fed.nodes[&PROVINCE].alarms.iter().any(alarm));
    assert_eq!(in_flight(&fed, PROVINCE), []);
}

/// The record that an older key was destroyed went with a disk, and the private half is gone all the same.
#[test]
fn what_an_older_key_does_not_open_is_asked_for_under_the_newest() {
    let mut fed = sealing();
    let leg = overdue(&mut fed);
    let old = known(&fed, PROVINCE, ZEZHOU).unwrap().no;
    fed.at_once = false;
    supervise(&mut fed, leg);
    fed.deliver(PROVINCE, CITY, Lane::Ordinary);
    make(&mut fed, ZEZHOU, 60 * DAY);
    assert!(matches!(
        fed.nodes[&ZEZHOU].view.get(&RowKey::OwnKey(old)),
        Ok(Some(_))
    ));
    deliver_shut(&mut fed, CITY, ZEZHOU, old);
    assert_eq!(ordered(&fed, leg), 0);
    fed.at_once = true;
    fed.settle();
    assert_eq!(ordered(&fed, leg), 1);
    let refused = |text: &String| text.contains("sealing.unreadable");
    assert!(!fed.nodes[&PROVINCE].alarms.iter().any(refused));
}

/// The author's clock is days behind: the addressee's new key lies in its future. Sent again under the older one the
/// message would come back at once, until it is given up.
#[test]
fn a_key_that_cannot_be_taken_yet_is_waited_for() {
    let mut fed = sealing();
    let leg = overdue(&mut fed);
    fed.at_once = false;
    fed.cut(CITY, ZEZHOU);
    supervise(&mut fed, leg);
    fed.deliver(PROVINCE, CITY, Lane::Ordinary);
    let about = in_flight(&fed, PROVINCE)[0].envelope.id;
    let before = signed_as_known(&fed, ZEZHOU);
    let ahead = SignedKey {
        key: SealingKey {
            no: number(0, fed.now.plus_millis(3 * DAY)),
            ..before.key.clone()
        },
        ..before
    };
    // Those below have the right time, and know it.
    for region in [CITY, ZEZHOU] {
        let row = Some(Row::SealingKey(Box::new(ahead.clone())));
        fed.put_rows_back(region, [(RowKey::SealingKey(ZEZHOU), row)]);
    }
    for _ in 0..3 {
        let key = ahead.clone();
        fed.forge_envelope(
            CITY,
            PROVINCE,
            &Message::Reseal { about, key },
            |envelope| {
                (envelope.author, envelope.route) = (ZEZHOU, vec![ZEZHOU, CITY]);
                prove(envelope);
            },
        );
    }
    assert_eq!(in_flight(&fed, PROVINCE)[0].no, 1, "not sent again");
    assert_eq!(awaiting(&fed, PROVINCE), 1, "it waits, once");
    fed.at(PROVINCE).supervise(leg, "overdue").done();
    assert_eq!(
        awaiting(&fed, PROVINCE),
        2,
        "and what follows waits behind it"
    );
    fed.pass(2 * DAY + 2 * HOUR);
    while let Some((from, to, lane)) = fed.waiting().into_iter().find(|at| at.1 != ZEZHOU) {
        fed.deliver(from, to, lane);
    }
    assert_eq!(awaiting(&fed, PROVINCE), 0, "its time has come");
    assert_eq!(known(&fed, PROVINCE, ZEZHOU), Some(ahead.key));
    assert_eq!(in_flight(&fed, PROVINCE).len(), 2);
}

/// The province's order comes to the county sealed to a key that was revoked meanwhile; nothing that follows is delivered.
fn order_shut(fed: &mut Fed, leg: LegId) {
    let old = known(fed, PROVINCE, ZEZHOU).expect("a key").no;
    fed.at_once = false;
    supervise(fed, leg);
    fed.deliver(PROVINCE, CITY, Lane::Ordinary);
    make(fed, ZEZHOU, 0);
    fed.input(ZEZHOU, Input::Tick);
    deliver_shut(fed, CITY, ZEZHOU, old);
}

/// How much the county keeps for later.
fn lies_aside(fed: &Fed) -> usize {
    rows(fed, ZEZHOU, |key| matches!(key, RowKey::Kept(_))).len()
}

/// The request to seal anew was on its way when the relay forgot it.
#[test]
fn what_was_asked_for_by_way_of_a_node_that_forgot_is_asked_for_again() {
    let mut fed = sealing();
    let leg = overdue(&mut fed);
    order_shut(&mut fed, leg);
    let commits = fed.nodes[&CITY].log.len();
    while fed.waiting().iter().any(|way| way.0 == ZEZHOU) {
        for (from, to, lane) in fed.waiting().into_iter().filter(|way| way.0 == ZEZHOU) {
            fed.deliver(from, to, lane);
        }
    }
    fed.at_once = true;
    fed.restore(&[(CITY, commits)]);
    fed.settle();
    assert_eq!(ordered(&fed, leg), 1);
    assert_eq!(lies_aside(&fed), 0);
}

/// An author that was off, or whose clock was wrong, for longer than it waits asks once more before it gives anything up;
/// so does an addressee with what it could not open.
#[test]
fn what_waited_while_nobody_could_ask_is_not_given_up_at_once() {
    let mut fed = sealing();
    let leg = overdue(&mut fed);
    order_shut(&mut fed, leg);
    // Nothing passes, and no timer fires, for nine days.
    fed.now = fed.now.plus_millis(9 * DAY);
    fed.input(ZEZHOU, Input::Tick);
    assert_eq!(lies_aside(&fed), 1);
    fed.at_once = true;
    fed.settle();
    assert_eq!(ordered(&fed, leg), 1);

    // The county's keys are forgotten: what is written for it waits.
    let none = [(RowKey::SealingKey(ZEZHOU), None)];
    fed.put_rows_back(PROVINCE, none.clone());
    fed.put_rows_back(CITY, none);
    fed.cut(CITY, ZEZHOU);
    supervise(&mut fed, leg);
    assert_eq!(awaiting(&fed, PROVINCE), 1);
    fed.now = fed.now.plus_millis(9 * DAY);
    fed.input(PROVINCE, Input::Tick);
    assert_eq!(awaiting(&fed, PROVINCE), 1, "asked once more");
    fed.mend();
    assert_eq!((awaiting(&fed, PROVINCE), ordered(&fed, leg)), (0, 2));
}

/// The author's disk was set back to before it wrote what cannot be opened: nobody waits for that for a week.
#[test]
fn what_its_author_forgot_is_not_waited_for() {
    let mut fed = sealing();
    let leg = overdue(&mut fed);
    let commits = fed.nodes[&PROVINCE].log.len();
    order_shut(&mut fed, leg);
    fed.roll_back(PROVINCE, commits);
    assert_eq!(lies_aside(&fed), 1);
    fed.at_once = true;
    fed.input(PROVINCE, Input::Restored { id: [1; 16] });
    fed.input(PROVINCE, Input::Start);
    fed.connect(PROVINCE, CITY);
    fed.connect(PROVINCE, CHONGWEN);
    fed.settle();
    assert_eq!(lies_aside(&fed), 0);
    let order = supervise(&mut fed, leg);
    assert_eq!(fed.leg(ZEZHOU, leg).orders[0].id, order);
}

/// A disk was set back, and the node made a key again within the minute, as a machine with a stopped clock does: two keys
/// have one number.
#[test]
fn a_key_made_twice_under_one_number_is_given_up_for_a_newer_one() {
    let mut fed = sealing();
    let leg = overdue(&mut fed);
    let commits = fed.nodes[&ZEZHOU].log.len();
    make(&mut fed, ZEZHOU, DAY);
    fed.settle();
    let theirs = known(&fed, PROVINCE, ZEZHOU).unwrap();
    fed.at_once = false;
    supervise(&mut fed, leg);
    fed.deliver(PROVINCE, CITY, Lane::Ordinary);

    fed.roll_back(ZEZHOU, commits);
    let mut signed = super::sealing::signed(&fed, ZEZHOU, 0);
    signed.key.public = [9; 32];
    assert_eq!(signed.key.no, theirs.no);
    let (slot, reason) = (77, "test".to_owned());
    let retire_at = fed.now.plus_millis(DAY);
    let new = Box::new(NewKey {
        signed,
        slot,
        retire_at,
    });
    fed.input(ZEZHOU, Input::Restored { id: [1; 16] });
    fed.input(ZEZHOU, Input::SealingKey { new, reason });
    fed.input(ZEZHOU, Input::Start);
    for peer in fed.neighbours(ZEZHOU) {
        fed.connect(ZEZHOU, peer);
    }
    deliver_shut(&mut fed, CITY, ZEZHOU, theirs.no);
    assert_eq!(lies_aside(&fed), 1, "it waits");
    fed.at_once = true;
    fed.settle();
    let view = &fed.nodes[&ZEZHOU].view;
    assert_eq!(view.get(&RowKey::OwnKey(theirs.no)), Ok(None));
    assert!(matches!(view.get(&RowKey::Destroyed(slot)), Ok(Some(_))));
    make(&mut fed, ZEZHOU, DAY);
    fed.settle();
    assert_eq!(ordered(&fed, leg), 1);
    assert_eq!(lies_aside(&fed), 0);
    assert!(known(&fed, PROVINCE, ZEZHOU).unwrap().no > theirs.no);
}

/// A superior that was restored needs the notice before the order that came of it; the leg's other messages may wait long.
#[test]
fn a_notice_waits_for_nothing_else_of_its_leg() {
    let mut fed = sealing();
    let leg = overdue(&mut fed);
    order_shut(&mut fed, leg);
    fed.cut(CITY, ZEZHOU);
    let before = fed.notices(ZEZHOU);
    let mut notice = before[0].clone();
    (notice.raised_by, notice.raised_at) = (NANCUN, fed.now);
    let message = Message::Notice(notice);
    fed.forge_envelope(NANCUN, ZEZHOU, &message, |envelope| {
        envelope.leg = Some(leg);
    });
    assert_eq!(lies_aside(&fed), 1);
    assert_eq!(fed.notices(ZEZHOU).len(), before.len() + 1);
}

/// What these nodes stated under the id of an envelope.
fn stated(fed: &Fed, at: RegionKey, id: crate::id::EnvelopeId) -> Vec<[u8; 32]> {
    let facts = fed.nodes[&at].log.iter().flat_map(|(_, facts)| facts);
    let queued = facts.filter_map(|fact| match fact {
        Fact::Queued { envelope, .. } if envelope.id == id => Some(envelope.statement()),
        _ => None,
    });
    queued.collect()
}

/// It left once, and waits for the key that its addressee stated: an id states one thing, whenever it leaves.
#[test]
fn what_left_before_and_waits_for_a_key_leaves_as_it_was_signed() {
    let mut fed = sealing();
    let leg = overdue(&mut fed);
    fed.at_once = false;
    fed.cut(CITY, ZEZHOU);
    supervise(&mut fed, leg);
    fed.deliver(PROVINCE, CITY, Lane::Ordinary);
    let about = in_flight(&fed, PROVINCE)[0].envelope.id;
    let key = SignedKey {
        key: SealingKey {
            no: number(0, fed.now.plus_millis(3 * DAY)),
            ..signed_as_known(&fed, ZEZHOU).key
        },
        ..signed_as_known(&fed, ZEZHOU)
    };
    let row = Some(Row::SealingKey(Box::new(key.clone())));
    fed.put_rows_back(CITY, [(RowKey::SealingKey(ZEZHOU), row)]);
    fed.forge_envelope(
        CITY,
        PROVINCE,
        &Message::Reseal { about, key },
        |envelope| {
            (envelope.author, envelope.route) = (ZEZHOU, vec![ZEZHOU, CITY]);
            prove(envelope);
        },
    );
    fed.pass(2 * DAY + 2 * HOUR);
    while let Some((from, to, lane)) = fed.waiting().into_iter().find(|at| at.1 != ZEZHOU) {
        fed.deliver(from, to, lane);
    }
    let stated = stated(&fed, PROVINCE, about);
    assert_eq!(stated.len(), 2, "it left again");
    assert_eq!(stated[0], stated[1]);
}

/// It left after the backup was made, at another time than it leaves now.
#[test]
fn what_waited_for_a_key_when_the_disk_was_copied_leaves_under_another_id_after_the_restore() {
    let mut fed = Fed::new();
    let leg = overdue(&mut fed);
    for region in [PROVINCE, CITY] {
        make(&mut fed, region, DAY);
    }
    fed.settle();
    supervise(&mut fed, leg);
    let commits = fed.nodes[&PROVINCE].log.len();
    assert_eq!(awaiting(&fed, PROVINCE), 1);
    fed.pass(3 * HOUR);
    make(&mut fed, ZEZHOU, DAY);
    fed.settle();
    assert_eq!(ordered(&fed, leg), 1);
    let left = in_flight_of(&fed, PROVINCE);
    fed.pass(HOUR);
    fed.restore(&[(PROVINCE, commits)]);
    make(&mut fed, ZEZHOU, DAY);
    fed.settle();
    assert_eq!(ordered(&fed, leg), 1);
    for (id, before) in left {
        for after in stated(&fed, PROVINCE, id) {
            assert_eq!(after, before);
        }
    }
}

/// What a node sent to far nodes, and what it stated.
fn in_flight_of(fed: &Fed, at: RegionKey) -> Vec<(crate::id::EnvelopeId, [u8; 32])> {
    let facts = fed.nodes[&at].log.iter().flat_map(|(_, facts)| facts);
    let queued = facts.filter_map(|fact| match fact {
        Fact::Queued { envelope, .. } if envelope.author == at && envelope.addressee == ZEZHOU => {
            Some((envelope.id, envelope.statement()))
        }
        _ => None,
    });
    queued.collect()
}
