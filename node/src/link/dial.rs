//! Dialling the parent, for ever: the first retry within a second of contact, then backing off. The count of failures
//! is kept in the log, so a restart does not forget it.

use super::peer::{FRAME_BYTES_MAX, Peer, STREAM_QUEUE, Shared, Wire};
use super::port::NodePort;
use super::stream::{Went, run};
use crate::causes::{chinese, in_one_line};
use crate::identity::IdentityError;
use hotline_domain::kernel::{Input, LinkNews};
use hotline_domain::link::backoff;
use hotline_domain::view::Rows;
use hotline_proto::link::v1::link_client::LinkClient;
use hotline_topology::Time;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};
use tokio_stream::wrappers::ReceiverStream;
use tonic::transport::Channel;

/// How long a dial may take, handshake and the first answer included.
const DIAL_DEADLINE: Duration = Duration::from_secs(10);

/// How much of a failure's reason is logged, in characters.
const LOGGED_CHARS: usize = 40;

/// Between two looks whether a quarantine is over.
const QUARANTINE_LOOK: Duration = Duration::from_secs(1);

/// Makes a fresh channel to the parent for each dial, with the certificates that are current then; the error is for the
/// operator.
pub type Dial = Arc<dyn Fn() -> Result<Channel, String> + Send + Sync>;

/// Dials until the node stops, or has another parent.
pub(super) async fn dial_for_ever<P: NodePort>(
    shared: Arc<Shared<P>>,
    peer: Arc<Peer>,
    dial: Dial,
    mut newer: mpsc::Receiver<Wire>,
) {
    let link = shared.port.view().link(peer.region);
    let mut failures = link.map_or(0, |link| link.failures);
    let mut wait = failures > 0;
    while !peer.stop.is_cancelled() {
        if wait {
            match pause(&shared, &peer, failures).await {
                Pause::Stopped => return,
                Pause::Over => {}
                // Whoever asks has mended something: what failed before says nothing any more.
                Pause::Asked => failures = 0,
            }
        }
        wait = true;
        if quarantined(&shared, &peer) {
            // Looked at again soon: people may lift it at any time.
            wait = false;
            tokio::select! {
                biased;
                () = shared.stop.cancelled() => return,
                () = sleep(QUARANTINE_LOOK) => continue,
            }
        }
        let dialled = tokio::select! {
            biased;
            () = peer.stop.cancelled() => return,
            dialled = connect(&dial) => dialled,
        };
        let (went, why) = match dialled {
            Ok(wire) => {
                let ended = run(&shared, &peer, wire, &mut newer).await;
                (ended.went, ended.why)
            }
            Err(why) => (Went::Nowhere, why),
        };
        failures = match went {
            Went::Well => 0,
            Went::Refused => {
                failed(&shared, &peer, failures.min(backoff::ANSWERED_CAP - 1), why).await
            }
            Went::Nowhere => failed(&shared, &peer, failures, why).await,
        };
    }
}

/// Whether nothing of the parent is taken now; then it is not dialled either.
fn quarantined<P: NodePort>(shared: &Shared<P>, peer: &Peer) -> bool {
    let now = shared.clock.now();
    let link = shared.port.view().link(peer.region);
    link.is_ok_and(|link| link.conduct.is_some_and(|it| it.quarantined(now)))
}

/// Puts a failure on record, while that still lengthens the wait.
async fn failed<P: NodePort>(shared: &Shared<P>, peer: &Peer, failures: u32, why: String) -> u32 {
    // One short line a dial: the whole reason stands in the link's status.
    let short: String = why.chars().take(LOGGED_CHARS).collect();
    tracing::warn!(peer = %peer.region, failures, why = short, "拨号失败");
    let more = failures.saturating_add(1);
    peer.update(|live| (live.failures, live.last_error) = (Some(more), Some(why)));
    let link = shared.port.view().link(peer.region);
    let known = link.map_or(0, |link| link.failures);
    if known < more && failures < backoff::FAILURES_CAP {
        let news = LinkNews::DialFailed;
        let input = Input::Link {
            peer: peer.region,
            news,
        };
        // A node that takes no more input is stopping; its next start waits one step less.
        let _ = peer.inputs.send(input).await;
    }
    more
}

/// How the wait for the next dial ended.
enum Pause {
    /// The node stops, or has another parent.
    Stopped,
    /// The time is over.
    Over,
    /// Somebody wants the dial now.
    Asked,
}

/// Waits for the next dial.
async fn pause<P: NodePort>(shared: &Shared<P>, peer: &Peer, failures: u32) -> Pause {
    let wait_ms = backoff::delay_ms(failures, shared.bits());
    let passing = i64::try_from(wait_ms).unwrap_or(i64::MAX) * i64::from(shared.clock.rate());
    let at = Time(shared.clock.now().0.saturating_add(passing));
    peer.update(|live| live.next_try_at = Some(at));
    let go_on = tokio::select! {
        biased;
        () = peer.stop.cancelled() => Pause::Stopped,
        () = peer.retry.notified() => Pause::Asked,
        () = sleep(Duration::from_millis(wait_ms)) => Pause::Over,
    };
    peer.update(|live| live.next_try_at = None);
    go_on
}

async fn connect(dial: &Dial) -> Result<Wire, String> {
    let mut client = LinkClient::new(dial()?)
        .max_decoding_message_size(FRAME_BYTES_MAX)
        .max_encoding_message_size(FRAME_BYTES_MAX);
    let (outgoing, frames) = mpsc::channel(STREAM_QUEUE);
    let asked = client.exchange(ReceiverStream::new(frames));
    match timeout(DIAL_DEADLINE, asked).await {
        Ok(Ok(response)) => Ok(Wire {
            incoming: response.into_inner(),
            outgoing,
        }),
        Ok(Err(status)) => Err(words(&status)),
        Err(_) => Err(format!("{} 秒内没有应答", DIAL_DEADLINE.as_secs())),
    }
}

/// What a failed call means, for the operator: the certificate's fault where it is one, else the transport's cause.
#[must_use]
pub fn words(status: &tonic::Status) -> String {
    if let Some(error) = IdentityError::find(status) {
        return error.to_string();
    }
    let words = in_one_line(
        status.message().to_owned(),
        std::error::Error::source(status),
    );
    if words.is_empty() {
        chinese(status.code().description())
    } else {
        words
    }
}
