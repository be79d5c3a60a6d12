//! A run: two minutes of people and faults, a minute of quiet, and what must hold then.

use super::keeper::Keeper;
use super::net::Net;
use super::node::{Shared, VirtualClock, WiredNode, World, lock};
use crate::invariants;
use crate::sim::clerk::Clerks;
use crate::sim::node::{Node, Recovery};
use crate::sim::places::{CHAIN, DAY, Place, SECOND, START};
use crate::sim::rng::Rng;
use anyhow::{Context as _, bail};
use hotline::clock::Clock;
use hotline::entropy::SeededEntropy;
use hotline::gate::{Budget, Gate};
use hotline::identity::{NodeTls, PeerIdentity, channel, incoming, server};
use hotline::link::{Dial, Links, NodePort as _, Parts, certified};
use hotline::sealing::{KeyPair, Office};
use hotline_domain::kernel::Input;
use hotline_domain::leg::Lane;
use hotline_domain::link::Limits;
use hotline_domain::sealing::{NewKey, SealingKey};
use hotline_topology::{Federation, RegionKey, Time};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::time::{Instant, sleep, sleep_until};
use tokio_util::sync::CancellationToken;
use zeroize::Zeroizing;

/// How long people work and faults strike.
const FAULTY: Duration = Duration::from_secs(120);
/// How long the links have then to drain; a stream that stalled is given up within half a minute.
const QUIET: Duration = Duration::from_secs(60);
/// Matters taken in.
const MATTERS: u64 = 12;
/// Things that people do besides.
const ACTS: u64 = 60;

/// What a run showed.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Shown {
    /// Durable commits.
    pub commits: u64,
    /// Envelopes taken, over all links and lanes.
    pub envelopes: u64,
    /// Faults that struck, by kind.
    pub faults: BTreeMap<&'static str, u64>,
}

/// Runs a seed on virtual time.
///
/// # Errors
/// The first promise broken, or what keeps the run from starting.
pub fn run(seed: u64) -> anyhow::Result<Shown> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()?;
    runtime.block_on(play(seed))
}

struct Member {
    seed: u64,
    node: Arc<WiredNode>,
    tls: Arc<NodeTls>,
    links: Links<WiredNode>,
    stop: CancellationToken,
}

async fn play(seed: u64) -> anyhow::Result<Shown> {
    let mut rng = Rng::new(seed);
    let place = Place::of(&CHAIN);
    let began = Instant::now();
    let clerks = Clerks::new(rng.fork());
    let mut nodes = BTreeMap::new();
    for region in CHAIN {
        let mut node = Node::new(region, place.clone(), rng.draw(), 0);
        node.recover(Recovery::Whole).map_err(anyhow::Error::msg)?;
        nodes.insert(region, node);
    }
    let world: Shared = Arc::new(Mutex::new(World {
        nodes,
        clerks,
        rng: rng.fork(),
        promises: invariants::all(&place),
        violation: None,
        commits: 0,
        began,
    }));
    let mut keeper = Keeper::new(seed, &CHAIN)?;
    let net = Net::default();
    let mut members = BTreeMap::new();
    for region in CHAIN {
        let member = start(region, &world, &keeper, &net, &place, rng.draw())?;
        member.node.ask(Input::Start).await;
        let new = Box::new(sealing_key(region, &member)?);
        let reason = "first".to_owned();
        member.node.ask(Input::SealingKey { new, reason }).await;
        members.insert(region, member);
    }
    let mut faults = BTreeMap::new();
    let mut plan = draw(&mut rng);
    plan.sort_by_key(|(at, _)| *at);
    for (at, thing) in plan {
        sleep_until(began + at).await;
        let struck = happen(thing, &world, &members, &net, &mut keeper, &mut rng).await?;
        if let Some(kind) = struck {
            *faults.entry(kind).or_default() += 1;
        }
        judged(&world)?;
    }
    sleep_until(began + FAULTY).await;
    net.calm();
    sleep(QUIET).await;
    judged(&world)?;
    let envelopes = at_rest(&world)?;
    let commits = lock(&world).commits;
    for member in members.into_values() {
        member.stop.cancel();
        member.links.stop().await;
    }
    Ok(Shown {
        commits,
        envelopes,
        faults,
    })
}

