//! What committer, doors and links of a node share: the committed rows, its clock, its keys, what neighbours said.

use super::cache::RowCache;
use super::keys::KeyMaker;
use super::rows::CommittedRows;
use super::seal::NodeSealer;
use super::world::Surroundings;
use crate::clock::Clock;
use crate::identity::revocation::ListAge;
use crate::store::keys::KeyReport;
use crate::store::view::View as Trees;
use crate::store::{OpenReport, Store, Upkeep};
use crate::telemetry::traces::Traces;
use arc_swap::ArcSwap;
use hotline_domain::fact::Fact;
use hotline_domain::figures::Watermark;
use hotline_domain::id::MatterId;
use hotline_domain::kernel::Action;
use hotline_domain::view::{Rows, View};
use hotline_topology::{RegionKey, Time};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use tokio::sync::Notify;

/// What a neighbour last said of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heard {
    /// Its time.
    pub time: Time,
    /// When it arrived, by this node's clock.
    pub at: Time,
    /// When it arrived, by this node's monotonic clock.
    pub monotonic: std::time::Duration,
    /// Up to where its own figures are complete.
    pub watermark: Option<Watermark>,
}

/// How old the revocation lists in use are.
pub type ListAges = Box<dyn Fn() -> Vec<ListAge> + Send + Sync>;

type Perform = Box<dyn Fn(&Action) + Send + Sync>;
type Watcher = Box<dyn Fn(&[Fact]) + Send + Sync>;

/// What committer, doors and links share.
pub struct Shared {
    /// Place and versions in force.
    pub surroundings: Arc<Surroundings>,
    /// Node time.
    pub clock: Arc<dyn Clock>,
    /// Seals and opens personal fields.
    pub sealer: NodeSealer,
    /// Inputs taken.
    pub accepted: AtomicU64,
    /// Inputs whose group is durable, or failed and answered.
    pub applied: AtomicU64,
    /// Alarms since the start.
    pub alarms: AtomicU64,
    /// Slots of the key file that are damaged.
    pub damaged_slots: AtomicU64,
    /// A document came into force; the keeper takes it up.
    pub world_changed: Notify,
    /// Committed rows that are read again.
    pub(super) cache: Arc<RowCache>,
    rows: Arc<ArcSwap<Arc<dyn Trees>>>,
    failure: Mutex<Option<String>>,
    upkeep: Mutex<Option<Upkeep>>,
    heard: Mutex<BTreeMap<RegionKey, Heard>>,
    links: OnceLock<Perform>,
    maker: OnceLock<KeyMaker>,
    /// Slots whose destruction is on record and failed on the disk.
    undestroyed: Mutex<BTreeSet<u64>>,
    lists: OnceLock<ListAges>,
    watcher: OnceLock<Watcher>,
    traces: OnceLock<Arc<Traces>>,
}

impl Shared {
    /// Over an opened store.
    #[must_use]
    pub fn new(surroundings: Arc<Surroundings>, clock: Arc<dyn Clock>, store: &Store) -> Self {
        let rows: Arc<ArcSwap<Arc<dyn Trees>>> = Arc::new(ArcSwap::from_pointee(store.view()));
        let cache: Arc<RowCache> = Arc::default();
        let read = (Arc::clone(&rows), Arc::clone(&cache));
        let rows_now: super::seal::RowsNow = Arc::new(move || current(&read.0, &read.1));
        Self {
            surroundings,
            clock,
            sealer: NodeSealer::new(store.keys(), rows_now),
            accepted: AtomicU64::new(0),
            applied: AtomicU64::new(0),
            alarms: AtomicU64::new(0),
            damaged_slots: AtomicU64::new(0),
            world_changed: Notify::new(),
            cache,
            rows,
            failure: Mutex::default(),
            upkeep: Mutex::new(Some(store.upkeep())),
            heard: Mutex::default(),
            links: OnceLock::new(),
            maker: OnceLock::new(),
            undestroyed: Mutex::default(),
            lists: OnceLock::new(),
            watcher: OnceLock::new(),
            traces: OnceLock::new(),
        }
    }

    /// Who makes keys for sealing; set once, at the node's start.
    pub fn equip(&self, maker: KeyMaker) {
        drop(self.maker.set(maker));
    }

    /// Who makes keys for sealing, once the node has started.
    #[must_use]
    pub fn maker(&self) -> Option<&KeyMaker> {
        self.maker.get()
    }

    /// Reads the committed rows at any later time.
    #[must_use]
    pub fn rows_now(&self) -> super::seal::RowsNow {
        let (rows, cache) = (Arc::clone(&self.rows), Arc::clone(&self.cache));
        Arc::new(move || current(&rows, &cache))
    }

    /// Overwrites a slot of the key file, whose destruction is on record. What fails is tried again every minute and
    /// told as an alarm.
    pub fn destroy(&self, slot: u64) {
        let mut pending = self
            .undestroyed
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        match self.sealer.destroy(slot) {
            Ok(()) => {
                pending.remove(&slot);
            }
            Err(error) => {
                pending.insert(slot);
                self.alarms.fetch_add(1, Ordering::Relaxed);
                tracing::error!(
                    alarm = true,
                    "密钥槽 {slot} 已记录销毁，但密钥文件没有改成：{error}；每分钟重试"
                );
            }
        }
    }

