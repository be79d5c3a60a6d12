//! The network: pipes in memory, each way with its delay; a pipe can be cut, stalled, or not be had at all.

use hotline::net::{Dialer, Listener};
use hotline_topology::RegionKey;
use std::collections::BTreeMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex, split};
use tokio::sync::{Mutex as Turn, mpsc, watch};
use tokio::time::sleep;

/// Bytes that a pipe holds.
const PIPE_BYTES: usize = 64 << 10;

/// How a link between two nodes behaves now; named by its child.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Weather {
    /// Each way, for what is sent from now on.
    pub delay: Duration,
    /// Nothing comes through, and nobody is told.
    pub stalled: bool,
    /// Dials are refused.
    pub refused: bool,
    /// Connections of an older number are dead.
    pub cuts: u64,
}

/// All links.
#[derive(Clone, Default)]
pub(super) struct Net(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    weather: BTreeMap<RegionKey, watch::Sender<Weather>>,
    doors: BTreeMap<String, mpsc::Sender<DuplexStream>>,
}

impl Net {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes a link.
    pub fn change(&self, child: RegionKey, change: impl FnOnce(&mut Weather)) {
        let mut state = self.state();
        state.weather.entry(child).or_default().send_modify(change);
    }

    /// Every link as it should be.
    pub fn calm(&self) {
        for weather in self.state().weather.values() {
            weather.send_modify(|now| {
                *now = Weather {
                    cuts: now.cuts,
                    ..Weather::default()
                };
            });
        }
    }

    /// Where callers of a node arrive.
    pub fn listen(&self, node: RegionKey) -> Door {
        let (door, callers) = mpsc::channel(16);
        self.state().doors.insert(node.to_string(), door);
        Door(Turn::new(callers))
    }

    /// How a node dials.
    pub fn dialer(&self, child: RegionKey) -> Caller {
        Caller {
            net: self.clone(),
            child,
        }
    }

    fn connect(
        &self,
        child: RegionKey,
        address: &str,
    ) -> Option<(Pipe, mpsc::Sender<DuplexStream>)> {
        let mut state = self.state();
        let door = state.doors.get(address)?.clone();
        let weather = state.weather.entry(child).or_default().subscribe();
        Some((Pipe { weather }, door))
    }
}

struct Pipe {
    weather: watch::Receiver<Weather>,
}

/// Where callers arrive.
pub(super) struct Door(Turn<mpsc::Receiver<DuplexStream>>);

impl Listener for Door {
    type Io = DuplexStream;

    async fn accept(&self) -> io::Result<(DuplexStream, SocketAddr)> {
        match self.0.lock().await.recv().await {
            Some(io) => Ok((io, (Ipv4Addr::LOCALHOST, 1).into())),
            None => std::future::pending().await,
        }
    }
}

/// Dials for one node.
#[derive(Clone)]
pub(super) struct Caller {
    net: Net,
    child: RegionKey,
}

impl Dialer for Caller {
    type Io = DuplexStream;

    async fn dial(&self, address: &str) -> io::Result<DuplexStream> {
        // An address is `node:port`.
        let node = address.split(':').next().unwrap_or(address);
        let refused = || io::Error::from(io::ErrorKind::ConnectionRefused);
        let (pipe, door) = self.net.connect(self.child, node).ok_or_else(refused)?;
        let now = *pipe.weather.borrow();
        if now.refused {
            return Err(refused());
        }
        let (ours, near) = duplex(PIPE_BYTES);
        let (far, theirs) = duplex(PIPE_BYTES);
        door.send(theirs).await.map_err(|_| refused())?;
        tokio::spawn(carry_both(near, far, pipe.weather, now.cuts));
        Ok(ours)
    }
}

/// Carries bytes until an end is gone or the connection is cut.
async fn carry_both(
    near: DuplexStream,
    far: DuplexStream,
    mut weather: watch::Receiver<Weather>,
    born: u64,
) {
    let (near_in, near_out) = split(near);
    let (far_in, far_out) = split(far);
    let (up, down) = (weather.clone(), weather.clone());
    tokio::select! {
        biased;
        _ = weather.wait_for(|now| now.cuts > born) => {}
        () = carry(near_in, far_out, up) => {}
        () = carry(far_in, near_out, down) => {}
    }
}

async fn carry(
    mut from: tokio::io::ReadHalf<DuplexStream>,
    mut to: tokio::io::WriteHalf<DuplexStream>,
    mut weather: watch::Receiver<Weather>,
) {
    let mut bytes = vec![0; 16 << 10];
    loop {
        let Ok(read @ 1..) = from.read(&mut bytes).await else {
            return;
        };
        let Ok(now) = weather.wait_for(|now| !now.stalled).await.map(|now| *now) else {
            return;
        };
        sleep(now.delay).await;
        if to.write_all(&bytes[..read]).await.is_err() {
            return;
        }
    }
}
