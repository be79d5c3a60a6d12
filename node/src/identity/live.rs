//! The connections that are open now, so that one whose peer loses its standing can be cut: TLS
//! looks at certificates only when a connection begins, and a link lives for months.

use super::acceptor::Session;
use super::error::IdentityError;
use super::tls::Standing;
use crate::gate::Came;
use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};
use tonic::transport::server::Connected;

/// Judges a connection's peer again, by what holds now.
pub(super) type Judge = Arc<dyn Fn(&Standing<'_>) -> Result<(), IdentityError> + Send + Sync>;

struct Entry {
    peer: String,
    judge: Judge,
    cut: CancellationToken,
}

#[derive(Default)]
struct Entries {
    next: u64,
    open: BTreeMap<u64, Entry>,
}

/// The table of open connections.
#[derive(Default)]
pub(super) struct Live {
    entries: Mutex<Entries>,
}

impl fmt::Debug for Live {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Live({})", self.len())
    }
}

impl Live {
    fn entries(&self) -> MutexGuard<'_, Entries> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn len(&self) -> usize {
        self.entries().open.len()
    }

    /// Enters a connection. Whoever does so judges once more afterwards: rules may have changed
    /// since the handshake, and a sweep in between did not see the connection yet.
    pub(super) fn enter(self: &Arc<Self>, peer: String, judge: Judge) -> Ticket {
        let mut entries = self.entries();
        let number = entries.next;
        entries.next += 1;
        let cut = CancellationToken::new();
        entries.open.insert(
            number,
            Entry {
                peer,
                judge,
                cut: cut.clone(),
            },
        );
        Ticket {
            number,
            live: Arc::clone(self),
            cut,
        }
    }

    /// Cuts every connection that `standing` no longer allows; returns whom and why.
    pub(super) fn sweep(&self, standing: &Standing<'_>) -> Vec<(String, IdentityError)> {
        let entries = self.entries();
        let judged = entries
            .open
            .values()
            .filter(|entry| !entry.cut.is_cancelled())
            .filter_map(|entry| {
                let error = (entry.judge)(standing).err()?;
                entry.cut.cancel();
                Some((entry.peer.clone(), error))
            });
        judged.collect()
    }
}

/// A connection's place in the table, given up when the connection ends.
pub(super) struct Ticket {
    number: u64,
    live: Arc<Live>,
    cut: CancellationToken,
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.live.entries().open.remove(&self.number);
    }
}

/// A connection whose peer is known, and which ends when the peer loses its standing.
pub struct PeerIo<S, C> {
    io: S,
    caller: Arc<C>,
    cut: Pin<Box<WaitForCancellationFutureOwned>>,
    _ticket: Ticket,
}

impl<S, C> PeerIo<S, C> {
    pub(super) fn new(io: S, caller: C, ticket: Ticket) -> Self {
        let cut = Box::pin(ticket.cut.clone().cancelled_owned());
        Self {
            io,
            caller: Arc::new(caller),
            cut,
            _ticket: ticket,
        }
    }

    /// Who is on the other side.
    #[must_use]
    pub fn caller(&self) -> &Arc<C> {
        &self.caller
    }

    /// Polled on every read and write, so that whichever task waits is woken by the cut.
    fn check(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
        match self.cut.as_mut().poll(cx) {
            Poll::Pending => Ok(()),
            Poll::Ready(()) => Err(io::Error::new(
                io::ErrorKind::ConnectionAborted,
                "对方的资格已失效，连接被切断",
            )),
        }
    }
}

impl<S, C> fmt::Debug for PeerIo<S, C>
where
    C: fmt::Debug,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PeerIo")
            .field("caller", &self.caller)
            .finish_non_exhaustive()
    }
}

impl<S, C> Connected for PeerIo<Session<S>, C>
where
    C: Send + Sync + 'static,
{
    type ConnectInfo = Came;

    fn connect_info(&self) -> Came {
        let place = self.io.get_ref().0.place();
        Came::new(Arc::clone(place), Arc::clone(&self.caller))
    }
}

impl<S: AsyncRead + Unpin, C> AsyncRead for PeerIo<S, C> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.check(cx)?;
        Pin::new(&mut self.io).poll_read(cx, buffer)
    }
}

impl<S: AsyncWrite + Unpin, C> AsyncWrite for PeerIo<S, C> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.check(cx)?;
        Pin::new(&mut self.io).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.check(cx)?;
        Pin::new(&mut self.io).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}
