//! Where a value stands in its file, and under which path.

use std::rc::Rc;

/// Place of a value in the file.
#[derive(Debug, Clone, Default)]
pub(crate) struct Spot {
    pub(super) offset: Option<usize>,
    pub(super) path: Path,
}

impl Spot {
    /// The spot of a field of this table: same place, longer path.
    pub(crate) fn field(&self, name: &'static str) -> Spot {
        Spot {
            offset: self.offset,
            path: self.path.key(name),
        }
    }

    /// The spot of an item of this list: same place, longer path.
    pub(crate) fn item(&self, index: usize) -> Spot {
        Spot {
            offset: self.offset,
            path: self.path.index(index),
        }
    }
}

/// A value and where it stands.
#[derive(Debug, Clone)]
pub(crate) struct Located<T> {
    pub(crate) value: T,
    pub(crate) spot: Spot,
}

/// `region[3].unit[0].key`, shared from the root so that a spot is cheap to keep.
#[derive(Debug, Clone, Default)]
pub(super) struct Path(Option<Rc<(Path, Step)>>);

/// One step of a path.
#[derive(Debug)]
pub(super) enum Step {
    Key(&'static str),
    /// A key that this program does not know.
    Unknown(String),
    Index(usize),
}

impl Path {
    pub(super) fn key(&self, name: &'static str) -> Path {
        self.step(Step::Key(name))
    }

    pub(super) fn index(&self, index: usize) -> Path {
        self.step(Step::Index(index))
    }

    pub(super) fn step(&self, step: Step) -> Path {
        Path(Some(Rc::new((self.clone(), step))))
    }

    pub(super) fn write(&self, out: &mut String) {
        if let Some(step) = &self.0 {
            step.0.write(out);
            let name = match &step.1 {
                Step::Key(name) => name,
                Step::Unknown(name) => name.as_str(),
                Step::Index(index) => return out.push_str(&format!("[{index}]")),
            };
            if !out.is_empty() {
                out.push('.');
            }
            out.push_str(name);
        }
    }
}
