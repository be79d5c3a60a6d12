//! Sealing keys find their way, envelopes wait for them, arrive, are sealed anew; fields are erased with a record.

use super::resealing::deliver_shut;
use crate::fact::Fact;
use crate::id::{LegId, OrderId};
use crate::kernel::{Input, LinkNews};
use crate::leg::{Act, Lane, RecallGround};
use crate::link::{Message, WIRE_VERSION};
use crate::row::{Kept, Row, RowKey};
use crate::sealing::{Destroyed, NewKey, SealingKey, SignedKey, number};
use crate::testing::{
    ALL, CHONGWEN, CITY, DAY, Fed, GENUINE, HOUR, LINGCHUAN, NANCUN, PROVINCE, XIACUN, ZEZHOU,
    node, text, unit,
};
use crate::view::View;
use hotline_topology::{FieldName, RegionKey, Time};

pub(super) fn signed(fed: &Fed, region: RegionKey, revoked: u32) -> SignedKey {
    let last = known(fed, region, region).map_or(0, |key| key.no);
    let no = number(last, fed.now);
    SignedKey {
        key: SealingKey {
            region,
            no,
            public: [region.as_bytes()[4]; 32],
            not_before: fed.now,
            not_after: fed.now.plus_millis(400 * DAY),
            previous: last,
            revoked: if revoked > 0 { last } else { 0 },
        },
        algorithm: 0x0807,
        signature: GENUINE.to_vec(),
        chain: Vec::new(),
    }
}

pub(super) fn signed_as_known(fed: &Fed, region: RegionKey) -> SignedKey {
    match fed.nodes[&region].view.get(&RowKey::SealingKey(region)) {
        Ok(Some(Row::SealingKey(signed))) => *signed,
        other => panic!("{other:?}"),
    }
}

pub(in crate::kernel) fn make(fed: &mut Fed, region: RegionKey, keep: i64) {
    let signed = signed(fed, region, u32::from(keep == 0));
    let new = NewKey {
        slot: 1_000 + u64::from(signed.key.no),
        retire_at: fed.now.plus_millis(keep),
        signed,
    };
    let reason = "test".to_owned();
    let new = Box::new(new);
    fed.input(region, Input::SealingKey { new, reason });
}

/// Every node has a key, and those that need it know it.
pub(in crate::kernel) fn sealing() -> Fed {
    let mut fed = Fed::new();
    for region in ALL {
        make(&mut fed, region, 60 * DAY);
    }
    fed.settle();
    fed
}

pub(in crate::kernel) fn known(fed: &Fed, at: RegionKey, region: RegionKey) -> Option<SealingKey> {
    match fed.nodes[&at].view.get(&RowKey::SealingKey(region)) {
        Ok(Some(Row::SealingKey(signed))) => Some(signed.key),
        _ => None,
    }
}

pub(super) fn rows(fed: &Fed, at: RegionKey, which: fn(&RowKey) -> bool) -> Vec<Row> {
    let rows = fed.nodes[&at].view.rows();
    rows.filter(|(key, _)| which(key))
        .map(|(_, row)| row.clone())
        .collect()
}

pub(in crate::kernel) fn in_flight(fed: &Fed, at: RegionKey) -> Vec<Kept> {
    let rows = rows(fed, at, |key| matches!(key, RowKey::InFlight(_)));
    rows.into_iter()
        .filter_map(|row| match row {
            Row::Kept(kept) => Some(*kept),
            _ => None,
        })
        .collect()
}

pub(super) fn awaiting(fed: &Fed, at: RegionKey) -> usize {
    rows(fed, at, |key| matches!(key, RowKey::Awaiting(..))).len()
}

/// The province may supervise a leg between the county and the township: it was told that it is overdue. Its order goes
/// to the county, which is not its neighbour.
pub(in crate::kernel) fn overdue(fed: &mut Fed) -> LegId {
    let matter = fed.at(ZEZHOU).take_in();
    let body = unit(ZEZHOU, "供水公司");
    let leg = fed.at(ZEZHOU).assign(matter, [body]).leg();
    fed.pass(8 * DAY);
    assert!(!fed.notices(PROVINCE).is_empty());
    leg
}

