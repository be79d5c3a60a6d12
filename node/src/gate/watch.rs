//! Notes which connections have requests under way, says to handlers who calls, and bounds how long an unfinished
//! request may take and how much of such requests is held.

use super::door::{AtWork, Place};
use http_body::{Frame, SizeHint};
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::Sleep;
use tonic::body::Body;
use tonic::{Extensions, Status};
use tower::{Layer, Service};

/// What a server learns of a connection: its place, and how to say to handlers who calls.
#[derive(Clone)]
pub struct Came {
    place: Arc<Place>,
    introduce: Arc<dyn Fn(&mut Extensions) + Send + Sync>,
}

impl fmt::Debug for Came {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.place.fmt(f)
    }
}

impl Came {
    /// A caller; handlers find `who` in the request's extensions.
    #[must_use]
    pub fn new<W: Clone + Send + Sync + 'static>(place: Arc<Place>, who: W) -> Self {
        Self {
            place,
            introduce: Arc::new(move |extensions| {
                extensions.insert(who.clone());
            }),
        }
    }
}

/// How long a server waits for the rest of a request.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// From its headers to its last byte.
    pub whole_within: Duration,
    /// Calls that are streams of requests, by the ends of their paths: they have deadlines of their own.
    pub streams: &'static [&'static str],
}

/// The layer around a gRPC server's services.
#[derive(Debug, Clone, Copy, Default)]
pub struct Watch {
    patience: Option<Patience>,
}

impl Watch {
    /// Bounds unfinished requests, too.
    #[must_use]
    pub const fn with_patience(patience: Patience) -> Self {
        Self {
            patience: Some(patience),
        }
    }
}

impl<S> Layer<S> for Watch {
    type Service = Watching<S>;

    fn layer(&self, inner: S) -> Watching<S> {
        Watching {
            inner,
            patience: self.patience,
        }
    }
}

/// A service that is watched.
#[derive(Debug, Clone)]
pub struct Watching<S> {
    inner: S,
    patience: Option<Patience>,
}

type Request = http::Request<Body>;
type Response = http::Response<Body>;

impl<S> Service<Request> for Watching<S>
where
    S: Service<Request, Response = Response>,
    S::Future: Send + 'static,
{
    type Response = Response;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request) -> Self::Future {
        let Some(came) = request.extensions_mut().remove::<Came>() else {
            return Box::pin(self.inner.call(request));
        };
        (came.introduce)(request.extensions_mut());
        let at_work = came.place.at_work();
        if let Some(patience) = self.patience {
            let path = request.uri().path();
            if !patience.streams.iter().any(|stream| path.ends_with(stream)) {
                let place = Arc::clone(&came.place);
                request = request.map(|body| Body::new(Unfinished::new(body, place, patience)));
            }
        }
        let answering = self.inner.call(request);
        Box::pin(async move {
            let response = answering.await?;
            Ok(response.map(|body| {
                Body::new(Working {
                    body,
                    _at_work: at_work,
                })
            }))
        })
    }
}

/// What comes back: the connection is at work until its last byte is with the transport.
struct Working {
    body: Body,
    _at_work: AtWork,
}

impl http_body::Body for Working {
    type Data = <Body as http_body::Body>::Data;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Status>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// A request that is still coming.
struct Unfinished {
    body: Body,
    place: Arc<Place>,
    by: Pin<Box<Sleep>>,
    within: Duration,
    held: usize,
}

impl Unfinished {
    fn new(body: Body, place: Arc<Place>, patience: Patience) -> Self {
        Self {
            body,
            place,
            by: Box::pin(tokio::time::sleep(patience.whole_within)),
            within: patience.whole_within,
            held: 0,
        }
    }
}

impl http_body::Body for Unfinished {
    type Data = <Body as http_body::Body>::Data;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Status>>> {
        // Looked at first: somebody who sends a byte now and then must not put it off.
        if self.by.as_mut().poll(cx).is_ready() {
            let words = format!(
                "请求没有在 {} 秒内发完，已放弃；请检查网络，用同一幂等键重发",
                self.within.as_secs()
            );
            return Poll::Ready(Some(Err(Status::deadline_exceeded(words))));
        }
        let polled = Pin::new(&mut self.body).poll_frame(cx);
        if let Poll::Ready(Some(Ok(frame))) = &polled {
            let bytes = frame.data_ref().map_or(0, |data| data.len());
            self.held += bytes;
            if self.place.hold(bytes).is_err() {
                let words = "没有发完的请求占用过多；请稍后用同一幂等键重发";
                return Poll::Ready(Some(Err(Status::resource_exhausted(words))));
            }
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        self.place.release(self.held);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gate::{Budget, Gate, Source};
    use std::future::poll_fn;

    /// A body that comes in pieces of so many bytes, each after a while, and never ends.
    struct Dribble(usize, Pin<Box<Sleep>>);

    const EVERY: Duration = Duration::from_millis(5);

    impl http_body::Body for Dribble {
        type Data = <Body as http_body::Body>::Data;
        type Error = Status;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            cx: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Self::Data>, Status>>> {
            std::task::ready!(self.1.as_mut().poll(cx));
            self.1 = Box::pin(tokio::time::sleep(EVERY));
            let piece = vec![0_u8; self.0];
            Poll::Ready(Some(Ok(Frame::data(piece.into()))))
        }
    }

    /// How a request in such pieces ends.
    async fn ends(place: &Arc<Place>, piece: usize, within: Duration) -> tonic::Code {
        let patience = Patience {
            whole_within: within,
            streams: &[],
        };
        let dribble = Dribble(piece, Box::pin(tokio::time::sleep(EVERY)));
        let mut body = Unfinished::new(Body::new(dribble), Arc::clone(place), patience);
        loop {
            let frame = poll_fn(|cx| http_body::Body::poll_frame(Pin::new(&mut body), cx)).await;
            match frame {
                Some(Ok(_)) => {}
                Some(Err(status)) => return status.code(),
                None => panic!("it never ends by itself"),
            }
        }
    }

    #[tokio::test]
    async fn a_request_that_dribbles_is_given_up_and_one_that_swells_is_refused() {
        let gate = Gate::new("local", Budget::of(0).local);
        let place = gate.arrive(Source::User(1)).unwrap();
        place.enter("uid 1").unwrap();
        let (soon, late) = (Duration::from_millis(60), Duration::from_secs(600));
        assert_eq!(ends(&place, 1, soon).await, tonic::Code::DeadlineExceeded);
        assert_eq!(
            ends(&place, 8 << 20, late).await,
            tonic::Code::ResourceExhausted
        );
        // What was held is free again.
        assert!(place.hold(8 << 20).is_ok());
    }
}
