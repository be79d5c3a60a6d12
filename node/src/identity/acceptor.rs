//! Taking calls: every handshake in a task of its own, within a deadline, and only so many of them wait at the gate
//! ([`crate::gate`]). A caller who is slow, silent or unwelcome holds nobody up.

use super::dialer;
use super::error::IdentityError;
use super::live::PeerIo;
use super::refusals::Side;
use super::tls::{Caller, NodeTls, Standing};
use crate::gate::{Gate, Gated, Patience, Place, Source, Watch};
use crate::net::Listener;
use rustls::server::Acceptor;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio_rustls::LazyConfigAcceptor;
use tokio_rustls::server::TlsStream;
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::sync::CancellationToken;
use tower::layer::util::{Identity, Stack};

/// A refused caller's place stays taken for so long: whoever cannot get in does not try without pause.
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
pub(crate) const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Connections whose callers have been admitted. Handlers find an `Arc<C>` in the request's
/// extensions.
pub type Incoming<L, C> = ReceiverStream<io::Result<PeerIo<Session<<L as Listener>::Io>, C>>>;
/// A connection behind the gate, with TLS on it.
pub type Session<S> = TlsStream<Gated<S>>;
/// A gRPC server whose connections are watched.
pub type Watched = tonic::transport::Server<Stack<Watch, Identity>>;

/// A gRPC server as every door of the node needs it: bounds on streams, headers and resets of a connection, it notices
/// within interval and timeout that a caller has silently gone, and the gate learns which connections are at work and
/// bounds what is held of requests and answers. Nothing is known of its calls: each may be a stream.
#[must_use]
pub fn server() -> Watched {
    patient_server(Patience::with_streams())
}

/// The same where it is known which calls are streams: any other request is to be whole in time.
#[must_use]
pub fn patient_server(patience: Patience) -> Watched {
    tonic::transport::Server::builder()
        .http2_keepalive_interval(Some(dialer::KEEPALIVE_INTERVAL))
        .http2_keepalive_timeout(Some(dialer::KEEPALIVE_TIMEOUT))
        .initial_stream_window_size(dialer::STREAM_WINDOW_BYTES)
        .initial_connection_window_size(dialer::CONNECTION_WINDOW_BYTES)
        .max_concurrent_streams(STREAMS_MAX)
        .http2_max_header_list_size(HEADERS_BYTES_MAX)
        .http2_max_pending_accept_reset_streams(Some(RESETS_MAX))
        .layer(Watch::with_patience(patience))
}

/// Accepts calls until `shutdown` or until the stream is dropped. The port is for one kind of
/// caller: nodes ([`super::PeerIdentity`]) or operators ([`super::OperatorIdentity`]).
pub fn incoming<L: Listener, C: Caller>(
    listener: L,
    tls: Arc<NodeTls>,
    gate: Gate,
    shutdown: CancellationToken,
) -> Incoming<L, C> {
    let (admitted, stream) = mpsc::channel(16);
    tokio::spawn(async move {
        loop {
            let accepted = tokio::select! {
                biased;
                () = shutdown.cancelled() => break,
                () = admitted.closed() => break,
                accepted = listener.accept() => accepted,
            };
            let (io, peer) = match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    tls.refuse(
                        Side::Incoming,
                        &"?",
                        &IdentityError::NotAccepted(error.to_string()),
                    );
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                    continue;
                }
            };
            let place = match gate.arrive(Source::of(peer.ip())) {
                Ok(place) => place,
                Err(_) => {
                    tls.refuse(Side::Incoming, &peer, &IdentityError::TooManyHandshakes);
                    continue;
                }
            };
            let (tls, admitted) = (Arc::clone(&tls), admitted.clone());
            tokio::spawn(async move {
                match admit::<_, C>(io, peer, &tls, &place).await {
                    // The stream may be gone: the node is stopping, and the caller will find out.
                    Ok(io) => drop(admitted.send(Ok(io)).await),
                    Err(error) => {
                        tls.refuse(Side::Incoming, &peer, &error);
                        place.rest();
                        tokio::time::sleep(REFUSED_REST).await;
                    }
                }
            });
            gate.settled().await;
        }
    });
    ReceiverStream::new(stream)
}

/// One handshake and the judgement after it.
async fn admit<S, C>(
    io: S,
    peer: SocketAddr,
    tls: &NodeTls,
    place: &Arc<Place>,
) -> Result<PeerIo<Session<S>, C>, IdentityError>
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
    C: Caller,
{
    let io = Gated::new(io, Arc::clone(place));
    let handshake = async {
        let greeting = LazyConfigAcceptor::new(Acceptor::default(), io).await?;
        place.heard();
        greeting.into_stream(tls.server_config(C::PORT)).await
    };
    let io = tokio::time::timeout(HANDSHAKE_DEADLINE, handshake)
        .await
        .map_err(|_| IdentityError::HandshakeTimeout)?
        .map_err(|error| match place.gone().is_cancelled() {
            true => IdentityError::TooManyHandshakes,
            false => IdentityError::of_handshake(&error),
        })?;
    let chain = io
        .get_ref()
        .1
        .peer_certificates()
        .ok_or(IdentityError::NoCertificate)?
        .to_vec();
    let caller = tls.with_standing(|standing| C::judge(&chain, standing))?;
    let judge = move |standing: &Standing<'_>| C::judge(&chain, standing).map(drop);
    let ticket = tls.enter(format!("{caller:?} {peer}"), Arc::new(judge))?;
    place.enter(caller.uri()).map_err(IdentityError::Crowded)?;
    place.remember();
    Ok(PeerIo::new(io, caller, ticket))
}