pub(in crate::kernel) fn supervise(fed: &mut Fed, leg: LegId) -> OrderId {
    fed.at(PROVINCE).supervise(leg, "overdue").order()
}

pub(super) fn ordered(fed: &Fed, leg: LegId) -> usize {
    fed.leg(ZEZHOU, leg).orders.len()
}

#[test]
fn keys_go_to_superiors_and_to_those_below_but_not_sideways() {
    let fed = sealing();
    let knows = |at, of| known(&fed, at, of).is_some();
    for region in ALL {
        assert!(knows(region, region) && knows(PROVINCE, region), "{region}");
        assert!(knows(region, PROVINCE), "{region}");
    }
    assert!(knows(CITY, NANCUN) && knows(NANCUN, CITY) && knows(ZEZHOU, XIACUN));
    assert!(!knows(NANCUN, XIACUN) && !knows(ZEZHOU, LINGCHUAN) && !knows(CHONGWEN, ZEZHOU));
}

#[test]
fn a_neighbour_met_later_or_anew_is_told() {
    let mut fed = Fed::new();
    for region in ALL {
        make(&mut fed, region, DAY);
    }
    fed.settle();
    fed.nodes
        .get_mut(&NANCUN)
        .unwrap()
        .view
        .apply([PROVINCE, CITY, ZEZHOU].map(|region| (RowKey::SealingKey(region), None)));
    let met = |epoch| Input::Link {
        peer: NANCUN,
        news: LinkNews::Met {
            epoch,
            wire: WIRE_VERSION,
            shown: None,
        },
    };
    let facts = fed.nodes[&ZEZHOU].log.len();
    fed.input(ZEZHOU, met(1));
    assert_eq!(fed.waiting(), [], "an epoch already met needs no word");
    fed.input(ZEZHOU, met(2));
    assert!(fed.nodes[&ZEZHOU].log.len() > facts + 1);
    let told = fed.waiting();
    assert_eq!(told, [(ZEZHOU, NANCUN, Lane::Bulk)]);
}

#[test]
fn what_goes_far_is_copied_until_its_addressee_has_it() {
    let mut fed = sealing();
    let leg = overdue(&mut fed);
    supervise(&mut fed, leg);
    assert_eq!(ordered(&fed, leg), 1);
    assert_eq!(in_flight(&fed, PROVINCE).len(), 1);
    fed.pass(2 * 60_000);
    fed.settle();
    assert_eq!(in_flight(&fed, PROVINCE), vec![]);
    let owed = |key: &RowKey| matches!(key, RowKey::Arrived(..));
    assert!(rows(&fed, ZEZHOU, owed).is_empty());
}

#[test]
fn a_neighbour_gets_no_copy() {
    let mut fed = sealing();
    let matter = fed.at(CITY).take_in();
    fed.at(CITY).assign(matter, [node(ZEZHOU)]).done();
    assert_eq!(in_flight(&fed, CITY), []);
}

#[test]
fn without_its_addressees_key_an_envelope_waits_asks_and_goes() {
    let mut fed = Fed::new();
    let leg = overdue(&mut fed);
    for region in [PROVINCE, CITY] {
        make(&mut fed, region, DAY);
    }
    fed.settle();
    let order = supervise(&mut fed, leg);
    fed.at(PROVINCE).remind(order).done();
    assert_eq!((awaiting(&fed, PROVINCE), ordered(&fed, leg)), (2, 0));
    fed.pass(3 * HOUR);
    let alarm = |text: &String| text.contains("封装公钥");
    assert!(fed.nodes[&PROVINCE].alarms.iter().any(alarm));
    make(&mut fed, ZEZHOU, DAY);
    fed.settle();
    assert_eq!((awaiting(&fed, PROVINCE), ordered(&fed, leg)), (0, 1));
    assert_eq!(
        fed.leg(ZEZHOU, leg).orders[0].reminders,
        1,
        "in their order"
    );
}

