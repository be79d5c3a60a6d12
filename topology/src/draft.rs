//! A federation file as read, before it is checked as a whole: values with their places.

use crate::calendar::{Calendar, Notice};
use crate::catalogue::{Dispatch, Target};
use crate::edge::{EdgePolicy, FieldName, Way};
use crate::read::{Located, Spot, Table};
use crate::region::{Level, RegionKey};
use crate::standard::{Rule, Standard};
use crate::time::Time;
use crate::tree::{Endpoint, Parts, Region};
use crate::unit::{Handler, Unit, UnitKind};

/// Ends of the range of a version number.
const VERSIONS: std::ops::Range<u32> = 1..u32::MAX;

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
}

pub(crate) struct DraftUnit {
    pub unit: Unit,
    pub spot: Spot,
}

pub(crate) struct DraftStandard {
    pub level: Level,
    pub spot: Spot,
    pub units: Vec<DraftUnit>,
    pub rules: Vec<(Rule, Spot)>,
}

pub(crate) struct DraftDispatch {
    pub dispatch: Dispatch,
    pub spot: Spot,
}

pub(crate) struct DraftEdge {
    pub parent: RegionKey,
    pub child: RegionKey,
    pub policy: EdgePolicy,
    pub spot: Spot,
}

impl Draft {
    /// Reads the top of a federation file; faults are noted in the table's source.
    pub(crate) fn read(top: Table<'_>) -> Draft {
        let trust_domain = top.text("trust_domain");
        let version = top.number("version", VERSIONS).map(|version| version.value);
        let effective_from = top.parsed("effective_from").map(|from| from.value);
        let calendar = top.table_opt("calendar");
        let calendar = calendar.map_or_else(Calendar::builtin, read_calendar);
        let mut edge_default = EdgePolicy::default();
        if let Some(table) = top.table_opt("edge_default") {
            read_ways(&table, &mut edge_default);
            table.finish();
        }
        let standards = top
            .tables("standard")
            .into_iter()
            .filter_map(read_standard)
            .collect();
        let tables = top.tables("region");
        let count = tables.len();
        let regions: Vec<_> = tables.into_iter().filter_map(read_region).collect();
        let dispatches = top
            .tables("dispatch")
            .into_iter()
            .filter_map(read_dispatch)
            .collect();
        let edges = top.tables("edge").into_iter();
        let edges = edges
            .filter_map(|table| read_edge(table, &edge_default))
            .collect();
        top.finish();
        Draft {
            trust_domain,
            version,
            effective_from,
            regions_lost: regions.len() < count,
            regions,
            standards,
            dispatches,
            edge_default,
            edges,
            calendar,
        }
    }

