//! The rule of a door: tables for who makes room for whom, and what holds whatever comes.

pub(crate) mod shop;
mod slow;

use super::book::{Book, Bounds, Crowded, Held, Room, Stage, Verdict};
use super::known::{KNOWN_MAX, Known};
use super::*;
use proptest::prelude::*;
use std::net::IpAddr;
use std::sync::Arc;

const BOUNDS: Bounds = Bounds {
    waiting: 6,
    waiting_per_source: 3,
    waiting_per_prefix: 4,
    kept: 2,
    kept_per_source: 1,
    inside: 6,
    inside_per_holder: 3,
    requests: Room {
        all: 100,
        per_holder: 60,
        sure: 5,
    },
    answers: Room {
        all: 200,
        per_holder: 90,
        sure: 9,
    },
};

fn from(text: &str) -> Source {
    Source::of(text.parse::<IpAddr>().unwrap())
}

/// The numbers of newcomers, none of whom needed room.
fn fill(book: &mut Book, sources: &[&str], known: bool) -> Vec<u64> {
    let sources = sources.iter();
    sources
        .map(|source| {
            let (number, verdict) = book.arrive(from(source), known);
            assert_eq!(verdict, Verdict::In(None), "{source}");
            number
        })
        .collect()
}

fn holder(name: &str) -> Arc<str> {
    name.into()
}

#[test]
fn prefixes_are_networks_and_mapped_addresses_are_what_they_stand_for() {
    for (one, other, same) in [
        ("192.0.2.1", "192.0.2.254", true),
        ("192.0.2.1", "192.0.3.1", false),
        ("::ffff:192.0.2.1", "192.0.2.9", true),
        ("2001:db8::1", "2001:db8::ffff:ffff:ffff:ffff", true),
        ("2001:db8::1", "2001:db8:0:1::1", false),
    ] {
        assert_eq!(
            from(one).prefix() == from(other).prefix(),
            same,
            "{one} {other}"
        );
    }
    assert_eq!(from("::ffff:192.0.2.1"), from("192.0.2.1"));
    assert_ne!(from("192.0.2.1").home(), from("192.0.2.2").home());
    assert_eq!(from("2001:db8::1").home(), from("2001:db8::2").home());
    assert_ne!(Source::User(1).prefix(), Source::User(2).prefix());
}

#[test]
fn who_says_nothing_makes_room_first_then_who_is_in_the_middle_of_it() {
    let mut book = Book::new(BOUNDS);
    let places = [
        "10.0.0.1", "10.0.1.1", "10.0.2.1", "10.0.3.1", "10.0.4.1", "10.0.5.1",
    ];
    let numbers = fill(&mut book, &places, false);
    book.hear(numbers[0]);
    book.hear(numbers[2]);
    // The oldest silent ones, then the oldest greeting ones; a newcomer is silent himself.
    let mut gone = Vec::new();
    for at in 0..6 {
        let (number, verdict) = book.arrive(from(&format!("10.1.{at}.1")), false);
        let Verdict::In(Some((number_gone, Crowded::Door))) = verdict else {
            panic!("{verdict:?}")
        };
        book.hear(number);
        gone.push(number_gone);
    }
    let order = [1, 3, 4, 5, 0, 2].map(|at: usize| numbers[at]);
    assert_eq!(gone, order);
    assert_eq!(book.standing(), (6, 0));
}

#[test]
fn an_address_and_a_prefix_make_room_among_their_own() {
    let mut book = Book::new(BOUNDS);
    let others = fill(&mut book, &["10.0.9.1"], false);
    let own = fill(&mut book, &["10.0.0.1", "10.0.0.1", "10.0.0.1"], false);
    let (_, verdict) = book.arrive(from("10.0.0.1"), false);
    assert_eq!(verdict, Verdict::In(Some((own[0], Crowded::Source))));
    let next = fill(&mut book, &["10.0.0.2"], false);
    let (_, verdict) = book.arrive(from("10.0.0.3"), false);
    assert_eq!(verdict, Verdict::In(Some((own[1], Crowded::Prefix))));
    assert!(book.stage(others[0]).is_some() && book.stage(next[0]).is_some());
}