/// An order of the province stands in its outbox, queued before it had a key.
fn queued_unsealed() -> (Fed, LegId) {
    let mut fed = Fed::new();
    let leg = overdue(&mut fed);
    make(&mut fed, ZEZHOU, DAY);
    fed.settle();
    fed.cut(PROVINCE, CITY);
    // The province is told no key before it has one itself.
    let none = [(RowKey::SealingKey(ZEZHOU), None)];
    fed.put_rows_back(PROVINCE, none);
    supervise(&mut fed, leg);
    assert_eq!(in_flight(&fed, PROVINCE), []);
    (fed, leg)
}

#[test]
fn what_was_queued_before_the_first_key_is_copied_with_it_and_asked_for_anew() {
    let (mut fed, leg) = queued_unsealed();
    make(&mut fed, PROVINCE, DAY);
    assert_eq!(in_flight(&fed, PROVINCE).len(), 1);
    fed.at_once = false;
    fed.mend_nothing();
    fed.deliver(PROVINCE, CITY, Lane::Ordinary);
    // The link sealed it to nobody, since it knew no key.
    deliver_shut(&mut fed, CITY, ZEZHOU, 1);
    assert_eq!(ordered(&fed, leg), 0);
    fed.at_once = true;
    fed.settle();
    assert_eq!(ordered(&fed, leg), 1);
    fed.pass(2 * 60_000);
    fed.settle();
    assert_eq!(in_flight(&fed, PROVINCE), []);
}

#[test]
fn what_a_version_that_made_no_copies_queued_is_copied_at_the_start() {
    let (mut fed, _) = queued_unsealed();
    make(&mut fed, PROVINCE, DAY);
    let copies = in_flight(&fed, PROVINCE);
    let none = RowKey::InFlight(copies[0].envelope.id);
    fed.put_rows_back(PROVINCE, [(none, None)]);
    fed.input(PROVINCE, Input::Start);
    assert_eq!(in_flight(&fed, PROVINCE), copies);
    fed.input(PROVINCE, Input::Start);
    assert_eq!(in_flight(&fed, PROVINCE), copies, "once");
}

#[test]
fn a_key_is_asked_for_across_the_tree_and_the_answer_comes_back_the_same_way() {
    let mut fed = sealing();
    assert_eq!(known(&fed, XIACUN, CHONGWEN), None);
    // A refusal is owed to a node whose key is not known: it waits, and the question goes out.
    fed.cut(XIACUN, ZEZHOU);
    fed.mend_one_way(ZEZHOU, XIACUN);
    let (leg, ground) = (LegId([9; 16]), RecallGround::Recalled);
    fed.forge(CHONGWEN, XIACUN, leg, Act::Recall { ground });
    assert_eq!(awaiting(&fed, XIACUN), 1);
    fed.mend();
    assert_eq!(awaiting(&fed, XIACUN), 0);
    assert!(known(&fed, XIACUN, CHONGWEN).is_some());
    assert!(known(&fed, ZEZHOU, CHONGWEN).is_some());
    let asked = |key: &RowKey| matches!(key, RowKey::SealingAsked(..));
    assert!(
        ALL.iter()
            .all(|region| rows(&fed, *region, asked).is_empty())
    );
}

#[test]
fn what_no_key_comes_for_is_given_up_with_an_alarm() {
    let mut fed = Fed::new();
    let leg = overdue(&mut fed);
    make(&mut fed, PROVINCE, DAY);
    fed.settle();
    supervise(&mut fed, leg);
    fed.pass(8 * DAY);
    assert_eq!(awaiting(&fed, PROVINCE), 0);
    let alarm = |text: &String| text.contains("sealing.no-key");
    assert!(fed.nodes[&PROVINCE].alarms.iter().any(alarm));
}

