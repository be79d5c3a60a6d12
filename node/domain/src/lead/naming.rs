//! Who leads.

use crate::id::LegId;
use crate::leg::{Closure, Leg, Stage};
use hotline_topology::Time;
use hotline_topology::policy::LeadRule;

/// What the naming of the lead looks at in a co-handler's leg.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Receipt {
    /// The leg.
    pub leg: LegId,
    /// Its number among the giver's legs of the matter; orders ties.
    pub serial: u32,
    /// When it was delivered, by the taker's clock; `None`: in transit.
    pub delivered_at: Option<Time>,
    /// True while the body is in the matter: its leg is open, or its result was accepted. Whoever returned,
    /// escalated or was recalled or released is out.
    pub stays: bool,
}

impl Receipt {
    /// What a leg says.
    #[must_use]
    pub fn of(leg: &Leg) -> Receipt {
        Receipt {
            leg: leg.id,
            serial: leg.offer.serial,
            delivered_at: leg.delivered_at,
            stays: matches!(leg.stage, Stage::Closed(Closure::Done)) || leg.is_open(),
        }
    }

    /// Earliest receipt first; those in transit after all others; ties by leg number.
    fn order(&self) -> (bool, Option<Time>, u32, LegId) {
        (
            self.delivered_at.is_none(),
            self.delivered_at,
            self.serial,
            self.leg,
        )
    }
}

/// A naming of the lead.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Naming {
    /// Term, rising with every change of lead at this giver.
    pub term: u32,
    /// The leading leg.
    pub lead: LegId,
    /// True once all receipts were in, or it was named by name.
    pub fixed: bool,
}

/// The lead until one can be fixed: whom the giver named, else the first in order among those that stay. `None` when
/// nobody stays.
#[must_use]
pub fn provisional(receipts: &[Receipt], named: Option<LegId>) -> Option<LegId> {
    named.filter(|leg| stays(receipts, *leg)).or_else(|| {
        staying(receipts)
            .min_by_key(|receipt| receipt.order())
            .map(|receipt| receipt.leg)
    })
}

/// The lead that the rule fixes; `None` while it cannot say.
///
/// By earliest receipt it waits until everyone that stays has receipted, because a receipt still on its way may be the
/// earliest. By name it is whom the giver named, as long as that body stays.
#[must_use]
pub fn fix(receipts: &[Receipt], rule: LeadRule, named: Option<LegId>) -> Option<LegId> {
    match rule {
        LeadRule::ByName => named.filter(|leg| stays(receipts, *leg)),
        LeadRule::EarliestReceipt => {
            let complete = staying(receipts).all(|receipt| receipt.delivered_at.is_some());
            complete.then(|| provisional(receipts, None)).flatten()
        }
    }
}

/// What must be recorded about the lead now; `None` where nothing changes.
///
/// `term` is the highest term so far and `current` the naming in force. A fixed lead stays as long as its body does,
/// whoever joins later; the term rises exactly when the leading leg changes.
#[must_use]
pub fn next(
    current: Option<Naming>,
    receipts: &[Receipt],
    rule: LeadRule,
    named: Option<LegId>,
) -> Option<Naming> {
    let standing = current.filter(|naming| stays(receipts, naming.lead));
    if standing.is_some_and(|naming| naming.fixed) {
        return None;
    }
    let fixed = fix(receipts, rule, named);
    let kept = standing.map(|naming| naming.lead);
    let lead = fixed.or(kept).or_else(|| provisional(receipts, named))?;
    let same = kept == Some(lead);
    let term = current.map_or(0, |naming| naming.term) + u32::from(!same);
    let naming = Naming {
        term,
        lead,
        fixed: fixed.is_some(),
    };
    (Some(naming) != current).then_some(naming)
}

fn staying(receipts: &[Receipt]) -> impl Iterator<Item = &Receipt> {
    receipts.iter().filter(|receipt| receipt.stays)
}

fn stays(receipts: &[Receipt], leg: LegId) -> bool {
    staying(receipts).any(|receipt| receipt.leg == leg)
}