#[test]
fn whoever_was_refused_keeps_his_place_but_not_where_neighbours_come_from() {
    let mut book = Book::new(BOUNDS);
    for number in fill(&mut book, &["10.0.0.1", "10.0.0.1", "10.0.0.1"], false) {
        book.rest(number);
    }
    let (_, verdict) = book.arrive(from("10.0.0.1"), false);
    assert_eq!(verdict, Verdict::Refused(Crowded::Source));
    let (_, verdict) = book.arrive(from("10.0.0.2"), false);
    assert_eq!(verdict, Verdict::In(None));
    let resting = fill(&mut book, &["10.0.0.1"], true);
    book.rest(resting[0]);
    let (_, verdict) = book.arrive(from("10.0.0.1"), true);
    assert_eq!(verdict, Verdict::In(Some((resting[0], Crowded::Source))));
}

#[test]
fn the_share_of_the_known_is_touched_by_nobody_else() {
    let mut book = Book::new(BOUNDS);
    let known = fill(&mut book, &["10.0.0.1", "10.0.0.2"], true);
    for at in 0..100_u32 {
        let (_, verdict) = book.arrive(from(&format!("10.1.{}.1", at % 50)), false);
        assert!(matches!(verdict, Verdict::In(_)), "{verdict:?}");
    }
    assert!(known.iter().all(|number| book.stage(*number).is_some()));
    // Among themselves the oldest goes.
    let (_, verdict) = book.arrive(from("10.0.0.3"), true);
    assert_eq!(verdict, Verdict::In(Some((known[0], Crowded::Door))));
}

#[test]
fn neighbours_who_call_all_at_once_from_one_address_have_its_room_besides_their_share() {
    let mut book = Book::new(BOUNDS);
    let all = ["10.0.0.1"; BOUNDS.kept_per_source + BOUNDS.waiting_per_source];
    let numbers = fill(&mut book, &all, true);
    assert!(numbers.iter().all(|number| book.stage(*number).is_some()));
    let (_, verdict) = book.arrive(from("10.0.0.1"), true);
    assert_eq!(verdict, Verdict::In(Some((numbers[0], Crowded::Source))));
}

#[test]
fn of_one_identity_what_is_idle_longest_makes_room_and_work_goes_on() {
    let mut book = Book::new(BOUNDS);
    let mut inside = Vec::new();
    for at in 0..3 {
        let number = fill(&mut book, &[&format!("10.0.{at}.1")], false)[0];
        assert_eq!(book.enter(number, &holder("county")), Verdict::In(None));
        inside.push(number);
    }
    book.begin(inside[0]);
    book.begin(inside[1]);
    book.end(inside[1]);
    let enter = |book: &mut Book| {
        let (number, _) = book.arrive(from("10.0.9.1"), false);
        (number, book.enter(number, &holder("county")))
    };
    assert_eq!(
        enter(&mut book).1,
        Verdict::In(Some((inside[2], Crowded::Holder)))
    );
    assert_eq!(
        enter(&mut book).1,
        Verdict::In(Some((inside[1], Crowded::Holder)))
    );
    assert_eq!(book.stage(inside[0]), Some(Stage::Busy));
    // All at work: the oldest, which may be dead without anybody knowing.
    let mut book = Book::new(BOUNDS);
    let mut busy = Vec::new();
    for _ in 0..3 {
        let (number, verdict) = enter(&mut book);
        assert_eq!(verdict, Verdict::In(None));
        book.begin(number);
        busy.push(number);
    }
    assert_eq!(
        enter(&mut book).1,
        Verdict::In(Some((busy[0], Crowded::Holder)))
    );
}

#[test]
fn a_full_house_makes_room_at_the_cost_of_whoever_has_most() {
    let mut book = Book::new(BOUNDS);
    let mut enter = |name: &str| {
        let (number, _) = book.arrive(from("10.0.0.1"), false);
        (number, book.enter(number, &holder(name)))
    };
    let many: Vec<_> = (0..3).map(|_| enter("many").0).collect();
    (0..3).for_each(|at| assert_eq!(enter(&format!("one {at}")).1, Verdict::In(None)));
    assert_eq!(enter("new").1, Verdict::In(Some((many[0], Crowded::Door))));
    // Now one has two and the others one each: a newcomer with none may still take one of two.
    assert_eq!(
        enter("newer").1,
        Verdict::In(Some((many[1], Crowded::Door)))
    );
    assert_eq!(enter("newest").1, Verdict::Refused(Crowded::Door));
}

