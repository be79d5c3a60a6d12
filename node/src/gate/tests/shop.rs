//! A service that hears requests to their end and shows answers of any length, for the tests of whoever stands before it.

use bytes::Bytes;
use futures::StreamExt as _;
use futures::future::BoxFuture;
use http_body::Frame;
use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};
use tonic::Status;
use tonic::body::Body;
use tonic::server::NamedService;
use tower::Service;

/// Hears a stream of requests.
pub(crate) const HEAR: &str = "/shop.Shop/Hear";
/// Hears a request that is one message.
pub(crate) const ASK: &str = "/shop.Shop/Ask";
/// Answers with one part of so many bytes as the header of this name says.
pub(crate) const SHOW: &str = "/shop.Shop/Show";
pub(crate) const BYTES: &str = "bytes";

/// The service.
#[derive(Clone, Copy)]
pub(crate) struct Shop;

impl NamedService for Shop {
    const NAME: &'static str = "shop.Shop";
}

impl Service<http::Request<Body>> for Shop {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<http::Response<Body>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let bytes = request.headers().get(BYTES);
        let bytes = bytes.map(|bytes| bytes.to_str().unwrap().parse().unwrap());
        Box::pin(async move {
            Ok(match bytes {
                Some(bytes) => http::Response::new(Body::new(Shown(Some(bytes)))),
                None => hear(request.into_body()).await.into_http(),
            })
        })
    }
}

async fn hear(mut body: Body) -> Status {
    let frames =
        futures::stream::poll_fn(move |cx| http_body::Body::poll_frame(Pin::new(&mut body), cx));
    let failed = frames.filter_map(async |frame| frame.err());
    let mut failed = std::pin::pin!(failed);
    failed.next().await.unwrap_or_else(|| Status::ok(""))
}

/// An answer whose data comes at once.
struct Shown(Option<usize>);

impl http_body::Body for Shown {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        Poll::Ready(Some(match self.0.take() {
            Some(bytes) => Ok(Frame::data(vec![7; bytes].into())),
            None => {
                let mut trailers = http::HeaderMap::new();
                let status = Status::ok("").add_header(&mut trailers);
                status.map(|()| Frame::trailers(trailers))
            }
        }))
    }
}
