//! Outcomes as statuses: the one place where a refusal becomes a gRPC error with details.

use crate::app::Outcome;
use crate::causes::chinese;
use hotline_domain::refusal::{Class, Refusal};
use hotline_domain::view::ViewFailed;
use hotline_show::shortened;
use std::collections::HashMap;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};

/// Domain of all error infos.
pub const DOMAIN: &str = "hotline";
/// Longest message, in bytes: it travels in a header, percent-encoded, and once more in the details.
const MESSAGE_BYTES_MAX: usize = 1536;

/// A message as it leaves: whatever it says back of the caller's own words is one line, filtered, and not too long.
fn said(message: &str) -> String {
    shortened(message, MESSAGE_BYTES_MAX)
}

/// The status of an outcome that is no success.
#[must_use]
pub fn status(outcome: Outcome) -> Status {
    match outcome {
        Outcome::Decided(Ok(_)) => Status::ok(""),
        Outcome::Decided(Err(refusal)) => refused(&refusal),
        Outcome::Unknown(why) => Status::unknown(said(&format!(
            "存储在提交中失败，结果不明（{}）；请用同一幂等键重发，不会办两次",
            chinese(&why)
        ))),
        Outcome::NotTaken(why) => Status::unavailable(said(&chinese(&why))),
    }
}

/// The status of a refusal.
#[must_use]
pub fn refused(refusal: &Refusal) -> Status {
    let code = match refusal.class {
        Class::NotFound => Code::NotFound,
        Class::Forbidden => Code::PermissionDenied,
        Class::State | Class::Policy => Code::FailedPrecondition,
        Class::Invalid => Code::InvalidArgument,
        Class::Stale => Code::Aborted,
        Class::Unready => Code::Unavailable,
    };
    let mut metadata = HashMap::from([(
        "class".to_owned(),
        format!("{:?}", refusal.class).to_lowercase(),
    )]);
    if let Some(article) = &refusal.article {
        metadata.insert("article".to_owned(), said(article));
    }
    Status::with_error_details(
        code,
        said(&refusal.message),
        ErrorDetails::with_error_info(refusal.rule, DOMAIN, metadata),
    )
}

/// What somebody wrote, as it may stand in an answer to him: short, and of letters that can be seen.
#[must_use]
pub fn echo(text: &str) -> String {
    hotline_show::echo(text).to_string()
}

/// A text that is none of what it should be: what its reader said of it, with the text itself echoed short.
#[must_use]
pub fn slip(field: &str, text: &str, said: &dyn std::fmt::Display) -> Status {
    let said = said.to_string();
    let said = match text.is_empty() {
        true => said,
        false => said.replace(text, &echo(text)),
    };
    invalid(field, said)
}

/// Wrong input that never reached a rule.
#[must_use]
pub fn invalid(field: &str, message: String) -> Status {
    let message = said(&message);
    let details = ErrorDetails::with_bad_request_violation(field, message.clone());
    Status::with_error_details(Code::InvalidArgument, message, details)
}

/// The view cannot be read.
#[must_use]
pub fn unwell(failed: ViewFailed) -> Status {
    Status::unavailable(said(&format!(
        "{}；节点正在自行修复，请稍后重试",
        chinese(&failed.to_string())
    )))
}
