use std::ops::ControlFlow;

use proptest::prelude::*;

use super::*;
use crate::store::disk::SimDisk;
use crate::store::log::{Log, LogReader, LogSettings, Verify};
use crate::store::test_support::{TestFold, dump, lasting_of, rolls, some_ops};
use crate::store::view::{Direction, KeyRange, MemView, Op, Rows, Tree, View};
use crate::store::{Fold, disk::Disk};

const NODE: &str = "440300000000";
const DIR: &str = "/node/checkpoint";

/// A log of random changes, and the state that folding all of it gives.
fn history(disk: &SimDisk, seed: u64, commits: u64) -> (Log, Vec<MemView>) {
    let settings = LogSettings {
        dir: "/node/log".into(),
        node: NODE.into(),
        epoch: 0,
        segment_bytes_max: 2000,
        verify: Verify::All,
        closed_at: None,
    };
    let (mut log, _) = Log::open(Arc::new(disk.clone()), settings).unwrap();
    let mut roll = rolls(seed);
    let mut states = vec![MemView::new()];
    for no in 1..=commits {
        let lasting = lasting_of(&some_ops(&mut roll));
        log.append(&lasting, b"").unwrap();
        let state = MemView::new();
        state.apply(no - 1, &dump(states.last().unwrap())).unwrap();
        state
            .apply(
                no,
                &TestFold { layout: 1 }.fold(&state, no, &lasting).unwrap(),
            )
            .unwrap();
        states.push(state);
    }
    log.sync().unwrap();
    (log, states)
}

fn builder(disk: &SimDisk, log: LogReader, memory_bytes_max: usize) -> Builder {
    let fold = Arc::new(TestFold { layout: 1 });
    Builder {
        disk: Arc::new(disk.clone()),
        dir: DIR.into(),
        log,
        fold,
        memory_bytes_max,
    }
}

fn newest(disk: &SimDisk, log: &LogReader, layout: u32, upto: CommitNo) -> Found {
    let disk: Arc<dyn Disk> = Arc::new(disk.clone());
    find(
        &disk,
        Path::new(DIR),
        &Wanted {
            node: NODE,
            layout,
            upto,
        },
        &|no| chain_at(log, no),
    )
    .unwrap()
}

#[test]
fn checkpoints_follow_one_another_and_equal_the_folded_log() {
    for memory in [1, 2000, 1 << 20] {
        let disk = SimDisk::new();
        let (log, states) = history(&disk, 5, 60);
        let builder = builder(&disk, log.reader(), memory);
        for upto in [0, 20, 21, 21, 60] {
            let built = builder.build(upto).unwrap();
            assert_eq!((built.commit_no, built.refused.len()), (upto, 0));
            let found = newest(&disk, &log.reader(), 1, 60).newest;
            let rows = found.as_ref().map(|rows| dump(rows)).unwrap_or_default();
            assert_eq!(
                rows,
                dump(&states[upto as usize]),
                "memory {memory}, up to {upto}"
            );
        }
        assert_eq!(
            builder.build(60).unwrap(),
            Built {
                commit_no: 60,
                ..Built::default()
            }
        );
    }
}

#[test]
fn every_flipped_byte_and_every_cut_makes_it_pass_to_the_one_before() {
    let disk = SimDisk::new();
    let (log, states) = history(&disk, 6, 12);
    let builder = builder(&disk, log.reader(), 1 << 20);
    builder.build(5).unwrap();
    builder.build(12).unwrap();
    let path = path_of(Path::new(DIR), 12);
    let len = disk.len(&path).unwrap();
    let passed_over = |copy: &SimDisk, at: u64| {
        let found = newest(copy, &log.reader(), 1, 12);
        assert_eq!(found.refused.len(), 1, "{at}");
        assert_eq!(found.newest.unwrap().head().commit_no, 5, "{at}");
    };
    for at in 0..len {
        disk.flip(&path, at, 0x40).unwrap();
        passed_over(&disk, at);
        disk.flip(&path, at, 0x40).unwrap();
    }
    for end in (0..len).step_by(7) {
        let copy = disk.copy();
        copy.truncate(&path, end).unwrap();
        passed_over(&copy, end);
    }
    let long = disk.copy();
    long.write_at(&path, len, b"more").unwrap();
    passed_over(&long, len);
    assert_eq!(
        dump(&newest(&disk, &log.reader(), 1, 12).newest.unwrap()),
        dump(&states[12])
    );
}

#[test]
fn what_does_not_fit_is_passed_over_with_its_reason() {
    let disk = SimDisk::new();
    let (log, _) = history(&disk, 7, 12);
    builder(&disk, log.reader(), 1 << 20).build(12).unwrap();
    let refused = |layout, upto, log: &LogReader| newest(&disk, log, layout, upto).refused.concat();
    assert!(refused(2, 12, &log.reader()).contains("布局"));
    assert!(refused(1, 11, &log.reader()).contains("只到第 11 号"));
    let (other, _) = history(&SimDisk::new(), 8, 12);
    assert!(refused(1, 12, &other.reader()).contains("哈希链"));
    assert_eq!(refused(1, 12, &log.reader()), "");
}

