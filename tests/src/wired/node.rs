//! A node behind the product's own links: inputs in groups, commit, log, actions; every durable commit is judged.

use crate::invariants::{Promise, Seen, Violation};
use crate::sim::clerk::Clerks;
use crate::sim::node::{Node, encode};
use crate::sim::places::START;
use crate::sim::rng::Rng;
use hotline::clock::Clock;
use hotline::link::{Links, NodePort, NodeStopped, Opened, Place, SealFailed, Sealer};
use hotline::store::keys::SALT_BYTES;
use hotline_domain::field::SealedField;
use hotline_domain::figures::Watermark;
use hotline_domain::id::MatterId;
use hotline_domain::kernel::{Action, Event, Input, next_timer};
use hotline_domain::row::{Row, RowKey};
use hotline_domain::view::{View, ViewFailed};
use hotline_topology::{FieldName, RegionKey, Time};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, timeout};
use zeroize::Zeroizing;

/// What a group's sync takes.
const SYNC: Duration = Duration::from_millis(3);
/// Longest sleep between looks at the timers.
const NAP: Duration = Duration::from_secs(1);
/// Inputs of one group, at most.
const GROUP_MAX: usize = 32;

/// All nodes, the people, and the judges.
pub(super) struct World {
    pub nodes: BTreeMap<RegionKey, Node>,
    pub clerks: Clerks,
    pub rng: Rng,
    pub promises: Vec<Box<dyn Promise>>,
    pub violation: Option<Violation>,
    pub commits: u64,
    pub began: Instant,
}

impl World {
    /// Milliseconds of virtual time.
    pub fn now(&self) -> i64 {
        let passed = i64::try_from(self.began.elapsed().as_millis());
        START.0 + passed.unwrap_or(0)
    }

    fn judge(
        &mut self,
        me: RegionKey,
        ask: impl Fn(&mut dyn Promise, &BTreeMap<RegionKey, Node>) -> Result<(), String>,
    ) {
        let at = self.now();
        for promise in &mut self.promises {
            if let Err(words) = ask(&mut **promise, &self.nodes)
                && self.violation.is_none()
            {
                self.violation = Some(Violation {
                    promise: promise.words(),
                    node: me,
                    at,
                    words,
                });
            }
        }
    }
}

pub(super) type Shared = Arc<Mutex<World>>;

pub(super) fn lock(world: &Shared) -> MutexGuard<'_, World> {
    world.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Virtual time.
#[derive(Debug)]
pub(super) struct VirtualClock(pub Instant);

impl Clock for VirtualClock {
    fn now(&self) -> Time {
        hotline::clock::after(START, self.0.elapsed())
    }

    fn monotonic(&self) -> Duration {
        self.0.elapsed()
    }
}

/// One node's committed rows.
struct Rows(Shared, RegionKey);

impl View for Rows {
    fn get(&self, key: &RowKey) -> Result<Option<Row>, ViewFailed> {
        lock(&self.0).nodes[&self.1].view.get(key)
    }

    fn scan(
        &self,
        from: &RowKey,
        to: &RowKey,
        limit: usize,
    ) -> Result<Vec<(RowKey, Row)>, ViewFailed> {
        lock(&self.0).nodes[&self.1].view.scan(from, to, limit)
    }
}

/// One node as its links see it.
pub(super) struct WiredNode {
    pub me: RegionKey,
    world: Shared,
    inbox: mpsc::Sender<Input>,
    links: OnceLock<Links<WiredNode>>,
}

impl NodePort for WiredNode {
    async fn submit(&self, input: Input) -> Result<(), NodeStopped> {
        self.inbox.send(input).await.map_err(|_| NodeStopped)
    }

    fn view(&self) -> Arc<dyn View + Send + Sync> {
        Arc::new(Rows(Arc::clone(&self.world), self.me))
    }

    fn place(&self) -> Place {
        let world = lock(&self.world);
        Place::of(&world.nodes[&self.me].place.federation, self.me)
    }

    fn watermark(&self) -> Option<Watermark> {
        None
    }

    fn heard(&self, _: RegionKey, _: Time, _: Option<Watermark>) {}
}

impl Sealer for WiredNode {
    fn open(&self, _: Option<MatterId>, field: &SealedField) -> Result<Opened, SealFailed> {
        if field.ciphertext.is_empty() {
            return Ok(Opened::Erased);
        }
        let plain = lock(&self.world).nodes[&self.me].sealer.open(field);
        let Some((salt, value)) = plain.split_first_chunk::<SALT_BYTES>() else {
            return Err(SealFailed("a field without a salt".to_owned()));
        };
        Ok(Opened::Clear {
            salt: *salt,
            value: Zeroizing::new(value.to_vec()),
        })
    }

