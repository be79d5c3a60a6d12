//! Laws of the figures, as properties over random histories.

mod counting;
mod net;
mod steps;
mod travel;
mod words;

use crate::kernel::World;
use crate::link::{Message, Unreadable, Wire};
use crate::sealing::SignedKey;
use hotline_topology::{
    Calendar, Catalogue, EdgePolicies, Federation, Level, Parts, PolicyPack, Region, RegionKey,
    Time, Unit, UnitKey, UnitKind,
};

const PROVINCE: RegionKey = RegionKey::literal("210000000000");
const CITY: RegionKey = RegionKey::literal("210100000000");
const OTHER_CITY: RegionKey = RegionKey::literal("210200000000");
const COUNTY: RegionKey = RegionKey::literal("210101000000");
const OTHER_COUNTY: RegionKey = RegionKey::literal("210102000000");
const TOWN: RegionKey = RegionKey::literal("210101001000");

/// Parents before children.
const ALL: [(RegionKey, Level, Option<RegionKey>); 6] = [
    (PROVINCE, Level::Province, None),
    (CITY, Level::City, Some(PROVINCE)),
    (OTHER_CITY, Level::City, Some(PROVINCE)),
    (COUNTY, Level::County, Some(CITY)),
    (OTHER_COUNTY, Level::County, Some(CITY)),
    (TOWN, Level::Township, Some(COUNTY)),
];

fn federation() -> Federation {
    let region = |(key, level, parent): &(RegionKey, Level, Option<RegionKey>)| Region {
        key: *key,
        name: format!("区划{key}"),
        level: *level,
        parent: *parent,
        endpoint: format!("{}.example.org:7443", key.host_label())
            .parse()
            .ok(),
        node: true,
        standard: false,
        succeeds: Vec::new(),
        units: vec![Unit {
            key: UnitKey::new("centre").unwrap(),
            name: "热线中心".into(),
            kind: UnitKind::Centre,
            parent: None,
            responsibilities: Vec::new(),
            contact: String::new(),
            handlers: Vec::new(),
        }],
    };
    Federation::build(Parts {
        trust_domain: "hotline.example.org".into(),
        version: 1,
        effective_from: Time(0),
        standards: Vec::new(),
        regions: ALL.iter().map(region).collect(),
        catalogue: Catalogue::default(),
        edges: EdgePolicies::default(),
        calendar: Calendar::builtin(),
    })
    .unwrap()
}

/// Figures never encode anything.
struct NoWire;

impl Wire for NoWire {
    fn encode(&self, _: &Message) -> Vec<u8> {
        Vec::new()
    }

    fn decode(&self, kind: u32, _: &[u8]) -> Result<Message, Unreadable> {
        Err(Unreadable::UnknownKind(kind))
    }

    fn salt(&self, _: &mut Vec<u8>, _: [u8; 16]) {}

    fn genuine(&self, _: &SignedKey) -> Result<(), String> {
        Err("没有可信的根证书".to_owned())
    }
}

fn world<'a>(me: RegionKey, federation: &'a Federation, packs: &'a [PolicyPack]) -> World<'a> {
    World {
        me,
        federation,
        packs,
        wire: &NoWire,
        older: &[],
        examiner: &crate::world::NoDocuments,
        notary: &crate::evidence::Nobody,
    }
}