#[test]
fn requests_and_answers_are_bounded_by_identity_and_in_all_and_everybody_has_a_little() {
    for (held, room, other) in [
        (Held::Requests, BOUNDS.requests, Held::Answers),
        (Held::Answers, BOUNDS.answers, Held::Requests),
    ] {
        let mut book = Book::new(BOUNDS);
        let enter = |book: &mut Book, name: &str| {
            let (number, _) = book.arrive(from("10.0.0.1"), false);
            book.enter(number, &holder(name));
            number
        };
        let (one, two) = (enter(&mut book, "a"), enter(&mut book, "a"));
        let (third, last) = (enter(&mut book, "b"), enter(&mut book, "c"));
        // What is held of the one kind takes nothing of the other's room.
        assert_eq!(book.hold(one, other, 50), Ok(()));
        let half = room.per_holder / 2;
        assert_eq!(book.hold(one, held, half), Ok(()));
        let over = room.per_holder - half + 1;
        assert_eq!(book.hold(two, held, over), Err(Crowded::Holder));
        book.release(two, held, over);
        assert_eq!(book.hold(two, held, over - 1), Ok(()));
        let left = room.all - room.per_holder;
        let taken = left.min(room.per_holder);
        assert_eq!(book.hold(third, held, taken), Ok(()));
        // The door is full but for what everybody has in any case.
        let left = left - taken;
        assert_eq!(
            book.hold(last, held, left + 1 + room.sure),
            Err(Crowded::Door)
        );
        book.release(last, held, left + 1 + room.sure);
        assert_eq!(book.hold(last, held, room.sure), Ok(()));
        assert_eq!(book.hold(last, held, left + 1), Err(Crowded::Door));
        book.leave(one);
        assert_eq!(book.hold(last, held, 1), Ok(()));
        // Whoever has no name has no room.
        let (nobody, _) = book.arrive(from("10.0.0.9"), false);
        assert_eq!(book.hold(nobody, held, 1), Err(Crowded::Door));
    }
}

#[test]
fn a_neighbour_and_a_front_end_have_room_for_what_is_honest() {
    let budget = Budget::of(40);
    let frame = crate::link::FRAME_BYTES_MAX;
    for room in [budget.federation.requests, budget.federation.answers] {
        assert!(room.per_holder >= 2 * frame + (4 << 20), "{room:?}");
    }
    // Thirty-two files at once.
    assert!(budget.operators.answers.per_holder > 32 << 20);
    assert!(budget.operators.requests.per_holder >= 32 << 20);
    for bounds in [budget.federation, budget.local, budget.operators] {
        for room in [bounds.requests, bounds.answers] {
            // No two identities together shut others out, and what is sure is little.
            assert!(2 * room.per_holder < room.all, "{room:?}");
            assert!(bounds.inside * room.sure < room.all, "{room:?}");
        }
    }
}

#[test]
fn the_memory_of_the_known_is_bounded_and_keeps_the_latest() {
    let mut known = Known::default();
    let neighbour = from("192.0.2.7");
    for at in 0..3 * KNOWN_MAX as u32 {
        known.remember(neighbour);
        known.remember(Source::Address(std::net::Ipv4Addr::from_bits(at).into()));
    }
    assert_eq!(known.len(), KNOWN_MAX);
    assert!(known.knows(neighbour) && !known.knows(from("0.0.0.1")));
}

#[test]
fn a_county_runs_with_the_usual_thousand_descriptors() {
    let doors = Doors {
        federation: true,
        operators: true,
        monitors: true,
    };
    assert!(
        Budget::of(40).needed(doors) <= 1024,
        "{}",
        Budget::of(40).needed(doors)
    );
    assert_eq!(Budget::of(0).needed(doors), NEEDED_AT_LEAST);
}

#[test]
fn too_few_descriptors_are_said_and_enough_are_enough() {
    assert_eq!(descriptors::ensure(16), Ok(()));
    let words = descriptors::ensure(usize::MAX).unwrap_err();
    assert!(words.contains("LimitNOFILE"), "{words}");
}

/// What may happen at a door.
#[derive(Debug, Clone)]
enum Happens {
    Arrives(u8, bool),
    Speaks(usize),
    Enters(usize, u8),
    Rests(usize),
    Begins(usize),
    Ends(usize),
    Leaves(usize),
}

