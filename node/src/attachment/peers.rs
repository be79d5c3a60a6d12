//! Whom to ask, and how: the parent by a call, a child on the stream that it holds open.

use super::holder::{Attachments, lock};
use super::part::{PIECE_BYTES_MAX, Part, Parts, Refused, part, piece};
use crate::link::Dial;
use futures::future::BoxFuture;
use futures::{FutureExt as _, StreamExt as _, stream};
use hotline_domain::link::backoff;
use hotline_proto::attachment::v1 as pb;
use hotline_proto::attachment::v1::attachments_client::AttachmentsClient;
use hotline_topology::RegionKey;
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{sleep, timeout};
use tokio_stream::wrappers::ReceiverStream;
use tonic::transport::Channel;
use tonic::{Code, Status, Streaming};

/// Asks that may wait for a child to read them.
pub(super) const ASKS_MAX: usize = 16;
/// How long a neighbour may take to begin its answer.
const ANSWER_DEADLINE: Duration = Duration::from_secs(30);
/// Longest pause between two dials, as a count of failures.
const FAILURES_CAP: u32 = 6;
/// Pause before a parent that has no such service is asked again.
const NO_SERVICE_PAUSE: Duration = Duration::from_secs(600);

/// A child's answer: its first piece, the rest, and what tells the call that it was read to the end.
pub(super) struct Given {
    pub first: pb::Piece,
    pub rest: Streaming<pb::Piece>,
    /// Dropped when the answer was read.
    pub read: oneshot::Sender<()>,
}

/// The neighbours that are there.
#[derive(Default)]
pub(super) struct Peers {
    parent: Mutex<Option<(RegionKey, Channel)>>,
    /// Children that hold a stream open; the newest wins.
    children: Mutex<BTreeMap<RegionKey, mpsc::Sender<pb::Ask>>>,
    /// Asks that wait for a child's answer.
    asked: Mutex<BTreeMap<u64, (RegionKey, oneshot::Sender<Given>)>>,
    next: AtomicU64,
}

impl Peers {
    /// A child holds a stream open.
    pub fn child(&self, child: RegionKey) -> mpsc::Receiver<pb::Ask> {
        let (asks, taken) = mpsc::channel(ASKS_MAX);
        lock(&self.children).insert(child, asks);
        taken
    }

    /// The ask that a child answers; `None` where that child was not asked, or not any more.
    pub fn asked(&self, child: RegionKey, no: u64) -> Option<oneshot::Sender<Given>> {
        let mut asked = lock(&self.asked);
        match asked.get(&no) {
            Some((whom, _)) if *whom == child => asked.remove(&no).map(|(_, waiting)| waiting),
            _ => None,
        }
    }

    /// Asks a neighbour.
    ///
    /// # Errors
    /// It is not there, or does not answer in time. What it refuses is the first part of its answer.
    pub fn ask(&self, peer: RegionKey, ask: pb::Ask) -> BoxFuture<'_, Result<Parts, Refused>> {
        let parent = lock(&self.parent).clone();
        match parent {
            Some((region, channel)) if region == peer => ask_parent(channel, ask).boxed(),
            _ => self.ask_child(peer, ask).boxed(),
        }
    }

    async fn ask_child(&self, peer: RegionKey, mut ask: pb::Ask) -> Result<Parts, Refused> {
        let no = self.next.fetch_add(1, Ordering::Relaxed) + 1;
        ask.no = no;
        let (answer, answered) = oneshot::channel();
        let child = lock(&self.children)
            .get(&peer)
            .cloned()
            .ok_or_else(|| away(peer))?;
        lock(&self.asked).insert(no, (peer, answer));
        let given = match timeout(ANSWER_DEADLINE, child.send(ask)).await {
            Ok(Ok(())) => timeout(ANSWER_DEADLINE, answered)
                .await
                .ok()
                .and_then(Result::ok),
            _ => None,
        };
        lock(&self.asked).remove(&no);
        let Given { first, rest, read } = given.ok_or_else(|| away(peer))?;
        let parts = stream::once(async { Ok(first) }).chain(rest);
        // The call is over once the answer has been read, or was dropped.
        let parts = parts.map(move |piece| {
            let _held = &read;
            came(piece)
        });
        Ok(parts.boxed())
    }
}

