//! What the door takes at most: stored keys are short, peers set longer codes aside, and a slip should be named here
//! rather than fail far away.

use super::refusal::invalid;
use hotline_domain::body::Actor;
use hotline_proto::operator::v1 as pb;
use hotline_proto::operator::v1::command::Verb;
use tonic::Status;

/// Longest code, in bytes.
const CODE_BYTES_MAX: usize = 160;
/// Longest basis or determination, in bytes.
const WORDS_BYTES_MAX: usize = 16 * 1024;
/// Longest idempotency key, in bytes.
const KEY_BYTES_MAX: usize = 128;
/// Longest idempotency key with its operator's name, in bytes: both stand in one stored key.
const KEY_AND_NAME_BYTES_MAX: usize = 400;

/// Checks a command's key, codes and words.
///
/// # Errors
/// `INVALID_ARGUMENT` with the field.
pub fn check(actor: &Actor, command: &pb::Command) -> Result<(), Status> {
    let key = &command.key;
    if key.len() > KEY_BYTES_MAX || key.len() + actor.name.len() > KEY_AND_NAME_BYTES_MAX {
        let words = format!(
            "幂等键最长 {KEY_BYTES_MAX} 字节,连同操作人的名字最长 {KEY_AND_NAME_BYTES_MAX} 字节"
        );
        return Err(invalid("key", words));
    }
    if key.chars().any(char::is_control) {
        return Err(invalid("key", "幂等键不能有控制字符".to_owned()));
    }
    for (field, text) in codes(command.verb.as_ref()) {
        if text.len() > CODE_BYTES_MAX || text.chars().any(char::is_control) {
            let words = format!("{field} 是代码:最长 {CODE_BYTES_MAX} 字节,不能有控制字符");
            return Err(invalid(field, words));
        }
    }
    for (field, text) in words(command.verb.as_ref()) {
        if text.len() > WORDS_BYTES_MAX {
            return Err(invalid(
                field,
                format!("{field} 最长 {WORDS_BYTES_MAX} 字节"),
            ));
        }
    }
    Ok(())
}

/// Codes that are stored and sent as they are.
fn codes(verb: Option<&Verb>) -> Vec<(&'static str, &str)> {
    match verb {
        Some(Verb::TakeIn(ask)) => vec![("channel", &ask.channel), ("category", &ask.category)],
        Some(Verb::Refuse(ask)) => vec![("ground", &ask.ground)],
        Some(Verb::AskReturn(ask)) => vec![("ground", &ask.ground)],
        Some(Verb::AskEscalation(ask) | Verb::SubmitResult(ask)) => vec![("ground", &ask.ground)],
        Some(Verb::Close(ask) | Verb::Escalate(ask)) => vec![("ground", &ask.ground)],
        Some(Verb::Progress(ask)) => vec![("stage", &ask.stage)],
        Some(Verb::Supervise(ask)) => vec![("trigger", &ask.trigger)],
        Some(Verb::CallBack(ask)) => vec![("rating", &ask.rating)],
        _ => Vec::new(),
    }
}

/// Longer words without personal data.
fn words(verb: Option<&Verb>) -> Vec<(&'static str, &str)> {
    match verb {
        Some(Verb::Refuse(ask)) => vec![("basis", &ask.basis)],
        Some(Verb::AskReturn(ask)) => vec![("basis", &ask.basis)],
        Some(Verb::Rule(ask)) => vec![("basis", &ask.basis)],
        Some(Verb::Reassign(ask)) => vec![("basis", &ask.basis)],
        Some(Verb::Erase(ask)) => vec![("reason", &ask.reason)],
        Some(Verb::RotateKey(ask)) => vec![("reason", &ask.reason)],
        Some(Verb::Assign(ask)) => {
            vec![("basis", &ask.basis), ("determination", &ask.determination)]
        }
        _ => Vec::new(),
    }
}