fn happens() -> impl Strategy<Value = Happens> {
    prop_oneof![
        4 => (0..12_u8, any::<bool>()).prop_map(|(from, known)| Happens::Arrives(from, known)),
        1 => any::<usize>().prop_map(Happens::Speaks),
        2 => (any::<usize>(), 0..4_u8).prop_map(|(at, who)| Happens::Enters(at, who)),
        1 => any::<usize>().prop_map(Happens::Rests),
        1 => any::<usize>().prop_map(Happens::Begins),
        1 => any::<usize>().prop_map(Happens::Ends),
        1 => any::<usize>().prop_map(Happens::Leaves),
    ]
}

fn place(at: u8) -> Source {
    from(&format!("10.0.{}.{}", at / 4, at % 4))
}

proptest! {
    /// Whatever comes: no bound is passed, at most one goes for one that comes, and of the known's share nobody goes
    /// for a stranger.
    #[test]
    fn no_bound_is_ever_passed(story in prop::collection::vec(happens(), 1..200)) {
        let mut book = Book::new(BOUNDS);
        let mut all = Vec::new();
        for event in story {
            let pick = |at: usize| -> Option<u64> { all.get(at % all.len().max(1)).copied() };
            let before = book.standing();
            match event {
                Happens::Arrives(at, known) => {
                    let of_known: usize = (0..12).map(|at| book.count_where(place(at), true, true)).sum();
                    let (number, verdict) = book.arrive(place(at), known);
                    prop_assert_eq!(matches!(verdict, Verdict::In(_)), book.stage(number).is_some());
                    if !known {
                        let now: usize = (0..12).map(|at| book.count_where(place(at), true, true)).sum();
                        prop_assert_eq!(of_known, now);
                    }
                    prop_assert!(book.standing().0 >= before.0);
                    all.push(number);
                }
                Happens::Speaks(at) => pick(at).into_iter().for_each(|it| book.hear(it)),
                Happens::Enters(at, who) => {
                    let waits = pick(at).filter(|it| book.stage(*it).is_some_and(|it| it < Stage::Idle));
                    if let Some(number) = waits {
                        book.enter(number, &holder(&who.to_string()));
                    }
                }
                Happens::Rests(at) => {
                    let waits = pick(at).filter(|it| book.stage(*it).is_some_and(|it| it < Stage::Idle));
                    waits.into_iter().for_each(|it| book.rest(it));
                }
                Happens::Begins(at) => pick(at).into_iter().for_each(|it| book.begin(it)),
                Happens::Ends(at) => pick(at).into_iter().for_each(|it| book.end(it)),
                Happens::Leaves(at) => pick(at).into_iter().for_each(|it| book.leave(it)),
            }
            let strangers: usize = (0..12).map(|at| book.count_where(place(at), false, true)).sum();
            let known: usize = (0..12).map(|at| book.count_where(place(at), true, true)).sum();
            prop_assert!(strangers <= BOUNDS.waiting && known <= BOUNDS.kept);
            prop_assert!(book.standing().1 <= BOUNDS.inside);
            for at in 0..12 {
                prop_assert!(book.count_where(place(at), false, true) <= BOUNDS.waiting_per_source);
                prop_assert!(book.count_where(place(at), true, true) <= BOUNDS.kept_per_source);
            }
            for net in 0..3 {
                let of_net: usize = (0..4).map(|at| book.count_where(place(net * 4 + at), false, true)).sum();
                prop_assert!(of_net <= BOUNDS.waiting_per_prefix);
            }
        }
    }

    /// Whoever speaks as soon as he comes is in before anybody silent, however many come.
    #[test]
    fn whoever_speaks_at_once_outlasts_the_silent(silent in prop::collection::vec(0..12_u8, 0..5)) {
        let mut book = Book::new(BOUNDS);
        for at in 0..12 {
            book.arrive(place(at), false);
        }
        let (number, verdict) = book.arrive(from("172.16.0.1"), false);
        prop_assert!(matches!(verdict, Verdict::In(_)));
        book.hear(number);
        for at in silent {
            book.arrive(place(at), false);
        }
        prop_assert!(matches!(book.enter(number, &holder("child")), Verdict::In(_)));
    }
}
