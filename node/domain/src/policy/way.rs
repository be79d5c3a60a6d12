//! The way of what is said about a leg: to whom a superior's order goes, and by which of the edges' policies its fields
//! travel. Whoever sends, whoever receives and the promise of the simulation ask here, so that they cannot differ.
//!
//! | who says it | to whom | fields go by |
//! |---|---|---|
//! | an end of a leg that was given down | the other end | `down`, `up` |
//! | an end of a leg that was raised | the other end | `escalation_up`, `escalation_down` |
//! | a superior: orders, reminders, ends | each end that it stands above, by itself | `down`, `up` |
//! | the taker: its reply | the superior; and the giver, where that stands above it | `down`, `up` |
//!
//! Nobody passes another's word on: each end hears a superior from the superior. Who raised a leg stands below whoever took
//! it, gives no orders on it, and is told of none.

use crate::leg::{Act, Leg, LegKind, Offer};
use hotline_topology::{Federation, FieldName, RegionKey};

/// The two ends of a leg, and whether it was raised.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Ends {
    /// Who gave it.
    pub giver: RegionKey,
    /// The node of who took it.
    pub taker: RegionKey,
    /// What sort of contract it is.
    pub kind: LegKind,
}

impl Ends {
    /// Those of an offer.
    #[must_use]
    pub fn of(offer: &Offer) -> Self {
        Self {
            giver: offer.giver,
            taker: offer.taker.region(),
            kind: offer.kind,
        }
    }

    /// Those of a leg that is known by name alone, from a notice or a sight: who gives from below has raised it.
    #[must_use]
    pub fn between(tree: &Federation, giver: RegionKey, taker: RegionKey) -> Self {
        let kind = match tree.is_below(giver, taker) {
            true => LegKind::Upward,
            false => LegKind::Downward,
        };
        Self { giver, taker, kind }
    }
}

/// Whether what is said from one node to another goes by the ways of a raised leg: between its two ends alone. `None`: of
/// a leg that is not known, or of none.
#[must_use]
pub fn is_raised(ends: Option<Ends>, from: RegionKey, to: RegionKey) -> bool {
    ends.is_some_and(|ends| {
        let both = [(ends.giver, ends.taker), (ends.taker, ends.giver)];
        ends.kind == LegKind::Upward && both.contains(&(from, to))
    })
}

/// Whether a field may go along with what is said of a leg.
#[must_use]
pub fn may_travel(
    tree: &Federation,
    ends: Option<Ends>,
    from: RegionKey,
    to: RegionKey,
    field: FieldName,
) -> bool {
    tree.may_travel(from, to, is_raised(ends, from, to), field)
}

/// To whom an order of one who is no end of the leg goes, the taker last: the body that owes the answer.
#[must_use]
pub fn of_order(ends: Ends) -> Vec<RegionKey> {
    match ends.kind {
        LegKind::Downward if ends.giver != ends.taker => vec![ends.giver, ends.taker],
        _ => vec![ends.taker],
    }
}

/// Whether a node gives orders on a leg: who gave it down, and every superior of who took it.
#[must_use]
pub fn may_order(tree: &Federation, ends: Ends, author: RegionKey) -> bool {
    match author == ends.giver {
        true => ends.kind == LegKind::Downward,
        false => tree.is_below(ends.taker, author),
    }
}

/// Whether what one end does on a leg is the other's affair, too: not so the answer to a superior's order on a leg that was
/// raised, of which the lower end was told nothing.
#[must_use]
pub fn concerns_both(leg: &Leg, act: &Act) -> bool {
    leg.offer.kind == LegKind::Downward || !matches!(act, Act::ReplyOrder { .. })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{CITY, LINGCHUAN, NANCUN, PROVINCE, ZEZHOU, tree};

    fn ends(giver: RegionKey, taker: RegionKey) -> Ends {
        Ends::between(&tree(), giver, taker)
    }

    #[test]
    fn the_table() {
        let tree = tree();
        let (down, raised) = (ends(ZEZHOU, NANCUN), ends(NANCUN, ZEZHOU));
        assert_eq!(
            (down.kind, raised.kind),
            (LegKind::Downward, LegKind::Upward)
        );
        assert!(is_raised(Some(raised), NANCUN, ZEZHOU));
        assert!(is_raised(Some(raised), ZEZHOU, NANCUN));
        for (from, to) in [
            (CITY, ZEZHOU),
            (ZEZHOU, CITY),
            (CITY, NANCUN),
            (NANCUN, CITY),
        ] {
            assert!(!is_raised(Some(raised), from, to));
            assert!(!is_raised(Some(down), from, to));
        }
        assert!(!is_raised(Some(down), ZEZHOU, NANCUN) && !is_raised(None, NANCUN, ZEZHOU));
        assert_eq!(of_order(down), [ZEZHOU, NANCUN]);
        assert_eq!(of_order(raised), [ZEZHOU]);
        assert_eq!(
            of_order(ends(ZEZHOU, ZEZHOU)),
            [ZEZHOU],
            "a unit of its own"
        );
        let ordering = |ends| {
            [PROVINCE, CITY, ZEZHOU, NANCUN, LINGCHUAN].map(|who| may_order(&tree, ends, who))
        };
        assert_eq!(ordering(down), [true, true, true, false, false]);
        assert_eq!(ordering(raised), [true, true, false, false, false]);
        // Over a level in between, which orders as well.
        assert_eq!(
            ordering(ends(CITY, NANCUN)),
            [true, true, true, false, false]
        );
    }

    #[test]
    fn an_order_goes_down_with_its_text_and_a_reply_up_with_its_own() {
        let tree = tree();
        let raised = Some(ends(NANCUN, ZEZHOU));
        let may = |from, to, field| may_travel(&tree, raised, from, to, field);
        assert!(may(PROVINCE, ZEZHOU, FieldName::Instruction));
        assert!(may(ZEZHOU, PROVINCE, FieldName::StageReport));
        assert!(!may(ZEZHOU, NANCUN, FieldName::Instruction));
        assert!(!may(ZEZHOU, CITY, FieldName::Title) && may(NANCUN, ZEZHOU, FieldName::Title));
    }
}
