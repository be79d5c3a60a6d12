//! The lasting part of a log record, and the changes of the view that go with it.

use super::field::Field;
use super::key;
use super::malformed::{Malformed, Why};
use super::row;
use crate::store::Op;
use hotline_domain::fact::Fact;
use hotline_domain::row::{Row, RowKey};
use hotline_proto::Bytes as _;
use hotline_proto::record::v1 as pb;
use hotline_topology::Time;

/// The number of the view's layout that this program writes: of [`super::key`] and [`super::row`] together. Raise it
/// with every change after which an old row or key would be read wrongly; the view is then rebuilt from the log.
pub const LAYOUT: u32 = 1;

/// What a record of the log says for ever.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Lasting {
    /// The node's time of the group.
    pub at: Time,
    /// Facts in order.
    pub facts: Vec<Fact>,
}

/// The bytes of a record's lasting part; deterministic.
#[must_use]
pub fn encode(at: Time, facts: &[Fact]) -> Vec<u8> {
    let commit = pb::Commit {
        at_ms: at.0,
        facts: facts.iter().map(Field::put).collect(),
    };
    commit.to_bytes()
}

/// The lasting part of a record.
///
/// # Errors
/// Names message and field of what is wrong.
pub fn decode(bytes: &[u8]) -> Result<Lasting, Malformed> {
    let pb::Commit { at_ms, facts } = pb::Commit::from_bytes(bytes)
        .map_err(|error| Malformed::new("Commit", Why::Bytes(error)))?;
    Ok(Lasting {
        at: Time(at_ms),
        facts: Field::take(facts, "Commit.facts")?,
    })
}

/// The changes of a commit as the view takes them, in the same order.
pub fn ops<'a>(changes: impl IntoIterator<Item = (&'a RowKey, Option<&'a Row>)>) -> Vec<Op> {
    changes
        .into_iter()
        .map(|(at, value)| Op {
            tree: key::tree(at),
            key: key::encode(at),
            value: value.map(row::encode),
        })
        .collect()
}
