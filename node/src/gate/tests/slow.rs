//! Somebody who was let in and then sends or takes slowly, through the real transport on virtual time: what he makes the
//! node hold is bounded and given up, and others are served meanwhile.

use super::super::*;
use super::shop::{HEAR, SHOW, Shop};
use bytes::Bytes;
use futures::StreamExt as _;
use h2::client::{Builder, ResponseFuture, SendRequest};
use h2::{Reason, RecvStream, SendStream};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};
use tokio_stream::wrappers::UnboundedReceiverStream;
use tonic::transport::server::Connected;

const SECOND: Duration = Duration::from_secs(1);
const LONG: usize = 8 << 20;

/// A connection in memory with its place.
struct Io(Gated<DuplexStream>);

impl Connected for Io {
    type ConnectInfo = Came;

    fn connect_info(&self) -> Came {
        Came::new(Arc::clone(self.0.place()), ())
    }
}

impl AsyncRead for Io {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Io {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}

struct Door {
    gate: Gate,
    callers: mpsc::UnboundedSender<std::io::Result<Io>>,
}

impl Door {
    fn open() -> Self {
        let (callers, incoming) = mpsc::unbounded_channel();
        let patience = Patience::new(30 * SECOND, &["/Hear"]);
        let server = crate::identity::patient_server(patience).add_service(Shop);
        let incoming = UnboundedReceiverStream::new(incoming);
        tokio::spawn(server.serve_with_incoming_shutdown(incoming, std::future::pending()));
        let gate = Gate::new("local", Budget::of(0).local);
        Self { gate, callers }
    }

    /// Somebody with that number comes in.
    async fn enter(&self, uid: u32, builder: &Builder) -> Caller {
        let (ours, theirs) = tokio::io::duplex(1 << 20);
        let place = self.gate.arrive(Source::User(uid)).unwrap();
        place.enter(&format!("uid {uid}")).unwrap();
        self.callers
            .send(Ok(Io(Gated::new(theirs, place))))
            .unwrap();
        let (requests, connection) = builder.handshake(ours).await.unwrap();
        let connection = tokio::spawn(async move { connection.await.is_err() });
        Caller {
            requests,
            connection,
        }
    }

    fn times(&self, of: Crowded) -> u64 {
        let counts = self.gate.turned_away().into_iter();
        counts
            .filter(|(crowded, _)| *crowded == of)
            .map(|(_, count)| count)
            .sum()
    }
}

struct Caller {
    requests: SendRequest<Bytes>,
    /// Whether it ended with an error.
    connection: JoinHandle<bool>,
}

impl Caller {
    async fn call(&mut self, path: &str, bytes: usize) -> (ResponseFuture, SendStream<Bytes>) {
        let mut request = http::Request::post(format!("http://shop{path}"));
        if path == SHOW {
            request = request.header(super::shop::BYTES, bytes);
        }
        let mut requests = self.requests.clone().ready().await.unwrap();
        requests
            .send_request(request.body(()).unwrap(), path == SHOW)
            .unwrap()
    }

