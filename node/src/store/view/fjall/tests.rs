use std::fs;
use std::os::unix::fs::FileExt;

use super::*;

fn open(dir: &Path) -> Result<Arc<dyn View>, ViewError> {
    FjallEngine {
        cache_bytes: 1 << 20,
    }
    .open(dir)
}

#[test]
fn a_closed_view_is_whole_and_refuses_further_calls() {
    let folder = tempfile::tempdir().unwrap();
    let view = open(folder.path()).unwrap();
    view.apply(1, &[Op::put(Tree::Leg, *b"k", *b"v")]).unwrap();
    view.close().unwrap();
    assert_eq!(view.get(Tree::Leg, b"k"), Err(ViewError::Closed));
    let again = open(folder.path()).unwrap();
    assert_eq!(again.last_commit(), Ok(1));
    assert_eq!(again.get(Tree::Leg, b"k"), Ok(Some(b"v".to_vec())));
}

#[test]
fn neighbouring_trees_do_not_show_each_others_rows() {
    let folder = tempfile::tempdir().unwrap();
    let view = open(folder.path()).unwrap();
    view.set_layout(3).unwrap();
    let ops: Vec<Op> = Tree::ALL
        .iter()
        .flat_map(|tree| {
            [
                Op::put(*tree, [0_u8; 1], [*tree as u8]),
                Op::put(*tree, [255_u8; 511], [*tree as u8]),
            ]
        })
        .collect();
    view.apply(1, &ops).unwrap();
    for tree in Tree::ALL {
        for direction in [Direction::Up, Direction::Down] {
            let mut seen = Vec::new();
            view.scan(tree, KeyRange::ALL, direction, 10, &mut |key, value| {
                seen.push((key.len(), value.to_vec()));
                ControlFlow::Continue(())
            })
            .unwrap();
            if direction == Direction::Down {
                seen.reverse();
            }
            let value = vec![tree as u8];
            assert_eq!(seen, [(1, value.clone()), (511, value)], "{}", tree.name());
        }
    }
}

#[test]
fn a_journal_damaged_before_others_is_refused_instead_of_leaving_a_gap() {
    for damaged in [false, true] {
        let folder = tempfile::tempdir().unwrap();
        let dir = folder.path().join("view");
        let view = open(&dir).unwrap();
        for no in 1..=200_u64 {
            view.apply(no, &[Op::put(Tree::Ticket, no.to_be_bytes(), *b"short")])
                .unwrap();
        }
        view.close().unwrap();
        // Another journal follows, as if the first had just been closed.
        let journal = dir.join("0.jnl");
        let end = written_end(&File::open(&journal).unwrap()).unwrap();
        assert!(end > 1000, "{end}");
        fs::write(dir.join("1.jnl"), b"").unwrap();
        if damaged {
            let file = fs::OpenOptions::new().write(true).open(&journal).unwrap();
            file.write_all_at(&[0xA5; 64], end / 2).unwrap();
        }
        let opened = open(&dir).map(|view| view.last_commit());
        if damaged {
            let why = opened.expect_err("a gap").to_string();
            assert!(why.contains("0.jnl"), "{why}");
        } else {
            assert_eq!(opened, Ok(Ok(200)));
        }
    }
}
