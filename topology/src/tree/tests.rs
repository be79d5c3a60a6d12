use super::*;
use crate::catalogue::{Dispatch, Target};
use crate::edge::EdgePolicy;

const PROVINCE: RegionKey = RegionKey::literal("A00000000000");
const CITY_1: RegionKey = RegionKey::literal("A10000000000");
const CITY_2: RegionKey = RegionKey::literal("A20000000000");
const COUNTY_11: RegionKey = RegionKey::literal("A11000000000");
const COUNTY_12: RegionKey = RegionKey::literal("A12000000000");
const COUNTY_21: RegionKey = RegionKey::literal("A21000000000");
const TOWN_111: RegionKey = RegionKey::literal("A11100000000");
/// A township without a node.
const TOWN_112: RegionKey = RegionKey::literal("A11200000000");
const UNKNOWN: RegionKey = RegionKey::literal("B00000000000");

fn region(key: RegionKey, parent: Option<RegionKey>, level: Level) -> Region {
    let unit = |key: &str, kind| Unit {
        key: UnitKey::new(key).unwrap(),
        name: key.into(),
        kind,
        parent: None,
        responsibilities: vec![],
        contact: String::new(),
        handlers: vec![],
    };
    let node = key != TOWN_112;
    let units = vec![
        unit("教育局", UnitKind::Department),
        unit("中心", UnitKind::Centre),
    ];
    Region {
        key,
        name: key.to_string(),
        level,
        parent,
        endpoint: node.then(|| Endpoint {
            host: key.host_label(),
            port: 7443,
        }),
        node,
        standard: true,
        succeeds: Vec::new(),
        units: if node { units } else { vec![] },
    }
}

fn parts() -> Parts {
    use Level::{City, County, Province, Township};
    Parts {
        trust_domain: "hotline.example".into(),
        version: 1,
        effective_from: Time(0),
        regions: vec![
            region(TOWN_111, Some(COUNTY_11), Township),
            region(TOWN_112, Some(COUNTY_11), Township),
            region(COUNTY_11, Some(CITY_1), County),
            region(COUNTY_12, Some(CITY_1), County),
            region(COUNTY_21, Some(CITY_2), County),
            region(CITY_1, Some(PROVINCE), City),
            region(CITY_2, Some(PROVINCE), City),
            region(PROVINCE, None, Province),
        ],
        standards: vec![],
        catalogue: Catalogue::default(),
        edges: EdgePolicies::default(),
        calendar: Calendar::builtin(),
    }
}

fn federation() -> Federation {
    Federation::build(parts()).unwrap()
}

#[test]
fn up_and_down_the_tree() {
    let federation = federation();
    assert_eq!(federation.root(), PROVINCE);
    assert_eq!(federation.parent(COUNTY_11), Some(CITY_1));
    assert_eq!(federation.parent(PROVINCE), None);
    assert_eq!(federation.children(CITY_1), [COUNTY_11, COUNTY_12]);
    assert_eq!(federation.children(UNKNOWN), []);
    assert_eq!(
        federation.ancestors(TOWN_111).collect::<Vec<_>>(),
        [COUNTY_11, CITY_1, PROVINCE]
    );
    assert_eq!(federation.depth(TOWN_111), Some(3));
    assert_eq!(federation.depth(UNKNOWN), None);
    assert!(federation.is_below(TOWN_111, PROVINCE) && federation.is_below(TOWN_111, COUNTY_11));
    assert!(!federation.is_below(TOWN_111, TOWN_111) && !federation.is_below(CITY_2, CITY_1));
    assert_eq!(
        federation.subtree(CITY_1),
        [CITY_1, COUNTY_11, TOWN_111, TOWN_112, COUNTY_12]
    );
    assert_eq!(federation.subtree(UNKNOWN), []);
    assert_eq!(federation.node_for(TOWN_112), Some(COUNTY_11));
    assert_eq!(federation.node_for(TOWN_111), Some(TOWN_111));
    assert_eq!(federation.node_for(UNKNOWN), None);
}

#[test]
fn ways_over_the_tree() {
    let federation = federation();
    assert_eq!(
        federation.path(TOWN_111, COUNTY_21),
        [TOWN_111, COUNTY_11, CITY_1, PROVINCE, CITY_2, COUNTY_21]
    );
    assert_eq!(
        federation.path(PROVINCE, TOWN_111),
        [PROVINCE, CITY_1, COUNTY_11, TOWN_111]
    );
    assert_eq!(federation.path(CITY_1, CITY_1), [CITY_1]);
    assert_eq!(federation.path(CITY_1, UNKNOWN), []);
    let keys = [
        PROVINCE, CITY_1, CITY_2, COUNTY_11, COUNTY_12, COUNTY_21, TOWN_111, TOWN_112,
    ];
    for from in keys {
        for to in keys {
            let path = federation.path(from, to);
            assert_eq!(
                federation.next_hop(from, to),
                path.get(1).copied(),
                "{from} {to}"
            );
            let back: Vec<_> = federation.path(to, from).into_iter().rev().collect();
            assert_eq!(path, back);
        }
        assert_eq!(federation.next_hop(from, UNKNOWN), None);
        assert_eq!(federation.next_hop(UNKNOWN, from), None);
    }
}

