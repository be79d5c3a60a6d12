//! Where the simulation plays: a province with what is below it, in three sizes.

use chrono::NaiveDate;
use hotline_topology::{
    Calendar, Catalogue, Dispatch, EdgePolicies, EdgePolicy, Endpoint, Federation, FieldName,
    Level, PolicyPack, Region, RegionKey, Target, Time, Unit, UnitKey, UnitKind, Way,
};
use std::sync::{Arc, OnceLock};

/// The day before 2026 was announced.
const NOT_ANNOUNCED: NaiveDate = NaiveDate::from_ymd_opt(2025, 11, 3).expect("a date");

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

/// The whole tree, superiors before those below them: one province, two cities, four counties, eight townships.
pub const TREE: [RegionKey; 15] = [
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

/// One node of each level, in a line.
pub const CHAIN: [RegionKey; 4] = [TREE[0], TREE[1], TREE[3], TREE[7]];

/// Two of each level below the province.
pub const FORK: [RegionKey; 7] = [
    TREE[0], TREE[1], TREE[2], TREE[3], TREE[4], TREE[7], TREE[8],
];

/// A federation, and its nodes in order.
#[derive(Debug)]
pub struct Place {
    /// Every node, superiors before those below them.
    pub nodes: Vec<RegionKey>,
    /// The tree in force.
    pub federation: Federation,
    /// What has changed it.
    reform: Option<Reform>,
}

impl Place {
    /// The federation of those nodes; the edge between the first city and its first county lets the contact pass
    /// downward.
    ///
    /// # Panics
    /// On nodes that make no tree.
    #[must_use]
    pub fn of(nodes: &[RegionKey]) -> Arc<Self> {
        Arc::new(Self {
            nodes: nodes.to_vec(),
            federation: build(nodes, 1, None, &usual()),
            reform: None,
        })
    }

    /// The next version, with what a reform changes; `None` where this place has not the regions for it.
    ///
    /// # Panics
    /// Never: the trees are constants.
    #[must_use]
    pub fn reformed(&self, reform: Reform) -> Option<Arc<Self>> {
        let there = reform
            .regions()
            .iter()
            .all(|region| self.nodes.contains(region));
        let version = self.federation.version() + 1;
        there.then(|| {
            Arc::new(Self {
                nodes: self.nodes.clone(),
                federation: build(&self.nodes, version, Some(reform), &usual()),
                reform: Some(reform),
            })
        })
    }

    /// The same version in the copy of somebody who let no title cross an edge on its way to a taker: whatever is given
    /// or raised to this node is refused by its rules.
    ///
    /// # Panics
    /// Never: the trees are constants.
    #[must_use]
    pub fn narrowed(&self) -> Arc<Self> {
        let mut edges = usual();
        for policy in std::iter::once(&mut edges.default).chain(edges.overrides.values_mut()) {
            for way in [Way::Down, Way::EscalationUp] {
                let fields = FieldName::ALL.into_iter();
                let kept =
                    fields.filter(|name| *name != FieldName::Title && policy.allows(way, *name));
                let kept: Vec<FieldName> = kept.collect();
                policy.set(way, kept);
            }
        }
        self.with(&edges)
    }

    /// The same version as everybody has it.
    ///
    /// # Panics
    /// Never: the trees are constants.
    #[must_use]
    pub fn as_given_out(&self) -> Arc<Self> {
        self.with(&usual())
    }

    fn with(&self, edges: &EdgePolicies) -> Arc<Self> {
        Arc::new(Self {
            nodes: self.nodes.clone(),
            federation: build(&self.nodes, self.federation.version(), self.reform, edges),
            reform: self.reform,
        })
    }

    /// Every neighbour of a node.
    #[must_use]
    pub fn neighbours(&self, region: RegionKey) -> Vec<RegionKey> {
        let tree = &self.federation;
        tree.parent(region)
            .into_iter()
            .chain(tree.children(region).iter().copied())
            .collect()
    }
}

/// How a tree is reorganised.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reform {
    /// A township gets another county.
    Township,
    /// A county is dissolved into another, its townships with it.
    County,
    /// A township is dissolved into its neighbour.
    Merger,
    /// A township is dissolved into its own county.
    Upward,
}

