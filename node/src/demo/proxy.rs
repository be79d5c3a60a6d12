//! The demonstration's own wire between a child and its parent: it passes bytes on and can be cut or slowed, so that an
//! outage is a real one: connections break, and new ones are refused.

use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// Bytes passed on at a time.
const CHUNK_BYTES: usize = 16 * 1024;

/// How the wire is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wire {
    /// Everything passes at once.
    Open,
    /// Everything passes, each piece this much later.
    Slow(Duration),
    /// Nothing passes: connections are broken, new ones refused.
    Cut,
}

/// A wire to one address; gone when dropped.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    wire: watch::Sender<Wire>,
    listening: JoinHandle<()>,
}

impl Proxy {
    /// A wire to `target`, open.
    ///
    /// # Errors
    /// No port is free.
    pub async fn start(target: SocketAddr) -> std::io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let (wire, state) = watch::channel(Wire::Open);
        let listening = tokio::spawn(async move {
            while let Ok((caller, _)) = listener.accept().await {
                let state = state.clone();
                if *state.borrow() != Wire::Cut {
                    tokio::spawn(connect(caller, target, state));
                }
            }
        });
        Ok(Self {
            address,
            wire,
            listening,
        })
    }

    /// Where the child calls.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Changes the wire, for connections that exist too.
    pub fn set(&self, wire: Wire) {
        self.wire.send_replace(wire);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.listening.abort();
        self.wire.send_replace(Wire::Cut);
    }
}

async fn connect(caller: TcpStream, target: SocketAddr, mut state: watch::Receiver<Wire>) {
    let Ok(called) = TcpStream::connect(target).await else {
        return;
    };
    for end in [&caller, &called] {
        // Small frames must not wait for each other; a wire that cannot do it is merely slower.
        let _ = end.set_nodelay(true);
    }
    let ((from_caller, to_caller), (from_called, to_called)) =
        (caller.into_split(), called.into_split());
    let (up, down) = (state.clone(), state.clone());
    tokio::select! {
        () = pass(from_caller, to_called, up) => {}
        () = pass(from_called, to_caller, down) => {}
        _ = state.wait_for(|wire| *wire == Wire::Cut) => {}
    }
}

async fn pass(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, state: watch::Receiver<Wire>) {
    let mut chunk = vec![0; CHUNK_BYTES];
    while let Ok(read @ 1..) = from.read(&mut chunk).await {
        let wire = *state.borrow();
        if let Wire::Slow(late) = wire {
            tokio::time::sleep(late).await;
        }
        if to.write_all(&chunk[..read]).await.is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::Instant;

    async fn echo() -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                tokio::spawn(async move {
                    let (mut read, mut write) = stream.split();
                    let _ = tokio::io::copy(&mut read, &mut write).await;
                });
            }
        });
        address
    }

    async fn say(stream: &mut TcpStream) -> std::io::Result<[u8; 4]> {
        let mut heard = [0; 4];
        stream.write_all(b"ping").await?;
        stream.read_exact(&mut heard).await?;
        Ok(heard)
    }

    #[tokio::test]
    async fn a_cut_breaks_what_is_there_and_refuses_what_comes() {
        let proxy = Proxy::start(echo().await).await.unwrap();
        let mut stream = TcpStream::connect(proxy.address()).await.unwrap();
        assert_eq!(say(&mut stream).await.unwrap(), *b"ping");
        proxy.set(Wire::Cut);
        assert!(say(&mut stream).await.is_err());
        let mut again = TcpStream::connect(proxy.address()).await.unwrap();
        assert!(say(&mut again).await.is_err());
        proxy.set(Wire::Open);
        let mut mended = TcpStream::connect(proxy.address()).await.unwrap();
        assert_eq!(say(&mut mended).await.unwrap(), *b"ping");
    }

    #[tokio::test]
    async fn a_slow_wire_is_slow_and_whole() {
        let proxy = Proxy::start(echo().await).await.unwrap();
        proxy.set(Wire::Slow(Duration::from_millis(60)));
        let mut stream = TcpStream::connect(proxy.address()).await.unwrap();
        let begun = Instant::now();
        assert_eq!(say(&mut stream).await.unwrap(), *b"ping");
        assert!(begun.elapsed() >= Duration::from_millis(120));
    }
}
