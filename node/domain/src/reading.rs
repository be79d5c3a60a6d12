//! Readings (查阅): that somebody opened texts or a file of a ticket, on record before anything is shown.
//!
//! ```text
//! policy/reading.rs   who may read what
//! policy/purpose.rs   what for
//! ticket/read.rs      puts a reading on record; the door opens the texts once that is durable
//! kernel/fold         a row for each reading, numbered by ticket, and how many there are
//! ```
//!
//! The record of a reading is no part of the ticket: it changes neither its version nor its figures, so that whoever
//! reads disturbs nobody who works. It stays when the texts are erased.

use crate::attachment::AttachmentId;
use crate::id::{MatterId, OrderId};
use crate::policy::purpose::Purpose;
use hotline_topology::{FieldName, Time, UnitKey};

/// That somebody opened something of a ticket, or of an order about one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reading {
    /// The matter.
    pub matter: MatterId,
    /// When, by this node's clock.
    pub at: Time,
    /// Name of the person.
    pub who: String,
    /// The unit that the person belongs to; `None` for the hotline's own staff.
    pub unit: Option<UnitKey>,
    /// What was opened.
    pub opened: Opened,
    /// What for.
    pub purpose: Purpose,
    /// Which way the person came.
    pub entrance: Entrance,
}

/// What a reading opened.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Opened {
    /// Texts of the ticket and of its timeline.
    Texts {
        /// Which fields; each once, in order.
        fields: Vec<FieldName>,
    },
    /// An attachment.
    File(AttachmentId),
    /// What a supervision order says, and what was replied; the matter may have no ticket here.
    Order(OrderId),
}

/// Which way a person came to the node.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Entrance {
    /// A user of the node's machine.
    Local,
    /// A front end on the node's machine that authenticated the person itself.
    FrontEnd,
    /// With a certificate over the network.
    Remote,
}

impl Entrance {
    /// The word that people read.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Entrance::Local => "本机",
            Entrance::FrontEnd => "前端系统",
            Entrance::Remote => "远程",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_tell_the_entrances_apart() {
        let all = [Entrance::Local, Entrance::FrontEnd, Entrance::Remote];
        assert_eq!(all.map(Entrance::label), ["本机", "前端系统", "远程"]);
    }
}
