//! One word for where a leg stands: for those who may know the stage and nothing else.

use super::asking::RequestKind;
use super::offer::LegKind;
use super::state::{Leg, Stage};

/// The stage word of a sight: `offered`, `delivered`, `signed` (upward: `accepted`), `return-asked`,
/// `extension-asked`, `escalation-asked`, `result-reported`, `overdue`, `closed`.
///
/// A reported result says more than a passed due date, and that more than any other request.
#[must_use]
pub fn stage_word(leg: &Leg) -> &'static str {
    if !leg.is_open() {
        return "closed";
    }
    let asked = leg.open_request().map(|request| request.asking.kind());
    match (asked, leg.overdue()) {
        (Some(RequestKind::Result), _) => "result-reported",
        (_, Some(_)) => "overdue",
        (Some(RequestKind::Return), None) => "return-asked",
        (Some(RequestKind::Extension), None) => "extension-asked",
        (Some(RequestKind::Escalation), None) => "escalation-asked",
        (None, None) => match (leg.stage, leg.offer.kind) {
            (Stage::Offered, _) => "offered",
            (Stage::Delivered, _) => "delivered",
            (Stage::Signed, LegKind::Upward) => "accepted",
            (Stage::Signed, LegKind::Downward) => "signed",
            (Stage::Closed(_), _) => "closed",
        },
    }
}
