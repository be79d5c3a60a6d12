//! What comes back: it counts at its place until it is taken, and is given up when nothing of it is.
//!
//! The transport asks for the next part of an answer as soon as it has begun to write the last one, and keeps what is not
//! written for as long as its caller likes. So it is handed pieces, each of which tells when it is written ([`Piece`]),
//! and none before the last one is.

use super::book::{Crowded, Held};
use super::door::{AtWork, Place};
use super::patience::{AHEAD_BYTES, PIECE_BYTES, Patience};
use bytes::Bytes;
use futures::task::AtomicWaker;
use http::HeaderMap;
use http_body::{Frame, SizeHint};
use std::future::Future as _;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::time::{Instant, Sleep, sleep};
use tonic::Status;
use tonic::body::Body;

/// Room that every call has for its answer from the beginning: what a command did is told, whatever waits besides.
const SMALL_BYTES: usize = 16 << 10;

/// The way of one answer to its caller, shared with its pieces.
#[derive(Debug)]
pub(super) struct Way {
    place: Arc<Place>,
    number: u64,
    /// Wakes the answer when something of it was taken.
    taken: AtomicWaker,
}

impl Way {
    /// For a call, before anything is done for it.
    ///
    /// # Errors
    /// Too much waits for this caller, or for all, already.
    pub(super) fn new(place: Arc<Place>) -> Result<Arc<Self>, Crowded> {
        let number = place.unread().begin();
        let held = place.hold(Held::Answers, SMALL_BYTES);
        let way = Arc::new(Self {
            place,
            number,
            taken: AtomicWaker::new(),
        });
        held.map(|()| way)
    }
}

impl Drop for Way {
    fn drop(&mut self) {
        self.place.release(Held::Answers, SMALL_BYTES);
    }
}

/// What the transport has of an answer; it drops it once it is written.
struct Piece {
    data: Bytes,
    way: Arc<Way>,
}

impl Piece {
    /// The data, as the transport takes it.
    fn of(data: Bytes, way: &Arc<Way>) -> Bytes {
        let way = Arc::clone(way);
        let mut unread = way.place.unread();
        unread.hand(way.number, data.len(), Instant::now());
        drop(unread);
        Bytes::from_owner(Self { data, way })
    }
}

impl AsRef<[u8]> for Piece {
    fn as_ref(&self) -> &[u8] {
        &self.data
    }
}

impl Drop for Piece {
    fn drop(&mut self) {
        let (bytes, place) = (self.data.len(), &self.way.place);
        place.unread().take(self.way.number, bytes, Instant::now());
        place.release(Held::Answers, bytes);
        self.way.taken.wake();
    }
}

/// An answer's body. The connection is at work until its last byte is with the transport.
pub(super) struct Answer {
    body: Body,
    /// What came of the body and is not with the transport.
    rest: Bytes,
    way: Arc<Way>,
    within: Duration,
    by: Option<Pin<Box<Sleep>>>,
    /// It was given up.
    over: bool,
    _at_work: AtWork,
}

impl Answer {
    pub(super) fn new(body: Body, way: Arc<Way>, patience: &Patience, at_work: AtWork) -> Self {
        Self {
            body,
            rest: Bytes::new(),
            way,
            within: patience.taken_within,
            by: None,
            over: false,
            _at_work: at_work,
        }
    }

    /// Takes the next part of the body in; the error says that there is too much already.
    fn take_in(&mut self, data: Bytes) -> Result<(), Status> {
        let (bytes, place) = (data.len(), &self.way.place);
        self.rest = data;
        match place.hold(Held::Answers, bytes) {
            Err(_) if bytes > SMALL_BYTES => Err(Status::resource_exhausted(
                "没有取走的答复占用过多，这一份没有送出；请先取完已有的，再重新查询",
            )),
            _ => Ok(()),
        }
    }

    /// Waits until the transport has written enough, or too long.
    fn wait(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Status>> {
        self.way.taken.register(cx.waker());
        loop {
            let of = self.way.place.unread().of(self.way.number);
            let Some((_, since)) = of.filter(|(bytes, _)| *bytes >= AHEAD_BYTES) else {
                return Poll::Ready(Ok(()));
            };
            let deadline = since + self.within;
            let by = self.by.get_or_insert_with(|| Box::pin(sleep(self.within)));
            if by.deadline() != deadline {
                by.as_mut().reset(deadline);
            }
            ready!(by.as_mut().poll(cx));
            // Something may have been taken at this very moment.
            if self.way.place.unread().of(self.way.number).map(|it| it.1) == Some(since) {
                return Poll::Ready(Err(self.not_taken()));
            }
        }
    }

    fn not_taken(&self) -> Status {
        self.way.place.slow();
        let seconds = self.within.as_secs();
        let words = format!("答复在 {seconds} 秒内没有取走，已放弃；请检查网络，重新查询");
        tracing::debug!(place = ?self.way.place, "{words}");
        // Words would wait behind what is not taken; the transport's own reason goes past it, and clients make
        // RESOURCE_EXHAUSTED of it.
        let reason = h2::Error::from(h2::Reason::ENHANCE_YOUR_CALM);
        let mut status = Status::resource_exhausted(words);
        status.set_source(Arc::new(reason));
        status
    }

    /// Nothing more of it is held.
    fn end(&mut self) {
        self.over = true;
        self.way.place.release(Held::Answers, self.rest.len());
        self.rest = Bytes::new();
        self.body = Body::empty();
    }
}

type Polled = Poll<Option<Result<Frame<Bytes>, Status>>>;

impl http_body::Body for Answer {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Polled {
        while !self.over {
            if let Err(status) = ready!(self.wait(cx)) {
                self.end();
                return Poll::Ready(Some(Err(status)));
            }
            if !self.rest.is_empty() {
                let bytes = self.rest.len().min(PIECE_BYTES);
                let data = self.rest.split_to(bytes);
                let piece = Piece::of(data, &self.way);
                return Poll::Ready(Some(Ok(Frame::data(piece))));
            }
            match ready!(Pin::new(&mut self.body).poll_frame(cx)) {
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) => {
                        if let Err(status) = self.take_in(data) {
                            self.end();
                            let trailers = trailers(&status);
                            return Poll::Ready(Some(trailers.map(Frame::trailers)));
                        }
                    }
                    Err(frame) => return Poll::Ready(Some(Ok(frame))),
                },
                end => return Poll::Ready(end),
            }
        }
        Poll::Ready(None)
    }

    fn is_end_stream(&self) -> bool {
        self.over || (self.rest.is_empty() && self.body.is_end_stream())
    }

    fn size_hint(&self) -> SizeHint {
        // What it would be is not what comes if it is given up.
        SizeHint::default()
    }
}

/// A status at the end of an answer that has begun.
fn trailers(status: &Status) -> Result<HeaderMap, Status> {
    let mut trailers = HeaderMap::new();
    status.add_header(&mut trailers)?;
    Ok(trailers)
}

impl Drop for Answer {
    fn drop(&mut self) {
        self.way.place.release(Held::Answers, self.rest.len());
    }
}

#[cfg(test)]
mod tests;
