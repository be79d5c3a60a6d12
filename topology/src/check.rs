//! Checks of a federation as a whole: all faults at once, each with its line and field.

use std::collections::{BTreeMap, BTreeSet};

use crate::calendar::Calendar;
use crate::draft::{Draft, DraftRegion, DraftUnit, read_calendar};
use crate::fault::Fault;
use crate::policy::PolicyPack;
use crate::read::{Source, Spot, Table};
use crate::region::RegionKey;
use crate::tree::{Federation, Parts};
use crate::unit::UnitKey;

mod succession;
mod targets;
#[cfg(test)]
mod tests;

/// All faults of a federation file; empty when it is in order.
pub fn check(file_name: &str, text: &str) -> Vec<Fault> {
    Federation::parse(file_name, text).err().unwrap_or_default()
}

/// All faults of a policy pack's file; empty when it is in order.
pub fn check_pack(file_name: &str, text: &str) -> Vec<Fault> {
    PolicyPack::parse(file_name, text).err().unwrap_or_default()
}

impl Calendar {
    /// A calendar from the text of a file of its own: `version` and `[[notice]]` as in a federation's `[calendar]`.
    ///
    /// # Errors
    /// All faults, in the order of the file.
    pub fn parse(file_name: &str, text: &str) -> Result<Calendar, Vec<Fault>> {
        let source = Source::new(file_name, text);
        let document = source.parse()?;
        let calendar = read_calendar(Table::top(&source, &document));
        let faults = source.take();
        if faults.is_empty() {
            Ok(calendar)
        } else {
            Err(faults)
        }
    }
}

impl Federation {
    /// A federation from the text of its file.
    ///
    /// # Errors
    /// All faults, in the order of the file.
    pub fn parse(file_name: &str, text: &str) -> Result<Federation, Vec<Fault>> {
        let source = Source::new(file_name, text);
        let document = source.parse()?;
        let draft = Draft::read(Table::top(&source, &document));
        finish(&source, draft)
    }

    /// A federation from parts made in memory, checked as a file would be.
    ///
    /// # Errors
    /// All faults; their lines are 0.
    pub fn build(parts: Parts) -> Result<Federation, Vec<Fault>> {
        finish(&Source::new("", ""), Draft::from(&parts))
    }
}

fn finish(source: &Source<'_>, draft: Draft) -> Result<Federation, Vec<Fault>> {
    Checker::new(source, &draft).check();
    let faults = source.take();
    if !faults.is_empty() {
        return Err(faults);
    }
    draft
        .into_parts()
        .and_then(Federation::assemble)
        .ok_or_else(|| {
            source.fault(&Spot::default(), "区划不能组成一棵树");
            source.take()
        })
}

/// One pass over a draft; faults go to the source.
struct Checker<'a> {
    source: &'a Source<'a>,
    draft: &'a Draft,
    /// The first region of each key.
    by_key: BTreeMap<RegionKey, &'a DraftRegion>,
}

