//! What the store's tests share.

use super::view::{decode_redo, encode_redo};
use super::{Fold, Op, Rows, Tree};

/// Numbers from a seed; equal seeds give equal numbers.
pub(crate) fn rolls(mut seed: u64) -> impl FnMut() -> u64 {
    move || {
        seed = seed.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = (seed ^ (seed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }
}

/// Lasting parts of the tests: plain changes, after which a counter of all commits is read and raised, so that
/// folding depends on the state before.
pub(crate) struct TestFold {
    pub layout: u32,
}

pub(crate) const COUNTER: &[u8] = b"counter";

/// The counter's bytes for a number.
pub(crate) fn count(number: u64) -> Vec<u8> {
    number.to_be_bytes().to_vec()
}

/// The lasting part of these changes.
pub(crate) fn lasting_of(ops: &[Op]) -> Vec<u8> {
    encode_redo(0, ops)
}

impl Fold for TestFold {
    fn layout(&self) -> u32 {
        self.layout
    }

    fn fold(&self, rows: &dyn Rows, _commit_no: u64, lasting: &[u8]) -> Result<Vec<Op>, String> {
        let (_, mut ops) = decode_redo(lasting).map_err(|e| e.to_string())?;
        let before = rows.get(Tree::Figure, COUNTER).map_err(|e| e.to_string())?;
        let before = before.map_or(0, |bytes| bytes.try_into().map_or(0, u64::from_be_bytes));
        ops.push(Op::put(Tree::Figure, COUNTER, count(before + 1)));
        Ok(ops)
    }
}

/// Some changes to few keys, so that they often meet.
pub(crate) fn some_ops(roll: &mut dyn FnMut() -> u64) -> Vec<Op> {
    (0..roll() % 5)
        .map(|_| {
            let tree = Tree::ALL[(roll() % 9) as usize];
            let key = format!("key {:03}", roll() % 40).into_bytes();
            let value =
                (!roll().is_multiple_of(4)).then(|| vec![roll() as u8; (roll() % 300) as usize]);
            Op { tree, key, value }
        })
        .collect()
}

/// Everything that the rows hold.
pub(crate) fn dump(rows: &dyn Rows) -> Vec<Op> {
    let mut all = Vec::new();
    for tree in Tree::ALL {
        let range = super::view::KeyRange::ALL;
        rows.scan(
            tree,
            range,
            super::view::Direction::Up,
            usize::MAX,
            &mut |key, value| {
                all.push(Op::put(tree, key, value));
                std::ops::ControlFlow::Continue(())
            },
        )
        .unwrap();
    }
    all
}