fn away(peer: RegionKey) -> Refused {
    let words = format!("与 {peer} 的附件通道未接通");
    Refused::later("attachment.peer-away", words)
}

async fn ask_parent(channel: Channel, ask: pb::Ask) -> Result<Parts, Refused> {
    let mut client = AttachmentsClient::new(channel).max_decoding_message_size(PIECE_BYTES_MAX);
    match timeout(ANSWER_DEADLINE, client.fetch(ask)).await {
        Ok(Ok(response)) => Ok(response.into_inner().map(came).boxed()),
        Ok(Err(status)) => Err(cut(&status)),
        Err(_) => Err(Refused::later(
            "attachment.peer-away",
            "上级没有应答附件请求",
        )),
    }
}

fn came(piece: Result<pb::Piece, Status>) -> Result<Part, Refused> {
    part(piece.map_err(|status| cut(&status))?)
}

fn cut(status: &Status) -> Refused {
    match status.code() {
        Code::PermissionDenied | Code::Unauthenticated => {
            Refused::new("attachment.not-neighbour", status.message())
        }
        _ => Refused::later(
            "attachment.cut",
            format!("附件传送中断：{}", crate::link::failure(status)),
        ),
    }
}

impl Attachments {
    /// Holds a stream to the parent open for ever, and answers what comes on it.
    pub(super) async fn attend(self, dial: Dial) {
        let mut failures: u32 = 0;
        loop {
            match self.attend_once(&dial).await {
                Ok(()) => failures = 0,
                Err(Some(status)) if status.code() == Code::Unimplemented => {
                    tracing::info!("上级的版本不支持附件传送");
                    sleep(NO_SERVICE_PAUSE).await;
                }
                Err(status) => {
                    tracing::debug!(?status, "附件通道未接通");
                    failures = (failures + 1).min(FAILURES_CAP);
                }
            }
            *lock(&self.0.peers.parent) = None;
            let wait = backoff::delay_ms(failures, u64::from(failures));
            sleep(Duration::from_millis(wait.max(500))).await;
        }
    }

    async fn attend_once(&self, dial: &Dial) -> Result<(), Option<Status>> {
        let shared = self.0.node.shared();
        let known = shared.surroundings.known();
        let place = crate::link::Place::of(&known.federation, shared.surroundings.me());
        let parent = place.parent.ok_or(None)?;
        let channel = dial().map_err(|_| None)?;
        let mut client =
            AttachmentsClient::new(channel.clone()).max_decoding_message_size(PIECE_BYTES_MAX);
        let asks = timeout(ANSWER_DEADLINE, client.wanted(pb::WantedRequest {})).await;
        let mut asks = asks.map_err(|_| None)?.map_err(Some)?.into_inner();
        // A new tree may have come into force since; what stands between former neighbours the certificates' keeper cuts.
        let known = shared.surroundings.known();
        let place = crate::link::Place::of(&known.federation, shared.surroundings.me());
        if place.parent != Some(parent) {
            return Ok(());
        }
        *lock(&self.0.peers.parent) = Some((parent, channel));
        self.0.retry.notify_waiters();
        while let Ok(Some(ask)) = asks.message().await {
            self.bring(parent, client.clone(), ask);
        }
        Ok(())
    }

    /// Answers one thing that the parent wants: one task reads, the other sends, two pieces apart at most.
    fn bring(&self, parent: RegionKey, mut client: AttachmentsClient<Channel>, ask: pb::Ask) {
        let no = ask.no;
        let answering = self.answer(parent, ask);
        let (pieces, outgoing) = mpsc::channel(1);
        self.spawn(async move {
            let mut parts = match answering.await {
                Ok(parts) => parts,
                Err(refused) => stream::iter([Err(refused)]).boxed(),
            };
            while let Some(part) = parts.next().await {
                let piece = pb::Piece { no, ..piece(part) };
                if pieces.send(piece).await.is_err() {
                    return;
                }
            }
        });
        self.spawn(async move {
            if let Err(status) = client.give(ReceiverStream::new(outgoing)).await {
                tracing::debug!(why = crate::link::failure(&status), "附件没有送完");
            }
        });
    }
}
