//! Dates that count through a year whose calendar is not announced (暂定): what they were reckoned from, so that they can
//! be reckoned again once it is. Dates that a person set are none of these, and stand.

use crate::id::{LegId, MatterId, OrderId};
use hotline_topology::Time;

/// What has a date.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum DueOf {
    /// A ticket's own.
    Ticket(MatterId),
    /// A leg's, at its giver.
    Leg(LegId),
    /// A reply's, at the issuer of the order.
    Order(OrderId),
}

/// What a date was reckoned from.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Basis {
    /// So many working days from a moment.
    Rules {
        /// From when.
        from: Time,
        /// How many.
        days: u32,
    },
    /// The incoming leg: the earlier of its date and the own rules' limit.
    Incoming,
    /// As offers are dated: the earlier of the rules' limit from a moment and what the giver owes itself.
    Offered {
        /// From when.
        from: Time,
    },
}

/// How a provisional date was reckoned.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Reckoned {
    /// The date: where the thing has another one by now, this says nothing any more.
    pub at: Time,
    /// Version of the calendar.
    pub calendar: u32,
    /// From what.
    pub basis: Basis,
    /// Working days granted on top of it.
    pub more: u32,
}
