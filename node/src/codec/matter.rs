//! Nouns that wire and records share: bodies, fields, due dates, enumerations.

use super::form::{Coded, Form, coded, exactly, region, region_text};
use super::malformed::{Malformed, Why};
use hotline_domain::body::{Body, Role};
use hotline_domain::field::{FieldMark, SealedField};
use hotline_domain::leg::{Due, Lane, LegKind, LegRole, Party, RecallGround, RuleVersion};
use hotline_proto::matter::v1 as pb;
use hotline_topology::{FieldName, Kind, Time, UnitKey, Urgency};

coded!(FieldName => pb::FieldName {
    Title, Content, Place, PetitionerName, Contact, Instruction, ResultText, Reason, Note, Answer, StageReport,
    RatingText,
});
coded!(Lane => pb::Lane { Urgent, Ordinary, Bulk });
coded!(Kind => pb::Kind { Consult, Help, Complaint, Report, Suggestion, Other });
coded!(Urgency => pb::Urgency { Normal, Urgent, Emergency });
coded!(Party => pb::Party { Giver, Taker });
coded!(LegRole => pb::LegRole { Sole, Lead, CoHandler });
coded!(LegKind => pb::LegKind { Downward, Upward });
coded!(RecallGround => pb::RecallGround { Recalled, Withdrawn, Released });
coded!(Role => pb::Role { Clerk, Dispatcher, Handler, Supervisor, Operator });

impl Form for Body {
    type Proto = pb::Body;

    fn to_proto(&self) -> pb::Body {
        match self {
            Body::Node(key) => pb::Body {
                region: region_text(*key),
                unit: String::new(),
            },
            Body::Unit(key, unit) => pb::Body {
                region: region_text(*key),
                unit: unit.as_str().to_owned(),
            },
        }
    }

    fn from_proto(proto: pb::Body) -> Result<Self, Malformed> {
        let pb::Body { region: key, unit } = proto;
        let key = region(&key, "Body.region")?;
        if unit.is_empty() {
            return Ok(Body::Node(key));
        }
        UnitKey::new(&unit)
            .map(|unit| Body::Unit(key, unit))
            .map_err(|error| Malformed::new("Body.unit", Why::Unit(error)))
    }
}

impl Form for FieldMark {
    type Proto = pb::FieldMark;

    fn to_proto(&self) -> pb::FieldMark {
        let FieldMark { name, hash } = self;
        pb::FieldMark {
            name: name.code(),
            hash: hash.to_vec(),
        }
    }

    fn from_proto(proto: pb::FieldMark) -> Result<Self, Malformed> {
        let pb::FieldMark { name, hash } = proto;
        Ok(FieldMark {
            name: FieldName::from_code(name, "FieldMark.name")?,
            hash: exactly(&hash, "FieldMark.hash")?,
        })
    }
}

impl Form for SealedField {
    type Proto = pb::SealedField;

    fn to_proto(&self) -> pb::SealedField {
        let SealedField {
            name,
            slot,
            ciphertext,
            hash,
        } = self;
        pb::SealedField {
            name: name.code(),
            slot: *slot,
            ciphertext: ciphertext.clone(),
            hash: hash.to_vec(),
        }
    }

    fn from_proto(proto: pb::SealedField) -> Result<Self, Malformed> {
        let pb::SealedField {
            name,
            slot,
            ciphertext,
            hash,
        } = proto;
        Ok(SealedField {
            name: FieldName::from_code(name, "SealedField.name")?,
            slot,
            ciphertext,
            hash: exactly(&hash, "SealedField.hash")?,
        })
    }
}

impl Form for Due {
    type Proto = pb::Due;

    fn to_proto(&self) -> pb::Due {
        let Due {
            at,
            calendar,
            provisional,
        } = self;
        pb::Due {
            at_ms: at.0,
            calendar: *calendar,
            provisional: *provisional,
        }
    }

    fn from_proto(proto: pb::Due) -> Result<Self, Malformed> {
        let pb::Due {
            at_ms,
            calendar,
            provisional,
        } = proto;
        Ok(Due {
            at: Time(at_ms),
            calendar,
            provisional,
        })
    }
}

impl Form for RuleVersion {
    type Proto = pb::RuleVersion;

    fn to_proto(&self) -> pb::RuleVersion {
        let RuleVersion { pack, version } = self;
        pb::RuleVersion {
            pack: pack.clone(),
            version: *version,
        }
    }

    fn from_proto(proto: pb::RuleVersion) -> Result<Self, Malformed> {
        let pb::RuleVersion { pack, version } = proto;
        Ok(RuleVersion { pack, version })
    }
}