    fn seal(
        &self,
        _: Option<MatterId>,
        name: FieldName,
        salt: &[u8; SALT_BYTES],
        value: &[u8],
    ) -> Result<SealedField, SealFailed> {
        let mut world = lock(&self.world);
        let node = world.nodes.get_mut(&self.me);
        let plain = [&salt[..], value].concat();
        node.and_then(|node| node.sealer.seal(name, &plain))
            .ok_or_else(|| SealFailed("a field without a salt".to_owned()))
    }
}

impl WiredNode {
    /// A node without links yet; its kernel runs as long as the returned task.
    pub fn start(me: RegionKey, world: &Shared) -> Arc<Self> {
        let (inbox, waiting) = mpsc::channel(1024);
        let node = Arc::new(Self {
            me,
            world: Arc::clone(world),
            inbox,
            links: OnceLock::new(),
        });
        tokio::spawn(Arc::clone(&node).work(waiting));
        node
    }

    /// The links, once they run.
    pub fn set_links(&self, links: Links<WiredNode>) {
        // Set once, right after the start.
        let _ = self.links.set(links);
    }

    /// Somebody asks for something.
    pub async fn ask(&self, input: Input) {
        // A node that stops has no more people.
        let _ = self.inbox.send(input).await;
    }

    async fn work(self: Arc<Self>, mut waiting: mpsc::Receiver<Input>) {
        loop {
            let nap = self.nap();
            let mut inputs = Vec::new();
            match timeout(nap, waiting.recv_many(&mut inputs, GROUP_MAX)).await {
                Ok(0) => return,
                Ok(_) => {}
                Err(_) => inputs.push(Input::Tick),
            }
            // The sync: other things happen meanwhile.
            sleep(SYNC).await;
            for action in self.commit(inputs) {
                self.perform(action);
            }
        }
    }

    fn nap(&self) -> Duration {
        let world = lock(&self.world);
        let due = next_timer(&world.nodes[&self.me].view).ok().flatten();
        let left = due.map_or(i64::MAX, |due| due.0 - world.now());
        Duration::from_millis(u64::try_from(left).unwrap_or(0)).min(NAP)
    }

    /// Decides a group and makes it durable; what is to be done then.
    fn commit(&self, inputs: Vec<Input>) -> Vec<Action> {
        let (me, mut world) = (self.me, lock(&self.world));
        for input in &inputs {
            if let Input::Envelope { peer, envelope, .. } = input.bare() {
                let mut open = (**envelope).clone();
                open.fields.iter_mut().for_each(|field| field.slot = 0);
                world.judge(me, |promise, _| promise.arrived(*peer, me, &open));
            }
        }
        let events = inputs.into_iter().map(|input| Event {
            bits: world.rng.bits(),
            input,
        });
        let events: Vec<_> = events.collect();
        let now = world.now();
        let decided = world.nodes[&me].group(now, Time(now), events);
        let signed = decided
            .map_err(|failed| failed.to_string())
            .and_then(|mut commit| world.nodes[&me].sign(&mut commit).map(|()| commit));
        let commit = match signed {
            Ok(commit) => commit,
            Err(failed) => {
                world.judge(me, |_, _| Err(failed.clone()));
                return Vec::new();
            }
        };
        if commit.facts.is_empty() {
            return commit.actions;
        }
        let (lasting, redo) = encode(&commit, true);
        world.judge(me, |promise, _| promise.written(&lasting));
        let changed: Vec<RowKey> = commit.changes.iter().map(|(key, _)| key.clone()).collect();
        let Some(node) = world.nodes.get_mut(&me) else {
            return Vec::new();
        };
        let appended = match &mut node.log {
            Some(log) => log.append(&lasting, &redo).and_then(|_| log.sync()),
            None => return Vec::new(),
        };
        node.view.apply(commit.changes);
        (node.seen, node.now) = (node.seen + 1, now);
        let no = node.seen;
        world.commits += 1;
        if let Err(error) = appended {
            world.judge(me, |_, _| Err(error.to_string()));
        }
        let facts = &commit.facts;
        world.judge(me, |promise, nodes| {
            promise.committed(&Seen {
                nodes,
                me,
                no,
                at: commit.at,
                facts,
                changed: &changed,
                rolled: None,
            })
        });
        commit.actions
    }

    fn perform(&self, action: Action) {
        match action {
            Action::Answer { ticket, answer } => {
                let mut world = lock(&self.world);
                let asked = world.clerks.answered(ticket, &answer);
                if let (Ok(_), Some(asked)) = (&answer, asked) {
                    world.judge(self.me, |promise, _| {
                        promise.opened(self.me, &asked.command)
                    });
                }
                if let Ok(done) = answer {
                    for promise in &mut world.promises {
                        promise.told(self.me, &done);
                    }
                }
            }
            // No disk is put back here.
            Action::Alarm { .. } | Action::DestroyKey { .. } | Action::Gather(_) => {}
            action => {
                if let Some(links) = self.links.get() {
                    links.perform(&action);
                }
            }
        }
    }
}
