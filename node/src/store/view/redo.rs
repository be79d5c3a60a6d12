//! How the changes of a commit are written into a record's redo part and into checkpoints.
//!
//! ```text
//! redo   layout u32 | count u32 | count × change
//! change tree u8 | kind u8 (1 put, 0 delete) | key length u16 | key | value length u32 (puts only) | value
//! ```
//! Numbers are big-endian.

use super::{Op, Tree};

/// A redo part that cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("重放部分无法解读")]
pub struct RedoError;

/// Writes a commit's changes under their layout number.
#[must_use]
pub fn encode_redo(layout: u32, ops: &[Op]) -> Vec<u8> {
    let size = ops
        .iter()
        .map(|op| 8 + op.key.len() + op.value.as_ref().map_or(0, Vec::len))
        .sum::<usize>();
    let mut out = Vec::with_capacity(8 + size);
    out.extend(layout.to_be_bytes());
    out.extend(u32::try_from(ops.len()).unwrap_or(u32::MAX).to_be_bytes());
    for op in ops {
        out.push(op.tree as u8);
        out.push(u8::from(op.value.is_some()));
        out.extend(
            u16::try_from(op.key.len())
                .unwrap_or(u16::MAX)
                .to_be_bytes(),
        );
        out.extend(&op.key);
        if let Some(value) = &op.value {
            out.extend(u32::try_from(value.len()).unwrap_or(u32::MAX).to_be_bytes());
            out.extend(value);
        }
    }
    out
}

/// Reads a commit's layout number and changes.
///
/// # Errors
/// [`RedoError`] where the bytes are not what [`encode_redo`] writes.
pub fn decode_redo(bytes: &[u8]) -> Result<(u32, Vec<Op>), RedoError> {
    let mut rest = bytes;
    let layout = u32::from_be_bytes(take(&mut rest)?);
    let count = u32::from_be_bytes(take(&mut rest)?);
    let mut ops = Vec::with_capacity(count.min(1024) as usize);
    for _ in 0..count {
        let [tree, kind] = take(&mut rest)?;
        let tree = Tree::from_number(tree).ok_or(RedoError)?;
        let key_len = u16::from_be_bytes(take(&mut rest)?);
        let key = take_slice(&mut rest, usize::from(key_len))?.to_vec();
        let value = match kind {
            0 => None,
            1 => {
                let len = u32::from_be_bytes(take(&mut rest)?);
                Some(take_slice(&mut rest, len as usize)?.to_vec())
            }
            _ => return Err(RedoError),
        };
        ops.push(Op { tree, key, value });
    }
    if rest.is_empty() {
        Ok((layout, ops))
    } else {
        Err(RedoError)
    }
}

fn take<const N: usize>(rest: &mut &[u8]) -> Result<[u8; N], RedoError> {
    let (head, tail) = rest.split_first_chunk::<N>().ok_or(RedoError)?;
    *rest = tail;
    Ok(*head)
}

fn take_slice<'a>(rest: &mut &'a [u8], len: usize) -> Result<&'a [u8], RedoError> {
    let (head, tail) = rest.split_at_checked(len).ok_or(RedoError)?;
    *rest = tail;
    Ok(head)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn op() -> impl Strategy<Value = Op> {
        let bytes = || proptest::collection::vec(any::<u8>(), 0..40);
        (0..9usize, bytes(), proptest::option::of(bytes())).prop_map(|(tree, key, value)| Op {
            tree: Tree::ALL[tree],
            key,
            value,
        })
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(layout: u32, ops in proptest::collection::vec(op(), 0..8)) {
            prop_assert_eq!(decode_redo(&encode_redo(layout, &ops)), Ok((layout, ops)));
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            let _ = decode_redo(&bytes);
        }
    }
}
