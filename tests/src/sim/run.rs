//! The queue of events and the loop: one seed from the first start to the end of everything open.

mod lines;
mod people;
mod time;
mod troubles;
mod work;

use super::clerk::Clerks;
use super::network::Network;
use super::node::Node;
use super::notices;
use super::places::{HOUR, MINUTE, Place, SECOND, START};
use super::rng::Rng;
use super::shape::Shape;
use crate::breaks::{Break, Whole};
use crate::faults::{self, Fault, Strike};
use crate::invariants::{self, Promise, Violation};
use hotline::store::disk::SimDisk;
use hotline_domain::kernel::Commit;
use hotline_domain::link::Frame;
use hotline_topology::RegionKey;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Events of one group, at most.
const GROUP_MAX: u64 = 8;
/// After this silence a cut stream is given up.
const SILENCE_MS: i64 = 15 * SECOND;
/// Between two rounds of the finishers.
const FINISH_MS: i64 = 20 * MINUTE;
/// Rounds of the finishers, at most.
const FINISH_ROUNDS: u32 = 600;
/// Before a stream is dialled again that a person has to look at.
const WAIT_PERSON_MS: i64 = 2 * HOUR;

/// What happens at a moment.
enum Happening {
    Wake(RegionKey, u64),
    Tick(RegionKey, u64),
    /// The watch looks at the clock.
    Look(RegionKey, u64),
    /// A slow sync is done.
    Synced(RegionKey, u64, Box<(Commit, [u8; 32])>),
    /// A newer version of the tree reaches the node.
    TakePlace(RegionKey),
    /// A person confirms the clock.
    ConfirmClock(RegionKey),
    Dial(RegionKey, u64),
    /// The node looks after its keys for sealing.
    Keys(RegionKey, u64),
    Arrive {
        stream: u64,
        from: RegionKey,
        to: RegionKey,
        frame: Box<Frame>,
    },
    Lost {
        at: RegionKey,
        peer: RegionKey,
        stream: u64,
    },
    Restart(RegionKey),
    Clerk(RegionKey),
    Intake,
    Fault(Fault),
    Quiet,
    Finish(u32),
}

/// What a run showed.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Report {
    /// Name of the run's shape.
    pub shape: &'static str,
    /// Hash over everything that became durable, in order.
    pub history: [u8; 32],
    /// Durable commits.
    pub commits: u64,
    /// Frames that left.
    pub frames: u64,
    /// Faults that struck, by kind.
    pub faults: BTreeMap<&'static str, u64>,
    /// Exceptions and superiors' orders, by kind of leg.
    pub notices: notices::Table,
    /// Commands carried out and refused.
    pub answers: (u64, u64),
    /// Refusals by rule.
    pub refusals: BTreeMap<&'static str, u64>,
    /// The node whose disk was rolled back.
    pub rolled: Option<RegionKey>,
    /// Simulated milliseconds from the first start to the end.
    pub lasted_ms: i64,
}

/// One seed's world.
pub struct Sim {
    shape: &'static Shape,
    place: Arc<Place>,
    rng: Rng,
    now: i64,
    queue: BTreeMap<(i64, u64), Happening>,
    order: u64,
    nodes: BTreeMap<RegionKey, Node>,
    net: Network,
    clerks: Clerks,
    promises: Vec<Box<dyn Promise>>,
    broken: Box<dyn Break>,
    strikes: BTreeMap<RegionKey, (Strike, i64)>,
    forgers: BTreeSet<RegionKey>,
    /// Nodes of the release before.
    older: BTreeSet<RegionKey>,
    had_older: bool,
    copies: BTreeMap<RegionKey, SimDisk>,
    /// Disks of nodes whose clone runs in their place, and how many commits on them the invariants have seen.
    originals: BTreeMap<RegionKey, (SimDisk, u64)>,
    /// Nodes that are told at their start that their folder is a restored backup.
    restored: BTreeMap<RegionKey, [u8; 16]>,
    /// Two disks went on as one node, or a neighbour of the release before knows no exchange: nothing can be settled.
    unsettled: bool,
    taken_in: u64,
    /// Whether the changes of the view are kept beside the facts, and compared with them at recoveries: every third run.
    redoes: bool,
    quiet: bool,
    ended: bool,
    violation: Option<Violation>,
    history: Sha256,
    report: Report,
    /// `HOTLINE_TRACE`: facts that name this id are printed as they become durable.
    trace: Option<String>,
}

/// Runs a seed with the program as it is, or with a break.
///
/// # Errors
/// The first promise broken.
pub fn run(seed: u64, broken: Box<dyn Break>) -> Result<Report, Violation> {
    run_without(seed, broken, &[])
}

/// Runs a seed without faults of some sorts.
///
/// # Errors
/// The first promise broken.
pub fn run_without(
    seed: u64,
    broken: Box<dyn Break>,
    without: &[&str],
) -> Result<Report, Violation> {
    let mut sim = Sim::new(seed, broken, without);
    while sim.violation.is_none() && !sim.ended {
        let Some(((at, _), happening)) = sim.queue.pop_first() else {
            break;
        };
        sim.now = at;
        sim.happen(happening);
    }
    sim.finish()
}

/// The sorts of faults that a seed can do without and still breaks the same promise.
#[must_use]
pub fn minimise(seed: u64, promise: &str) -> Vec<&'static str> {
    let mut without = Vec::new();
    for sort in faults::sorts() {
        without.push(sort);
        let again = run_without(seed, Box::new(Whole), &without);
        if !again.is_err_and(|violation| violation.promise == promise) {
            without.pop();
        }
    }
    without
}