    /// The same for values made in memory, with paths for places.
    pub(crate) fn from_parts(parts: &Parts) -> Draft {
        let top = Spot::default();
        let located = |spot: &Spot, name| spot.field(name);
        let units = |spot: &Spot, units: &[Unit]| {
            let items = units.iter().enumerate();
            items
                .map(|(i, unit)| DraftUnit {
                    unit: unit.clone(),
                    spot: spot.field("unit").item(i),
                })
                .collect()
        };
        let regions = parts.regions.iter().enumerate().map(|(i, region)| {
            let spot = top.field("region").item(i);
            DraftRegion {
                key: Located {
                    value: region.key,
                    spot: located(&spot, "key"),
                },
                name: Some(region.name.clone()),
                level: Some(Located {
                    value: region.level,
                    spot: located(&spot, "level"),
                }),
                parent: region.parent.map(|key| Located {
                    value: key,
                    spot: located(&spot, "parent"),
                }),
                parent_lost: false,
                endpoint: region.endpoint.clone().map(|endpoint| Located {
                    value: endpoint,
                    spot: located(&spot, "endpoint"),
                }),
                endpoint_lost: false,
                node: region.node,
                standard: region.standard,
                units: units(&spot, &region.units),
                spot,
            }
        });
        let standards = parts.standards.iter().enumerate().map(|(i, standard)| {
            let spot = top.field("standard").item(i);
            let rules = standard.rules.iter().enumerate();
            DraftStandard {
                level: standard.level,
                units: units(&spot, &standard.units),
                rules: rules
                    .map(|(i, rule)| (rule.clone(), spot.field("dispatch").item(i)))
                    .collect(),
                spot,
            }
        });
        let dispatches = parts.catalogue.entries().iter().enumerate();
        let edges = parts.edges.overrides.iter().enumerate();
        Draft {
            trust_domain: Some(Located {
                value: parts.trust_domain.clone(),
                spot: top.field("trust_domain"),
            }),
            version: Some(parts.version),
            effective_from: Some(parts.effective_from),
            regions: regions.collect(),
            regions_lost: false,
            standards: standards.collect(),
            dispatches: dispatches
                .map(|(i, dispatch)| DraftDispatch {
                    dispatch: dispatch.clone(),
                    spot: top.field("dispatch").item(i),
                })
                .collect(),
            edge_default: parts.edges.default.clone(),
            edges: edges
                .map(|(i, ((parent, child), policy))| DraftEdge {
                    parent: *parent,
                    child: *child,
                    policy: policy.clone(),
                    spot: top.field("edge").item(i),
                })
                .collect(),
            calendar: parts.calendar.clone(),
        }
    }

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
            });
        }
        let standards = self.standards.into_iter().map(|standard| Standard {
            level: standard.level,
            units: standard.units.into_iter().map(|unit| unit.unit).collect(),
            rules: standard.rules.into_iter().map(|(rule, _)| rule).collect(),
        });
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
            catalogue: crate::catalogue::Catalogue::new(dispatches),
            edges: crate::edge::EdgePolicies {
                default: self.edge_default,
                overrides: overrides.collect(),
            },
            calendar: self.calendar,
        })
    }
}

fn read_region(table: Table<'_>) -> Option<DraftRegion> {
    let key = table.parsed("key");
    let name = table.text("name").map(|name| name.value);
    let level = table.parsed("level");
    let parent = table.parsed_opt("parent");
    let endpoint = table.parsed_opt("endpoint");
    let parent_lost = parent.is_none() && table.has("parent");
    let endpoint_lost = endpoint.is_none() && table.has("endpoint");
    let node = table.flag_opt("node").unwrap_or(true);
    let standard = table.flag_opt("standard").unwrap_or(true);
    let units = table
        .tables("unit")
        .into_iter()
        .filter_map(read_unit)
        .collect();
    let spot = table.spot().clone();
    table.finish();
    Some(DraftRegion {
        key: key?,
        spot,
        name,
        level,
        parent,
        parent_lost,
        endpoint,
        endpoint_lost,
        node,
        standard,
        units,
    })
}

fn read_unit(table: Table<'_>) -> Option<DraftUnit> {
    let (key, name) = (table.parsed("key"), table.text("name"));
    let kind = match table.has("kind") {
        true => table.parsed("kind").map(|kind| kind.value),
        false => Some(UnitKind::Department),
    };
    let parent = table.parsed_opt("parent").map(|parent| parent.value);
    let responsibilities: Vec<Located<String>> = table.list("responsibilities");
    let contact = table.text_or_empty("contact");
    let mut handlers = Vec::new();
    for handler in table.tables("handler") {
        if let (Some(id), Some(name)) = (handler.text("id"), handler.text("name")) {
            handlers.push(Handler {
                id: id.value,
                name: name.value,
            });
        }
        handler.finish();
    }
    let spot = table.spot().clone();
    table.finish();
    let unit = Unit {
        key: key?.value,
        name: name?.value,
        kind: kind?,
        parent,
        responsibilities: responsibilities
            .into_iter()
            .map(|text| text.value)
            .collect(),
        contact,
        handlers,
    };
    Some(DraftUnit { unit, spot })
}

fn read_standard(table: Table<'_>) -> Option<DraftStandard> {
    let level = table.parsed("level");
    let units = table
        .tables("unit")
        .into_iter()
        .filter_map(read_unit)
        .collect();
    let mut rules = Vec::new();
    for rule in table.tables("dispatch") {
        let (category, to) = (read_category(&rule), read_target(&rule, false));
        if let (Some(category), Some(to)) = (category, to) {
            rules.push((Rule { category, to }, rule.spot().clone()));
        }
        rule.finish();
    }
    let spot = table.spot().clone();
    table.finish();
    Some(DraftStandard {
        level: level?.value,
        spot,
        units,
        rules,
    })
}

