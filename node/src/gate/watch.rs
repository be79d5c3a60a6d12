//! Notes which connections have requests under way, says to handlers who calls, and puts the bounds of time and memory
//! around every request ([`super::request`]) and every answer ([`super::answer`]).

use super::answer::{Answer, Way};
use super::door::Place;
use super::patience::Patience;
use super::request::Coming;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
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

/// The layer around a gRPC server's services.
#[derive(Debug, Clone, Copy)]
pub struct Watch {
    patience: Patience,
}

impl Watch {
    /// Waits so long.
    #[must_use]
    pub const fn with_patience(patience: Patience) -> Self {
        Self { patience }
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
    patience: Patience,
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
        let (place, patience) = (came.place, self.patience);
        let at_work = place.at_work();
        // Before anything is done for the request: whoever is refused here may say the same again.
        let Ok(way) = Way::new(Arc::clone(&place)) else {
            return Box::pin(async { Ok(too_many().into_http()) });
        };
        let path = request.uri().path().to_owned();
        let request = request.map(|body| Body::new(Coming::new(body, &path, place, &patience)));
        let answering = self.inner.call(request);
        Box::pin(async move {
            let response = answering.await?;
            Ok(response.map(|body| Body::new(Answer::new(body, way, &patience, at_work))))
        })
    }
}

fn too_many() -> Status {
    let words = "没有取走的答复占用过多，这一请求没有受理；请先取完已有的答复，再用同一幂等键重发";
    Status::resource_exhausted(words)
}
