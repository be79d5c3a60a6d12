//! What follows by itself from the state of a leg.

use super::act::Act;
use super::asking::RequestKind;
use super::offer::LegKind;
use super::state::{Leg, Side};

/// What the giver must do at once after an act was applied, in the same commit.
///
/// On an upward leg the superior owes only its answer or its refusal, and the origin has nothing to rule: the giver's
/// commit accepts either, and with it custody comes back.
#[must_use]
pub fn automatic(leg: &Leg) -> Option<Act> {
    if leg.side == Side::Taker || leg.offer.kind != LegKind::Upward {
        return None;
    }
    let request = leg.open_request()?;
    let of = request.asking.kind();
    matches!(of, RequestKind::Return | RequestKind::Result).then(|| Act::Ruling {
        request: request.no,
        of,
        granted: true,
        basis: String::new(),
        due: None,
    })
}
