//! Clocks: deadlines by the policy pack and the calendar. A taker's deadline is the earlier of its own rules' and the
//! giver's due date, less a review time only where the giver's policy states one (invariant 3).

mod provisional;
#[cfg(test)]
mod tests;

pub use provisional::{Basis, DueOf, Reckoned};

use crate::kernel::World;
use crate::leg::{Due, Leg, LegKind, RuleVersion};
use hotline_topology::{Kind, PolicyPack, Span, Time, Urgency};

/// How far the clocks of two nodes may differ before an act's own time is disputed, in milliseconds.
pub const SKEW_MS: i64 = 5 * 60_000;

/// The end of a span that starts at `from`.
#[must_use]
pub fn end_of(world: &World<'_>, from: Time, span: Span) -> Time {
    world.federation.calendar().due(from, span).at
}

/// A due date with its calendar.
#[must_use]
pub fn due(world: &World<'_>, from: Time, span: Span) -> Due {
    let calendar = world.federation.calendar();
    let due = calendar.due(from, span);
    Due {
        at: due.at,
        calendar: calendar.version(),
        provisional: due.provisional,
    }
}

/// The limit of a pack for a kind at an urgency, reckoned from `from`; `None` where the pack leaves it open.
#[must_use]
pub fn handling_due(
    world: &World<'_>,
    pack: &PolicyPack,
    kind: Kind,
    urgency: Urgency,
    from: Time,
) -> Option<Due> {
    pack.handling(kind, urgency)
        .and_then(|rule| rule.limit)
        .map(|limit| due(world, from, limit))
}

/// The due date a giver writes into a new leg under a pack: the earlier of the rules' limit from now and what the giver
/// itself owes, less the review reserve where the pack states one. What the giver missed itself is on its own account: the
/// taker gets the rules' time, and where the rules leave that open, as long as a giver has to hand a matter on.
#[must_use]
pub fn offered_due(
    world: &World<'_>,
    pack: &PolicyPack,
    kind: Kind,
    urgency: Urgency,
    now: Time,
    owed: Option<Due>,
) -> Due {
    let calendar = world.federation.calendar();
    let less_review = |owed: Due| {
        let reserved = pack
            .review
            .reserve
            .map(|span| calendar.before(owed.at, span));
        match reserved.filter(|reserved| reserved.at > now) {
            Some(reserved) => Due {
                at: reserved.at,
                calendar: calendar.version(),
                provisional: owed.provisional || reserved.provisional,
            },
            None => Due {
                calendar: calendar.version(),
                ..owed
            },
        }
    };
    let owed = owed.filter(|owed| owed.at > now).map(less_review);
    let by_rules = handling_due(world, pack, kind, urgency, now);
    match (by_rules, owed) {
        (Some(rules), Some(owed)) if owed.at < rules.at => owed,
        (Some(rules), _) => rules,
        (None, Some(owed)) => owed,
        (None, None) => due(world, now, pack.assign.window),
    }
}

/// By when an own matter is to be handed on.
#[must_use]
pub fn assign_by(world: &World<'_>, rules: &RuleVersion, taken_in_at: Time) -> Time {
    end_of(world, taken_in_at, world.pack_for(rules).assign.window)
}

/// This node's own deadline under an incoming leg: the earlier of the giver's due date and its own rules' limit from
/// delivery. A date that the giver set later replaces both, but not one that only a calendar moved; a superior owes a
/// raised matter by its own rules alone.
#[must_use]
pub fn own_due(world: &World<'_>, leg: &Leg) -> Due {
    let from = leg.delivered_at.unwrap_or(leg.offered_at);
    let (kind, urgency) = (leg.offer.request_kind, leg.offer.urgency);
    let own = handling_due(world, world.pack(), kind, urgency, from);
    let by_rules = leg.due_no == leg.due_by_calendar;
    match (own, leg.offer.kind) {
        (Some(own), LegKind::Upward) => own,
        (Some(own), LegKind::Downward) if by_rules && own.at < leg.due.at => own,
        _ => leg.due,
    }
}

/// When an act happened: as its author says where that is plausible, else on arrival.
#[must_use]
pub fn happened(claimed: Time, not_before: Time, arrival: Time) -> Time {
    if claimed.0 + SKEW_MS >= not_before.0 && claimed.0 <= arrival.0 + SKEW_MS {
        claimed
    } else {
        arrival
    }
}
