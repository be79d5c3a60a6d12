//! A federation file as read, before it is checked as a whole: values with their places.

use crate::calendar::Calendar;
use crate::catalogue::{Catalogue, Dispatch};
use crate::edge::{EdgePolicies, EdgePolicy};
use crate::endpoint::Endpoint;
use crate::read::{Located, Spot};
use crate::region::{Level, RegionKey};
use crate::standard::{Rule, Standard};
use crate::time::Time;
use crate::tree::{Parts, Region};
use crate::unit::Unit;

mod read;

pub(crate) use read::{read_calendar, read_standards};

/// All that a file says. A value that could not be read is `None`; its fault is noted.
pub(crate) struct Draft {
    pub trust_domain: Option<Located<String>>,
    pub version: Option<u32>,
    pub effective_from: Option<Time>,
    pub regions: Vec<DraftRegion>,
    /// Whether a region is missing here because its key could not be read: then an unknown
    /// parent may be that one.
    pub regions_lost: bool,
    pub standards: Vec<DraftStandard>,
    pub dispatches: Vec<DraftDispatch>,
    pub edge_default: EdgePolicy,
    pub edges: Vec<DraftEdge>,
    pub calendar: Calendar,
}

pub(crate) struct DraftRegion {
    pub key: Located<RegionKey>,
    pub spot: Spot,
    pub name: Option<String>,
    pub level: Option<Located<Level>>,
    pub parent: Option<Located<RegionKey>>,
    /// Whether `parent` stands there but could not be read.
    pub parent_lost: bool,
    pub endpoint: Option<Located<Endpoint>>,
    /// Whether `endpoint` stands there but could not be read.
    pub endpoint_lost: bool,
    pub node: bool,
    pub standard: bool,
    pub units: Vec<DraftUnit>,
    pub succeeds: Vec<Located<RegionKey>>,
}

pub(crate) struct DraftUnit {
    pub unit: Unit,
    pub spot: Spot,
}

pub(crate) struct DraftStandard {
    pub level: Level,
    pub spot: Spot,
    pub units: Vec<DraftUnit>,
    pub rules: Vec<DraftRule>,
}

impl DraftStandard {
    fn into_standard(self) -> Standard {
        Standard {
            level: self.level,
            units: self.units.into_iter().map(|unit| unit.unit).collect(),
            rules: self.rules.into_iter().map(|draft| draft.rule).collect(),
        }
    }
}

pub(crate) struct DraftRule {
    pub rule: Rule,
    pub spot: Spot,
    pub category_spot: Spot,
}

pub(crate) struct DraftDispatch {
    pub dispatch: Dispatch,
    pub spot: Spot,
    pub category_spot: Spot,
}

pub(crate) struct DraftEdge {
    pub parent: RegionKey,
    pub child: RegionKey,
    pub policy: EdgePolicy,
    pub spot: Spot,
}

/// Values made in memory, with paths for places, to be checked as a file is.
impl From<&Parts> for Draft {
    fn from(parts: &Parts) -> Draft {
        let top = Spot::default();
        Draft {
            trust_domain: Some(Located {
                value: parts.trust_domain.clone(),
                spot: top.field("trust_domain"),
            }),
            version: Some(parts.version),
            effective_from: Some(parts.effective_from),
            regions: numbered(&top.field("region"), &parts.regions, DraftRegion::new),
            regions_lost: false,
            standards: numbered(&top.field("standard"), &parts.standards, DraftStandard::new),
            dispatches: numbered(
                &top.field("dispatch"),
                parts.catalogue.entries(),
                |entry, spot| {
                    let category_spot = spot.field("categories");
                    DraftDispatch {
                        dispatch: entry.clone(),
                        spot,
                        category_spot,
                    }
                },
            ),
            edge_default: parts.edges.default.clone(),
            edges: numbered(
                &top.field("edge"),
                &parts.edges.overrides,
                |((parent, child), policy), spot| DraftEdge {
                    parent: *parent,
                    child: *child,
                    policy: policy.clone(),
                    spot,
                },
            ),
            calendar: parts.calendar.clone(),
        }
    }
}

/// Each item with its spot in the list.
fn numbered<T, D>(
    list: &Spot,
    items: impl IntoIterator<Item = T>,
    draft: impl Fn(T, Spot) -> D,
) -> Vec<D> {
    items
        .into_iter()
        .enumerate()
        .map(|(i, item)| draft(item, list.item(i)))
        .collect()
}

impl DraftRegion {
    fn new(region: &Region, spot: Spot) -> DraftRegion {
        DraftRegion {
            key: Located {
                value: region.key,
                spot: spot.field("key"),
            },
            name: Some(region.name.clone()),
            level: Some(Located {
                value: region.level,
                spot: spot.field("level"),
            }),
            parent: region.parent.map(|key| Located {
                value: key,
                spot: spot.field("parent"),
            }),
            parent_lost: false,
            endpoint: region.endpoint.clone().map(|endpoint| Located {
                value: endpoint,
                spot: spot.field("endpoint"),
            }),
            endpoint_lost: false,
            node: region.node,
            standard: region.standard,
            units: numbered(&spot.field("unit"), &region.units, DraftUnit::new),
            succeeds: numbered(&spot.field("succeeds"), &region.succeeds, |key, spot| {
                Located { value: *key, spot }
            }),
            spot,
        }
    }
}

impl DraftUnit {
    fn new(unit: &Unit, spot: Spot) -> DraftUnit {
        DraftUnit {
            unit: unit.clone(),
            spot,
        }
    }
}

impl DraftStandard {
    fn new(standard: &Standard, spot: Spot) -> DraftStandard {
        DraftStandard {
            level: standard.level,
            units: numbered(&spot.field("unit"), &standard.units, DraftUnit::new),
            rules: numbered(&spot.field("dispatch"), &standard.rules, |rule, spot| {
                let category_spot = spot.field("categories");
                DraftRule {
                    rule: rule.clone(),
                    spot,
                    category_spot,
                }
            }),
            spot,
        }
    }
}

impl Draft {
    /// The parts, once no fault was found; `None` when a value is missing after all.
    pub(crate) fn into_parts(self) -> Option<Parts> {
        let mut regions = Vec::with_capacity(self.regions.len());
        for region in self.regions {
            regions.push(Region {
                key: region.key.value,
                name: region.name?,
                level: region.level?.value,
                parent: region.parent.map(|parent| parent.value),
                endpoint: region.endpoint.map(|endpoint| endpoint.value),
                node: region.node,
                standard: region.standard,
                units: region.units.into_iter().map(|unit| unit.unit).collect(),
                succeeds: region.succeeds.into_iter().map(|key| key.value).collect(),
            });
        }
        let standards = self.standards.into_iter().map(DraftStandard::into_standard);
        let dispatches = self
            .dispatches
            .into_iter()
            .map(|draft| draft.dispatch)
            .collect();
        let overrides = self
            .edges
            .into_iter()
            .map(|edge| ((edge.parent, edge.child), edge.policy));
        Some(Parts {
            trust_domain: self.trust_domain?.value,
            version: self.version?,
            effective_from: self.effective_from?,
            regions,
            standards: standards.collect(),
            catalogue: Catalogue::new(dispatches),
            edges: EdgePolicies {
                default: self.edge_default,
                overrides: overrides.collect(),
            },
            calendar: self.calendar,
        })
    }
}
