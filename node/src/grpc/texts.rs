//! Which texts a verb takes. What it has no use for is refused, not stored: a text that nobody looks for there is lost to
//! people, and is personal data without a purpose.

use super::refusal::invalid;
use crate::cli::words::word;
use hotline_proto::operator::v1 as pb;
use hotline_proto::operator::v1::command::Verb;
use hotline_topology::FieldName;
use tonic::Status;

use FieldName::{
    Answer, Contact, Content, Instruction, Note, PetitionerName, Place, RatingText, Reason,
    ResultText, StageReport, Title,
};

/// The texts of a verb.
#[must_use]
pub fn taken(verb: &Verb) -> &'static [FieldName] {
    match verb {
        Verb::TakeIn(_) => &[Title, Content, Place, PetitionerName, Contact, Note],
        Verb::Refuse(_) | Verb::AnswerDirectly(_) => &[Answer, Note],
        Verb::Assign(_) | Verb::Remind(_) => &[Instruction, Note],
        Verb::Progress(_) => &[StageReport, Note],
        Verb::AskExtension(_) | Verb::AskEscalation(_) | Verb::Escalate(_) => {
            &[Reason, StageReport, Note]
        }
        Verb::SubmitResult(_) | Verb::Close(_) => &[ResultText, Answer, Note],
        Verb::CallBack(_) => &[RatingText, Note],
        Verb::Rule(_)
        | Verb::Reassign(_)
        | Verb::Redo(_)
        | Verb::NameLead(_)
        | Verb::Supervise(_) => &[Instruction, Reason, Note],
        Verb::ReplyOrder(_) => &[StageReport, ResultText, Reason, Note],
        Verb::AskReturn(_)
        | Verb::WithdrawRequest(_)
        | Verb::Recall(_)
        | Verb::SetDue(_)
        | Verb::Withdraw(_)
        | Verb::Release(_)
        | Verb::EndOrder(_) => &[Reason, Note],
        Verb::Sign(_) | Verb::Note(_) => &[Note],
        Verb::ConfirmClock(_)
        | Verb::ReopenLink(_)
        | Verb::Erase(_)
        | Verb::RotateKey(_)
        | Verb::PublishDocument(_)
        | Verb::ForgiveLink(_) => &[],
    }
}

/// Refuses texts that the verb does not take.
///
/// # Errors
/// `INVALID_ARGUMENT` with the texts that it takes.
pub fn check(command: &pb::Command) -> Result<(), Status> {
    let Some(verb) = &command.verb else {
        return Ok(());
    };
    let taken = taken(verb);
    let known = |text: &&pb::Text| {
        FieldName::ALL
            .iter()
            .any(|name| name.as_str() == text.field)
    };
    // A name that is none is refused as such, an attachment with the way to send it.
    let odd = command.texts.iter().filter(known).find(|text| {
        text.field != FieldName::Attachment.as_str()
            && !taken.iter().any(|name| name.as_str() == text.field)
    });
    let Some(odd) = odd else { return Ok(()) };
    let all: Vec<_> = taken
        .iter()
        .map(|name| format!("{}（{}）", word("field", name.as_str()), name.as_str()))
        .collect();
    let all = if all.is_empty() {
        "不写任何文字".to_owned()
    } else {
        format!("只写 {}", all.join("、"))
    };
    let what = word("field", &odd.field);
    Err(invalid(
        "texts.field",
        format!("这一步不写“{what}”（{}）；{all}", odd.field),
    ))
}