fn read_dispatch(table: Table<'_>) -> Option<DraftDispatch> {
    let region = table.parsed("region");
    let (category, place) = (read_category(&table), table.parsed_opt("place"));
    let to = read_target(&table, true);
    let spot = table.spot().clone();
    table.finish();
    let place = place.map(|place| place.value);
    let dispatch = Dispatch {
        region: region?.value,
        category: category?,
        place,
        to: to?,
    };
    Some(DraftDispatch { dispatch, spot })
}

fn read_category(table: &Table<'_>) -> Option<String> {
    let category: Located<String> = table.parsed("category")?;
    let plain =
        category.value.len() <= 8 && category.value.bytes().all(|b| b.is_ascii_alphanumeric());
    if !plain {
        let message = format!(
            "“{}”不是事项代码；只用数字、字母，不超过 8 位",
            category.value
        );
        table.fault_at(&category.spot, message);
        return None;
    }
    Some(category.value)
}

/// Exactly one of `unit`, `local` and, where regions may be named, `child`.
fn read_target(table: &Table<'_>, regions: bool) -> Option<Target> {
    let unit = table
        .parsed_opt("unit")
        .map(|unit| Target::Unit(unit.value));
    let local = table
        .flag_opt("local")
        .filter(|local| *local)
        .map(|_| Target::Local);
    let child = match regions {
        true => table
            .parsed_opt("child")
            .map(|child| Target::Region(child.value)),
        false => None,
    };
    let given = usize::from(table.has("unit")) + usize::from(local.is_some());
    let given = given + usize::from(regions && table.has("child"));
    if given != 1 {
        let child = if regions {
            "、child（下级区划）"
        } else {
            ""
        };
        table.fault(format!(
            "unit（承办单位）{child}、local = true（属地）应当写且只写一个"
        ));
        return None;
    }
    unit.or(local).or(child)
}

fn read_edge(table: Table<'_>, default: &EdgePolicy) -> Option<DraftEdge> {
    let (parent, child) = (table.parsed("parent"), table.parsed("child"));
    let mut policy = default.clone();
    read_ways(&table, &mut policy);
    let spot = table.spot().clone();
    table.finish();
    Some(DraftEdge {
        parent: parent?.value,
        child: child?.value,
        policy,
        spot,
    })
}

/// Overrides what a table names; a way that it does not name stays as it was.
fn read_ways(table: &Table<'_>, policy: &mut EdgePolicy) {
    for way in Way::ALL {
        if table.has(way.as_str()) {
            let fields: Vec<Located<FieldName>> = table.list(way.as_str());
            policy.set(way, fields.into_iter().map(|field| field.value));
        }
    }
}

fn read_calendar(table: Table<'_>) -> Calendar {
    let builtin = Calendar::builtin();
    let version = table.number_opt("version", VERSIONS);
    let mut notices = Vec::new();
    for notice in table.tables("notice") {
        let published = notice.parsed("published");
        let year = notice.number("year", 2015..2200);
        let (off, on) = (notice.list("off"), notice.list("on"));
        if let (Some(published), Some(year)) = (published, year) {
            notices.push(Notice {
                published: published.value,
                // The range above keeps it far from the limit.
                year: year.value.cast_signed(),
                off: off.into_iter().map(|days| days.value).collect(),
                on: on.into_iter().map(|days| days.value).collect(),
            });
        }
        notice.finish();
    }
    if !notices.is_sorted_by_key(|notice: &Notice| notice.published) {
        table.fault("通知应按印发日期先后排列");
    }
    if table.has("notice") {
        match &version {
            Some(version) if version.value > builtin.version() => {}
            _ => table.fault(format!(
                "增加了通知，version 应大于程序自带日历的 {}",
                builtin.version()
            )),
        }
    } else if version
        .as_ref()
        .is_some_and(|version| version.value != builtin.version())
    {
        table.fault(format!(
            "没有增加通知，version 应为程序自带日历的 {}，或者不写",
            builtin.version()
        ));
    }
    table.finish();
    if notices.is_empty() {
        return builtin;
    }
    let version = version.map_or(builtin.version(), |version| version.value);
    builtin.with_notices(version, notices)
}
