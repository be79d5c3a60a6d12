//! One neighbour: what is shared between its task and the rest of the node.

use super::dial::Dial;
use super::fields::Sealer;
use super::port::{NodePort, Side};
use super::status::Live;
use crate::clock::Clock;
use crate::entropy::Entropy;
use crate::sealing::Office;
use hotline_domain::kernel::Input;
use hotline_domain::leg::Lane;
use hotline_domain::link::{ByeCode, Heard, Hello, Limits, LinkState};
use hotline_domain::view::{Rows as _, View, ViewFailed};
use hotline_proto::link::v1 as pb;
use hotline_topology::RegionKey;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::{Notify, mpsc};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Inputs of one neighbour that may wait for the kernel: the default credit of three lanes, acknowledgements besides.
pub(super) const INPUTS_MAX: usize = 1024;
/// Most inputs that one frame makes: the news of a hello and an acknowledgement a lane.
pub(super) const FRAME_INPUTS_MAX: usize = 8;
/// Frames between a link's task and the transport; the rest waits where it can be overtaken.
pub(super) const STREAM_QUEUE: usize = 4;
/// Largest frame in bytes, both ways.
pub const FRAME_BYTES_MAX: usize = 8 << 20;

/// A stream to a neighbour.
pub(super) struct Wire {
    pub incoming: tonic::Streaming<pb::Frame>,
    pub outgoing: mpsc::Sender<pb::Frame>,
}

/// What all links of a node share.
pub(super) struct Shared<P> {
    pub port: Arc<P>,
    pub sealer: Arc<dyn Sealer>,
    pub office: Arc<Office>,
    pub clock: Arc<dyn Clock>,
    pub entropy: Mutex<Box<dyn Entropy>>,
    pub limits: Limits,
    /// How to reach the parent; `None` at the root.
    pub dial: Option<Dial>,
    pub stop: CancellationToken,
    pub tasks: TaskTracker,
}

impl<P> Shared<P> {
    pub fn monotonic_ms(&self) -> u64 {
        u64::try_from(self.clock.monotonic().as_millis()).unwrap_or(u64::MAX)
    }

    /// Random bits for a jitter. Without a source of randomness the jitter is lost, not the link.
    pub fn bits(&self) -> u64 {
        let mut bits = [0; 8];
        if let Err(error) = lock(&self.entropy).fill(&mut bits) {
            tracing::warn!(%error, "没有随机数，重拨间隔不再随机");
        }
        u64::from_be_bytes(bits)
    }
}

/// One neighbour.
pub(super) struct Peer {
    pub region: RegionKey,
    pub side: Side,
    /// The node stops, or the neighbour is none any more.
    pub stop: CancellationToken,
    inbox: Mutex<Inbox>,
    pub wake: Notify,
    /// The operator wants the next dial now.
    pub retry: Notify,
    pub live: Mutex<Live>,
    /// What its heartbeats told of its past.
    heard: Mutex<Heard>,
    /// Newer streams, for the task to take over.
    pub streams: mpsc::Sender<Wire>,
    /// To the kernel, in order.
    pub inputs: mpsc::Sender<Input>,
}

/// What the kernel wants of the link; only the newest counts, so it needs no queue.
#[derive(Debug, Default)]
pub(super) struct Inbox {
    pub acks: [Option<(u64, [u8; 32])>; 3],
    pub pump: bool,
    /// The code; `None`: the link's state says why.
    pub cut: Option<(Option<ByeCode>, String)>,
}

impl Peer {
    /// A neighbour and the streams handed to it. Its inputs flow to the kernel until the node stops taking them.
    pub fn start<P: NodePort>(
        shared: &Arc<Shared<P>>,
        region: RegionKey,
        side: Side,
    ) -> (Arc<Self>, mpsc::Receiver<Wire>) {
        let (streams, taken) = mpsc::channel(2);
        let (inputs, mut waiting) = mpsc::channel(INPUTS_MAX);
        let port = Arc::clone(&shared.port);
        let stop = shared.stop.child_token();
        let stopped = stop.clone();
        shared.tasks.spawn(async move {
            // What is not submitted when the node stops comes again: the neighbour has no acknowledgement for it.
            let forward = async {
                while let Some(input) = waiting.recv().await {
                    if port.submit(input).await.is_err() {
                        return;
                    }
                }
            };
            tokio::select! {
                () = stopped.cancelled() => {}
                () = forward => {}
            }
        });
        let peer = Self {
            region,
            side,
            stop,
            inbox: Mutex::default(),
            wake: Notify::new(),
            retry: Notify::new(),
            live: Mutex::default(),
            heard: Mutex::default(),
            streams,
            inputs,
        };
        (Arc::new(peer), taken)
    }

    pub fn acknowledge(&self, lane: Lane, upto: u64, hash: [u8; 32]) {
        let mut inbox = lock(&self.inbox);
        let slot = &mut inbox.acks[lane.index()];
        if slot.is_none_or(|(older, _)| older <= upto) {
            *slot = Some((upto, hash));
        }
        drop(inbox);
        self.wake.notify_one();
    }

    pub fn pump(&self) {
        lock(&self.inbox).pump = true;
        self.wake.notify_one();
    }

    pub fn cut(&self, code: Option<ByeCode>, why: String) {
        lock(&self.inbox).cut = Some((code, why));
        self.wake.notify_one();
    }

    pub fn take_inbox(&self) -> Inbox {
        std::mem::take(&mut *lock(&self.inbox))
    }

    /// The link's lasting state, with what the neighbour's heartbeats told since.
    ///
    /// # Errors
    /// The view failed.
    pub fn state(&self, view: &dyn View) -> Result<LinkState, ViewFailed> {
        let mut link = view.link(self.region)?;
        lock(&self.heard).add_to(&mut link);
        Ok(link)
    }

    /// A heartbeat on the stream that began with that hello.
    pub fn beat(&self, hello: &Hello, log_no: u64) {
        lock(&self.heard).beat(hello, log_no);
    }

    pub fn update(&self, change: impl FnOnce(&mut Live)) {
        change(&mut lock(&self.live));
    }
}

/// A lock whose holder never leaves anything half done.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