impl<'a> Checker<'a> {
    fn new(source: &'a Source<'a>, draft: &'a Draft) -> Checker<'a> {
        let mut by_key = BTreeMap::new();
        for region in &draft.regions {
            by_key.entry(region.key.value).or_insert(region);
        }
        Checker {
            source,
            draft,
            by_key,
        }
    }

    fn check(&self) {
        self.check_trust_domain();
        self.check_keys();
        self.check_parents();
        self.check_roots();
        self.check_cycles();
        self.check_levels();
        self.check_endpoints();
        self.check_nodes();
        self.check_succession();
        self.check_standards();
        self.check_units();
        self.check_dispatches();
        self.check_edges();
    }

    fn fault(&self, spot: &Spot, message: impl Into<String>) {
        self.source.fault(spot, message);
    }

    /// “第 12 行” for a fault that points to another place.
    fn at(&self, spot: &Spot) -> String {
        match self.source.line(spot) {
            0 => String::new(),
            line => format!("（见第 {line} 行）"),
        }
    }

    fn check_trust_domain(&self) {
        let Some(domain) = &self.draft.trust_domain else {
            return;
        };
        let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b".-_".contains(&b);
        if domain.value.len() > 255 || !domain.value.bytes().all(plain) {
            let message = format!(
                "“{}”不是信任域；只用小写字母、数字、点、- 和 _",
                domain.value
            );
            self.fault(&domain.spot, message);
        }
    }

    /// Keys differ, also when upper and lower case are not told apart, as in host names.
    fn check_keys(&self) {
        let mut hosts: BTreeMap<String, &DraftRegion> = BTreeMap::new();
        for region in &self.draft.regions {
            let key = region.key.value;
            if let Some(first) = hosts.get(&key.host_label()) {
                let same = if first.key.value == key {
                    "重复"
                } else {
                    "只有大小写不同"
                };
                let message = format!("区划代码 {key} {same}{}", self.at(&first.key.spot));
                self.fault(&region.key.spot, message);
            } else {
                hosts.insert(key.host_label(), region);
            }
        }
    }

    fn check_parents(&self) {
        for region in &self.draft.regions {
            if let Some(parent) = &region.parent
                && !self.by_key.contains_key(&parent.value)
                && !self.draft.regions_lost
            {
                self.fault(&parent.spot, format!("上级 {} 不在本文件中", parent.value));
            }
        }
    }

    fn check_roots(&self) {
        let mut roots = self
            .draft
            .regions
            .iter()
            .filter(|r| r.parent.is_none() && !r.parent_lost);
        match roots.next() {
            None if self.draft.regions.is_empty() && !self.draft.regions_lost => {
                self.fault(
                    &Spot::default().field("region"),
                    "一个区划也没有；至少写一节 [[region]]",
                );
            }
            None if self.draft.regions_lost => {}
            None if self.draft.regions.iter().any(|region| region.parent_lost) => {}
            None => {
                self.fault(
                    &Spot::default().field("region"),
                    "没有最上级的区划：总有一个不写 parent",
                );
            }
            Some(first) => {
                for other in roots {
                    let message = format!(
                        "{} 没有上级，而最上级已是 {}{}；请写 parent",
                        other.key.value,
                        first.key.value,
                        self.at(&first.spot)
                    );
                    self.fault(&other.spot.field("parent"), message);
                }
            }
        }
    }

    /// Reports each cycle once, at its smallest key.
    fn check_cycles(&self) {
        let mut done: BTreeSet<RegionKey> = BTreeSet::new();
        for start in self.by_key.keys() {
            let mut way = Vec::new();
            let mut next = Some(*start);
            while let Some(key) = next.filter(|key| !done.contains(key)) {
                if let Some(begin) = way.iter().position(|step| *step == key) {
                    self.report_cycle(&way[begin..]);
                    break;
                }
                way.push(key);
                next = self.parent(key);
            }
            done.extend(way);
        }
    }

    fn report_cycle(&self, cycle: &[RegionKey]) {
        let Some(first) = cycle.iter().min().and_then(|key| self.by_key.get(key)) else {
            return;
        };
        let names: Vec<_> = cycle.iter().map(ToString::to_string).collect();
        let spot = first
            .parent
            .as_ref()
            .map_or(&first.spot, |parent| &parent.spot);
        self.fault(
            spot,
            format!("上下级成环：{} → {}", names.join(" → "), cycle[0]),
        );
    }

    fn check_levels(&self) {
        for region in &self.draft.regions {
            let parent = region
                .parent
                .as_ref()
                .and_then(|parent| self.by_key.get(&parent.value));
            let (Some(level), Some(parent)) = (&region.level, parent) else {
                continue;
            };
            if let Some(above) = &parent.level
                && level.value <= above.value
            {
                let message = format!(
                    "{}的层级（{}）应低于上级 {} 的层级（{}）{}",
                    region.key.value,
                    level.value.label(),
                    parent.key.value,
                    above.value.label(),
                    self.at(&above.spot)
                );
                self.fault(&level.spot, message);
            }
        }
    }

    fn check_endpoints(&self) {
        let mut seen: BTreeMap<String, &Spot> = BTreeMap::new();
        for endpoint in self
            .draft
            .regions
            .iter()
            .filter_map(|region| region.endpoint.as_ref())
        {
            let text = endpoint.value.to_string().to_ascii_lowercase();
            if let Some(first) = seen.get(&text) {
                let message = format!("地址 {} 重复{}", endpoint.value, self.at(first));
                self.fault(&endpoint.spot, message);
            } else {
                seen.insert(text, &endpoint.spot);
            }
        }
    }

    /// A region with children that connect to it needs a node, and an endpoint.
    fn check_nodes(&self) {
        let nodes = self.draft.regions.iter().filter(|region| region.node);
        let parents: BTreeSet<_> = nodes
            .filter_map(|region| region.parent.as_ref())
            .map(|parent| parent.value)
            .collect();
        for region in &self.draft.regions {
            let key = region.key.value;
            let has_endpoint = region.endpoint.is_some() || region.endpoint_lost;
            if !region.node {
                if parents.contains(&key) {
                    self.fault(
                        &region.spot.field("node"),
                        format!("{key} 有下级节点，自己不能没有节点"),
                    );
                }
                if has_endpoint || !region.units.is_empty() {
                    let message = "没有节点的区划由上级当作承办单位，不写 endpoint 和 unit";
                    self.fault(&region.spot.field("node"), message);
                }
                if region.parent.is_none() && !region.parent_lost {
                    self.fault(&region.spot.field("node"), "最上级的区划必须有节点");
                }
            } else if parents.contains(&key) && !has_endpoint {
                let message = format!("{key} 有下级节点要连接，缺少 endpoint（主机名:端口）");
                self.fault(&region.spot.field("endpoint"), message);
            }
        }
    }

    fn check_units(&self) {
        for region in self.draft.regions.iter().filter(|region| region.node) {
            let standard = self.standard_units(region);
            let keys: Vec<_> = region
                .units
                .iter()
                .chain(standard)
                .map(|draft| &draft.unit.key)
                .collect();
            if keys.is_empty() {
                let message = "没有承办单位，目录没有指到的诉求无处可派；至少写一个";
                self.fault(&region.spot.field("unit"), message);
            }
            self.check_unit_list(&region.units, &keys);
        }
    }

    /// Keys differ, parents exist and make no cycle, handlers' ids differ.
    fn check_unit_list(&self, units: &[DraftUnit], known: &[&UnitKey]) {
        let mut seen: BTreeMap<&UnitKey, &DraftUnit> = BTreeMap::new();
        let mut handlers: BTreeSet<&str> = BTreeSet::new();
        for draft in units {
            let unit = &draft.unit;
            if let Some(first) = seen.insert(&unit.key, draft) {
                let message = format!("承办单位“{}”重复{}", unit.key, self.at(&first.spot));
                self.fault(&draft.spot.field("key"), message);
            }
            if let Some(parent) = &unit.parent
                && !known.contains(&parent)
            {
                self.fault(
                    &draft.spot.field("parent"),
                    format!("上级单位“{parent}”不在本区划中"),
                );
            }
            for handler in &unit.handlers {
                if !handlers.insert(&handler.id) {
                    let message = format!("承办人“{}”在本区划中重复", handler.id);
                    self.fault(&draft.spot.field("handler"), message);
                }
            }
        }
        for draft in units {
            let parent = |key: &UnitKey| seen.get(key).and_then(|draft| draft.unit.parent.as_ref());
            let chain = std::iter::successors(Some(&draft.unit.key), |key| parent(key));
            if chain
                .skip(1)
                .take(units.len())
                .any(|above| *above == draft.unit.key)
            {
                let message = format!("承办单位“{}”的上下级成环", draft.unit.key);
                self.fault(&draft.spot.field("parent"), message);
            }
        }
    }

    fn parent(&self, key: RegionKey) -> Option<RegionKey> {
        self.by_key
            .get(&key)?
            .parent
            .as_ref()
            .map(|parent| parent.value)
    }

    /// Whether `key` lies strictly below `above`; false on a cycle.
    fn is_below(&self, key: RegionKey, above: RegionKey) -> bool {
        let ancestors = std::iter::successors(self.parent(key), |key| self.parent(*key));
        ancestors
            .take(self.by_key.len())
            .any(|ancestor| ancestor == above)
    }

    fn standard_units(
        &self,
        region: &DraftRegion,
    ) -> impl Iterator<Item = &'a DraftUnit> + use<'a> {
        let level = region.level.as_ref().map(|level| level.value);
        let standard = self
            .draft
            .standards
            .iter()
            .find(|standard| Some(standard.level) == level);
        standard
            .filter(|_| region.standard)
            .into_iter()
            .flat_map(|standard| &standard.units)
    }
}
