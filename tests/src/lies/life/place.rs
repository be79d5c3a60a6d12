//! The federation of the generator: a city, two counties below it, a township below the first.

use hotline_topology::{
    Calendar, Catalogue, EdgePolicies, Federation, FieldName, Level, Parts, Region, RegionKey,
    Time, Unit, UnitKey, UnitKind, Way,
};

/// The city, above all others.
pub const CITY: RegionKey = RegionKey::literal("210100000000");
/// The county through which the township is reached.
pub const COUNTY: RegionKey = RegionKey::literal("210101000000");
/// A county beside it.
pub const BESIDE: RegionKey = RegionKey::literal("210102000000");
/// The township, a far node to the city.
pub const TOWN: RegionKey = RegionKey::literal("210101001000");
/// All of them.
pub const ALL: [RegionKey; 4] = [CITY, COUNTY, BESIDE, TOWN];
/// Neighbours, the upper one first.
pub const EDGES: [(RegionKey, RegionKey); 3] = [(CITY, COUNTY), (CITY, BESIDE), (COUNTY, TOWN)];
/// When every life begins.
pub const START: Time = Time(1_767_196_800_000);
/// The trust domain.
pub const DOMAIN: &str = "hotline.example.org";

/// The tree; a node whose copy was installed wrongly knows of edges that no content may pass, and refuses every offer.
///
/// # Panics
/// Never: its parts are constants.
#[must_use]
pub fn federation(refuses: bool) -> Federation {
    let region = |key: RegionKey, level, parent| Region {
        key,
        name: format!("区划{key}"),
        level,
        parent,
        endpoint: format!("{}.example.org:7443", key.host_label())
            .parse()
            .ok(),
        node: true,
        standard: false,
        succeeds: Vec::new(),
        units: vec![Unit {
            key: UnitKey::new("centre").expect("a constant"),
            name: "热线中心".into(),
            kind: UnitKind::Centre,
            parent: None,
            responsibilities: Vec::new(),
            contact: String::new(),
            handlers: Vec::new(),
        }],
    };
    let mut edges = EdgePolicies::default();
    if refuses {
        edges.default.set(Way::Down, [FieldName::Instruction]);
    }
    Federation::build(Parts {
        trust_domain: DOMAIN.into(),
        version: 1,
        effective_from: Time(0),
        standards: Vec::new(),
        regions: vec![
            region(CITY, Level::City, None),
            region(COUNTY, Level::County, Some(CITY)),
            region(BESIDE, Level::County, Some(CITY)),
            region(TOWN, Level::Township, Some(COUNTY)),
        ],
        catalogue: Catalogue::default(),
        edges,
        calendar: Calendar::builtin(),
    })
    .expect("a tree of constants")
}
