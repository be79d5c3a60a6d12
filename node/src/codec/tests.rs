//! The laws of the conversions, over one of each fact, row and message.

use super::field::Field;
use super::testing::{Draw, facts, messages, rows};
use super::{Why, commit, payload, row};
use hotline_domain::figures::Counts;
use hotline_domain::link::{Message, MessageKind, Unreadable, Wire as _};
use payload::Codec;
use proptest::prelude::*;

/// Bytes changed as a fault or an attacker would: cut off, one overwritten, one put in.
fn spoil(bytes: &mut Vec<u8>, draw: &mut Draw) {
    for _ in 0..=draw.below(3) {
        let at = draw.below(bytes.len() + 1);
        let byte = draw.below(256) as u8;
        match draw.below(3) {
            0 => bytes.truncate(at),
            1 => bytes.insert(at, byte),
            _ => {
                if let Some(old) = bytes.get_mut(at) {
                    *old = byte;
                }
            }
        }
    }
}

proptest! {
    #[test]
    fn what_was_recorded_is_read_back(seed: u64) {
        let draw = &mut Draw::new(seed);
        let (at, facts) = (draw.time(), facts(draw));
        let lasting = commit::decode(&commit::encode(at, &facts)).expect("own record");
        prop_assert_eq!(lasting, commit::Lasting { at, facts });
    }

    #[test]
    fn rows_are_read_back(seed: u64) {
        for value in rows(&mut Draw::new(seed)) {
            prop_assert_eq!(row::decode(&row::encode(&value)), Ok(value));
        }
    }

    #[test]
    fn messages_are_read_back(seed: u64) {
        for message in messages(&mut Draw::new(seed)) {
            let kind = message.kind() as u32;
            prop_assert_eq!(Codec.decode(kind, &Codec.encode(&message)), Ok(message));
        }
    }

    #[test]
    fn spoilt_bytes_are_refused_or_read_never_feared(seed: u64) {
        let draw = &mut Draw::new(seed);
        let mut record = commit::encode(draw.time(), &facts(draw));
        spoil(&mut record, draw);
        let _ = commit::decode(&record);
        for value in rows(draw) {
            let mut bytes = row::encode(&value);
            spoil(&mut bytes, draw);
            let _ = row::decode(&bytes);
        }
        for message in messages(draw) {
            let mut bytes = Codec.encode(&message);
            spoil(&mut bytes, draw);
            if let Ok(read) = Codec.decode(message.kind() as u32, &bytes) {
                // Whatever was let in can be passed on and read again.
                prop_assert_eq!(Codec.decode(read.kind() as u32, &Codec.encode(&read)), Ok(read));
            }
        }
    }

    #[test]
    fn noise_is_refused_or_read_never_feared(bytes in proptest::collection::vec(any::<u8>(), 0..200), kind in 0u32..8) {
        let _ = commit::decode(&bytes);
        let _ = row::decode(&bytes);
        let _ = Codec.decode(kind, &bytes);
    }
}

fn refused(rule: &str, words: &str) -> Result<Message, Unreadable> {
    let message = Message::Refused {
        about: hotline_domain::id::EnvelopeId([1; 16]),
        leg: None,
        rule: rule.to_owned(),
        message: words.to_owned(),
    };
    Codec.decode(MessageKind::Refused as u32, &Codec.encode(&message))
}

#[test]
fn lengths_are_bounded() {
    let code = "7".repeat(payload::CODE_BYTES_MAX);
    let words = "长".repeat(payload::WORDS_BYTES_MAX / 3);
    assert!(refused(&code, &words).is_ok());
    let malformed = |why: &str| Err(Unreadable::Malformed(why.to_owned()));
    assert_eq!(
        refused(&(code + "7"), ""),
        malformed("Refused.rule：长度 161 超过上限 160")
    );
    assert_eq!(refused("a\0b", ""), malformed("Refused.rule：含有控制字符"));
    assert_eq!(
        refused("", &(words + "长")),
        malformed("Refused.message：长度 16386 超过上限 16384")
    );
    let long = vec![0; payload::PAYLOAD_BYTES_MAX + 1];
    assert_eq!(
        Codec.decode(1, &long),
        malformed("payload：长度 2097153 超过上限 2097152")
    );
}

#[test]
fn errors_name_message_and_field() {
    assert_eq!(Codec.decode(6, &[]), Err(Unreadable::UnknownKind(6)));
    assert_eq!(
        Codec.decode(1, &[]),
        Err(Unreadable::Malformed(
            "LegAct.leg：长度应为 16，实为 0".to_owned()
        ))
    );
    let error = row::decode(&[]).expect_err("no row");
    assert_eq!((error.at, error.why), ("Row.row", Why::Missing));
    // A commit of one fact whose member has a number that this version does not know.
    let error = commit::decode(&[0x12, 3, 0xFA, 0x3F, 0]).expect_err("unknown fact");
    assert_eq!((error.at, error.why), ("Fact.fact", Why::Missing));
}

#[test]
fn an_unspecified_or_unknown_value_is_refused_by_name() {
    use hotline_proto::figures::v1::{Cell, CellKey, Report};
    use prost::Message as _;
    let report = |table| {
        let key = CellKey {
            author: "210000000000".into(),
            table,
            ..CellKey::default()
        };
        let cell = Cell {
            key: Some(key),
            ..Cell::default()
        };
        let report = Report {
            cells: vec![cell],
            watermarks: Vec::new(),
        };
        Codec.decode(MessageKind::Figures as u32, &report.encode_to_vec())
    };
    let malformed = |why: &str| Err(Unreadable::Malformed(why.to_owned()));
    assert_eq!(report(0), malformed("CellKey.table：枚举值未填"));
    assert_eq!(report(99), malformed("CellKey.table：枚举值 99 不认识"));
}

#[test]
fn counts_of_an_older_version_are_filled_up() {
    let take = |list: Vec<i64>| <Counts as Field<Vec<i64>>>::take(list, "Cell.counts");
    let counts = take(vec![1, 2]).expect("an older version's");
    assert_eq!(counts[..4], [1, 2, 0, 0]);
    assert!(take(vec![0; counts.len() + 1]).is_err());
}
