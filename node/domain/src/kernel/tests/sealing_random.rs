//! A relay in between, keys that change at any moment, deliveries in any order between links: every order and reminder
//! of a far superior takes effect once and in its order, and nothing waits in the end.

use super::sealing::{in_flight, known, make, overdue, rows, sealing, supervise};
use crate::id::EnvelopeId;
use crate::kernel::{Action, Input};
use crate::leg::Lane;
use crate::link::Envelope;
use crate::row::{Row, RowKey};
use crate::sealing::is_sealed;
use crate::testing::{ALL, DAY, Fed, HOUR, PROVINCE, ZEZHOU};
use crate::view::{Rows as _, View as _};
use hotline_topology::RegionKey;
use std::collections::{BTreeMap, VecDeque};

/// Which key an author's link sealed the copies of each envelope to that are under way; they stay in their order.
#[derive(Default)]
struct Seals(BTreeMap<EnvelopeId, VecDeque<u32>>);

impl Seals {
    /// Delivers the next envelope of a lane as links do: sealed by its author's, opened by its addressee's if that has
    /// the key, else left shut.
    fn deliver(&mut self, fed: &mut Fed, (from, to, lane): (RegionKey, RegionKey, Lane)) {
        let link = fed.nodes[&from].view.link(to).expect("memory");
        let seq = link.lanes[lane.index()].acked + 1;
        let Some(mut envelope) = fed.outgoing(from, to, lane, seq) else {
            return;
        };
        if is_sealed(envelope.kind) && envelope.author == from && envelope.addressee != to {
            let key = known(fed, from, envelope.addressee).expect("queued once it is known");
            assert!(key.serves(fed.now), "sealed to a key that serves no more");
            self.0.entry(envelope.id).or_default().push_back(key.no);
        }
        if envelope.addressee == to
            && envelope.author != from
            && let Some(no) = self.0.get_mut(&envelope.id).and_then(VecDeque::pop_front)
            && fed.nodes[&to]
                .view
                .get(&RowKey::OwnKey(no))
                .unwrap()
                .is_none()
        {
            envelope = Envelope {
                key_id: no,
                sealed: Some(envelope.statement()),
                payload: b"ciphertext".to_vec(),
                fields: Vec::new(),
                ..envelope
            };
        }
        if let Some(proof) = &envelope.proof
            && let Ok(Some(Row::Certificate(author, chain))) = fed.nodes[&from]
                .view
                .get(&RowKey::Certificate(proof.certificate))
        {
            fed.input(to, Input::Introduced { author, chain });
        }
        let (peer, envelope) = (from, Box::new(envelope));
        let actions = fed.input(
            to,
            Input::Envelope {
                peer,
                lane,
                seq,
                envelope,
            },
        );
        for action in actions {
            if let Action::Acknowledge { lane, upto, .. } = action {
                let peer = to;
                fed.input(from, Input::Acked { peer, lane, upto });
            }
        }
    }

    fn settle(&mut self, fed: &mut Fed) {
        for round in 0.. {
            assert!(round < 2_000, "messages run in circles");
            let waiting = fed.waiting();
            if waiting.is_empty() {
                return;
            }
            waiting.into_iter().for_each(|one| self.deliver(fed, one));
        }
    }

    fn pass(&mut self, fed: &mut Fed, millis: i64) {
        for _ in 0..4 {
            fed.pass(millis / 4);
            self.settle(fed);
        }
    }
}

fn run(seed: u64) {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut below = |bound: u64| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state % bound
    };
    let (mut fed, mut seals) = (sealing(), Seals::default());
    let leg = overdue(&mut fed);
    fed.at_once = false;
    let order = supervise(&mut fed, leg);
    let mut reminders = 0;
    for _ in 0..60 {
        match below(10) {
            0 | 1 => {
                fed.at(PROVINCE).remind(order).done();
                reminders += 1;
            }
            2 => make(&mut fed, ZEZHOU, 0),
            3 => make(&mut fed, ZEZHOU, HOUR),
            4 => make(&mut fed, PROVINCE, 0),
            5 => fed.now = fed.now.plus_millis(60_000),
            _ => {
                let waiting = fed.waiting();
                if !waiting.is_empty() {
                    let at = below(waiting.len() as u64) as usize;
                    seals.deliver(&mut fed, waiting[at]);
                }
            }
        }
        for region in [PROVINCE, ZEZHOU] {
            fed.input(region, Input::Tick);
        }
    }
    seals.settle(&mut fed);
    seals.pass(&mut fed, DAY);
    let orders = fed.leg(ZEZHOU, leg).orders;
    assert_eq!(
        (orders.len(), orders[0].reminders),
        (1, reminders),
        "seed {seed}"
    );
    for region in ALL {
        assert_eq!(in_flight(&fed, region), [], "seed {seed}: {region}");
        let waits = rows(&fed, region, |key| {
            matches!(
                key,
                RowKey::Awaiting(..) | RowKey::Kept(_) | RowKey::Arrived(..)
            )
        });
        assert_eq!(waits, [], "seed {seed}: {region}");
    }
}

#[test]
fn far_orders_take_effect_once_and_in_order_whatever_keys_do() {
    (0..40).for_each(run);
}