#[test]
fn the_two_newest_are_kept_and_leftovers_removed() {
    let disk = SimDisk::new();
    let (log, _) = history(&disk, 9, 12);
    let builder = builder(&disk, log.reader(), 1 << 20);
    for upto in [3, 6, 9, 12] {
        builder.build(upto).unwrap();
    }
    disk.rename(
        &path_of(Path::new(DIR), 3),
        &Path::new(DIR).join("3.cp.tmp"),
    )
    .unwrap();
    assert_eq!(prune(&disk, Path::new(DIR), 12).unwrap(), 1);
    assert_eq!(list(&disk, Path::new(DIR)).unwrap(), [9, 12]);
    assert_eq!(disk.list(Path::new(DIR)).unwrap().len(), 2);
}

#[test]
fn a_full_disk_or_a_crash_leaves_the_checkpoints_before() {
    for seed in 0..40 {
        let disk = SimDisk::new();
        let (log, states) = history(&disk, 10, 30);
        builder(&disk, log.reader(), 1 << 20).build(10).unwrap();
        if seed % 2 == 0 {
            disk.set_room(Some(seed * 40))
        } else {
            disk.fail_sync_in(1)
        }
        builder(&disk, log.reader(), 1 << 20).build(30).unwrap_err();
        drop(log);
        disk.set_room(None);
        disk.crash(&mut rolls(seed));
        let (log, _) = history(&disk, 11, 0);
        let found = newest(&disk, &log.reader(), 1, 30).newest.unwrap();
        let no = found.head().commit_no;
        assert_eq!((no, dump(&found)), (10, dump(&states[10])));
        assert_eq!(
            builder(&disk, log.reader(), 1 << 20)
                .build(30)
                .unwrap()
                .commit_no,
            30
        );
    }
}

fn scanned(
    rows: &dyn Rows,
    range: KeyRange<'_>,
    direction: Direction,
    limit: usize,
    stop: usize,
) -> Vec<Op> {
    let mut all = Vec::new();
    let count = rows.scan(Tree::Leg, range, direction, limit, &mut |key, value| {
        all.push(Op::put(Tree::Leg, key, value));
        if all.len() == stop {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    });
    assert_eq!(count.unwrap(), all.len());
    all
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(80))]
    /// A checkpoint with changes over it shows what a plain view with the same history shows.
    #[test]
    fn overlay_and_checkpoint_equal_a_plain_view(
        seed: u64, from in 0..45_u8, to in proptest::option::of(0..45_u8), limit in 0..12_usize, stop in 1..12_usize,
        wide in prop::bool::ANY,
    ) {
        let disk = SimDisk::new();
        let mut roll = rolls(seed);
        let size = if wide { 3000 } else { 30 };
        let mut op = |filled: bool| {
            let key = format!("{:02}", roll() % 40).into_bytes();
            let value = (filled || !roll().is_multiple_of(3)).then(|| vec![roll() as u8; size]);
            Op { tree: Tree::ALL[(roll() % 3) as usize], key, value }
        };
        let base: Vec<Op> = (0..60).map(|_| op(true)).collect();
        let changes: Vec<Op> = (0..30).map(|_| op(false)).collect();
        let plain = MemView::new();
        plain.apply(1, &base).unwrap();
        let head = CheckpointHead { node: NODE.into(), layout: 1, commit_no: 1, hash: [0; 32] };
        let mut writer = format::Writer::begin(&disk, Path::new(DIR), &head).unwrap();
        for row in dump(&plain) {
            writer.put(row.tree, &row.key, &row.value.unwrap()).unwrap();
        }
        writer.finish().unwrap();
        let rows = CheckpointRows::open(&disk, &path_of(Path::new(DIR), 1), NODE).unwrap();
        prop_assert_eq!(dump(&rows), dump(&plain));
        let mut overlay = Overlay::new(&rows);
        overlay.apply(changes.clone());
        plain.apply(2, &changes).unwrap();
        prop_assert_eq!(dump(&overlay), dump(&plain));
        let (from, to) = (format!("{from:02}"), to.map(|to| format!("{to:02}")));
        let range = KeyRange { from: from.as_bytes(), to: to.as_ref().map(String::as_bytes) };
        for direction in [Direction::Up, Direction::Down] {
            let expected = scanned(&plain, range, direction, limit, stop);
            prop_assert_eq!(scanned(&overlay, range, direction, limit, stop), expected);
        }
        for number in 0..45 {
            let key = format!("{number:02}");
            for tree in [Tree::Ticket, Tree::Leg, Tree::Timeline, Tree::Meta] {
                let expected = plain.get(tree, key.as_bytes());
                prop_assert_eq!(overlay.get(tree, key.as_bytes()), expected);
            }
        }
    }
}
