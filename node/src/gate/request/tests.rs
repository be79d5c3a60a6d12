use super::*;
use crate::gate::{Budget, Crowded, Gate, Source};
use bytes::Bytes;
use std::collections::VecDeque;
use std::future::poll_fn;
use tonic::Code;

/// A body that comes in pieces, each after a while; then it waits for ever.
struct Script(VecDeque<(Duration, Bytes)>, Pin<Box<Sleep>>);

impl Script {
    fn body(pieces: impl IntoIterator<Item = (Duration, Bytes)>) -> Body {
        let pieces: VecDeque<_> = pieces.into_iter().collect();
        let first = pieces.front().map_or(Duration::MAX, |piece| piece.0);
        Body::new(Self(pieces, Box::pin(sleep(first))))
    }
}

impl http_body::Body for Script {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        std::task::ready!(self.1.as_mut().poll(cx));
        let Some((_, piece)) = self.0.pop_front() else {
            return Poll::Pending;
        };
        let next = self.0.front().map_or(Duration::MAX, |piece| piece.0);
        self.1 = Box::pin(sleep(next));
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }
}

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
const WHOLE: &str = "/shop.Shop/Ask";
const STREAM: &str = "/shop.Shop/Hear";
const PATIENCE: Patience = Patience::new(Duration::from_secs(30), &["/Hear"]);

fn inside() -> (Gate, Arc<Place>) {
    let gate = Gate::new("local", Budget::of(0).local);
    let place = gate.arrive(Source::User(1)).unwrap();
    place.enter("uid 1").unwrap();
    (gate, place)
}

fn late(gate: &Gate) -> u64 {
    let counts = gate.turned_away().into_iter();
    counts
        .filter(|(crowded, _)| *crowded == Crowded::Time)
        .map(|(_, count)| count)
        .sum()
}

fn prefix(length: u32) -> Vec<u8> {
    [&[0][..], &length.to_be_bytes()[..]].concat()
}

fn message(length: u32) -> Bytes {
    let mut bytes = prefix(length);
    bytes.resize(5 + length as usize, 7);
    bytes.into()
}

/// A prefix, then a byte every so often, for ever.
fn dribble(length: u32, every: Duration) -> impl Iterator<Item = (Duration, Bytes)> {
    let bytes = prefix(length).into_iter().chain(std::iter::repeat(7));
    bytes.take(4096).map(move |byte| (every, vec![byte].into()))
}

/// Reads until a status; how many bytes came before.
async fn ends(body: &mut Coming) -> (usize, Status) {
    let mut came = 0;
    loop {
        match poll_fn(|cx| http_body::Body::poll_frame(Pin::new(body), cx)).await {
            Some(Ok(frame)) => came += frame.data_ref().map_or(0, Bytes::len),
            Some(Err(status)) => return (came, status),
            None => panic!("it never ends by itself"),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_dribbles_is_given_up_as_a_whole_and_in_a_stream() {
    for (path, within) in [(WHOLE, 30), (STREAM, 60)] {
        let (gate, place) = inside();
        let begun = Instant::now();
        let dribble = Script::body(dribble(8 << 20, SECOND));
        let mut body = Coming::new(dribble, path, place, &PATIENCE);
        let (_, status) = ends(&mut body).await;
        assert_eq!(status.code(), Code::DeadlineExceeded, "{path}");
        assert!(
            status.message().contains(&format!("{within} 秒")),
            "{status:?}"
        );
        // In a stream its time begins with the first byte.
        let took = begun.elapsed().as_secs();
        assert!((within..=within + 1).contains(&took), "{path}: {took}");
        assert_eq!(gate.held().0, 5 + (8 << 20));
        drop(body);
        assert_eq!((gate.held().0, late(&gate)), (0, 1));
    }
}

#[tokio::test(start_paused = true)]
async fn a_stream_at_rest_is_left_alone_and_every_message_has_its_own_time() {
    let (gate, place) = inside();
    let slow = 8 << 20;
    let mut pieces = vec![(SECOND, message(9)), (60 * MINUTE, message(0))];
    // A long message on a slow line, and again, the next begun with the last piece of the one before.
    let long = [message(slow), message(slow)].concat();
    pieces.extend(
        long.chunks(slow as usize / 50)
            .map(|it| (SECOND, Bytes::copy_from_slice(it))),
    );
    pieces.push((60 * MINUTE, message(3)));
    pieces.push((60 * MINUTE, vec![0].into()));
    let all: usize = pieces.iter().map(|(_, piece)| piece.len()).sum();
    let mut body = Coming::new(Script::body(pieces), STREAM, place, &PATIENCE);
    // All of it came, and only what was begun last and never went on is given up.
    let (came, status) = ends(&mut body).await;
    assert_eq!((came, status.code()), (all, Code::DeadlineExceeded));
    assert_eq!((gate.held().0, late(&gate)), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn what_this_node_did_not_look_at_is_not_the_callers_fault() {
    let (_, place) = inside();
    let half = |_| (70 * SECOND, Bytes::from_static(&[7; 5]));
    let begun = std::iter::once((SECOND, prefix(10).into()));
    let pieces = begun.chain((0..2).map(half));
    let mut body = Coming::new(Script::body(pieces), STREAM, place, &PATIENCE);
    let mut next = async || {
        let polled = poll_fn(|cx| http_body::Body::poll_frame(Pin::new(&mut body), cx)).await;
        polled
            .unwrap()
            .map(|frame| frame.into_data().unwrap().len())
    };
    assert_eq!(next().await.unwrap(), 5);
    // Looked at, and then not for long: what came meanwhile is taken, and what is missing has its time again.
    assert!(tokio::time::timeout(SECOND, next()).await.is_err());
    tokio::time::sleep(69 * SECOND).await;
    assert_eq!(next().await.unwrap(), 5);
    assert!(tokio::time::timeout(SECOND, next()).await.is_err());
    tokio::time::sleep(68 * SECOND).await;
    assert_eq!(next().await.unwrap(), 5);
}

#[tokio::test(start_paused = true)]
async fn what_swells_is_refused_and_what_was_held_is_free_again() {
    let (gate, place) = inside();
    let most = Budget::of(0).local.requests.per_holder;
    let mut bodies = Vec::new();
    for path in [WHOLE, STREAM, STREAM] {
        let begun = Script::body([(SECOND, prefix(10 << 20).into())]);
        let mut body = Coming::new(begun, path, Arc::clone(&place), &PATIENCE);
        let frame = poll_fn(|cx| http_body::Body::poll_frame(Pin::new(&mut body), cx)).await;
        assert!(frame.unwrap().is_ok());
        bodies.push(body);
    }
    assert!(gate.held().0 > 30 << 20 && gate.held().0 <= most);
    for path in [WHOLE, STREAM] {
        let begun = Script::body([(SECOND, prefix(10 << 20).into())]);
        let mut body = Coming::new(begun, path, Arc::clone(&place), &PATIENCE);
        let (_, status) = ends(&mut body).await;
        assert_eq!(status.code(), Code::ResourceExhausted);
        assert!(status.message().contains("占用过多"), "{status:?}");
    }
    assert!(gate.held().0 <= most);
    bodies.clear();
    assert_eq!(gate.held().0, 0);
}
