//! Taking calls: every handshake in a task of its own, so many at once, each within a deadline. A
//! caller who is slow, silent or unwelcome holds nobody up.

use super::dialer;
use super::error::IdentityError;
use super::live::PeerIo;
use super::refusals::Side;
use super::slots::Slots;
use super::tls::{Caller, NodeTls, Standing};
use crate::net::Listener;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Semaphore, mpsc};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::sync::CancellationToken;

/// Most handshakes under way at once; further callers wait in the system's queue.
pub const HANDSHAKES_MAX: usize = 128;
/// Most of them from one address; further callers from there are hung up on, and call again.
pub const HANDSHAKES_PER_ADDRESS: usize = 64;
/// A refused caller's slot stays taken for so long: whoever cannot get in does not try without pause.
const REFUSED_REST: Duration = Duration::from_millis(500);
/// Most streams of one connection at once: a link needs two, a front end many.
const STREAMS_MAX: u32 = 128;
/// Longest list of headers, in bytes.
const HEADERS_BYTES_MAX: u32 = 16 << 10;
/// Streams that a caller may open and reset before they are looked at ("rapid reset"); then the connection ends.
const RESETS_MAX: usize = 32;
/// How long a handshake may take.
pub const HANDSHAKE_DEADLINE: Duration = Duration::from_secs(5);
/// Pause after a failure to accept, such as too many open files.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Connections whose callers have been admitted. Handlers find an `Arc<C>` in the request's
/// extensions.
pub type Incoming<L, C> = ReceiverStream<io::Result<PeerIo<TlsStream<<L as Listener>::Io>, C>>>;

/// A gRPC server as every door of the node needs it: bounds on streams, headers and resets of a connection, and it
/// notices within interval and timeout that a caller has silently gone.
#[must_use]
pub fn server() -> tonic::transport::Server {
    tonic::transport::Server::builder()
        .http2_keepalive_interval(Some(dialer::KEEPALIVE_INTERVAL))
        .http2_keepalive_timeout(Some(dialer::KEEPALIVE_TIMEOUT))
        .initial_stream_window_size(dialer::STREAM_WINDOW_BYTES)
        .initial_connection_window_size(dialer::CONNECTION_WINDOW_BYTES)
        .max_concurrent_streams(STREAMS_MAX)
        .http2_max_header_list_size(HEADERS_BYTES_MAX)
        .http2_max_pending_accept_reset_streams(Some(RESETS_MAX))
}

/// Accepts calls until `shutdown` or until the stream is dropped. The port is for one kind of
/// caller: nodes ([`super::PeerIdentity`]) or operators ([`super::OperatorIdentity`]).
pub fn incoming<L: Listener, C: Caller>(
    listener: L,
    tls: Arc<NodeTls>,
    shutdown: CancellationToken,
) -> Incoming<L, C> {
    let (admitted, stream) = mpsc::channel(16);
    tokio::spawn(async move {
        let gate = Arc::new(Semaphore::new(HANDSHAKES_MAX));
        let slots = Arc::new(Slots::default());
        loop {
            let permit = tokio::select! {
                biased;
                () = shutdown.cancelled() => break,
                permit = Arc::clone(&gate).acquire_owned() => permit,
            };
            let accepted = tokio::select! {
                biased;
                () = shutdown.cancelled() => break,
                () = admitted.closed() => break,
                accepted = listener.accept() => accepted,
            };
            let (io, peer) = match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    tracing::warn!(%error, "接受连接失败");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                    continue;
                }
            };
            let Some(slot) = slots.take(peer.ip(), HANDSHAKES_PER_ADDRESS) else {
                tls.hang_up(&IdentityError::TooManyHandshakes);
                continue;
            };
            let (tls, admitted) = (Arc::clone(&tls), admitted.clone());
            tokio::spawn(async move {
                let outcome = admit::<_, C>(io, peer, &tls).await;
                drop(permit);
                match outcome {
                    // The stream may be gone: the node is stopping, and the caller will find out.
                    Ok(io) => drop(admitted.send(Ok(io)).await),
                    Err(error) => {
                        tls.refuse(Side::Incoming, &peer, &error);
                        tokio::time::sleep(REFUSED_REST).await;
                    }
                }
                drop(slot);
            });
        }
    });
    ReceiverStream::new(stream)
}

/// One handshake and the judgement after it.
async fn admit<S, C>(
    io: S,
    peer: SocketAddr,
    tls: &NodeTls,
) -> Result<PeerIo<TlsStream<S>, C>, IdentityError>
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
    C: Caller,
{
    let handshake = TlsAcceptor::from(tls.server_config()).accept(io);
    let io = tokio::time::timeout(HANDSHAKE_DEADLINE, handshake)
        .await
        .map_err(|_| IdentityError::HandshakeTimeout)?
        .map_err(|error| IdentityError::of_handshake(&error))?;
    let chain = io
        .get_ref()
        .1
        .peer_certificates()
        .ok_or(IdentityError::NoCertificate)?
        .to_vec();
    let caller = tls.with_standing(|standing| C::judge(&chain, standing))?;
    let judge = move |standing: &Standing<'_>| C::judge(&chain, standing).map(drop);
    let ticket = tls.enter(format!("{caller:?} {peer}"), Arc::new(judge))?;
    tls.keep_newest(caller.uri(), &ticket, C::CONNECTIONS_MAX);
    Ok(PeerIo::new(io, caller, ticket))
}
