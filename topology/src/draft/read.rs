//! Reads a federation file into a draft; faults are noted in the source.

use super::{Draft, DraftDispatch, DraftEdge, DraftRegion, DraftRule, DraftStandard, DraftUnit};
use crate::calendar::{Calendar, Notice};
use crate::catalogue::{Dispatch, Target};
use crate::edge::{EdgePolicy, FieldName, Way};
use crate::read::{Located, Spot, Table};
use crate::standard::{Rule, Standard};
use crate::unit::{Handler, Unit, UnitKind};

/// Range of a version number.
const VERSIONS: std::ops::Range<u32> = 1..u32::MAX;

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
            .flat_map(read_dispatch)
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
    let succeeds = table.list("succeeds");
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
        succeeds,
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
        let (categories, to) = (read_categories(&rule), read_target(&rule, false));
        for (category, category_spot) in categories.into_iter() {
            let Some(to) = to.clone() else { continue };
            let spot = rule.spot().clone();
            rules.push(DraftRule {
                rule: Rule { category, to },
                spot,
                category_spot,
            });
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

/// The standards of a text that has nothing else.
pub(crate) fn read_standards(top: Table<'_>) -> Vec<Standard> {
    let standards = top.tables("standard").into_iter().filter_map(read_standard);
    let standards = standards.map(DraftStandard::into_standard).collect();
    top.finish();
    standards
}

/// One entry for each category of a section.
fn read_dispatch(table: Table<'_>) -> Vec<DraftDispatch> {
    let region = table.parsed("region").map(|region| region.value);
    let (categories, place) = (read_categories(&table), table.parsed_opt("place"));
    let place = place.map(|place| place.value);
    let to = read_target(&table, true);
    let spot = table.spot().clone();
    table.finish();
    let (Some(region), Some(to)) = (region, to) else {
        return Vec::new();
    };
    let entry = |(category, category_spot)| {
        let dispatch = Dispatch {
            region,
            category,
            place,
            to: to.clone(),
        };
        DraftDispatch {
            dispatch,
            spot: spot.clone(),
            category_spot,
        }
    };
    categories.into_iter().map(entry).collect()
}

fn read_categories(table: &Table<'_>) -> Vec<(String, Spot)> {
    let mut categories = Vec::new();
    for category in table.list::<String>("categories") {
        let text = &category.value;
        if text.len() <= 8 && text.bytes().all(|b| b.is_ascii_alphanumeric()) {
            categories.push((category.value, category.spot));
        } else {
            let message = format!("“{text}”不是事项代码；只用数字、字母，不超过 8 位");
            table.fault_at(&category.spot, message);
        }
    }
    if !table.has("categories") {
        let field = table.spot().field("categories");
        table.fault_at(&field, "缺少这个字段；所有事项写 [\"\"]");
    }
    categories
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

pub(crate) fn read_calendar(table: Table<'_>) -> Calendar {
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