impl Reform {
    /// Every reform.
    pub const ALL: [Self; 4] = [Self::Township, Self::County, Self::Merger, Self::Upward];

    /// Its name in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Township => "reform: township moves",
            Self::County => "reform: county dissolved",
            Self::Merger => "reform: townships merged",
            Self::Upward => "reform: township given up",
        }
    }

    /// Who is concerned.
    fn regions(self) -> &'static [RegionKey] {
        const CONCERNED: [RegionKey; 4] = [TREE[7], TREE[8], TREE[3], TREE[4]];
        match self {
            Self::Township | Self::County => &CONCERNED,
            Self::Merger => &CONCERNED[..3],
            Self::Upward => &[TREE[7], TREE[3]],
        }
    }

    fn change(self, region: &mut Region) {
        let key = region.key;
        match self {
            Self::Township if key == TREE[8] => region.parent = Some(TREE[4]),
            Self::County if key == TREE[7] || key == TREE[8] => region.parent = Some(TREE[4]),
            Self::County if key == TREE[4] => region.succeeds = vec![TREE[3]],
            Self::Merger if key == TREE[8] => region.succeeds = vec![TREE[7]],
            Self::Upward if key == TREE[3] => region.succeeds = vec![TREE[7]],
            _ => {}
        }
    }
}

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

/// The one pack in force.
#[must_use]
pub fn packs() -> &'static [PolicyPack] {
    static PACKS: OnceLock<Vec<PolicyPack>> = OnceLock::new();
    PACKS.get_or_init(|| vec![PolicyPack::default_pack()])
}

/// How many levels below the province: places of the key that are not nought.
fn depth(key: RegionKey) -> usize {
    let places = key.as_bytes()[1..].iter();
    places.take_while(|place| **place != b'0').count()
}

/// The edge between the first city and its first county lets the contact pass downward.
fn usual() -> EdgePolicies {
    let mut edges = EdgePolicies::default();
    let mut open = EdgePolicy::default();
    let down = Way::Down.default_fields().iter().copied();
    open.set(Way::Down, down.chain([FieldName::Contact]));
    edges.overrides.insert((TREE[1], TREE[3]), open);
    edges
}

fn build(
    nodes: &[RegionKey],
    version: u32,
    reform: Option<Reform>,
    edges: &EdgePolicies,
) -> Federation {
    let local = |region: &RegionKey| Dispatch {
        region: *region,
        category: String::new(),
        place: None,
        to: Target::Local,
    };
    let above = nodes.iter().filter(|region| depth(**region) < 3);
    let mut regions: Vec<Region> = nodes.iter().map(region).collect();
    for region in &mut regions {
        if let Some(reform) = reform {
            reform.change(region);
        }
    }
    let parts = hotline_topology::Parts {
        trust_domain: "hotline.example".into(),
        version,
        effective_from: Time(0),
        regions,
        standards: Vec::new(),
        catalogue: Catalogue::new(above.map(local).collect()),
        edges: edges.clone(),
        calendar: calendar(version),
    };
    Federation::build(parts).expect("the simulated federation fits together")
}

/// The first tree does not know the calendar of the running year: what is dated until the next one comes is provisional,
/// and reckoned anew at each node as it learns of that.
fn calendar(version: u32) -> Calendar {
    match version {
        1 => Calendar::builtin_at(NOT_ANNOUNCED),
        _ => Calendar::builtin(),
    }
}

fn region(key: &RegionKey) -> Region {
    let level = match depth(*key) {
        0 => Level::Province,
        1 => Level::City,
        2 => Level::County,
        _ => Level::Township,
    };
    let above = TREE.iter().find(|above| {
        let digits = depth(**above);
        digits + 1 == depth(*key) && above.as_bytes()[..=digits] == key.as_bytes()[..=digits]
    });
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
        parent: above.copied(),
        endpoint: Some(Endpoint {
            host: key.host_label(),
            port: 7443,
        }),
        node: true,
        standard: false,
        succeeds: Vec::new(),
        units: UNITS.iter().enumerate().map(unit).collect(),
    }
}