fn start(
    me: RegionKey,
    world: &Shared,
    keeper: &Keeper,
    net: &Net,
    place: &Arc<Place>,
    seed: u64,
) -> anyhow::Result<Member> {
    let clock: Arc<dyn Clock> = Arc::new(VirtualClock(lock(world).began));
    let federation: Arc<Federation> = Arc::new(place.federation.clone());
    let tls = keeper.tls(me, &federation, Arc::clone(&clock))?;
    let node = WiredNode::start(me, world);
    let parent = federation.parent(me);
    let dial = parent.map(|parent| {
        let (tls, caller) = (Arc::clone(&tls), net.dialer(me));
        let address = format!("{parent}:7443");
        let dial: Dial = Arc::new(move || {
            channel(Arc::clone(&tls), caller.clone(), &address, parent)
                .map_err(|error| error.to_string())
        });
        dial
    });
    let links = Links::new(Parts {
        port: Arc::clone(&node),
        sealer: Arc::clone(&node) as _,
        office: office(&node, seed),
        clock,
        entropy: Box::new(SeededEntropy::new(seed)),
        limits: Limits::default(),
        parent: dial,
    });
    node.set_links(links.clone());
    links.begin();
    let stop = CancellationToken::new();
    let gate = Gate::new(
        "federation",
        Budget::of(federation.children(me).len()).federation,
    );
    let callers = incoming::<_, PeerIdentity>(net.listen(me), Arc::clone(&tls), gate, stop.clone());
    let served = server().add_service(links.service(certified));
    let ended = stop.clone().cancelled_owned();
    tokio::spawn(async move {
        // Ends with the run.
        let _ = served.serve_with_incoming_shutdown(callers, ended).await;
    });
    Ok(Member {
        seed,
        node,
        tls,
        links,
        stop,
    })
}

/// The secret of a slot of the node's key file; drawn from the seed.
fn secret(seed: u64, slot: u64) -> Zeroizing<[u8; 32]> {
    let mut secret = Zeroizing::new([0; 32]);
    secret[..8].copy_from_slice(&seed.to_be_bytes());
    secret[8..16].copy_from_slice(&slot.to_be_bytes());
    secret
}

/// The node's first key for sealing, signed.
fn sealing_key(me: RegionKey, member: &Member) -> anyhow::Result<NewKey> {
    const SLOT: u64 = 1;
    let far = Time(START.0 + 365 * DAY);
    let key = SealingKey {
        region: me,
        no: 1,
        public: KeyPair::derive(&secret(member.seed, SLOT)).public,
        not_before: START,
        not_after: far,
        previous: 0,
        revoked: 0,
    };
    Ok(NewKey {
        signed: member.tls.state(key)?,
        slot: SLOT,
        retire_at: far,
    })
}

/// Seals to far nodes, and opens what they sealed for this one.
fn office(node: &Arc<WiredNode>, seed: u64) -> Arc<Office> {
    let rows = Arc::clone(node);
    let entropy = Box::new(SeededEntropy::new(seed));
    Arc::new(Office::new(
        Arc::new(move || rows.view()),
        Arc::new(move |slot| Ok(Some(secret(seed, slot)))),
        entropy,
    ))
}

/// What happens at a moment of a run.
enum Thing {
    Intake(RegionKey),
    Act(RegionKey),
    Cut(RegionKey),
    Refuse(RegionKey, bool),
    Stall(RegionKey, bool),
    Slow(RegionKey, Duration),
    Renew(RegionKey),
}

fn draw(rng: &mut Rng) -> Vec<(Duration, Thing)> {
    let ms = |from, to, rng: &mut Rng| {
        Duration::from_millis(u64::try_from(rng.between(from, to)).unwrap_or(0))
    };
    let mut plan = Vec::new();
    for _ in 0..MATTERS {
        let at = ms(SECOND, 80 * SECOND, rng);
        plan.push((at, Thing::Intake(*rng.pick(&CHAIN))));
    }
    for _ in 0..ACTS {
        let at = ms(5 * SECOND, 115 * SECOND, rng);
        plan.push((at, Thing::Act(*rng.pick(&CHAIN))));
    }
    for _ in 0..5 {
        let (at, link) = (ms(2 * SECOND, 110 * SECOND, rng), *rng.pick(&CHAIN[1..]));
        plan.push((at, Thing::Cut(link)));
        if rng.percent(40) {
            let back = at + ms(SECOND, 20 * SECOND, rng);
            plan.push((at, Thing::Refuse(link, true)));
            plan.push((back, Thing::Refuse(link, false)));
        }
    }
    for _ in 0..3 {
        let (at, link) = (ms(2 * SECOND, 100 * SECOND, rng), *rng.pick(&CHAIN[1..]));
        let until = at + ms(2 * SECOND, 30 * SECOND, rng);
        match rng.below(2) {
            0 => {
                plan.push((at, Thing::Stall(link, true)));
                plan.push((until, Thing::Stall(link, false)));
            }
            _ => {
                plan.push((at, Thing::Slow(link, ms(50, 3 * SECOND, rng))));
                plan.push((until, Thing::Slow(link, Duration::ZERO)));
            }
        }
    }
    for _ in 0..2 {
        let at = ms(10 * SECOND, 110 * SECOND, rng);
        plan.push((at, Thing::Renew(*rng.pick(&CHAIN))));
    }
    plan
}