#[test]
fn a_key_is_believed_for_its_signature_alone() {
    let mut fed = sealing();
    let before = known(&fed, CITY, NANCUN);
    let mut forged = signed(&fed, NANCUN, 0);
    forged.key.no += 1;
    forged.signature = b"somebody else's".to_vec();
    fed.forge_envelope(
        ZEZHOU,
        CITY,
        &Message::SealingKeys { keys: vec![forged] },
        |_| {},
    );
    fed.settle();
    assert_eq!(known(&fed, CITY, NANCUN), before);
    assert!(
        fed.nodes[&CITY]
            .alarms
            .iter()
            .any(|text| text.contains("不能采信"))
    );
    let mut fork = signed(&fed, NANCUN, 0);
    fork.key.no = before.as_ref().unwrap().no;
    fork.key.public = [1; 32];
    fed.forge_envelope(
        ZEZHOU,
        CITY,
        &Message::SealingKeys { keys: vec![fork] },
        |_| {},
    );
    fed.settle();
    assert_eq!(known(&fed, CITY, NANCUN), before);
    assert!(
        fed.nodes[&CITY]
            .alarms
            .iter()
            .any(|text| text.contains("外泄"))
    );
}

#[test]
fn an_old_key_is_destroyed_when_its_bound_passes_and_not_before() {
    let mut fed = sealing();
    let old = known(&fed, CITY, CITY).unwrap().no;
    make(&mut fed, CITY, 60 * DAY);
    fed.settle();
    let own = |fed: &Fed| rows(fed, CITY, |key| matches!(key, RowKey::OwnKey(_))).len();
    fed.pass(59 * DAY);
    assert_eq!(own(&fed), 2);
    fed.pass(2 * DAY);
    assert_eq!(own(&fed), 1);
    let gone = rows(&fed, CITY, |key| matches!(key, RowKey::Destroyed(_)));
    assert!(
        matches!(&gone[..], [Row::Destroyed(record)] if record.of == Destroyed::SealingKey(old))
    );
}

#[test]
fn a_closed_matters_fields_are_erased_with_a_record_and_new_ones_get_a_new_key() {
    let mut fed = Fed::new();
    let matter = fed.at(CITY).take_in();
    let erase = |fed: &mut Fed, reason: &str| {
        let reason = reason.to_owned();
        fed.at(CITY)
            .wordless()
            .command(crate::command::Verb::Erase {
                matter,
                reason,
                oldest_backup: Some(Time(7)),
            })
    };
    erase(&mut fed, "依申请").fails("erase.open");
    fed.at(CITY).answer_directly(matter).done();
    erase(&mut fed, " ").fails("erase.reason");
    let hashes = |fed: &Fed| -> Vec<_> {
        fed.ticket(CITY, matter)
            .fields
            .iter()
            .map(|field| field.hash)
            .collect()
    };
    let before = hashes(&fed);
    assert!(!before.is_empty());
    erase(&mut fed, "依申请").done();
    assert_eq!(hashes(&fed), before, "the evidence stays whole");
    let blank = |fields: &[crate::field::SealedField]| {
        fields
            .iter()
            .all(|field| field.slot == 0 && field.ciphertext.is_empty())
    };
    assert!(blank(&fed.ticket(CITY, matter).fields));
    for row in rows(&fed, CITY, |key| matches!(key, RowKey::Timeline(..))) {
        if let Row::Timeline(fact) = row
            && let Fact::Ticket { fields, .. } = *fact
        {
            assert!(blank(&fields));
        }
    }
    let records = rows(&fed, CITY, |key| matches!(key, RowKey::Destroyed(_)));
    let [Row::Destroyed(record)] = &records[..] else {
        panic!("{records:?}")
    };
    assert_eq!(
        (&record.of, record.slots.as_slice()),
        (&Destroyed::Matter(matter), &[1][..])
    );
    assert_eq!(
        (record.actor.as_deref(), record.reason.as_str()),
        (Some("值班长"), "依申请")
    );
    assert_eq!(record.oldest_backup, Some(Time(7)));
    erase(&mut fed, "依申请").fails("erase.nothing");
    let mut later = text(FieldName::Note, "后记");
    later.slot = 2;
    fed.at(CITY).with([later]).note(matter).done();
    erase(&mut fed, "再次").done();
}