    async fn show(&mut self, bytes: usize) -> RecvStream {
        self.call(SHOW, bytes).await.0.await.unwrap().into_body()
    }
}

fn message(length: usize) -> Bytes {
    let mut bytes = vec![0];
    bytes.extend(u32::try_from(length).unwrap().to_be_bytes());
    bytes.resize(5 + length, 7);
    bytes.into()
}

async fn status(response: ResponseFuture) -> tonic::Code {
    let response = response.await.unwrap();
    tonic::Status::from_header_map(response.headers())
        .unwrap()
        .code()
}

#[tokio::test(start_paused = true)]
async fn who_dribbles_on_many_streams_is_refused_and_given_up_while_others_are_heard() {
    let door = Door::open();
    let most = Budget::of(0).local.requests.per_holder;
    let mut dribbler = door.enter(1, &Builder::new()).await;
    let (mut streams, mut ends) = (Vec::new(), futures::stream::FuturesUnordered::new());
    for _ in 0..100 {
        let (response, mut stream) = dribbler.call(HEAR, 0).await;
        let begun = message(LONG).slice(..8);
        stream.send_data(begun, false).unwrap();
        streams.push(stream);
        ends.push(status(response));
    }
    // All but three are refused at once, each with a message that is counted as if it had come.
    for _ in 0..97 {
        let refused = timeout(SECOND, ends.next()).await.unwrap();
        assert_eq!(refused, Some(tonic::Code::ResourceExhausted));
    }
    assert!(timeout(SECOND, ends.next()).await.is_err());
    assert!((3 * LONG..=most).contains(&door.gate.held().0));
    // Others are heard: at once, and after hours at rest.
    let mut honest = door.enter(2, &Builder::new()).await;
    let (rested, mut resting) = honest.call(HEAR, 0).await;
    let (response, mut stream) = honest.call(HEAR, 0).await;
    stream.send_data(message(LONG), true).unwrap();
    assert_eq!(status(response).await, tonic::Code::Ok);
    // A byte now and then puts nothing off.
    for _ in 0..7 {
        sleep(10 * SECOND).await;
        for stream in &mut streams {
            let _ = stream.send_data(Bytes::from_static(&[7]), false);
        }
    }
    for _ in 0..3 {
        let late = timeout(SECOND, ends.next()).await.unwrap();
        assert_eq!(late, Some(tonic::Code::DeadlineExceeded));
    }
    assert_eq!((door.gate.held().0, door.times(Crowded::Time)), (0, 3));
    sleep(3600 * SECOND).await;
    resting.send_data(message(9), false).unwrap();
    sleep(3600 * SECOND).await;
    resting.send_data(message(LONG), true).unwrap();
    assert_eq!(status(rested).await, tonic::Code::Ok);
}

#[tokio::test(start_paused = true)]
async fn who_takes_nothing_is_given_up_while_whoever_takes_slowly_has_all_of_it() {
    let door = Door::open();
    let most = Budget::of(0).local.answers.per_holder;
    let mut idle = door.enter(1, &Builder::new()).await;
    let mut answers = Vec::new();
    for _ in 0..6 {
        answers.push(idle.show(LONG).await);
    }
    sleep(SECOND).await;
    // Four are held, the others refused in words.
    assert!((4 * LONG - (64 << 10)..=most).contains(&door.gate.held().1));
    assert_eq!(door.times(Crowded::Holder), 2);
    let (mut begun, mut refused, mut stuck) = (Vec::new(), 0, Vec::new());
    for mut answer in answers {
        match timeout(SECOND, answer.data()).await {
            Ok(Some(data)) => begun.push((data.unwrap(), answer)),
            Ok(None) => {
                let trailers = answer.trailers().await.unwrap().unwrap();
                let status = tonic::Status::from_header_map(&trailers).unwrap();
                assert!(status.message().contains("没有送出"), "{status:?}");
                refused += 1;
            }
            Err(_) => stuck.push(answer),
        }
    }
    assert_eq!((begun.len(), refused, stuck.len()), (1, 2, 3));
    // Sixteen kilobytes in twelve seconds: slower than anybody honest, and never given up.
    let mut slow = door.enter(2, &Builder::new()).await;
    let reading = tokio::spawn(async move {
        let (mut answer, mut came) = (slow.show(1 << 20).await, 0);
        while let Some(data) = answer.data().await {
            let bytes = data.unwrap().len();
            sleep(SECOND * 12 * u32::try_from(bytes).unwrap() / (16 << 10)).await;
            answer.flow_control().release_capacity(bytes).unwrap();
            came += bytes;
        }
        came
    });
    // The one that the transport asks for more of is ended by itself.
    let (_, answer) = &mut begun[0];
    let reset = loop {
        match timeout(90 * SECOND, answer.data()).await.unwrap().unwrap() {
            Ok(_) => {}
            Err(error) => break error.reason(),
        }
    };
    assert_eq!(reset, Some(Reason::ENHANCE_YOUR_CALM));
    assert_eq!(door.times(Crowded::Time), 1);
    assert!(!idle.connection.is_finished());
    // The others have not had room for a single byte: their connection ends.
    timeout(90 * SECOND, &mut idle.connection)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(door.times(Crowded::Time), 2);
    assert_eq!(reading.await.unwrap(), 1 << 20);
    sleep(SECOND).await;
    assert_eq!(door.gate.held(), (0, 0));
    assert_eq!(door.gate.standing(), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_window_that_never_opens_ends_the_connection_and_no_other() {
    let door = Door::open();
    let mut honest = door.enter(2, &Builder::new()).await;
    let (response, mut resting) = honest.call(HEAR, 0).await;
    // No room at all, and room for less than there is: then everything is with the transport, the end included.
    for window in [0, 1] {
        let mut builder = Builder::new();
        builder.initial_window_size(window);
        let mut idle = door.enter(1, &builder).await;
        let begun = Instant::now();
        let answer = idle.show(10).await;
        assert!(door.gate.held().1 > 10);
        let ended = timeout(600 * SECOND, &mut idle.connection).await;
        ended.unwrap().unwrap();
        let took = begun.elapsed();
        assert!(
            120 * SECOND <= took && took <= 140 * SECOND,
            "{window}: {took:?}"
        );
        drop(answer);
    }
    assert_eq!(door.times(Crowded::Time), 2);
    resting.send_data(message(9), true).unwrap();
    assert_eq!(status(response).await, tonic::Code::Ok);
}