async fn happen(
    thing: Thing,
    world: &Shared,
    members: &BTreeMap<RegionKey, Member>,
    net: &Net,
    keeper: &mut Keeper,
    rng: &mut Rng,
) -> anyhow::Result<Option<&'static str>> {
    let kind = match thing {
        Thing::Intake(at) | Thing::Act(at) => {
            let intake = matches!(thing, Thing::Intake(_));
            let given = {
                let mut world = lock(world);
                let World { nodes, clerks, .. } = &mut *world;
                let node = nodes.get_mut(&at).context("no such node")?;
                if intake {
                    vec![clerks.take_in(node)]
                } else {
                    clerks.act(node)
                }
            };
            for (ticket, command) in given {
                let command = Box::new(command);
                let input = Input::Command { ticket, command };
                members[&at].node.ask(input).await;
            }
            return Ok(None);
        }
        Thing::Cut(link) => {
            net.change(link, |weather| weather.cuts += 1);
            "cut connection"
        }
        Thing::Refuse(link, refused) => {
            net.change(link, |weather| weather.refused = refused);
            if !refused {
                return Ok(None);
            }
            "refused dials"
        }
        Thing::Stall(link, stalled) => {
            net.change(link, |weather| weather.stalled = stalled);
            if !stalled {
                return Ok(None);
            }
            "silent connection"
        }
        Thing::Slow(link, delay) => {
            net.change(link, |weather| weather.delay = delay);
            if delay.is_zero() {
                return Ok(None);
            }
            "slow connection"
        }
        Thing::Renew(node) => {
            let cut = members[&node].tls.reload(keeper.renew(node)?)?;
            anyhow::ensure!(cut == 0, "a new certificate of {node} cut {cut} streams");
            // Streams go on under the old one; the next connection takes the new.
            if rng.percent(50) {
                net.change(node, |weather| weather.cuts += 1);
            }
            "certificate swap"
        }
    };
    Ok(Some(kind))
}

fn judged(world: &Shared) -> anyhow::Result<()> {
    match &lock(world).violation {
        Some(violation) => bail!("{violation}"),
        None => Ok(()),
    }
}

/// Every envelope was taken exactly once, in order and as it was sent; both sides of every leg hold the same.
fn at_rest(world: &Shared) -> anyhow::Result<u64> {
    let mut world = lock(world);
    let World {
        nodes, promises, ..
    } = &mut *world;
    let mut envelopes = 0;
    for (me, node) in nodes.iter() {
        for peer in node.neighbours() {
            let (ours, theirs) = (node.view.link(peer), nodes[&peer].view.link(*me));
            for lane in Lane::ALL {
                let (ours, theirs) = (ours.lanes[lane.index()], theirs.lanes[lane.index()]);
                envelopes += theirs.received;
                anyhow::ensure!(
                    ours.sent == theirs.received && ours.sent_hash == theirs.received_hash,
                    "{me} sent {} to {peer} on {lane:?}, which took {}",
                    ours.sent,
                    theirs.received
                );
                anyhow::ensure!(
                    ours.acked == ours.sent,
                    "{me} knows of {} of {} on {lane:?} with {peer}",
                    ours.acked,
                    ours.sent
                );
            }
        }
    }
    // Custody is the first promise after durability: what both sides hold is alike.
    for promise in promises.iter_mut().take(3) {
        if let Err((me, words)) = promise.ended(nodes, None) {
            bail!("{}: at {me}: {words}", promise.words());
        }
    }
    Ok(envelopes)
}
