//! What every engine must do, run over each of them.

use std::ops::ControlFlow;

use super::*;

fn engines() -> Vec<(Box<dyn Engine>, tempfile::TempDir)> {
    let dir = || tempfile::tempdir().unwrap();
    vec![
        (Box::new(MemEngine::new()), dir()),
        (
            Box::new(SledEngine {
                cache_bytes: 1 << 20,
            }),
            dir(),
        ),
        (
            Box::new(FjallEngine {
                cache_bytes: 1 << 20,
            }),
            dir(),
        ),
    ]
}

fn collect(
    view: &dyn View,
    tree: Tree,
    range: KeyRange<'_>,
    direction: Direction,
    limit: usize,
) -> Vec<Vec<u8>> {
    let mut keys = Vec::new();
    let count = view
        .scan(tree, range, direction, limit, &mut |key, _| {
            keys.push(key.to_vec());
            ControlFlow::Continue(())
        })
        .unwrap();
    assert_eq!(count, keys.len());
    keys
}

#[test]
fn puts_deletes_and_numbers_are_kept() {
    for (engine, dir) in engines() {
        let view = engine.open(&dir.path().join("g1")).unwrap();
        assert_eq!(
            (view.last_commit(), view.layout()),
            (Ok(0), Ok(None)),
            "{}",
            engine.name()
        );
        view.set_layout(7).unwrap();
        view.apply(
            1,
            &[
                Op::put(Tree::Ticket, *b"a", *b"1"),
                Op::put(Tree::Leg, *b"a", *b"2"),
            ],
        )
        .unwrap();
        view.apply(
            2,
            &[
                Op::del(Tree::Ticket, *b"a"),
                Op::put(Tree::Leg, *b"a", *b"3"),
            ],
        )
        .unwrap();
        assert_eq!(view.get(Tree::Ticket, b"a"), Ok(None));
        assert_eq!(view.get(Tree::Leg, b"a"), Ok(Some(b"3".to_vec())));
        assert_eq!((view.last_commit(), view.layout()), (Ok(2), Ok(Some(7))));
    }
}

#[test]
fn scans_are_ordered_bounded_and_blind_to_the_views_own_keys() {
    for (engine, dir) in engines() {
        let view = engine.open(&dir.path().join("g1")).unwrap();
        view.set_layout(1).unwrap();
        let ops: Vec<Op> = (1..=9_u8).map(|n| Op::put(Tree::Meta, [n], [n])).collect();
        view.apply(1, &ops).unwrap();
        let keys = |from: &[u8], to: Option<&[u8]>, direction, limit| {
            collect(&*view, Tree::Meta, KeyRange { from, to }, direction, limit).concat()
        };
        assert_eq!(
            keys(&[], None, Direction::Up, 100),
            [1, 2, 3, 4, 5, 6, 7, 8, 9],
            "{}",
            engine.name()
        );
        assert_eq!(keys(&[3], Some(&[6]), Direction::Up, 100), [3, 4, 5]);
        assert_eq!(keys(&[3], Some(&[6]), Direction::Down, 2), [5, 4]);
        assert_eq!(
            keys(&[], None, Direction::Down, 100),
            [9, 8, 7, 6, 5, 4, 3, 2, 1]
        );
        assert_eq!(keys(&[6], Some(&[3]), Direction::Up, 100), [0_u8; 0]);
        assert_eq!(keys(&[4], None, Direction::Up, 0), [0_u8; 0]);
    }
}

#[test]
fn a_scan_ends_when_the_visitor_says_so() {
    for (engine, dir) in engines() {
        let view = engine.open(&dir.path().join("g1")).unwrap();
        view.apply(
            1,
            &(1..=5_u8)
                .map(|n| Op::put(Tree::Timer, [n], [n]))
                .collect::<Vec<_>>(),
        )
        .unwrap();
        let mut seen = 0;
        let count = view.scan(
            Tree::Timer,
            KeyRange::ALL,
            Direction::Up,
            100,
            &mut |_, _| {
                seen += 1;
                if seen == 2 {
                    ControlFlow::Break(())
                } else {
                    ControlFlow::Continue(())
                }
            },
        );
        assert_eq!((count, seen), (Ok(2), 2), "{}", engine.name());
    }
}

#[test]
fn what_is_out_of_bounds_is_refused_before_anything_is_applied() {
    for (engine, dir) in engines() {
        let view = engine.open(&dir.path().join("g1")).unwrap();
        let bad = [
            Op::put(Tree::Link, vec![1; KEY_BYTES_MAX + 1], *b"v"),
            Op::put(Tree::Link, *b"", *b"v"),
            Op::put(Tree::Link, *b"k", vec![0; VALUE_BYTES_MAX + 1]),
        ];
        for op in bad {
            let answer = view.apply(1, &[Op::put(Tree::Link, *b"good", *b"v"), op]);
            assert!(
                matches!(answer, Err(ViewError::OutOfBounds { .. })),
                "{}",
                engine.name()
            );
        }
        assert_eq!(
            (view.get(Tree::Link, b"good"), view.last_commit()),
            (Ok(None), Ok(0))
        );
        view.apply(1, &[Op::put(Tree::Link, vec![1; KEY_BYTES_MAX], *b"v")])
            .unwrap();
    }
}

#[test]
fn a_removed_generation_is_empty_when_opened_again() {
    for (engine, dir) in engines() {
        let path = dir.path().join("g1");
        let view = engine.open(&path).unwrap();
        view.apply(3, &[Op::put(Tree::Figure, *b"k", *b"v")])
            .unwrap();
        drop(view);
        engine.remove(&path).unwrap();
        engine.remove(&path).unwrap();
        assert_eq!(
            engine.open(&path).unwrap().last_commit(),
            Ok(0),
            "{}",
            engine.name()
        );
    }
}

#[test]
fn the_end_of_a_prefix_is_the_next_key_behind_it() {
    assert_eq!(prefix_end(b"ab"), Some(b"ac".to_vec()));
    assert_eq!(prefix_end(&[1, 255, 255]), Some(vec![2]));
    assert_eq!(prefix_end(&[255]), None);
    assert_eq!(prefix_end(b""), None);
}
