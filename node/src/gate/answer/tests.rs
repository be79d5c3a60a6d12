use super::*;
use crate::gate::{Budget, Gate, Source};
use std::collections::VecDeque;
use std::future::poll_fn;
use tonic::Code;

const SECOND: Duration = Duration::from_secs(1);
const PATIENCE: Patience = Patience::new(Duration::from_secs(30), &[]);

/// A body of these parts, then a status.
struct Parts(VecDeque<usize>);

impl http_body::Body for Parts {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Polled {
        Poll::Ready(Some(match self.0.pop_front() {
            Some(bytes) => Ok(Frame::data(vec![7; bytes].into())),
            None => trailers(&Status::ok("")).map(Frame::trailers),
        }))
    }
}

fn inside() -> (Gate, Arc<Place>) {
    let gate = Gate::new("local", Budget::of(0).local);
    let place = gate.arrive(Source::User(1)).unwrap();
    place.enter("uid 1").unwrap();
    (gate, place)
}

fn answer(place: &Arc<Place>, parts: &[usize]) -> Answer {
    let way = Way::new(Arc::clone(place)).unwrap();
    let body = Body::new(Parts(parts.iter().copied().collect()));
    Answer::new(body, way, &PATIENCE, place.at_work())
}

async fn next(answer: &mut Answer) -> Option<Result<Frame<Bytes>, Status>> {
    poll_fn(|cx| http_body::Body::poll_frame(Pin::new(&mut *answer), cx)).await
}

async fn piece(answer: &mut Answer) -> Bytes {
    next(answer).await.unwrap().unwrap().into_data().unwrap()
}

/// The status in the trailers.
async fn status(answer: &mut Answer) -> Status {
    let trailers = next(answer)
        .await
        .unwrap()
        .unwrap()
        .into_trailers()
        .unwrap();
    Status::from_header_map(&trailers).unwrap()
}

#[tokio::test(start_paused = true)]
async fn an_answer_goes_piece_by_piece_and_counts_until_it_is_taken() {
    let (gate, place) = inside();
    let long = 8 << 20;
    let mut answer = answer(&place, &[3, long]);
    assert_eq!(gate.held().1, SMALL_BYTES);
    let small = piece(&mut answer).await;
    assert_eq!((small.len(), gate.held().1), (3, SMALL_BYTES + 3));
    drop(small);
    let mut came = 0;
    while came < long {
        let piece = piece(&mut answer).await;
        assert!(piece.len() <= PIECE_BYTES);
        assert_eq!(gate.held().1, SMALL_BYTES + long - came);
        came += piece.len();
        // Nothing more until it is taken, however slowly; each has time of its own.
        let waits = tokio::time::timeout(40 * SECOND, next(&mut answer)).await;
        assert!(came == long || waits.is_err());
        if let Ok(Some(Ok(end))) = waits {
            assert!(end.is_trailers());
        }
        drop(piece);
    }
    drop(answer);
    assert_eq!(gate.held(), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn an_answer_of_which_nothing_is_taken_is_given_up_and_frees_its_room() {
    let (gate, place) = inside();
    let mut answer = answer(&place, &[8 << 20]);
    let piece = piece(&mut answer).await;
    let begun = Instant::now();
    let error = next(&mut answer).await.unwrap().unwrap_err();
    assert_eq!(begun.elapsed().as_secs(), PATIENCE.taken_within.as_secs());
    assert!(error.message().contains("没有取走"), "{error:?}");
    // What the transport tells the caller in place of words that could not pass.
    let source = std::error::Error::source(&error).unwrap();
    let reason = source.downcast_ref::<h2::Error>().unwrap().reason();
    assert_eq!(reason, Some(h2::Reason::ENHANCE_YOUR_CALM));
    assert!(next(&mut answer).await.is_none() && http_body::Body::is_end_stream(&answer));
    assert_eq!(gate.held().1, SMALL_BYTES + PIECE_BYTES);
    assert_eq!(gate.turned_away(), [(Crowded::Time, 1)]);
    // The transport drops what it has when it resets the stream.
    drop((answer, piece));
    assert_eq!(gate.held(), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_stream_at_rest_waits_for_nobody() {
    /// Small parts, hours apart.
    struct Rare(Pin<Box<Sleep>>);

    impl http_body::Body for Rare {
        type Data = Bytes;
        type Error = Status;

        fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Polled {
            ready!(self.0.as_mut().poll(cx));
            self.0 = Box::pin(sleep(3600 * SECOND));
            Poll::Ready(Some(Ok(Frame::data(vec![7; PIECE_BYTES].into()))))
        }
    }

    let (gate, place) = inside();
    let body = Body::new(Rare(Box::pin(sleep(SECOND))));
    let way = Way::new(Arc::clone(&place)).unwrap();
    let mut answer = Answer::new(body, way, &PATIENCE, place.at_work());
    for _ in 0..5 {
        assert_eq!(piece(&mut answer).await.len(), PIECE_BYTES);
        assert_eq!(place.unread().since(), None);
    }
    assert_eq!(gate.turned_away(), []);
}

#[tokio::test(start_paused = true)]
async fn too_much_is_refused_in_words_before_anything_is_done_or_sent() {
    let (gate, place) = inside();
    let most = Budget::of(0).local.answers.per_holder;
    let mut full = answer(&place, &[most - 4 * SMALL_BYTES]);
    let _piece = piece(&mut full).await;
    // A long answer is refused, what a command did is told.
    let mut long = answer(&place, &[8 << 20]);
    let status_of_long = status(&mut long).await;
    assert_eq!(status_of_long.code(), Code::ResourceExhausted);
    assert!(
        status_of_long.message().contains("没有送出"),
        "{status_of_long:?}"
    );
    assert!(next(&mut long).await.is_none());
    drop(long);
    let mut small: Vec<_> = (0..3).map(|_| answer(&place, &[SMALL_BYTES])).collect();
    let mut pieces = Vec::new();
    for small in &mut small {
        pieces.push(piece(small).await);
        assert_eq!(status(small).await.code(), Code::Ok);
    }
    // Now no further call is begun.
    assert_eq!(Way::new(Arc::clone(&place)).err(), Some(Crowded::Holder));
    let others = gate.arrive(Source::User(2)).unwrap();
    others.enter("uid 2").unwrap();
    assert!(Way::new(others).is_ok());
    drop((full, small, pieces, _piece));
    assert_eq!(gate.held(), (0, 0));
    assert!(Way::new(place).is_ok());
}
