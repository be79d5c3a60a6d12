//! Nouns that wire and records share: bodies, fields, due dates, enumerations.

use super::field::{Field, noun, required};
use super::form::{coded, exactly, region, region_text};
use super::malformed::{Malformed, Why};
use hotline_domain::attachment::{Attachment, AttachmentId};
use hotline_domain::body::{Body, Role};
use hotline_domain::field::{FieldMark, SealedField};
use hotline_domain::leg::{Due, Lane, LegKind, LegRole, Party, RecallGround, RuleVersion};
use hotline_proto::matter::v1 as pb;
use hotline_topology::policy::Media;
use hotline_topology::{FieldName, Kind, UnitKey, Urgency};

coded!(FieldName => pb::FieldName {
    Title, Content, Place, PetitionerName, Contact, Instruction, ResultText, Reason, Note, Answer, StageReport,
    RatingText, Attachment,
});
coded!(Media => pb::Media { Jpeg, Png, Pdf, Mp4, Mp3, Amr, Docx, Xlsx, Text });
coded!(Lane => pb::Lane { Urgent, Ordinary, Bulk });
coded!(Kind => pb::Kind { Consult, Help, Complaint, Report, Suggestion, Other });
coded!(Urgency => pb::Urgency { Normal, Urgent, Emergency });
coded!(Party => pb::Party { Giver, Taker });
coded!(LegRole => pb::LegRole { Sole, Lead, CoHandler });
coded!(LegKind => pb::LegKind { Downward, Upward });
coded!(RecallGround => pb::RecallGround { Recalled, Withdrawn, Released });
coded!(Role => pb::Role { Clerk, Dispatcher, Handler, Supervisor, Operator });

noun!(Attachment => pb::Attachment { id, size, media });
noun!(FieldMark => pb::FieldMark { name, hash });
noun!(SealedField => pb::SealedField { name, slot, ciphertext, hash });
noun!(Due => pb::Due { at: at_ms, calendar, provisional });
noun!(RuleVersion => pb::RuleVersion { pack, version });

impl Field<Vec<u8>> for AttachmentId {
    fn put(&self) -> Vec<u8> {
        self.0.to_vec()
    }

    fn take(content: Vec<u8>, at: &'static str) -> Result<Self, Malformed> {
        exactly(&content, at).map(AttachmentId)
    }
}

impl Field<pb::Body> for Body {
    fn put(&self) -> pb::Body {
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

    fn take(content: pb::Body, _: &'static str) -> Result<Self, Malformed> {
        let pb::Body { region: key, unit } = content;
        let key = region(&key, "Body.region")?;
        if unit.is_empty() {
            return Ok(Body::Node(key));
        }
        UnitKey::new(&unit)
            .map(|unit| Body::Unit(key, unit))
            .map_err(|error| Malformed::new("Body.unit", Why::Unit(error)))
    }
}
required!(Body => pb::Body);
