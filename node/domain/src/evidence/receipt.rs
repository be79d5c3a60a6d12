//! Receipts: what an addressee says, in a signed message of its own, of the statements that it got.

use crate::id::{EnvelopeId, LegId};
use hotline_topology::Time;

/// What an act came to at its addressee.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Effect {
    /// It took effect.
    Applied,
    /// It met a closed leg: recorded, without effect.
    Late,
    /// Known already, or older than what is known: without effect.
    Void,
    /// A rule refused it; a message of its own says which.
    Refused,
}

impl Effect {
    /// Every effect.
    pub const ALL: [Effect; 4] = [Effect::Applied, Effect::Late, Effect::Void, Effect::Refused];

    /// The word for people.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Effect::Applied => "已生效",
            Effect::Late => "迟到，已记录",
            Effect::Void => "无新内容",
            Effect::Refused => "按规则拒绝",
        }
    }
}

/// A receipt for one statement. A receipt is not receipted.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Receipted {
    /// The envelope.
    pub envelope: EnvelopeId,
    /// The leg it was about.
    pub leg: Option<LegId>,
    /// What its author signed.
    pub statement: [u8; 32],
    /// What came of it.
    pub effect: Effect,
    /// When it was received, by the receiver's clock.
    pub at: Time,
}
