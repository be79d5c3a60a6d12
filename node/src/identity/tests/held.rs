//! A neighbour with a good certificate that sends and takes slowly, over real TLS: others are served meanwhile.

use super::*;
use crate::gate::tests::shop::{ASK, BYTES, HEAR, SHOW, Shop};
use bytes::Bytes;
use futures::stream::{self, FuturesUnordered};
use http_body::Frame;
use std::pin::Pin;
use tonic::body::Body;
use tonic::transport::Channel;
use tower::{Service as _, ServiceExt as _};

/// The longest frame of a link.
const LONG: usize = 8 << 20;

/// What comes first, and what comes then; an open end if nothing does.
struct Said(stream::BoxStream<'static, Bytes>);

impl http_body::Body for Said {
    type Data = Bytes;
    type Error = tonic::Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<Frame<Bytes>, tonic::Status>>> {
        let polled = self.0.as_mut().poll_next(cx);
        polled.map(|data| data.map(|data| Ok(Frame::data(data))))
    }
}

fn message(length: usize) -> Bytes {
    let mut bytes = vec![0];
    bytes.extend(u32::try_from(length).unwrap().to_be_bytes());
    bytes.resize(5 + length, 7);
    bytes.into()
}

/// The opening of a long message, of which the rest never comes.
fn begun() -> Body {
    let first = stream::once(async { message(LONG).slice(..8) });
    Body::new(Said(Box::pin(first.chain(stream::pending()))))
}

fn whole() -> Body {
    Body::new(Said(Box::pin(stream::once(async { message(LONG) }))))
}

async fn call(channel: &Channel, path: &str, body: Body) -> http::Response<Body> {
    let request = http::Request::post(path).header("content-type", "application/grpc");
    let request = match path {
        SHOW => request.header(BYTES, LONG),
        _ => request,
    };
    let mut channel = channel.clone();
    let ready = channel.ready().await.unwrap();
    ready.call(request.body(body).unwrap()).await.unwrap()
}

fn status(response: &http::Response<Body>) -> tonic::Code {
    tonic::Status::from_header_map(response.headers()).map_or(tonic::Code::Unknown, |it| it.code())
}

/// Reads an answer to its end: its bytes, and its status.
async fn read(response: http::Response<Body>) -> (usize, tonic::Code) {
    let mut body = response.into_body();
    let mut frames =
        stream::poll_fn(move |cx| http_body::Body::poll_frame(Pin::new(&mut body), cx));
    let mut came = 0;
    while let Some(frame) = frames.next().await {
        match frame.unwrap().into_data() {
            Ok(data) => came += data.len(),
            Err(frame) => {
                let trailers = frame.into_trailers().unwrap();
                return (
                    came,
                    tonic::Status::from_header_map(&trailers).unwrap().code(),
                );
            }
        }
    }
    panic!("no status after {came} bytes");
}

async fn until(gate: &Gate, what: impl Fn(&Gate) -> bool) {
    let waits = async {
        while !what(gate) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let waited = tokio::time::timeout(PATIENCE, waits).await;
    assert!(waited.is_ok(), "{:?} {:?}", gate.held(), gate.turned_away());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_neighbour_that_dribbles_and_takes_nothing_stays_within_its_room_and_others_are_served() {
    let (folder, _) = make(21);
    let path = folder.path();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let bounds = Budget::of(4).federation;
    let (gate, stop) = (Gate::new("test", bounds), CancellationToken::new());
    let callers = incoming::<_, PeerIdentity>(listener, city(path), gate.clone(), stop.clone());
    let stopped = stop.clone().cancelled_owned();
    let served = server().add_service(Shop);
    let served = tokio::spawn(served.serve_with_incoming_shutdown(callers, stopped));
    let channel = |who: &str| channel(node(&path.join(who)), TcpDialer, &address, CITY).unwrap();
    let (hostile, honest) = (channel("county-by-city"), channel("province"));

    // A hundred messages are begun; there is room for two.
    let mut ends: FuturesUnordered<_> = (0..100).map(|_| call(&hostile, HEAR, begun())).collect();
    for _ in 0..98 {
        let refused = tokio::time::timeout(PATIENCE, ends.next())
            .await
            .unwrap()
            .unwrap();
        assert_eq!(status(&refused), tonic::Code::ResourceExhausted);
    }
    until(&gate, |gate| {
        (2 * LONG..=bounds.requests.per_holder).contains(&gate.held().0)
    })
    .await;
    // Nothing is read of twenty answers; there is room for a few of them.
    let mut answers = Vec::new();
    for _ in 0..20 {
        answers.push(call(&hostile, SHOW, Body::empty()).await);
    }
    let refused = |gate: &Gate| -> u64 {
        let counts = gate.turned_away().into_iter();
        counts.map(|(_, count)| count).sum()
    };
    until(&gate, |gate| {
        refused(gate) >= 98 + 10 && (LONG..=bounds.answers.per_holder).contains(&gate.held().1)
    })
    .await;

    // The other neighbour says and hears what is long, meanwhile.
    for path in [HEAR, ASK] {
        let heard = call(&honest, path, whole()).await;
        assert_eq!(status(&heard), tonic::Code::Ok);
    }
    let shown = call(&honest, SHOW, Body::empty()).await;
    assert_eq!(read(shown).await, (LONG, tonic::Code::Ok));
    assert!(gate.held().0 >= 2 * LONG);

    // Nothing of it stays when it has gone.
    drop(ends);
    drop((answers, hostile));
    until(&gate, |gate| gate.held() == (0, 0)).await;
    drop(honest);
    stop.cancel();
    served.await.unwrap().unwrap();
}
