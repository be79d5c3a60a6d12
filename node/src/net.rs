//! The seam between real and simulated networking.
//!
//! Everything above asks a [`Listener`] for connections or a [`Dialer`] for one, and does not know
//! whether a socket or a simulated network stands behind it.

use crate::causes::chinese;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};

/// Something that yields incoming connections.
pub trait Listener: Send + 'static {
    /// One connection: bytes in order, both ways.
    type Io: AsyncRead + AsyncWrite + Unpin + Send + 'static;

    /// Waits for the next connection and says who is calling. Safe to drop while waiting.
    ///
    /// # Errors
    /// Those of the network; a caller waits a moment and tries again.
    fn accept(&self) -> impl Future<Output = io::Result<(Self::Io, SocketAddr)>> + Send;
}

/// Something that opens outgoing connections.
pub trait Dialer: Clone + Send + Sync + 'static {
    /// One connection: bytes in order, both ways.
    type Io: AsyncRead + AsyncWrite + Unpin + Send + 'static;

    /// Connects to `address`, written `host:port`.
    ///
    /// # Errors
    /// Those of the network.
    fn dial(&self, address: &str) -> impl Future<Output = io::Result<Self::Io>> + Send;
}

impl Listener for TcpListener {
    type Io = TcpStream;

    async fn accept(&self) -> io::Result<(TcpStream, SocketAddr)> {
        let (stream, peer) = TcpListener::accept(self).await?;
        // Acknowledgements are small and waited for: do not hold them back to fill a packet.
        stream.set_nodelay(true)?;
        Ok((stream, peer))
    }
}

/// Says which name does not resolve, or which address does not answer.
fn unreached(address: &str, error: &io::Error) -> io::Error {
    let words = chinese(&error.to_string());
    io::Error::new(error.kind(), format!("{address} 连不上：{words}"))
}

/// Dials over TCP.
#[derive(Debug, Clone, Copy, Default)]
pub struct TcpDialer;

impl Dialer for TcpDialer {
    type Io = TcpStream;

    async fn dial(&self, address: &str) -> io::Result<TcpStream> {
        let stream = TcpStream::connect(address)
            .await
            .map_err(|error| unreached(address, &error))?;
        stream.set_nodelay(true)?;
        Ok(stream)
    }
}
