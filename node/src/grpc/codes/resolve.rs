//! A command's labels become codes before anything looks at it. What names nothing here stays as it is: the rules refuse
//! it in their own words, and `hint.rs` adds what is near.

use super::Vocabulary;
use crate::app::{Known, NodeHandle};
use crate::grpc::refusal::{echo, invalid};
use crate::input::choice::{Choice, Named, named};
use hotline_proto::operator::v1::command::Verb;
use hotline_topology::RegionKey;
use tonic::Status;

/// The codes of a command, as it names them: which list, which field, what stands there.
pub fn codes(verb: &mut Verb) -> Vec<(Vocabulary, &'static str, &mut String)> {
    match verb {
        Verb::TakeIn(ask) => vec![
            (Vocabulary::Channel, "channel", &mut ask.channel),
            (Vocabulary::Kind, "kind", &mut ask.kind),
            (Vocabulary::Category, "category", &mut ask.category),
            (Vocabulary::Urgency, "urgency", &mut ask.urgency),
        ],
        Verb::Refuse(ask) => vec![(Vocabulary::Refusal, "ground", &mut ask.ground)],
        Verb::AskReturn(ask) => vec![(Vocabulary::Return, "ground", &mut ask.ground)],
        Verb::AskEscalation(ask) => vec![(Vocabulary::Escalation, "ground", &mut ask.ground)],
        Verb::Escalate(ask) => vec![(Vocabulary::Escalation, "ground", &mut ask.ground)],
        Verb::SubmitResult(ask) => vec![(Vocabulary::Closing, "ground", &mut ask.ground)],
        Verb::Close(ask) => vec![(Vocabulary::Closing, "ground", &mut ask.ground)],
        Verb::CallBack(ask) => vec![(Vocabulary::Rating, "rating", &mut ask.rating)],
        Verb::Supervise(ask) => vec![(Vocabulary::Trigger, "trigger", &mut ask.trigger)],
        _ => Vec::new(),
    }
}

/// Replaces labels by their codes.
///
/// # Errors
/// `INVALID_ARGUMENT` where a text fits several, with all of them.
pub fn resolve(node: &NodeHandle, verb: Option<&mut Verb>) -> Result<(), Status> {
    let known = node.shared().surroundings.known();
    let me = node.shared().surroundings.me();
    for (vocabulary, field, text) in verb.map(codes).unwrap_or_default() {
        if text.is_empty() {
            continue;
        }
        let choices = vocabulary.choices(&known, me);
        if let Some(code) = code_of(&known, vocabulary, &choices, field, text)? {
            *text = code;
        }
    }
    Ok(())
}

fn code_of(
    known: &Known,
    vocabulary: Vocabulary,
    choices: &[Choice],
    field: &str,
    text: &str,
) -> Result<Option<String>, Status> {
    match named(choices, text) {
        Named::One(choice) => Ok(Some(choice.code.clone())),
        Named::Several(several) => Err(invalid(field, fits_several(vocabulary, text, &several))),
        // A leg is judged by its own pack, which may be an older one.
        Named::None(_) => Ok(known.packs.iter().rev().find_map(|pack| {
            match named(&vocabulary.of_pack(pack), text) {
                Named::One(choice) => Some(choice.code.clone()),
                _ => None,
            }
        })),
    }
}

/// The code that a filter of a list names; what is none stands for itself, as a prefix may.
///
/// # Errors
/// `INVALID_ARGUMENT` where a text fits several.
pub fn filter(
    known: &Known,
    me: RegionKey,
    vocabulary: Vocabulary,
    text: &str,
) -> Result<String, Status> {
    if text.is_empty() {
        return Ok(String::new());
    }
    let choices = vocabulary.choices(known, me);
    let code = code_of(known, vocabulary, &choices, vocabulary.code(), text)?;
    Ok(code.unwrap_or_else(|| text.trim().to_owned()))
}

/// Words about a text that fits several.
pub fn fits_several(vocabulary: Vocabulary, text: &str, several: &[&Choice]) -> String {
    let told: Vec<_> = several.iter().take(8).map(|choice| choice.told()).collect();
    format!(
        "“{}”可以是 {}{}；请写代码（{}）",
        echo(text),
        told.join("、"),
        if several.len() > 8 { " 等" } else { "" },
        vocabulary.option()
    )
}