    /// When the oldest backup on record was made that opens the matter's fields. What cannot be told is said in the log.
    pub(super) fn oldest_backup(&self, matter: MatterId) -> Option<Time> {
        let ticket = self.rows().ticket(matter).ok().flatten()?;
        let slots = ticket.fields.iter().map(|field| field.slot);
        let first = slots.filter(|slot| *slot != 0).min()?;
        match self.maker()?.oldest_backup(first) {
            Ok(at) => at,
            Err(error) => {
                tracing::warn!("不知道哪些备份还能打开要销毁的内容：{error}");
                None
            }
        }
    }

    /// Tries again what could not be destroyed.
    pub fn destroy_pending(&self) {
        let pending = self
            .undestroyed
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        pending.into_iter().for_each(|slot| self.destroy(slot));
    }

    /// The committed rows.
    #[must_use]
    pub fn rows(&self) -> Arc<dyn View + Send + Sync> {
        current(&self.rows, &self.cache)
    }

    /// Tells the operator what is wrong with a store that opened all the same.
    pub fn look_over(&self, report: &OpenReport) {
        if let Some(upto) = report.view_was_ahead {
            self.alarm(&format!(
                "日志止于第 {} 号，而视图曾到第 {upto} 号：已确认的记录丢失，磁盘可能被回滚或损坏；与上下级核对，并检查磁盘",
                report.log.last
            ));
        }
        self.look_over_keys(&report.keys);
    }

    /// The same for the key file.
    pub fn look_over_keys(&self, report: &KeyReport) {
        let damaged = report.damaged.len() as u64;
        self.damaged_slots.store(damaged, Ordering::Relaxed);
        if let Some(damage) = report.damage() {
            self.alarm(&format!("密钥槽 {damage}"));
        }
    }

    /// Tells the operator.
    pub fn alarm(&self, text: &str) {
        self.alarms.fetch_add(1, Ordering::Relaxed);
        tracing::error!(alarm = true, "{text}");
    }

    /// The store was opened again.
    pub fn opened(&self, store: &Store) {
        self.rows.store(Arc::new(store.view()));
        self.sealer.replace(store.keys());
        *self.upkeep.lock().unwrap_or_else(PoisonError::into_inner) = Some(store.upkeep());
    }

    /// The handle for a round of upkeep; `None` while one is under way or the store is not open.
    #[must_use]
    pub fn upkeep(&self) -> Option<Upkeep> {
        self.upkeep
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Notes why the store does not work, or that it works again.
    pub fn fail(&self, why: Option<String>) {
        *self.failure.lock().unwrap_or_else(PoisonError::into_inner) = why;
    }

    /// Why the store does not work.
    #[must_use]
    pub fn failure(&self) -> Option<String> {
        self.failure
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// The links, once started.
    pub fn connect(&self, perform: Perform) {
        // Set once, at the node's start.
        drop(self.links.set(perform));
    }

    /// Hands an action to the links.
    pub fn perform(&self, action: &Action) {
        if let Some(perform) = self.links.get() {
            perform(action);
        }
    }

    /// Who learns of facts once they are durable.
    pub fn watch(&self, watcher: Watcher) {
        // Set once, at the node's start.
        drop(self.watcher.set(watcher));
    }

    /// Where spans go.
    pub fn trace(&self, traces: Traces) {
        // Set once, at the node's start.
        drop(self.traces.set(Arc::new(traces)));
    }

    /// Where spans go; `None` where nothing is traced.
    #[must_use]
    pub fn traces(&self) -> Option<Arc<Traces>> {
        self.traces.get().cloned()
    }

    /// Facts became durable.
    pub fn committed(&self, facts: &[Fact]) {
        if let Some(watcher) = self.watcher.get() {
            watcher(facts);
        }
    }

    /// Ends every stream: after a failed store the sessions must begin anew from what is durable.
    pub fn cut_all(&self, why: &str) {
        let known = self.surroundings.known();
        let place = crate::link::Place::of(&known.federation, self.surroundings.me());
        for peer in place.parent.iter().chain(&place.children) {
            self.perform(&Action::Cut {
                peer: *peer,
                why: why.to_owned(),
            });
        }
    }

    /// The revocation lists in use, by which [`Shared::lists`] is answered; set once, at the node's start.
    pub fn watch_lists(&self, lists: ListAges) {
        drop(self.lists.set(lists));
    }

    /// The age of each revocation list in use, the oldest first.
    #[must_use]
    pub fn lists(&self) -> Vec<ListAge> {
        self.lists.get().map_or_else(Vec::new, |lists| lists())
    }

    /// Notes what a neighbour said of itself.
    pub fn note_heard(&self, peer: RegionKey, heard: Heard) {
        self.heard
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(peer, heard);
    }

    /// What the neighbours said last.
    #[must_use]
    pub fn heard(&self) -> BTreeMap<RegionKey, Heard> {
        self.heard
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Up to where this node's own figures are complete: now, as every commit counts.
    #[must_use]
    pub fn own_watermark(&self) -> Option<Watermark> {
        let node = self.rows().node().ok()?;
        Some(Watermark {
            author: self.surroundings.me(),
            epoch: node.epoch,
            version: node.figures_version,
            as_of: self.clock.now(),
        })
    }
}

fn current(rows: &ArcSwap<Arc<dyn Trees>>, cache: &Arc<RowCache>) -> Arc<dyn View + Send + Sync> {
    Arc::new(CommittedRows::cached(
        Arc::clone(&rows.load()),
        Arc::clone(cache),
    ))
}
