//! Where the tests play: 山西省, 晋城市, 泽州县 with two townships, 陵川县 with one.

use crate::body::Body;
use hotline_topology::{Federation, RegionKey, Select, Settings, Time, UnitKey, generate};
use std::sync::OnceLock;

pub(crate) const PROVINCE: RegionKey = RegionKey::literal("140000000000");
pub(crate) const CITY: RegionKey = RegionKey::literal("140500000000");
pub(crate) const LINGCHUAN: RegionKey = RegionKey::literal("140524000000");
pub(crate) const CHONGWEN: RegionKey = RegionKey::literal("140524100000");
pub(crate) const ZEZHOU: RegionKey = RegionKey::literal("140525000000");
pub(crate) const NANCUN: RegionKey = RegionKey::literal("140525100000");
pub(crate) const XIACUN: RegionKey = RegionKey::literal("140525101000");

/// Every node, those above before those below.
pub(crate) const ALL: [RegionKey; 7] =
    [PROVINCE, CITY, LINGCHUAN, CHONGWEN, ZEZHOU, NANCUN, XIACUN];

/// Monday, 2026-03-09 09:00, a working day before eight others.
pub(crate) const MONDAY: Time = Time(1_773_018_000_000);

pub(crate) const HOUR: i64 = 3_600_000;
pub(crate) const DAY: i64 = 24 * HOUR;

pub(crate) fn tree() -> Federation {
    static TREE: OnceLock<Federation> = OnceLock::new();
    let make = || {
        let regions = vec![CHONGWEN, NANCUN, XIACUN, PROVINCE];
        generate(&Select::Regions(regions), &Settings::default()).expect("built-in divisions")
    };
    TREE.get_or_init(make).clone()
}

/// The hotline of a region as a taker.
pub(crate) fn node(region: RegionKey) -> Body {
    Body::Node(region)
}

/// A unit of a region as a taker.
pub(crate) fn unit(region: RegionKey, key: &str) -> Body {
    Body::Unit(region, UnitKey::new(key).expect("a unit's key"))
}
