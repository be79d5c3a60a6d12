//! One node's attachments.

use super::pace::Pace;
use super::peers::Peers;
use super::shelf::Shelf;
use super::take::Progress;
use crate::app::NodeHandle;
use crate::config;
use crate::link::Dial;
use hotline_domain::attachment::AttachmentId;
use hotline_domain::fact::Fact;
use hotline_domain::leg::{Act, Party, Side};
use hotline_domain::view::Rows as _;
use hotline_topology::RegionKey;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::runtime::Handle;
use tokio::sync::{Notify, Semaphore, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Fetches that run at once; further ones wait their turn.
const FETCHES_MAX: usize = 4;

/// What was moved since the start.
#[derive(Debug, Default)]
pub struct Counts {
    /// Bytes of chunks sent to neighbours, own and passed on.
    pub sent_bytes: AtomicU64,
    /// Bytes of chunks fetched and kept.
    pub received_bytes: AtomicU64,
    /// Asks refused for good.
    pub refused: AtomicU64,
    /// Chunks that were not what their attachment's id says.
    pub wrong_chunks: AtomicU64,
    /// Attached here, and their files are gone: as last looked at.
    pub lost: AtomicU64,
}

pub(super) struct Inner {
    pub node: NodeHandle,
    pub shelf: Shelf,
    pub settings: config::Attachments,
    pub peers: Peers,
    pub counts: Counts,
    /// Under way, with how far each is.
    pub fetching: Mutex<BTreeMap<AttachmentId, watch::Receiver<Progress>>>,
    pub fetches: Semaphore,
    /// Refused for good since the start: wanted again only when a person asks.
    pub hopeless: Mutex<BTreeSet<AttachmentId>>,
    /// Lost files that the operator was told of.
    pub told: Mutex<BTreeSet<AttachmentId>>,
    /// Whole on the shelf, while the command that refers to them is decided.
    pub arriving: Mutex<BTreeSet<AttachmentId>>,
    pub gates: Mutex<BTreeMap<RegionKey, Arc<Gate>>>,
    /// A neighbour came: what waits tries again.
    pub retry: Notify,
    /// Where its tasks run; the committer's thread has no runtime of its own.
    pub runtime: Handle,
    pub stop: CancellationToken,
    pub tasks: TaskTracker,
}

/// What one neighbour may have at once.
pub(super) struct Gate {
    pub streams: Arc<Semaphore>,
    pub pace: Pace,
}

/// A cheap handle to a node's attachments.
#[derive(Clone)]
pub struct Attachments(pub(super) Arc<Inner>);

impl Attachments {
    /// Starts: holds a stream to the parent open, looks after the shelf. Must be called within a tokio runtime.
    #[must_use]
    pub fn start(
        node: NodeHandle,
        shelf: Shelf,
        settings: config::Attachments,
        parent: Option<Dial>,
    ) -> Self {
        let attachments = Self(Arc::new(Inner {
            node,
            shelf,
            settings,
            peers: Peers::default(),
            counts: Counts::default(),
            fetching: Mutex::default(),
            fetches: Semaphore::new(FETCHES_MAX),
            hopeless: Mutex::default(),
            told: Mutex::default(),
            arriving: Mutex::default(),
            gates: Mutex::default(),
            retry: Notify::new(),
            runtime: Handle::current(),
            stop: CancellationToken::new(),
            tasks: TaskTracker::new(),
        }));
        if let Some(dial) = parent {
            attachments.spawn(attachments.clone().attend(dial));
        }
        attachments.spawn(attachments.clone().look_after());
        attachments
    }

    /// Ends every transfer; what was fetched in part stays.
    pub async fn stop(&self) {
        self.0.stop.cancel();
        self.0.tasks.close();
        self.0.tasks.wait().await;
    }

    /// The shelf.
    #[must_use]
    pub fn shelf(&self) -> &Shelf {
        &self.0.shelf
    }

    /// The node's own bounds.
    #[must_use]
    pub fn settings(&self) -> &config::Attachments {
        &self.0.settings
    }

    /// What was moved since the start.
    #[must_use]
    pub fn counts(&self) -> &Counts {
        &self.0.counts
    }

    /// How many fetches are under way or wait.
    #[must_use]
    pub fn waiting(&self) -> usize {
        lock(&self.0.fetching).len()
    }

    /// Facts became durable: attachments that came by a leg are fetched, where the settings say so.
    pub fn committed(&self, facts: &[Fact]) {
        for fact in facts {
            let Fact::Leg {
                leg,
                matter,
                by,
                act: Act::Attach { attachment },
                ..
            } = fact
            else {
                continue;
            };
            let side = self.0.node.shared().rows().leg(*leg);
            let came = side.is_ok_and(|leg| {
                leg.is_some_and(|leg| {
                    matches!(
                        (leg.side, by),
                        (Side::Giver, Party::Taker) | (Side::Taker, Party::Giver)
                    )
                })
            });
            if came && self.0.settings.prefetch {
                self.fetch(*matter, attachment.id);
            }
        }
    }

    /// While the guard lives, a whole file that no row names yet is no orphan.
    #[must_use]
    pub fn arriving(&self, id: AttachmentId) -> Arriving {
        lock(&self.0.arriving).insert(id);
        Arriving(self.clone(), id)
    }

    pub(super) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let stop = self.0.stop.clone();
        let span = crate::telemetry::node_span(self.0.node.shared().surroundings.me().as_str());
        let task = tracing::Instrument::instrument(
            async move {
                tokio::select! {
                    biased;
                    () = stop.cancelled() => {}
                    () = task => {}
                }
            },
            span,
        );
        self.0.tasks.spawn_on(task, &self.0.runtime);
    }

    /// Tells the operator.
    pub(super) fn alarm(&self, text: &str) {
        let shared = self.0.node.shared();
        shared.alarms.fetch_add(1, Ordering::Relaxed);
        tracing::warn!(alarm = true, "{text}");
    }

    pub(super) fn gate(&self, peer: RegionKey) -> Arc<Gate> {
        let settings = &self.0.settings;
        let make = || {
            Arc::new(Gate {
                streams: Arc::new(Semaphore::new(settings.streams_per_peer)),
                pace: Pace::new(settings.rate_kib << 10),
            })
        };
        Arc::clone(lock(&self.0.gates).entry(peer).or_insert_with(make))
    }
}

/// See [`Attachments::arriving`].
pub struct Arriving(Attachments, AttachmentId);

impl Drop for Arriving {
    fn drop(&mut self) {
        lock(&self.0.0.arriving).remove(&self.1);
    }
}

/// A lock whose holder never leaves anything half done.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
