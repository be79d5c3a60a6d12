//! Sealing and opening one envelope: payload and personal fields become one ciphertext, bound to the header.

use super::suite::{self, KEY_BYTES, KeyPair, SuiteError};
use crate::codec::Malformed;
use crate::codec::link::{WireField, content_from, content_to};
use crate::link::{NotWhatItSays, check_all, unsealed};
use hotline_domain::link::Envelope;
use hotline_domain::sealing::SealingKey;
use zeroize::Zeroizing;

/// Separates these ciphertexts from any other use of HPKE.
const INFO: &[u8] = b"hotline sealed payload 1";

/// Why an envelope does not open.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotOpened {
    /// The ciphertext is not for this key and header.
    #[error(transparent)]
    Suite(#[from] SuiteError),
    /// What was sealed is no content.
    #[error(transparent)]
    Malformed(#[from] Malformed),
    /// A field is not what its hash says.
    #[error(transparent)]
    Field(#[from] NotWhatItSays),
    /// What was sealed is not what the author stated.
    #[error("打开的内容与信封所称的不符")]
    OtherStatement,
}

/// Seals a plain envelope, its fields already opened, to its addressee's key. `fresh` are random bytes used for nothing
/// else.
///
/// # Errors
/// [`SuiteError::BadKey`].
pub fn seal(
    envelope: Envelope,
    fields: Vec<WireField>,
    key: &SealingKey,
    fresh: Zeroizing<[u8; KEY_BYTES]>,
) -> Result<Envelope, SuiteError> {
    let statement = envelope.statement();
    let header = header(&envelope, key.no, &statement);
    let content = content_to(&envelope.payload, fields);
    let payload = suite::seal(&key.public, fresh, INFO, &header, &content)?;
    Ok(Envelope {
        key_id: key.no,
        payload,
        fields: Vec::new(),
        sealed: Some(statement),
        ..envelope
    })
}

/// Opens an envelope that was sealed to this pair, and compares what was in it with its statement and its hashes. The
/// fields come beside it, in the clear.
///
/// # Errors
/// Anything that does not fit; nothing of the content is then believed.
pub fn open(envelope: Envelope, pair: &KeyPair) -> Result<(Envelope, Vec<WireField>), NotOpened> {
    let stated = envelope.statement();
    let header = header(&envelope, envelope.key_id, &stated);
    let content = pair.open(INFO, &header, &envelope.payload)?;
    let (payload, fields) = content_from(&content)?;
    check_all(&fields)?;
    let opened = Envelope {
        key_id: 0,
        payload,
        fields: unsealed(&fields),
        sealed: None,
        ..envelope
    };
    if opened.statement() != stated {
        return Err(NotOpened::OtherStatement);
    }
    Ok((opened, fields))
}

/// What the ciphertext is bound to: everything that the author wrote in the open and no hop changes.
fn header(envelope: &Envelope, key_id: u32, statement: &[u8; 32]) -> Vec<u8> {
    let mut header = b"hotline envelope header 1".to_vec();
    header.extend(envelope.id.0);
    header.extend(envelope.kind.to_be_bytes());
    header.push(u8::from(envelope.matter.is_some()));
    header.extend(envelope.matter.map_or([0; 16], |id| id.0));
    header.push(u8::from(envelope.leg.is_some()));
    header.extend(envelope.leg.map_or([0; 16], |id| id.0));
    header.extend(envelope.author.as_bytes());
    header.extend(envelope.addressee.as_bytes());
    header.push(envelope.lane.index() as u8);
    header.extend(envelope.written_at.0.to_be_bytes());
    header.extend(envelope.topology.to_be_bytes());
    header.extend(key_id.to_be_bytes());
    header.extend(statement);
    header
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::link::WireContent;
    use crate::link::salted_hash;
    use hotline_domain::id::{EnvelopeId, LegId, MatterId};
    use hotline_domain::leg::Lane;
    use hotline_domain::link::{cost, cost_least};
    use hotline_topology::{FieldName, RegionKey, Time};
    use proptest::prelude::*;

    const CITY: RegionKey = RegionKey::literal("990100000000");
    const TOWN: RegionKey = RegionKey::literal("990101100000");

    fn field(value: &[u8]) -> WireField {
        let salt = [3; 16];
        WireField {
            name: FieldName::Content,
            hash: salted_hash(&salt, value),
            content: Some(WireContent {
                salt,
                value: Zeroizing::new(value.to_vec()),
            }),
        }
    }

    fn plain(payload: &[u8], fields: &[WireField]) -> Envelope {
        Envelope {
            id: EnvelopeId([1; 16]),
            kind: 1,
            matter: Some(MatterId([2; 16])),
            leg: Some(LegId([3; 16])),
            author: CITY,
            addressee: TOWN,
            route: vec![CITY],
            lane: Lane::Ordinary,
            written_at: Time(5),
            topology: 6,
            key_id: 0,
            payload: payload.to_vec(),
            fields: unsealed(fields),
            sealed: None,
            proof: None,
            trace: None,
        }
    }

    fn key(pair: &KeyPair) -> SealingKey {
        SealingKey {
            region: TOWN,
            no: 9,
            public: pair.public,
            not_before: Time(0),
            not_after: Time(9),
            previous: 0,
            revoked: 0,
        }
    }

    fn sealed(payload: &[u8], value: &[u8]) -> (Envelope, Envelope, KeyPair) {
        let pair = KeyPair::derive(&[4; 32]);
        let fields = vec![field(value)];
        let plain = plain(payload, &fields);
        let shut = seal(plain.clone(), fields, &key(&pair), Zeroizing::new([5; 32])).unwrap();
        (plain, shut, pair)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(16))]
        #[test]
        fn the_addressee_reads_what_was_written_and_others_see_only_the_header(
            payload in proptest::collection::vec(any::<u8>(), 0..200),
            value in proptest::collection::vec(any::<u8>(), 8..200),
        ) {
            let (plain, shut, pair) = sealed(&payload, &value);
            prop_assert_eq!(shut.digest(), plain.digest(), "hops see the same envelope");
            prop_assert!(shut.fields.is_empty() && shut.key_id == 9);
            let hash = field(&value).hash;
            for secret in [&value[..], &hash[..]] {
                prop_assert!(!shut.payload.windows(secret.len()).any(|window| window == secret));
            }
            let (opened, fields) = open(shut, &pair).unwrap();
            prop_assert_eq!(opened, plain);
            prop_assert_eq!(fields, vec![field(&value)]);
        }
    }

    #[test]
    fn any_change_of_the_header_and_it_does_not_open() {
        let (_, shut, pair) = sealed(b"payload", b"value");
        let changes: [fn(&mut Envelope); 14] = [
            |it| it.id.0[0] ^= 1,
            |it| it.kind += 1,
            |it| it.matter = None,
            |it| it.matter = Some(MatterId([9; 16])),
            |it| it.leg = None,
            |it| it.leg = Some(LegId([9; 16])),
            |it| it.author = TOWN,
            |it| it.addressee = CITY,
            |it| it.lane = Lane::Urgent,
            |it| it.written_at = Time(6),
            |it| it.topology += 1,
            |it| it.key_id += 1,
            |it| it.sealed = Some([0; 32]),
            |it| it.payload[40] ^= 1,
        ];
        for (at, change) in changes.into_iter().enumerate() {
            let mut changed = shut.clone();
            change(&mut changed);
            let failed = open(changed, &pair).unwrap_err();
            assert_eq!(failed, NotOpened::Suite(SuiteError::NotAuthentic), "{at}");
        }
        // The route is what hops change.
        let routed = Envelope {
            route: vec![CITY, TOWN],
            ..shut
        };
        assert!(open(routed, &pair).is_ok());
    }

    #[test]
    fn what_was_sealed_under_another_statement_is_not_believed() {
        let (plain, _, pair) = sealed(b"payload", b"value");
        let lie = Envelope {
            payload: b"something else".to_vec(),
            ..plain.clone()
        };
        // An author that states one thing and seals another.
        let statement = plain.statement();
        let header = header(&plain, 9, &statement);
        let content = content_to(&lie.payload, vec![field(b"value")]);
        let fresh = Zeroizing::new([5; 32]);
        let payload = suite::seal(&pair.public, fresh, INFO, &header, &content).unwrap();
        let shut = Envelope {
            key_id: 9,
            payload,
            fields: Vec::new(),
            sealed: Some(statement),
            ..plain
        };
        assert_eq!(open(shut, &pair).unwrap_err(), NotOpened::OtherStatement);
    }

    #[test]
    fn the_sealed_form_never_costs_more_than_its_sender_counted() {
        for (payload, value) in [(0, 0), (1, 300), (70_000, 20_000)] {
            let (mut plain, shut, _) = sealed(&vec![7; payload], &vec![8; value]);
            // As stored: algorithm, nonce, salt, value, tag.
            plain.fields[0].ciphertext = vec![0; 1 + 24 + 16 + value + 16];
            assert!(cost(&plain) >= cost_least(&shut), "{payload} {value}");
            assert!(cost(&shut) >= cost_least(&shut));
        }
    }
}
