//! What never reached a handler, in words and with a status that says that nothing was done: the transport's own refusals
//! of bytes that are no such message would be INTERNAL, which clients take for "outcome unknown", and in English.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use tonic::body::Body;
use tonic::{Code, Extensions, Status};
use tower::{Layer, Service};

/// Longest message of a status as it travels, in bytes: percent-encoded, a Chinese character is nine. Clients take some
/// kilobytes of headers and end the call beyond that.
const MESSAGE_BYTES_MAX: usize = 4 << 10;
/// Longest details of a status as they travel, in bytes.
const DETAILS_BYTES_MAX: usize = 6 << 10;
/// The service whose calls these are.
const SERVICE: &str = "/hotline.operator.v1.Operator/";

/// Whether a request came as far as its handler.
#[derive(Debug, Clone, Default)]
struct Reached(Arc<AtomicBool>);

/// A handler has the request: from here on statuses are its own.
pub(super) fn reached(extensions: &Extensions) {
    if let Some(reached) = extensions.get::<Reached>() {
        reached.0.store(true, Ordering::Relaxed);
    }
}

/// What a stream of requests says where its bytes are no message.
pub(super) fn in_words(status: Status) -> Status {
    match status.code() {
        Code::Internal | Code::OutOfRange => unreadable(status.code()),
        _ => status,
    }
}

fn unreadable(code: Code) -> Status {
    let words = match code {
        Code::OutOfRange => "请求过大；请分几次，或改用文件上传",
        _ => {
            "请求的内容不是有效的消息（Protobuf 编码有误，或文字不是 UTF-8）；请核对所用的 operator.proto"
        }
    };
    super::refusal::invalid("message", words.to_owned())
}

/// The layer.
#[derive(Debug, Clone, Copy, Default)]
pub struct InWords;

impl<S> Layer<S> for InWords {
    type Service = Speaking<S>;

    fn layer(&self, inner: S) -> Speaking<S> {
        Speaking { inner }
    }
}

/// A service whose refusals are in words.
#[derive(Debug, Clone)]
pub struct Speaking<S> {
    inner: S,
}

type Request = http::Request<Body>;
type Response = http::Response<Body>;

impl<S> Service<Request> for Speaking<S>
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
        let ours = request.uri().path().starts_with(SERVICE);
        let reached = Reached::default();
        request.extensions_mut().insert(reached.clone());
        let answering = self.inner.call(request);
        Box::pin(async move {
            let response = answering.await?;
            let reached = reached.0.load(Ordering::Relaxed);
            Ok(match code_of(&response) {
                Some(code @ (Code::Internal | Code::OutOfRange)) if ours && !reached => {
                    unreadable(code).into_http()
                }
                Some(Code::Unimplemented) if !reached => {
                    let words =
                        "没有这个方法，或压缩方式不支持；请核对 operator.proto 与节点程序的版本";
                    Status::unimplemented(words).into_http()
                }
                Some(code) if too_long(&response) => {
                    let words = "说明过长，已略去；请缩短所填的内容再试，详情见节点日志";
                    Status::new(code, words).into_http()
                }
                _ => response,
            })
        })
    }
}

/// The status of an answer that has nothing but one.
fn code_of(response: &Response) -> Option<Code> {
    let status = response.headers().get("grpc-status")?;
    Some(Code::from_bytes(status.as_bytes()))
}

fn too_long(response: &Response) -> bool {
    let length = |name| response.headers().get(name).map_or(0, |value| value.len());
    length("grpc-message") > MESSAGE_BYTES_MAX
        || length("grpc-status-details-bin") > DETAILS_BYTES_MAX
}