impl Sim {
    fn new(seed: u64, broken: Box<dyn Break>, without: &[&str]) -> Self {
        let shape = Shape::of(seed);
        let place = shape.place();
        let mut rng = Rng::new(seed);
        let clerks = Clerks::new(rng.fork());
        let plan = faults::draw(seed, shape, without, &mut rng.fork());
        let mut nodes = BTreeMap::new();
        for region in &place.nodes {
            let offset = rng.between(-50 * SECOND, 50 * SECOND);
            let node = Node::new(*region, place.clone(), rng.draw(), offset);
            nodes.insert(*region, node);
        }
        let mut sim = Self {
            shape,
            rng,
            now: START.0,
            queue: BTreeMap::new(),
            order: 0,
            nodes,
            net: Network::default(),
            clerks,
            promises: invariants::all(&place),
            place,
            broken,
            strikes: BTreeMap::new(),
            forgers: BTreeSet::new(),
            older: BTreeSet::new(),
            had_older: false,
            copies: BTreeMap::new(),
            originals: BTreeMap::new(),
            restored: BTreeMap::new(),
            unsettled: false,
            taken_in: 0,
            redoes: seed.is_multiple_of(3),
            quiet: false,
            ended: false,
            violation: None,
            history: Sha256::new(),
            trace: std::env::var("HOTLINE_TRACE").ok(),
            report: Report {
                shape: shape.name,
                ..Report::default()
            },
        };
        sim.begin(plan);
        sim
    }

    fn begin(&mut self, plan: Vec<(i64, Fault)>) {
        for region in self.place.nodes.clone() {
            self.after(0, Happening::Restart(region));
            let wait = self.rng.between(MINUTE, self.shape.clerk_ms);
            self.after(wait, Happening::Clerk(region));
        }
        let late = self.shape.faulty_ms() * 3 / 4;
        for _ in 0..self.shape.matters {
            let at = self.rng.between(10 * MINUTE, late);
            self.after(at, Happening::Intake);
        }
        for (at, fault) in plan {
            self.after(at - START.0, Happening::Fault(fault));
        }
        self.after(self.shape.faulty_ms(), Happening::Quiet);
    }

    fn after(&mut self, wait_ms: i64, happening: Happening) {
        self.order += 1;
        self.queue
            .insert((self.now + wait_ms.max(0), self.order), happening);
    }

    fn finish(mut self) -> Result<Report, Violation> {
        match self.violation {
            Some(violation) => Err(violation),
            None => {
                self.report.history = self.history.finalize().into();
                self.report.answers = self.clerks.answers;
                self.report.refusals = self.clerks.refusals;
                self.report.lasted_ms = self.now - START.0;
                Ok(self.report)
            }
        }
    }

    fn happen(&mut self, happening: Happening) {
        match happening {
            Happening::Wake(me, boot) => {
                if self.nodes[&me].boot == boot && self.nodes[&me].up() {
                    self.node(me).wake_at = None;
                    self.group(me);
                }
            }
            Happening::Tick(me, boot) => {
                if self.nodes[&me].boot == boot && self.nodes[&me].up() {
                    self.node(me).tick_at = None;
                    self.tick(me);
                }
            }
            Happening::Look(me, boot) => {
                if self.nodes[&me].boot == boot && self.nodes[&me].up() {
                    self.look(me);
                }
            }
            Happening::Synced(me, boot, done) => {
                if self.nodes[&me].boot == boot && self.nodes[&me].up() {
                    let (commit, hash) = *done;
                    self.node(me).syncing = false;
                    self.durable(me, None, commit, hash);
                    self.go_on(me);
                }
            }
            Happening::TakePlace(me) => self.take_place(me),
            Happening::ConfirmClock(me) => self.confirm_clock(me),
            Happening::Dial(me, boot) => {
                if self.nodes[&me].boot == boot && self.nodes[&me].up() {
                    self.dial(me);
                }
            }
            Happening::Keys(me, boot) => {
                if self.nodes[&me].boot == boot && self.nodes[&me].up() {
                    self.keys(me);
                }
            }
            Happening::Arrive {
                stream,
                from,
                to,
                frame,
            } => self.arrive(stream, from, to, *frame),
            Happening::Lost { at, peer, stream } => self.lost(at, peer, stream),
            Happening::Restart(me) => self.restart(me),
            Happening::Clerk(me) => self.clerk(me),
            Happening::Intake => self.intake(),
            Happening::Fault(fault) => self.fault(fault),
            Happening::Quiet => self.calm(),
            Happening::Finish(round) => self.round(round),
        }
    }

    fn parent(&self, me: RegionKey) -> Option<RegionKey> {
        self.nodes[&me].place.federation.parent(me)
    }

    /// A fault struck.
    fn struck(&mut self, kind: &'static str) {
        *self.report.faults.entry(kind).or_default() += 1;
    }

    fn node(&mut self, me: RegionKey) -> &mut Node {
        self.nodes.get_mut(&me).expect("a node of the federation")
    }

    fn check(&mut self, me: RegionKey, of: usize, result: Result<(), String>) {
        if let (Err(words), None) = (result, &self.violation) {
            self.violation = Some(Violation {
                promise: self.promises[of].words(),
                node: me,
                at: self.now,
                words,
            });
        }
    }

    fn check_all(
        &mut self,
        me: RegionKey,
        ask: impl Fn(&mut dyn Promise, &BTreeMap<RegionKey, Node>) -> Result<(), String>,
    ) {
        for of in 0..self.promises.len() {
            let result = ask(&mut *self.promises[of], &self.nodes);
            self.check(me, of, result);
        }
    }
}
