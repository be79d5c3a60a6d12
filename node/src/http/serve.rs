//! Taking calls of monitors: a few connections, each with little time and little memory. A monitor that is cut off after
//! a minute calls again.

use crate::gate::{Gate, Gated, Place, Source};
use crate::identity::acceptor::ACCEPT_PAUSE;
use axum::Router;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt as _;

/// How long a request's headers may take, and how long a connection may ask for nothing.
pub const HEADERS_DEADLINE: Duration = Duration::from_secs(5);
/// How long a connection may last, whatever goes on on it.
pub const LIFE_MAX: Duration = Duration::from_secs(60);
/// How long the answer under way may take after that, or after the node was told to stop.
const LAST_ANSWER: Duration = Duration::from_secs(5);
/// Largest head of a request, in bytes; the least that the library takes.
const HEAD_BYTES_MAX: usize = 8 << 10;

/// Serves the routes until `shutdown`.
///
/// # Errors
/// None any more: what the system refuses for a moment is tried again.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    gate: Gate,
    shutdown: CancellationToken,
) -> io::Result<()> {
    let connections = TaskTracker::new();
    loop {
        let accepted = tokio::select! {
            biased;
            () = shutdown.cancelled() => break,
            accepted = listener.accept() => accepted,
        };
        let Ok((stream, peer)) = accepted else {
            tokio::time::sleep(ACCEPT_PAUSE).await;
            continue;
        };
        // Whoever is turned away is hung up on; the gate has counted him.
        if let Ok(place) = gate.arrive(Source::of(peer.ip())) {
            let (router, shutdown) = (router.clone(), shutdown.clone());
            connections.spawn(converse(stream, peer, place, router, shutdown));
        }
        gate.settled().await;
    }
    connections.close();
    connections.wait().await;
    Ok(())
}

/// One connection, to its end.
async fn converse(
    stream: TcpStream,
    peer: SocketAddr,
    place: Arc<Place>,
    router: Router,
    shutdown: CancellationToken,
) {
    let holder = Source::of(peer.ip()).to_string();
    let io = TokioIo::new(Gated::new(stream, Arc::clone(&place)));
    let entered = Arc::new(std::sync::atomic::AtomicBool::new(false));
    let service = service_fn(move |request| {
        let first = !entered.swap(true, std::sync::atomic::Ordering::Relaxed);
        // There is a whole request: whoever has one is in, or learns that there is no room.
        let crowded = first && place.enter(&holder).is_err();
        let (place, router) = (Arc::clone(&place), router.clone());
        async move {
            if crowded {
                place.gone().cancel();
            }
            let _at_work = place.at_work();
            let Ok::<_, Infallible>(response) = router.oneshot(request).await;
            Ok::<_, Infallible>(response)
        }
    });
    let conversation = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADERS_DEADLINE)
        .max_buf_size(HEAD_BYTES_MAX)
        .serve_connection(io, service);
    tokio::pin!(conversation);
    tokio::select! {
        // How it ended is the caller's affair.
        _ = conversation.as_mut() => return,
        () = shutdown.cancelled() => {}
        () = tokio::time::sleep(LIFE_MAX) => {}
    }
    conversation.as_mut().graceful_shutdown();
    drop(tokio::time::timeout(LAST_ANSWER, conversation).await);
}
