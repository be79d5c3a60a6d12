//! Ports for nodes that start later, or again.

use anyhow::Context as _;
use std::net::SocketAddr;
use tokio::net::TcpSocket;

/// A port of this machine that nobody else is given until this is dropped, while any process may listen on it at its
/// address: the socket is bound and does not listen, so the system neither hands the port out as a free one nor makes
/// it the near end of a connection, and lets whoever asks for it by number and sets `SO_REUSEADDR`, as servers do, have
/// it (`socket(7)`).
#[derive(Debug)]
pub struct HeldPort {
    address: SocketAddr,
    _bound: TcpSocket,
}

impl HeldPort {
    /// A free one on the loopback address.
    ///
    /// # Errors
    /// The system has none left.
    pub fn take() -> anyhow::Result<Self> {
        let take = || {
            let socket = TcpSocket::new_v4()?;
            socket.set_reuseaddr(true)?;
            socket.bind(SocketAddr::from(([127, 0, 0, 1], 0)))?;
            let address = socket.local_addr()?;
            std::io::Result::Ok(Self {
                address,
                _bound: socket,
            })
        };
        take().context("没有空闲端口")
    }

    /// Where to listen.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read as _, Write as _};
    use std::net::{TcpListener, TcpStream};

    #[test]
    fn a_held_port_is_given_to_nobody_but_who_asks_for_it() {
        let held = HeldPort::take().unwrap();
        let plain = tokio::net::TcpSocket::new_v4().unwrap();
        assert!(plain.bind(held.address()).is_err(), "as a connection would");
        assert!(
            TcpStream::connect(held.address()).is_err(),
            "nobody listens"
        );
        // A server comes, goes with a connection open, and comes again.
        for _ in 0..2 {
            let server = TcpListener::bind(held.address()).unwrap();
            let mut caller = TcpStream::connect(held.address()).unwrap();
            let (mut called, _) = server.accept().unwrap();
            called.write_all(b"x").unwrap();
            drop((called, server));
            caller.read_exact(&mut [0]).unwrap();
        }
    }
}
