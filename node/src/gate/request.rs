//! A request that is still coming: what is held of it counts at its place, and it is given up when it takes too long.

use super::book::Held;
use super::door::Place;
use super::framing::Framing;
use super::patience::{LOOK_LATE, Patience};
use http_body::{Frame, SizeHint};
use std::future::Future as _;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::{Instant, Sleep, sleep};
use tonic::Status;
use tonic::body::Body;

/// What is to come in time.
enum By {
    /// All of it.
    Whole(Pin<Box<Sleep>>),
    /// The message that was begun; there is no such time between messages.
    Message(Option<Pin<Box<Sleep>>>),
}

/// A request's body.
pub(super) struct Coming {
    body: Body,
    place: Arc<Place>,
    framing: Framing,
    held: usize,
    by: By,
    within: Duration,
}

impl Coming {
    /// A call with that path.
    pub(super) fn new(body: Body, path: &str, place: Arc<Place>, patience: &Patience) -> Self {
        let (by, within) = if patience.is_stream(path) {
            (By::Message(None), patience.message_within)
        } else {
            let within = patience.whole_within;
            (By::Whole(Box::pin(sleep(within))), within)
        };
        Self {
            body,
            place,
            framing: Framing::default(),
            held: 0,
            by,
            within,
        }
    }

    /// Whether the whole request is late. Looked at before anything is taken: somebody who sends a byte now and then
    /// must not put it off.
    fn is_late(&mut self, cx: &mut Context<'_>) -> bool {
        match &mut self.by {
            By::Whole(by) => by.as_mut().poll(cx).is_ready(),
            By::Message(_) => false,
        }
    }

    /// Whether its message is late. Looked at when nothing more is there: what has come already is not the caller's to
    /// answer for, and whoever dribbles makes the node wait sooner or later.
    fn is_message_late(&mut self, cx: &mut Context<'_>) -> bool {
        let By::Message(by) = &mut self.by else {
            return false;
        };
        if !self.framing.is_unfinished() {
            return false;
        }
        let by = by.get_or_insert_with(|| Box::pin(sleep(self.within)));
        while by.as_mut().poll(cx).is_ready() {
            let now = Instant::now();
            if now < by.deadline() + LOOK_LATE {
                return true;
            }
            by.as_mut().reset(now + self.within);
        }
        false
    }

    /// Notes what has come.
    fn count(&mut self, data: &[u8]) -> Result<(), Status> {
        let rested = !self.framing.is_unfinished();
        let ended = self.framing.feed(data);
        if let By::Message(by) = &mut self.by
            && (rested || ended)
        {
            *by = None;
        }
        let (before, now) = (self.held, self.framing.held());
        self.held = now;
        self.place
            .release(Held::Requests, before.saturating_sub(now));
        let more = now.saturating_sub(before);
        self.place.hold(Held::Requests, more).map_err(|_| {
            let words = "没有发完的请求占用过多；请稍后用同一幂等键重发";
            Status::resource_exhausted(words)
        })
    }

    fn late(&self) -> Status {
        self.place.slow();
        let (what, seconds) = match self.by {
            By::Whole(_) => ("请求", self.within.as_secs()),
            By::Message(_) => ("一条消息", self.within.as_secs()),
        };
        Status::deadline_exceeded(format!(
            "{what}没有在 {seconds} 秒内发完，已放弃；请检查网络，用同一幂等键重发"
        ))
    }
}

impl http_body::Body for Coming {
    type Data = <Body as http_body::Body>::Data;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Status>>> {
        if self.is_late(cx) {
            return Poll::Ready(Some(Err(self.late())));
        }
        let polled = Pin::new(&mut self.body).poll_frame(cx);
        match &polled {
            Poll::Pending if self.is_message_late(cx) => Poll::Ready(Some(Err(self.late()))),
            Poll::Ready(Some(Ok(frame))) => {
                let counted = frame.data_ref().map(|data| self.count(data));
                match counted {
                    Some(Err(status)) => Poll::Ready(Some(Err(status))),
                    _ => polled,
                }
            }
            _ => polled,
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Coming {
    fn drop(&mut self) {
        self.place.release(Held::Requests, self.held);
    }
}

#[cfg(test)]
mod tests;