#[test]
fn of_several_successors_the_one_whose_area_it_is() {
    let mut parts = parts();
    for region in &mut parts.regions {
        if [PROVINCE, COUNTY_11, COUNTY_12].contains(&region.key) {
            region.succeeds = vec![COUNTY_21];
        }
        if region.key == CITY_1 {
            region.succeeds = vec![COUNTY_12];
        }
    }
    let federation = Federation::build(parts).unwrap();
    let heir = |place| federation.successor(COUNTY_21, place);
    // The smallest area counts; who was dissolved in its turn passes it on.
    assert_eq!(heir(Some(TOWN_111)), Some(COUNTY_11));
    assert_eq!(heir(Some(COUNTY_11)), Some(COUNTY_11));
    assert_eq!(heir(Some(COUNTY_12)), Some(CITY_1));
    assert_eq!(heir(Some(COUNTY_21)), Some(PROVINCE));
    assert_eq!(heir(None), Some(PROVINCE), "the first of their keys");
    assert_eq!(federation.successor(COUNTY_11, None), None);
}

#[test]
fn who_stands_above_all_of_them() {
    let federation = federation();
    let above = |keys: &[RegionKey]| federation.lowest_common_superior(keys);
    assert_eq!(above(&[TOWN_111, TOWN_112]), Some(COUNTY_11));
    assert_eq!(above(&[TOWN_111, COUNTY_12, COUNTY_11]), Some(CITY_1));
    assert_eq!(above(&[TOWN_111, COUNTY_21]), Some(PROVINCE));
    assert_eq!(above(&[TOWN_111, CITY_1]), Some(CITY_1));
    assert_eq!(above(&[TOWN_111]), Some(TOWN_111));
    assert_eq!(above(&[]), None);
    assert_eq!(above(&[TOWN_111, UNKNOWN]), None);
}

#[test]
fn a_field_travels_only_where_every_edge_lets_it() {
    let mut parts = parts();
    let mut open = EdgePolicy::default();
    open.set(Way::Down, [FieldName::Contact, FieldName::Content]);
    parts
        .edges
        .overrides
        .insert((CITY_1, COUNTY_11), open.clone());
    let federation = Federation::build(parts.clone()).unwrap();
    assert!(federation.may_travel(CITY_1, COUNTY_11, false, FieldName::Contact));
    assert!(!federation.may_travel(CITY_1, TOWN_111, false, FieldName::Contact));
    assert!(!federation.may_travel(CITY_1, COUNTY_11, false, FieldName::Title));
    assert!(federation.may_travel(PROVINCE, TOWN_111, false, FieldName::Content));
    assert!(!federation.may_travel(TOWN_111, CITY_1, false, FieldName::Content));
    assert!(federation.may_travel(TOWN_111, CITY_1, true, FieldName::Content));
    assert!(federation.may_travel(CITY_1, TOWN_111, true, FieldName::Answer));
    assert!(!federation.may_travel(CITY_1, UNKNOWN, false, FieldName::Title));
    assert!(federation.may_travel(CITY_1, CITY_1, false, FieldName::Contact));
    parts.edges.overrides.insert((COUNTY_11, TOWN_111), open);
    let federation = Federation::build(parts).unwrap();
    assert!(federation.may_travel(CITY_1, TOWN_111, false, FieldName::Contact));
}

#[test]
fn the_most_specific_entry_wins() {
    let unit = |key: &str| Target::Unit(UnitKey::new(key).unwrap());
    let entry = |category: &str, place, to: &Target| Dispatch {
        region: CITY_1,
        category: category.into(),
        place,
        to: to.clone(),
    };
    let (school, centre) = (unit("教育局"), unit("中心"));
    let mut parts = parts();
    parts.catalogue = Catalogue::new(vec![
        entry("", None, &Target::Local),
        entry("03", None, &school),
        entry("0301", None, &centre),
        entry("0301", Some(COUNTY_11), &Target::Region(COUNTY_11)),
        entry("0301", Some(TOWN_111), &Target::Region(TOWN_111)),
        entry("04", None, &Target::Local),
        entry("04", None, &school),
    ]);
    let federation = Federation::build(parts).unwrap();
    for (category, place, expected) in [
        ("0302", Some(TOWN_111), &school),
        ("0301", None, &centre),
        ("0301", Some(COUNTY_12), &centre),
        ("0301", Some(TOWN_112), &Target::Region(COUNTY_11)),
        ("0301", Some(TOWN_111), &Target::Region(TOWN_111)),
        ("0900", Some(TOWN_111), &Target::Region(COUNTY_11)),
        // 属地 without a place below: the default unit.
        ("0900", Some(CITY_1), &centre),
        ("0900", Some(CITY_2), &centre),
        ("0900", None, &centre),
        // 属地 where there is a place, the unit where there is none.
        ("0401", Some(COUNTY_12), &Target::Region(COUNTY_12)),
        ("0401", None, &school),
    ] {
        assert_eq!(
            federation.lookup(CITY_1, category, place).as_ref(),
            Some(expected),
            "{category} {place:?}"
        );
    }
    assert_eq!(federation.lookup(CITY_2, "0301", None), Some(centre));
    assert_eq!(federation.lookup(UNKNOWN, "0301", None), None);
    assert_eq!(federation.lookup(TOWN_112, "0301", None), None);
}
