//! The lasting part of a log record, and the changes of the view that go with it.

use super::field::Field;
use super::key;
use super::malformed::{Malformed, Why};
use super::row;
use crate::store::Op;
use hotline_domain::exchange::{Missing, MissingKind};
use hotline_domain::fact::Fact;
use hotline_domain::leg::Act;
use hotline_domain::row::{Row, RowKey, TimerKey};
use hotline_domain::ticket::TicketAct;
use hotline_proto::Bytes as _;
use hotline_proto::record::v1 as pb;
use hotline_topology::Time;

/// The number of the view's layout that this program writes: of [`super::key`] and [`super::row`] together. Raise it
/// with every change after which an old row or key would be read wrongly; the view is then rebuilt from the log.
pub const LAYOUT: u32 = 4;

/// The version of the records that this program writes. What only a newer one knows says so ([`reader`]), and an older
/// program refuses it in clear words instead of folding what it half understands.
pub const RECORD_VERSION: u32 = 5;

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
    encode_after(at, facts, 0)
}

/// The same, with how many slots of the key file were handed out by then.
#[must_use]
pub fn encode_after(at: Time, facts: &[Fact], slots: u64) -> Vec<u8> {
    let commit = pb::Commit {
        at_ms: at.0,
        facts: facts.iter().map(Field::put).collect(),
        reader: facts.iter().map(reader).max().unwrap_or(1),
        slots,
    };
    commit.to_bytes()
}

/// How many slots of the key file were handed out when a record was written; 0 where it does not tell.
#[must_use]
pub fn slots(bytes: &[u8]) -> u64 {
    pb::Commit::from_bytes(bytes).map_or(0, |commit| commit.slots)
}

/// The lasting part of a record.
///
/// # Errors
/// Names message and field of what is wrong.
pub fn decode(bytes: &[u8]) -> Result<Lasting, Malformed> {
    let pb::Commit {
        at_ms,
        facts,
        reader,
        slots: _,
    } = pb::Commit::from_bytes(bytes)
        .map_err(|error| Malformed::new("Commit", Why::Bytes(error)))?;
    if reader > RECORD_VERSION {
        let ours = RECORD_VERSION;
        return Err(Malformed::new("Commit", Why::NewerRecord { reader, ours }));
    }
    Ok(Lasting {
        at: Time(at_ms),
        facts: Field::take(facts, "Commit.facts")?,
    })
}

/// The oldest record version whose programs understand the fact. The first version's facts are these for ever; a field
/// added to one of them must mean nothing to whoever does not know it.
fn reader(fact: &Fact) -> u32 {
    match fact {
        Fact::Ticket {
            act:
                TicketAct::Returned { .. }
                | TicketAct::Mended { .. }
                | TicketAct::Attached { .. }
                | TicketAct::AttachmentRead { .. }
                | TicketAct::AttachmentFetched { .. },
            ..
        }
        | Fact::Leg {
            act: Act::Attach { .. },
            ..
        } => 2,
        Fact::DueProvisional { .. }
        | Fact::Ticket {
            act: TicketAct::DueSettled { .. },
            ..
        } => 4,
        Fact::Asked { .. }
        | Fact::Missing(Missing {
            kind: MissingKind::Unproven,
            ..
        }) => 3,
        Fact::Read(_) => 4,
        Fact::DayClosed(_)
        | Fact::Accounted { .. }
        | Fact::TimerSet {
            key: TimerKey::CloseDay,
            ..
        }
        | Fact::TimerGone {
            key: TimerKey::CloseDay,
            ..
        } => 5,
        Fact::OrderSaid(_)
        | Fact::OrderStands { .. }
        | Fact::TimerSet {
            key: TimerKey::AssignDue(_),
            ..
        }
        | Fact::TimerGone {
            key: TimerKey::AssignDue(_),
            ..
        } => 4,
        Fact::Started { .. }
        | Fact::Ticket { .. }
        | Fact::Leg { .. }
        | Fact::Sighted { .. }
        | Fact::Noticed(_)
        | Fact::OrderIssued(_)
        | Fact::Queued { .. }
        | Fact::Consumed { .. }
        | Fact::Acked { .. }
        | Fact::Kept { .. }
        | Fact::Unkept { .. }
        | Fact::LinkChanged { .. }
        | Fact::LanesRestarted { .. }
        | Fact::EpochRaised { .. }
        | Fact::TimerSet { .. }
        | Fact::TimerGone { .. }
        | Fact::Counted { .. }
        | Fact::Reported { .. }
        | Fact::ReportedUp { .. }
        | Fact::Answered { .. }
        | Fact::ClockHeld { .. }
        | Fact::ClockConfirmed => 1,
        #[allow(unreachable_patterns)]
        _ => 2,
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_newer_programs_record_is_refused_in_clear_words() {
        let commit = pb::Commit {
            at_ms: 7,
            facts: vec![pb::Fact { fact: None }],
            reader: RECORD_VERSION + 1,
            slots: 0,
        };
        let words = decode(&commit.to_bytes()).unwrap_err().to_string();
        assert!(words.contains("由更新的程序写成"), "{words}");
        // What the first version knows, its programs can go on reading.
        let lasting = encode(Time(7), &[Fact::ClockConfirmed]);
        assert_eq!(pb::Commit::from_bytes(&lasting).unwrap().reader, 1);
        assert_eq!(decode(&lasting).unwrap().facts, [Fact::ClockConfirmed]);
    }
}
