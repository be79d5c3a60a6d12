//! Links over loopback with real TLS and gRPC.

mod fixture;
mod net;

use super::*;
use fixture::{CITY, COUNTY, FakeNode, Mixer, PROVINCE, is_met, limits, status, until};
use hotline_domain::leg::Lane;
use hotline_domain::row::{Row, RowKey};
use hotline_domain::view::View as _;
use net::{Net, Proxy};
use std::time::{Duration, Instant};

/// A city and its county, with a wire between them that can be cut.
struct Pair {
    net: Net,
    city: Arc<FakeNode>,
    county: Arc<FakeNode>,
    proxy: Proxy,
    server: tokio::task::JoinHandle<()>,
    stop_server: CancellationToken,
}

impl Pair {
    async fn start() -> Self {
        let net = Net::new();
        let city = FakeNode::start(CITY, 0x11, None, &[COUNTY]);
        let (address, server, stop_server) = net.serve(city.start_links(None)).await;
        let proxy = Proxy::start(address).await;
        let county = FakeNode::start(COUNTY, 0x22, Some(CITY), &[]);
        county.start_links(Some(net.dial("county-by-city", &proxy.address)));
        Self {
            net,
            city,
            county,
            proxy,
            server,
            stop_server,
        }
    }

    async fn met(&self) {
        let both = || is_met(self.city.links()) && is_met(self.county.links());
        until("both meet", both).await;
    }
}

/// Everything that `from` queued was applied by `to` once, in each lane's order, with its fields under `to`'s key.
fn check_applied(from: &FakeNode, to: &FakeNode, counts: [u64; 3]) {
    let state = lock(&to.state);
    for lane in Lane::ALL {
        let got = state.applied.iter().filter(|(l, _)| *l == lane);
        let got: Vec<_> = got.map(|(_, envelope)| envelope).collect();
        let numbers: Vec<_> = got.iter().map(|e| e.payload.clone()).collect();
        let expected: Vec<_> = (1..=counts[lane.index()])
            .map(|n| n.to_be_bytes().to_vec())
            .collect();
        assert_eq!(numbers, expected, "{lane:?} from {}", from.me);
        for (seq, envelope) in (1u64..).zip(got) {
            let opened = Mixer(to.sealer.0).open(None, &envelope.fields[0]).unwrap();
            let value = seq.to_string().into_bytes();
            let salt = [seq as u8; 16];
            assert_eq!(envelope.fields[0].hash, salted_hash(&salt, &value));
            match opened {
                Opened::Erased => assert_eq!(seq % 10, 0),
                Opened::Clear { salt: s, value: v } => assert_eq!((s, &*v), (salt, &value)),
            }
        }
    }
}

