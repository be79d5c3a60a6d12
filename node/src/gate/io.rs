//! A connection that ends when its place is given to another, when its greeting does not come in time, or when its caller
//! takes nothing of an answer for very long.

use super::door::Place;
use super::patience::{LOOK_FOR_UNTAKEN_EVERY, UNTAKEN_MAX};
use std::future::Future as _;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep};
use tokio_util::sync::WaitForCancellationFutureOwned;

/// A greeting that is awaited.
struct Greeting {
    /// Bytes that are still to come.
    left: usize,
    by: Pin<Box<Sleep>>,
    holder: String,
}

/// A connection with its place at a door.
pub struct Gated<S> {
    io: S,
    gone: Pin<Box<WaitForCancellationFutureOwned>>,
    greeting: Option<Greeting>,
    /// When to look next for what is not taken.
    look: Pin<Box<Sleep>>,
    place: Arc<Place>,
}

impl<S> Gated<S> {
    /// A connection that holds a place.
    #[must_use]
    pub fn new(io: S, place: Arc<Place>) -> Self {
        Self {
            io,
            gone: Box::pin(place.gone().clone().cancelled_owned()),
            greeting: None,
            look: Box::pin(tokio::time::sleep(LOOK_FOR_UNTAKEN_EVERY)),
            place,
        }
    }

    /// The same, of a caller whose identity is known but who has yet to say so many bytes; then he comes in.
    #[must_use]
    pub fn greeted(mut self, bytes: usize, within: Duration, holder: String) -> Self {
        self.greeting = Some(Greeting {
            left: bytes,
            by: Box::pin(tokio::time::sleep(within)),
            holder,
        });
        self
    }

    /// Its place.
    #[must_use]
    pub fn place(&self) -> &Arc<Place> {
        &self.place
    }

    /// Polled on every read and write, so that whichever task waits is woken.
    fn check(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
        if self.gone.as_mut().poll(cx).is_ready() {
            let words = "连接过多，让给了后来的";
            return Err(io::Error::new(io::ErrorKind::ConnectionAborted, words));
        }
        let late = match &mut self.greeting {
            Some(greeting) => greeting.by.as_mut().poll(cx).is_ready(),
            None => false,
        };
        if late {
            let words = "连接之后迟迟没有开口";
            return Err(io::Error::new(io::ErrorKind::TimedOut, words));
        }
        while self.look.as_mut().poll(cx).is_ready() {
            let (now, since) = (Instant::now(), self.place.unread().since());
            if since.is_some_and(|since| now >= since + UNTAKEN_MAX) {
                self.place.slow();
                let words = "答复迟迟没有取走";
                return Err(io::Error::new(io::ErrorKind::TimedOut, words));
            }
            self.look.as_mut().reset(now + LOOK_FOR_UNTAKEN_EVERY);
        }
        Ok(())
    }

    /// Notes what was read of the greeting.
    fn read(&mut self, bytes: usize) -> io::Result<()> {
        let Some(greeting) = &mut self.greeting else {
            return Ok(());
        };
        greeting.left = greeting.left.saturating_sub(bytes);
        if greeting.left > 0 {
            return Ok(());
        }
        let holder = std::mem::take(&mut greeting.holder);
        self.greeting = None;
        self.place
            .enter(&holder)
            .map_err(|crowded| io::Error::new(io::ErrorKind::ConnectionRefused, crowded))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Gated<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.check(cx)?;
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.io).poll_read(cx, buffer);
        if let Poll::Ready(Ok(())) = polled {
            self.read(buffer.filled().len().saturating_sub(before))?;
        }
        polled
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Gated<S> {
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
