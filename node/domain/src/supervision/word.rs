//! What was said of an order on a leg that is none of its issuer's: there is no ticket and no leg in whose timeline it could
//! stand, so the order has one of its own.

use crate::fact::Fact;
use crate::field::SealedField;
use crate::id::{MatterId, OrderId};
use crate::kernel::{Draft, Stop};
use crate::view::Rows as _;
use hotline_topology::{RegionKey, Time};

/// What somebody did about an order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum OrderStep {
    /// It was issued.
    Issued,
    /// Its issuer reminded of it.
    Reminded,
    /// The taker replied.
    Replied,
    /// Its issuer ended it.
    Ended,
}

impl OrderStep {
    /// Stable code.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            OrderStep::Issued => "issued",
            OrderStep::Reminded => "reminded",
            OrderStep::Replied => "replied",
            OrderStep::Ended => "ended",
        }
    }
}

/// An entry of an order's timeline at its issuer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OrderWord {
    /// The order.
    pub order: OrderId,
    /// The matter that it is about.
    pub matter: MatterId,
    /// Its place, from 0.
    pub no: u32,
    /// What.
    pub step: OrderStep,
    /// Which node said it.
    pub by: RegionKey,
    /// Name of the person; `None` for another node's.
    pub actor: Option<String>,
    /// When, by its author's clock.
    pub at: Time,
    /// Fields written with it.
    pub fields: Vec<SealedField>,
}

/// Puts an entry into the timeline of an order of this node's. False where it stands there already: after a restore things
/// are said again.
///
/// # Errors
/// The view failed.
pub(super) fn note(draft: &mut Draft<'_>, word: OrderWord) -> Result<bool, Stop> {
    let known = draft.order_words(word.matter, word.order)?;
    let same =
        |other: &OrderWord| (other.step, other.by, other.at) == (word.step, word.by, word.at);
    if known.iter().any(same) {
        return Ok(false);
    }
    let no = u32::try_from(known.len()).unwrap_or(u32::MAX);
    draft.record(Fact::OrderSaid(OrderWord { no, ..word }))?;
    Ok(true)
}
