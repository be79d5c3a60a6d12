//! One signature for many statements: the Merkle tree of RFC 9162, section 2.1.
//!
//! A leaf is hashed with 0x00 before it and an inner node with 0x01, so that no inner node passes for a leaf. A tree of
//! `n` leaves splits at the largest power of two below `n`; it is a function of the leaves and their order alone.

use sha2::{Digest, Sha256};

/// Hash of a leaf.
#[must_use]
pub fn leaf(content: &[u8; 32]) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update([0]);
    hash.update(content);
    hash.finalize().into()
}

/// Hash of an inner node.
#[must_use]
pub fn node(left: &[u8; 32], right: &[u8; 32]) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update([1]);
    hash.update(left);
    hash.update(right);
    hash.finalize().into()
}

/// The root over these leaves and the path of each, in their order. No leaves have the hash of nothing as their root.
#[must_use]
pub fn tree(contents: &[[u8; 32]]) -> ([u8; 32], Vec<Vec<[u8; 32]>>) {
    let mut paths = vec![Vec::new(); contents.len()];
    if contents.is_empty() {
        return (Sha256::digest([]).into(), paths);
    }
    // Level by level: a node without a sibling goes up as it is, which gives RFC 9162's tree. Beside each node stands
    // how many leaves lie below it, so that siblings reach the paths of all of them.
    let mut level: Vec<([u8; 32], usize)> = contents.iter().map(|one| (leaf(one), 1)).collect();
    while level.len() > 1 {
        let mut above = Vec::with_capacity(level.len().div_ceil(2));
        let mut first = 0;
        for pair in level.chunks(2) {
            let (left, width) = pair[0];
            let Some((right, more)) = pair.get(1).copied() else {
                above.push((left, width));
                continue;
            };
            let (of_left, of_right) = paths[first..first + width + more].split_at_mut(width);
            of_left.iter_mut().for_each(|path| path.push(right));
            of_right.iter_mut().for_each(|path| path.push(left));
            above.push((node(&left, &right), width + more));
            first += width + more;
        }
        level = above;
    }
    (level[0].0, paths)
}

/// The root that the leaf `index` of `leaves` makes with the hashes beside its way up (RFC 9162, 2.1.3.2); `None` where
/// the path fits no such tree.
#[must_use]
pub fn root(content: &[u8; 32], index: u32, leaves: u32, path: &[[u8; 32]]) -> Option<[u8; 32]> {
    if index >= leaves {
        return None;
    }
    let (mut at, mut last) = (index, leaves - 1);
    let mut hash = leaf(content);
    for sibling in path {
        if last == 0 {
            return None;
        }
        if at & 1 == 1 || at == last {
            hash = node(sibling, &hash);
            if at & 1 == 0 {
                // The last node of a level without a sibling goes up as it is.
                while at & 1 == 0 && at != 0 {
                    at >>= 1;
                    last >>= 1;
                }
            }
        } else {
            hash = node(&hash, sibling);
        }
        at >>= 1;
        last >>= 1;
    }
    (last == 0).then_some(hash)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn contents(count: u8) -> Vec<[u8; 32]> {
        (0..count).map(|at| [at; 32]).collect()
    }

    /// The recursion as RFC 9162, 2.1.1, writes it down.
    fn by_the_book(contents: &[[u8; 32]]) -> [u8; 32] {
        match contents {
            [] => Sha256::digest([]).into(),
            [one] => leaf(one),
            many => {
                let mut split = 1;
                while split * 2 < many.len() {
                    split *= 2;
                }
                node(&by_the_book(&many[..split]), &by_the_book(&many[split..]))
            }
        }
    }

    #[test]
    fn the_tree_is_that_of_the_book_and_every_path_leads_to_its_root() {
        for count in 0..=130 {
            let contents = contents(count);
            let (made, paths) = tree(&contents);
            assert_eq!(made, by_the_book(&contents), "{count} leaves");
            for (index, (content, path)) in (0..).zip(contents.iter().zip(&paths)) {
                let leaves = u32::from(count);
                assert_eq!(
                    root(content, index, leaves, path),
                    Some(made),
                    "{index} of {count}"
                );
            }
        }
    }

    #[test]
    fn a_single_leaf_needs_no_path() {
        let (made, paths) = tree(&[[7; 32]]);
        assert_eq!(made, leaf(&[7; 32]));
        assert!(paths[0].is_empty());
    }

    #[test]
    fn impossible_places_are_refused() {
        assert_eq!(root(&[1; 32], 1, 1, &[]), None);
        assert_eq!(root(&[1; 32], 0, 0, &[]), None);
        assert_eq!(root(&[1; 32], 0, u32::MAX, &[[0; 32]; 64]), None);
    }

    proptest! {
        #[test]
        fn no_other_leaf_place_or_path_has_the_root(
            count in 2_u8..70, at in any::<prop::sample::Index>(), flip in any::<prop::sample::Index>(),
        ) {
            let contents = contents(count);
            let (made, paths) = tree(&contents);
            let (at, leaves) = (at.index(contents.len()), u32::from(count));
            let (index, path) = (u32::try_from(at).expect("few leaves"), &paths[at]);
            prop_assert_ne!(root(&[200; 32], index, leaves, path), Some(made));
            for moved in (0..leaves).filter(|moved| *moved != index) {
                prop_assert_ne!(root(&contents[at], moved, leaves, path), Some(made));
            }
            let mut bent = path.clone();
            let of = flip.index(bent.len());
            bent[of][0] ^= 1;
            prop_assert_ne!(root(&contents[at], index, leaves, &bent), Some(made));
            prop_assert_ne!(root(&contents[at], index, leaves, &path[1..]), Some(made));
            prop_assert_ne!(root(&contents[at], index, leaves, &path[..path.len() - 1]), Some(made));
            let mut long = path.clone();
            long.push([0; 32]);
            prop_assert_ne!(root(&contents[at], index, leaves, &long), Some(made));
        }
    }
}
