use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use super::*;
use crate::store::view::MemEngine;

/// An engine that comes back only when it is told to.
struct Sticky {
    inner: MemEngine,
    stuck: Arc<AtomicBool>,
}

struct StickyView {
    inner: Arc<dyn View>,
    stuck: Arc<AtomicBool>,
}

fn stand(stuck: &AtomicBool) {
    while stuck.load(Ordering::SeqCst) {
        thread::sleep(Duration::from_millis(1));
    }
}

impl Engine for Sticky {
    fn name(&self) -> &'static str {
        "sticky"
    }

    fn survives_power_cut(&self) -> bool {
        true
    }

    fn open(&self, dir: &Path) -> Result<Arc<dyn View>, ViewError> {
        stand(&self.stuck);
        Ok(Arc::new(StickyView {
            inner: self.inner.open(dir)?,
            stuck: Arc::clone(&self.stuck),
        }))
    }

    fn remove(&self, dir: &Path) -> Result<(), ViewError> {
        self.inner.remove(dir)
    }
}

impl Rows for StickyView {
    fn get(&self, tree: Tree, key: &[u8]) -> Result<Option<Vec<u8>>, ViewError> {
        self.inner.get(tree, key)
    }

    fn scan(
        &self,
        tree: Tree,
        range: KeyRange<'_>,
        direction: Direction,
        limit: usize,
        visit: &mut Visit<'_>,
    ) -> Result<usize, ViewError> {
        self.inner.scan(tree, range, direction, limit, visit)
    }
}

impl View for StickyView {
    fn apply(&self, commit_no: CommitNo, ops: &[Op]) -> Result<(), ViewError> {
        self.inner.apply(commit_no, ops)
    }

    fn last_commit(&self) -> Result<CommitNo, ViewError> {
        self.inner.last_commit()
    }

    fn layout(&self) -> Result<Option<u32>, ViewError> {
        self.inner.layout()
    }

    fn set_layout(&self, layout: u32) -> Result<(), ViewError> {
        self.inner.set_layout(layout)
    }

    fn flush(&self) -> Result<(), ViewError> {
        stand(&self.stuck);
        self.inner.flush()
    }

    fn close(&self) -> Result<(), ViewError> {
        stand(&self.stuck);
        self.inner.close()
    }

    fn end(&self) -> Result<(), ViewError> {
        stand(&self.stuck);
        self.inner.end()
    }

    fn stat(&self) -> ViewStat {
        self.inner.stat()
    }
}

impl Drop for StickyView {
    fn drop(&mut self) {
        stand(&self.stuck);
    }
}

const SHORT: Patience = Patience {
    work: Duration::from_millis(40),
    bytes_a_second: 1,
    end: Duration::from_millis(20),
};
const STUCK: ViewError = ViewError::Stuck { engine: "sticky" };

fn sticky() -> (Apart, Arc<AtomicBool>) {
    let stuck = Arc::new(AtomicBool::new(false));
    let inner = Sticky {
        inner: MemEngine::new(),
        stuck: Arc::clone(&stuck),
    };
    (Apart::new(Arc::new(inner), SHORT), stuck)
}

fn until(what: &str, so: impl Fn() -> bool) {
    let begun = Instant::now();
    while !so() {
        assert!(begun.elapsed() < Duration::from_secs(60), "{what}");
        thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn an_engine_that_works_is_passed_through() {
    let (engine, _) = sticky();
    let dir = Path::new("/view-1");
    let view = engine.open(dir).unwrap();
    view.apply(1, &[Op::put(Tree::Leg, b"k", b"v")]).unwrap();
    view.flush().unwrap();
    assert_eq!(view.get(Tree::Leg, b"k").unwrap(), Some(b"v".to_vec()));
    view.close().unwrap();
    drop(view);
    assert!(!engine.is_lost(dir));
    assert_eq!(engine.open(dir).unwrap().last_commit(), Ok(1));
}

#[test]
fn whoever_waits_for_a_stuck_engine_goes_on_and_the_engine_may_come_back() {
    let (engine, stuck) = sticky();
    let dir = Path::new("/view-1");
    let view = engine.open(dir).unwrap();
    stuck.store(true, Ordering::SeqCst);
    assert_eq!(view.flush(), Err(STUCK));
    // It is asked nothing more that it would have to be waited for.
    assert_eq!(view.end(), Err(STUCK));
    drop(view);
    assert!(engine.is_lost(dir));
    assert_eq!(engine.open(dir).err(), Some(STUCK));
    stuck.store(false, Ordering::SeqCst);
    until("the engine came back", || !engine.is_lost(dir));
    until("its folder can be opened again", || {
        engine.open(dir).is_ok()
    });
}

#[test]
fn no_more_are_lost_than_may_be() {
    let (engine, stuck) = sticky();
    let dirs: Vec<PathBuf> = (0..LOST_MAX)
        .map(|at| PathBuf::from(format!("/view-{at}")))
        .collect();
    let views: Vec<_> = dirs.iter().map(|dir| engine.open(dir).unwrap()).collect();
    stuck.store(true, Ordering::SeqCst);
    drop(views);
    let refused = engine.open(Path::new("/view-9")).err();
    let (engine_name, lost) = ("sticky", LOST_MAX);
    assert_eq!(
        refused,
        Some(ViewError::TooManyLost {
            engine: engine_name,
            lost
        })
    );
    stuck.store(false, Ordering::SeqCst);
    until("all came back", || {
        dirs.iter().all(|dir| !engine.is_lost(dir))
    });
    assert!(engine.open(Path::new("/view-9")).is_ok());
}

#[test]
fn an_engine_that_never_opens_is_given_up() {
    let (engine, stuck) = sticky();
    stuck.store(true, Ordering::SeqCst);
    let dir = Path::new("/view-1");
    assert_eq!(engine.open(dir).err(), Some(STUCK));
    assert!(engine.is_lost(dir));
    stuck.store(false, Ordering::SeqCst);
    until("it came back", || !engine.is_lost(dir));
}
