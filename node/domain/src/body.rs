//! Who acts: nodes, units, and the people in them.

use hotline_topology::{RegionKey, UnitKey};
use std::fmt;

/// A body that can be given a leg: a whole node, or a unit (承办单位) of a node.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Body {
    /// The hotline of a region.
    Node(RegionKey),
    /// A unit of that region's own level.
    Unit(RegionKey, UnitKey),
}

impl Body {
    /// The region whose node keeps this body's records.
    #[must_use]
    pub fn region(&self) -> RegionKey {
        match self {
            Body::Node(region) | Body::Unit(region, _) => *region,
        }
    }

    /// The unit's key, where the body is a unit.
    #[must_use]
    pub fn unit(&self) -> Option<&UnitKey> {
        match self {
            Body::Node(_) => None,
            Body::Unit(_, unit) => Some(unit),
        }
    }
}

impl fmt::Display for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Body::Node(region) => write!(f, "{region}"),
            Body::Unit(region, unit) => write!(f, "{region}/{unit}"),
        }
    }
}

/// What a person may do; see `policy::authority`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Role {
    /// 话务员: takes matters in, answers, calls back.
    Clerk,
    /// 派单员: assigns, rules on requests, reviews, closes.
    Dispatcher,
    /// 承办人: handles the legs of the own unit.
    Handler,
    /// 督办员: supervision orders, reminders.
    Supervisor,
    /// 运维: the node itself; no matters.
    Operator,
}

impl Role {
    /// Every role, in the order above.
    pub const ALL: [Role; 5] = [
        Role::Clerk,
        Role::Dispatcher,
        Role::Handler,
        Role::Supervisor,
        Role::Operator,
    ];

    /// The word used in configuration and on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Role::Clerk => "clerk",
            Role::Dispatcher => "dispatcher",
            Role::Handler => "handler",
            Role::Supervisor => "supervisor",
            Role::Operator => "operator",
        }
    }

    /// The word that people read.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Role::Clerk => "话务员",
            Role::Dispatcher => "派单员",
            Role::Handler => "承办人",
            Role::Supervisor => "督办员",
            Role::Operator => "运维员",
        }
    }
}

/// The person behind a command, as the door authenticated them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Actor {
    /// Login name at this node.
    pub name: String,
    /// Roles held; a command needs one that permits it.
    pub roles: Vec<Role>,
    /// The unit a handler belongs to; `None` for the hotline's own staff.
    pub unit: Option<UnitKey>,
}
