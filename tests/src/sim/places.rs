//! Where the simulation plays: one province, two cities, four counties, eight townships.

use hotline_topology::{
    Calendar, Catalogue, Dispatch, EdgePolicies, EdgePolicy, Endpoint, Federation, FieldName,
    Level, PolicyPack, Region, RegionKey, Target, Time, Unit, UnitKey, UnitKind, Way,
};
use std::sync::OnceLock;

/// Monday, 2026-03-09 09:00 local time.
pub const START: Time = Time(1_773_018_000_000);
/// Milliseconds of a second.
pub const SECOND: i64 = 1_000;
/// Milliseconds of a minute.
pub const MINUTE: i64 = 60 * SECOND;
/// Milliseconds of an hour.
pub const HOUR: i64 = 60 * MINUTE;
/// Milliseconds of a day.
pub const DAY: i64 = 24 * HOUR;

const fn key(text: &'static str) -> RegionKey {
    RegionKey::literal(text)
}

/// Every node, superiors before those below them.
pub const NODES: [RegionKey; 15] = [
    key("A00000000000"),
    key("A10000000000"),
    key("A20000000000"),
    key("A11000000000"),
    key("A12000000000"),
    key("A21000000000"),
    key("A22000000000"),
    key("A11100000000"),
    key("A11200000000"),
    key("A12100000000"),
    key("A12200000000"),
    key("A21100000000"),
    key("A21200000000"),
    key("A22100000000"),
    key("A22200000000"),
];

/// The units of every node.
pub const UNITS: [&str; 2] = ["住建局", "热线中心"];

/// The unit of that key.
///
/// # Panics
/// On a key that no unit may bear.
#[must_use]
pub fn unit(key: &str) -> UnitKey {
    UnitKey::new(key).expect("a unit's key")
}

/// The federation; the edge between the first city and its first county lets the contact pass downward.
#[must_use]
pub fn federation() -> &'static Federation {
    static TREE: OnceLock<Federation> = OnceLock::new();
    TREE.get_or_init(build)
}

/// The one pack in force.
#[must_use]
pub fn packs() -> &'static [PolicyPack] {
    static PACKS: OnceLock<Vec<PolicyPack>> = OnceLock::new();
    PACKS.get_or_init(|| vec![PolicyPack::default_pack()])
}

fn build() -> Federation {
    let local = |region: &RegionKey| Dispatch {
        region: *region,
        category: String::new(),
        place: None,
        to: Target::Local,
    };
    let mut edges = EdgePolicies::default();
    let mut open = EdgePolicy::default();
    let down = Way::Down.default_fields().iter().copied();
    open.set(Way::Down, down.chain([FieldName::Contact]));
    edges.overrides.insert((NODES[1], NODES[3]), open);
    let parts = hotline_topology::Parts {
        trust_domain: "hotline.example".into(),
        version: 1,
        effective_from: Time(0),
        regions: NODES.iter().map(region).collect(),
        standards: Vec::new(),
        catalogue: Catalogue::new(NODES[..7].iter().map(local).collect()),
        edges,
        calendar: Calendar::builtin(),
    };
    Federation::build(parts).expect("the simulated federation fits together")
}

fn region(key: &RegionKey) -> Region {
    let at = NODES.iter().position(|node| node == key).unwrap_or(0);
    let (level, parent) = match at {
        0 => (Level::Province, None),
        1..=2 => (Level::City, Some(0)),
        3..=6 => (Level::County, Some((at - 3) / 2 + 1)),
        _ => (Level::Township, Some((at - 7) / 2 + 3)),
    };
    let unit = |(at, name): (usize, &&str)| Unit {
        key: unit(name),
        name: (*name).to_owned(),
        kind: if at == 1 {
            UnitKind::Centre
        } else {
            UnitKind::Department
        },
        parent: None,
        responsibilities: Vec::new(),
        contact: String::new(),
        handlers: Vec::new(),
    };
    Region {
        key: *key,
        name: key.to_string(),
        level,
        parent: parent.map(|parent: usize| NODES[parent]),
        endpoint: Some(Endpoint {
            host: key.host_label(),
            port: 7443,
        }),
        node: true,
        standard: false,
        units: UNITS.iter().enumerate().map(unit).collect(),
    }
}