fn drained(node: &FakeNode, peer: RegionKey) -> bool {
    let link = lock(&node.state).link(peer);
    link.lanes.iter().all(|lane| lane.sent == lane.acked)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn exactly_once_in_order_through_cuts_with_fields_under_the_receivers_keys() {
    let pair = Pair::start().await;
    let mut counts = [0; 3];
    for round in 0..4 {
        for lane in Lane::ALL {
            pair.county.queue(CITY, lane, 40);
            pair.city.queue(COUNTY, lane, 40);
            counts[lane.index()] += 40;
        }
        pair.met().await;
        tokio::time::sleep(Duration::from_millis(7 * round)).await;
        pair.proxy.cut();
    }
    let quiet = || drained(&pair.city, COUNTY) && drained(&pair.county, CITY);
    until("all is acknowledged", quiet).await;
    check_applied(&pair.county, &pair.city, counts);
    check_applied(&pair.city, &pair.county, counts);
    assert!(!lock(&pair.city.state).heard.is_empty());

    let seen = status(pair.city.links());
    assert_eq!(
        (seen.peer, seen.side, seen.failures),
        (COUNTY, Side::Child, 0)
    );
    assert_eq!(seen.lanes[1].acked, 160);
    assert_eq!(seen.peer_epoch, 1);
    assert_eq!(status(pair.county.links()).peer_topology, Some(3));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_store_lost_before_its_commit_is_sent_again() {
    let pair = Pair::start().await;
    pair.met().await;
    pair.city
        .lose
        .store(1, std::sync::atomic::Ordering::Relaxed);
    pair.county.queue(CITY, Lane::Ordinary, 60);
    until("all is acknowledged", || drained(&pair.county, CITY)).await;
    check_applied(&pair.county, &pair.city, [0, 60, 0]);
    assert_eq!(pair.city.lose.load(std::sync::atomic::Ordering::Relaxed), 0);
}

#[tokio::test]
async fn a_silent_cut_is_noticed_by_both_and_mended() {
    let pair = Pair::start().await;
    pair.met().await;
    pair.proxy.silence(true);
    let start = Instant::now();
    let neither = || !is_met(pair.city.links()) && !is_met(pair.county.links());
    until("the silence is noticed", neither).await;
    assert!(start.elapsed() >= Duration::from_millis(limits().silence_ms / 2));
    let why = status(pair.city.links()).last_error.expect("told");
    assert!(why.contains("没有音讯"), "{why}");
    pair.proxy.silence(false);
    pair.proxy.cut();
    pair.met().await;
    assert_eq!(status(pair.county.links()).last_error, None);
}

#[tokio::test]
async fn a_stranger_is_refused_by_name_and_backs_off() {
    let pair = Pair::start().await;
    let stranger = FakeNode::start(PROVINCE, 0x33, Some(CITY), &[]);
    let links = stranger.start_links(Some(pair.net.dial("province", &pair.proxy.address)));
    until("two refusals", || status(links).failures >= 2).await;
    let seen = status(links);
    let why = seen.last_error.expect("told");
    assert!(
        why.contains("990000000000 不是 990100000000 的直接下级"),
        "{why}"
    );
    assert!(
        lock(&stranger.state).link(CITY).failures >= 1,
        "kept in the log"
    );
    until("it waits", || status(links).next_try_at.is_some()).await;
    assert!(
        pair.city
            .links()
            .status()
            .unwrap()
            .iter()
            .all(|s| s.peer != PROVINCE)
    );
}

/// What came in before the committer reaches the links would never be acknowledged. On one thread, a task that dials has
/// its turn while this one waits.
#[tokio::test]
async fn nobody_is_dialled_before_it_begins() {
    let county = FakeNode::start(COUNTY, 0x22, Some(CITY), &[]);
    let dials = Arc::new(std::sync::atomic::AtomicU64::new(0));
    let counted = Arc::clone(&dials);
    let links = county.more_links(Some(Arc::new(move || {
        counted.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        Err("不通".to_owned())
    })));
    let dialled = || dials.load(std::sync::atomic::Ordering::Relaxed);
    let turns = async || {
        for _ in 0..10 {
            tokio::task::yield_now().await;
        }
    };
    turns().await;
    assert_eq!(dialled(), 0);
    links.begin();
    turns().await;
    assert_eq!(dialled(), 1);
    links.stop().await;
}

#[tokio::test]
async fn the_newest_stream_of_an_identity_wins() {
    let pair = Pair::start().await;
    pair.met().await;
    let dial = pair.net.dial("county-by-city", &pair.proxy.address);
    let newer = pair.county.more_links(Some(dial));
    newer.begin();
    let replaced = || {
        let why = status(pair.county.links()).last_error;
        why.is_some_and(|why| why.contains("更新的连接"))
    };
    until("the older stream is told", replaced).await;
    newer.stop().await;
    pair.met().await;
}

#[tokio::test]
async fn a_restored_node_is_refused_on_both_sides_until_reopened() {
    let pair = Pair::start().await;
    pair.met().await;
    let backup = lock(&pair.county.state).view.clone();
    pair.county.queue(CITY, Lane::Bulk, 3);
    until("sent", || drained(&pair.county, CITY)).await;
    lock(&pair.county.state).view = backup;
    pair.proxy.cut();
    let blocked = |links: &Links<FakeNode>| status(links).blocked;
    let both = || blocked(pair.city.links()).is_some() && blocked(pair.county.links()).is_some();
    until("both refuse", both).await;
    let words = [blocked(pair.city.links()), blocked(pair.county.links())].map(Option::unwrap);
    assert!(
        words[0].contains("对方的数据被恢复") && words[1].contains("本节点的数据被恢复"),
        "{words:?}"
    );
    until("it backs off", || status(pair.county.links()).failures >= 2).await;
    pair.city.queue(COUNTY, Lane::Urgent, 1);
    assert!(lock(&pair.county.state).applied.is_empty());

    // What people do: agree on a state of the link, here the city's, and re-open both ends.
    let city = lock(&pair.city.state).link(COUNTY);
    lock(&pair.county.state).change(CITY, |link| {
        link.blocked = None;
        for (ours, theirs) in link.lanes.iter_mut().zip(city.lanes) {
            (ours.sent, ours.sent_hash) = (theirs.received, theirs.received_hash);
            (ours.acked, ours.acked_hash) = (theirs.received, theirs.received_hash);
            (ours.received, ours.received_hash) = (theirs.acked, theirs.acked_hash);
        }
    });
    lock(&pair.city.state).change(COUNTY, |link| link.blocked = None);
    pair.county.links().retry_now();
    until("the urgent one arrives", || {
        lock(&pair.county.state).applied.len() == 1
    })
    .await;
}

/// The order in which a restore went wrong: a stream opens, its hello fits, and the restore is committed before that news.
#[tokio::test]
async fn a_stream_that_was_opened_before_a_restore_was_committed_does_not_undo_it() {
    let pair = Pair::start().await;
    pair.met().await;
    let committed = pair.county.disk.lock().await;
    let handed = || {
        pair.county
            .handed
            .load(std::sync::atomic::Ordering::Relaxed)
    };
    let before = handed();
    pair.proxy.cut();
    until("the news waits", || handed() > before).await;
    until("they have met", || is_met(pair.county.links())).await;
    {
        let mut state = lock(&pair.county.state);
        let mut row = state.view.node().unwrap();
        row.epoch += 1;
        state.put(RowKey::Node, Some(Row::Node(Box::new(row))));
        state.begin_anew(CITY);
    }
    drop(committed);
    let late = || lock(&pair.county.state).late.clone();
    until("the news is committed", || !late().is_empty()).await;
    assert!(late().iter().all(|link| link.restarting));
    // The stream that knows nothing of it ends, the next one says so, and the two go on.
    let agreed = || {
        let city = lock(&pair.city.state).link(COUNTY);
        let county = lock(&pair.county.state).link(CITY);
        assert_eq!((&city.blocked, &county.blocked), (&None, &None));
        city.peer_epoch == county.peer_epoch + 1 && !county.restarting && !city.restarting
    };
    until("they agree on the new lanes", agreed).await;
    pair.met().await;
    pair.county.queue(CITY, Lane::Urgent, 1);
    until("it arrives", || drained(&pair.county, CITY)).await;
}

/// A wait that has grown to minutes is over when people say that something was mended, and what had failed is forgotten.
#[tokio::test]
async fn asking_dials_at_once_and_the_next_waits_are_short_again() {
    use std::sync::atomic::{AtomicU64, Ordering};
    let county = FakeNode::start(COUNTY, 0x22, Some(CITY), &[]);
    // The next dial is minutes away.
    let failures = hotline_domain::link::backoff::FAILURES_CAP;
    lock(&county.state).change(CITY, |link| link.failures = failures);
    let dials = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&dials);
    let links = county.start_links(Some(Arc::new(move || {
        counted.fetch_add(1, Ordering::Relaxed);
        Err("不通".to_owned())
    })));
    let dialled = || dials.load(Ordering::Relaxed);
    until("it waits", || status(links).next_try_at.is_some()).await;
    assert_eq!(dialled(), 0);
    assert_eq!(links.dial_now(COUNTY), Dialling::Stranger);
    assert_eq!(links.dial_now(CITY), Dialling::Now);
    until("it is dialled, and soon again", || dialled() >= 2).await;
    assert!(status(links).failures < failures);
}

#[tokio::test]
async fn a_parent_says_that_its_child_dials() {
    let pair = Pair::start().await;
    pair.met().await;
    assert_eq!(pair.city.links().dial_now(COUNTY), Dialling::FromBelow);
    assert_eq!(pair.county.links().dial_now(CITY), Dialling::Stands);
}

#[tokio::test]
async fn stopping_ends_every_stream_and_lets_the_server_go() {
    let Pair {
        city,
        county,
        server,
        stop_server,
        proxy: _proxy,
        net: _net,
    } = {
        let pair = Pair::start().await;
        pair.met().await;
        pair
    };
    let start = Instant::now();
    stop_server.cancel();
    city.links().stop().await;
    server.await.unwrap();
    let told = || status(county.links()).last_error.is_some();
    until("the county is told", told).await;
    county.links().stop().await;
    assert!(
        start.elapsed() < Duration::from_secs(10),
        "{:?}",
        start.elapsed()
    );
}

#[tokio::test]
async fn a_former_child_is_cut_and_not_let_in_again() {
    let pair = Pair::start().await;
    pair.met().await;
    lock(&pair.city.place).children.clear();
    pair.city.links().place_changed();
    let told = || {
        let why = status(pair.county.links()).last_error;
        why.is_some_and(|why| why.contains("不是 990100000000 的直接下级"))
    };
    until("the county is told", told).await;
    assert!(!is_met(pair.city.links()));
}

#[tokio::test]
async fn a_field_that_cannot_be_opened_stops_the_link_with_words_and_is_not_sent_as_erased() {
    let pair = Pair::start().await;
    pair.met().await;
    pair.county.queue(CITY, Lane::Ordinary, 1);
    until("one is through", || drained(&pair.county, CITY)).await;
    let stranger = FakeNode::start(COUNTY, 0x44, Some(CITY), &[]);
    stranger.queue(CITY, Lane::Ordinary, 2);
    let moved = lock(&stranger.state).view.clone();
    lock(&pair.county.state).view = moved;
    // The same history, but sealed under keys that this node does not have.
    lock(&pair.county.state).change(CITY, |link| {
        (link.lanes[1].acked, link.lanes[1].acked_hash) = (0, [0; 32]);
    });
    pair.proxy.cut();
    let told = || {
        let why = status(pair.county.links()).last_error;
        why.is_some_and(|why| why.contains("密钥槽"))
    };
    until("the operator is told", told).await;
    assert_eq!(lock(&pair.city.state).applied.len(), 1);
}

#[tokio::test]
async fn what_is_for_a_far_node_passes_shut_and_opens_there_alone() {
    let pair = Pair::start().await;
    pair.met().await;
    // From the county over the city to the province.
    pair.county.know_key(PROVINCE, 21);
    let written = pair.county.envelope(PROVINCE, Lane::Ordinary, 1);
    pair.county.forward(CITY, written.clone());
    until("the city has it", || drained(&pair.county, CITY)).await;
    let (_, passing) = lock(&pair.city.state).applied[0].clone();
    assert_eq!(passing.key_id, 7);
    assert_eq!(passing.fields, []);
    assert_eq!(passing.digest(), written.digest());
    assert_ne!(passing.payload, written.payload);
}

#[tokio::test]
async fn what_was_sealed_to_this_node_opens_as_it_comes_or_stays_as_it_came() {
    let pair = Pair::start().await;
    pair.met().await;
    pair.county.know_key(CITY, 21);
    let Some(Row::SealingKey(known)) = lock(&pair.county.state)
        .view
        .get(&RowKey::SealingKey(CITY))
        .unwrap()
    else {
        panic!("known")
    };
    // Written by a township below the county, under its own keys, and only passed on here.
    let written = pair.county.envelope(CITY, Lane::Ordinary, 1);
    let opened = fields::open_all(&Mixer(0x22), None, &written.fields).unwrap();
    let fresh = zeroize::Zeroizing::new([9; 32]);
    let shut = crate::sealing::seal_envelope(written.clone(), opened, &known.key, fresh).unwrap();
    // Without the key it stays as it came, and the kernel decides.
    pair.county.forward(CITY, shut.clone());
    until("it came", || drained(&pair.county, CITY)).await;
    pair.city.own_key(21);
    pair.county.forward(CITY, shut.clone());
    until("it came again", || drained(&pair.county, CITY)).await;
    let mut changed = shut.clone();
    changed.payload[50] ^= 1;
    pair.county.forward(CITY, changed.clone());
    until("it came changed", || drained(&pair.county, CITY)).await;
    let applied = lock(&pair.city.state).applied.clone();
    let [without, with, altered] = &applied[..] else {
        panic!("{applied:?}")
    };
    assert_eq!(without.1, shut);
    assert_eq!((with.1.key_id, with.1.sealed), (0, None));
    assert_eq!(with.1.payload, written.payload);
    let opened = Mixer(0x11).open(None, &with.1.fields[0]).unwrap();
    assert_eq!(opened, Mixer(0x22).open(None, &written.fields[0]).unwrap());
    assert_eq!(altered.1, changed);
}

#[tokio::test]
async fn what_is_for_a_far_node_whose_key_is_not_known_leaves_sealed_to_nobody() {
    let pair = Pair::start().await;
    pair.met().await;
    let written = pair.county.envelope(PROVINCE, Lane::Ordinary, 1);
    let kept = hotline_domain::row::Kept {
        no: 1,
        peer: CITY,
        until: None,
        envelope: written.clone(),
    };
    lock(&pair.county.state).put(
        RowKey::InFlight(written.id),
        Some(Row::Kept(Box::new(kept))),
    );
    pair.county.forward(CITY, written.clone());
    until("the relay has it", || drained(&pair.county, CITY)).await;
    let applied = lock(&pair.city.state).applied.clone();
    let [(_, passing)] = &applied[..] else {
        panic!("{applied:?}")
    };
    assert_eq!(
        (passing.key_id, passing.sealed),
        (1, Some(written.statement()))
    );
    assert!(passing.fields.is_empty() && passing.payload != written.payload);
    assert_eq!(passing.digest(), written.digest(), "its lane goes on");
}

#[tokio::test]
async fn before_a_nodes_first_key_nothing_leaves_for_a_far_node_whose_key_is_not_known() {
    let pair = Pair::start().await;
    pair.met().await;
    let written = pair.county.envelope(PROVINCE, Lane::Ordinary, 1);
    pair.county.forward(CITY, written.clone());
    let told = || {
        let why = status(pair.county.links()).last_error;
        why.is_some_and(|why| why.contains("封装密钥"))
    };
    until("the operator is told", told).await;
    assert!(lock(&pair.city.state).applied.is_empty());
    // Its own key is made: the lane goes on, sealed.
    pair.county.know_key(written.author, 22);
    until("the relay has it", || drained(&pair.county, CITY)).await;
    let applied = lock(&pair.city.state).applied.clone();
    assert!(matches!(&applied[..], [(_, passing)] if passing.key_id == 1));
}
