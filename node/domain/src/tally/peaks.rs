//! The root of a Merkle tree (RFC 9162, 2.1) whose leaves come one by one: the roots of its perfect subtrees are kept, as
//! many as the number of leaves has ones in binary.

use crate::evidence::merkle;

/// The tree so far.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Peaks {
    entries: u64,
    /// The roots of the perfect subtrees, the largest first.
    roots: Vec<[u8; 32]>,
}

impl Peaks {
    /// A tree as it was kept; `None` where the roots do not go with the number of leaves.
    #[must_use]
    pub fn kept(entries: u64, roots: Vec<[u8; 32]>) -> Option<Self> {
        (usize::try_from(entries.count_ones()) == Ok(roots.len()))
            .then_some(Self { entries, roots })
    }

    /// How many leaves it has.
    #[must_use]
    pub fn entries(&self) -> u64 {
        self.entries
    }

    /// The roots of its perfect subtrees, the largest first.
    #[must_use]
    pub fn roots(&self) -> &[[u8; 32]] {
        &self.roots
    }

    /// One leaf more.
    pub fn add(&mut self, content: &[u8; 32]) {
        let mut root = merkle::leaf(content);
        // Each one at the end of the number's binary form is a subtree as large as the one that is made.
        for _ in 0..self.entries.trailing_ones() {
            if let Some(left) = self.roots.pop() {
                root = merkle::node(&left, &root);
            }
        }
        self.roots.push(root);
        self.entries += 1;
    }

    /// The root over all leaves; without any, the hash of nothing.
    #[must_use]
    pub fn root(&self) -> [u8; 32] {
        let mut roots = self.roots.iter().rev();
        match roots.next() {
            None => merkle::tree(&[]).0,
            Some(last) => roots.fold(*last, |right, left| merkle::node(left, &right)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leaves_that_come_one_by_one_make_the_tree_of_all() {
        let mut peaks = Peaks::default();
        let mut contents = Vec::new();
        for no in 0..70_u8 {
            assert_eq!(peaks.root(), merkle::tree(&contents).0, "{no}");
            assert_eq!(peaks.entries(), u64::from(no));
            let kept = Peaks::kept(peaks.entries(), peaks.roots().to_vec());
            assert_eq!(kept.as_ref(), Some(&peaks));
            peaks.add(&[no; 32]);
            contents.push([no; 32]);
        }
        assert_eq!(Peaks::kept(3, vec![[0; 32]]), None);
    }
}
