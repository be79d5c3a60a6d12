//! Calling another node, and making sure that it is the one that was called.

use super::chain::{self, PeerIdentity};
use super::error::IdentityError;
use super::live::PeerIo;
use super::refusals::Side;
use super::tls::{NodeTls, Standing};
use crate::net::Dialer;
use hotline_topology::RegionKey;
use hyper_util::rt::TokioIo;
use rustls_pki_types::{CertificateDer, ServerName};
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tonic::transport::{Channel, Endpoint};

/// How long connecting may take, handshake included.
pub const CONNECT_DEADLINE: Duration = Duration::from_secs(5);
/// How often a silent connection is asked for a sign of life.
pub const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(10);
/// How long that sign may take; after interval and timeout a silent cut has been noticed.
pub const KEEPALIVE_TIMEOUT: Duration = Duration::from_secs(5);
/// HTTP/2 flow-control window of one stream, in bytes.
pub(super) const STREAM_WINDOW_BYTES: u32 = 1 << 20;
/// HTTP/2 flow-control window of the connection, in bytes.
pub(super) const CONNECTION_WINDOW_BYTES: u32 = 4 << 20;

/// A gRPC channel to the node of `expected` at `address` (`host:port`). Nothing is dialled before
/// the first call; every new connection uses the certificates that are current then.
///
/// A refusal is found in a call's error by [`IdentityError::find`].
///
/// # Errors
/// When `address` cannot be part of a URI.
pub fn channel<D: Dialer>(
    tls: Arc<NodeTls>,
    dialer: D,
    address: &str,
    expected: RegionKey,
) -> Result<Channel, tonic::transport::Error> {
    // The scheme is plain because TLS is made here and not by the library; what the peer reads is
    // the origin.
    let endpoint = Endpoint::from_shared(format!("http://{address}"))?
        .connect_timeout(CONNECT_DEADLINE)
        .http2_keep_alive_interval(KEEPALIVE_INTERVAL)
        .keep_alive_timeout(KEEPALIVE_TIMEOUT)
        .keep_alive_while_idle(true)
        .initial_stream_window_size(STREAM_WINDOW_BYTES)
        .initial_connection_window_size(CONNECTION_WINDOW_BYTES);
    let origin = format!("https://{}", tls.domain().dns_name(expected));
    let endpoint = match origin.parse() {
        Ok(origin) => endpoint.origin(origin),
        // A trust domain is a DNS name, so its names are hosts; without an origin the address would
        // be shown.
        Err(_) => endpoint,
    };
    let address: Arc<str> = address.into();
    Ok(
        endpoint.connect_with_connector_lazy(tower::service_fn(move |_: http::Uri| {
            let (tls, dialer, address) = (Arc::clone(&tls), dialer.clone(), Arc::clone(&address));
            async move {
                dial(&tls, &dialer, &address, expected)
                    .await
                    .map(TokioIo::new)
            }
        })),
    )
}

/// Connects to the node of `expected` at `address` (`host:port`).
///
/// # Errors
/// Those of the network; or, as the cause of an error of the kind `PermissionDenied`, why the
/// answering node was refused, which is logged and counted too.
pub async fn dial<D: Dialer>(
    tls: &Arc<NodeTls>,
    dialer: &D,
    address: &str,
    expected: RegionKey,
) -> io::Result<PeerIo<TlsStream<D::Io>, PeerIdentity>> {
    let connecting = async {
        let io = dialer.dial(address).await?;
        match greet(tls, io, address, expected).await {
            Ok(connected) => Ok(connected),
            Err(error) => {
                tls.refuse(Side::Outgoing, &address, &error);
                Err(io::Error::new(io::ErrorKind::PermissionDenied, error))
            }
        }
    };
    match tokio::time::timeout(CONNECT_DEADLINE, connecting).await {
        Ok(result) => result,
        Err(_) => Err(io::Error::new(
            io::ErrorKind::TimedOut,
            format!("连接 {address} 超时"),
        )),
    }
}

/// The handshake and the judgement after it.
async fn greet<S>(
    tls: &Arc<NodeTls>,
    io: S,
    address: &str,
    expected: RegionKey,
) -> Result<PeerIo<TlsStream<S>, PeerIdentity>, IdentityError>
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
{
    let name = ServerName::try_from(tls.domain().dns_name(expected))
        .map_err(|error| IdentityError::Handshake(error.to_string()))?;
    let io = TlsConnector::from(tls.client_config())
        .connect(name, io)
        .await
        .map_err(|error| IdentityError::of_server(&error, expected))?;
    let chain = io
        .get_ref()
        .1
        .peer_certificates()
        .ok_or(IdentityError::NoCertificate)?
        .to_vec();
    let peer = tls.with_standing(|standing| judge(&chain, standing, expected))?;
    let again = move |standing: &Standing<'_>| judge(&chain, standing, expected).map(drop);
    let ticket = tls.enter(format!("{} {address}", peer.uri), Arc::new(again))?;
    Ok(PeerIo::new(io, peer, ticket))
}

/// Judges who answered.
fn judge(
    chain: &[CertificateDer<'_>],
    standing: &Standing<'_>,
    expected: RegionKey,
) -> Result<PeerIdentity, IdentityError> {
    let peer = chain::verify_chain(chain, &standing.trust)?;
    if peer.region == expected {
        Ok(peer)
    } else {
        Err(IdentityError::WrongRegion {
            expected,
            found: peer.region.to_string(),
        })
    }
}
