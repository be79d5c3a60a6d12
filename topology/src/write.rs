//! Writes a federation as the text of its file; reading it back gives the same federation.

use std::fmt::{Display, Write};

use crate::calendar::Days;
use crate::catalogue::Target;
use crate::edge::{EdgePolicy, Way};
use crate::region::RegionKey;
use crate::time::Time;
use crate::tree::{Federation, Region};
use crate::unit::{Unit, UnitKind};

/// Tells the operator what stands where.
const HEADER: &str = "\
# 联邦文件：热线的区划树、承办单位、派单目录、跨级字段和工作日历。改动后 version 加 1。
#
# [[standard]]   同一层级区划共有的承办单位和目录；区划里写同代号的单位即代替它，
#                写 standard = false 则全不采用。
# [[region]]     一个区划一节。level 为 province、city、county、township；最上级不写 parent；
#                endpoint 是本级节点接受下级连接的地址；没有节点的写 node = false，由上级办理。
#                succeeds 列出并入本区划的区划代码；它们留在文件里，到节点报告已清空为止。
# [[region.unit]] 承办单位；kind 为 department（默认）、authorised、public_service、centre。
#                目录没有指到的诉求归第一个 centre。
# [[dispatch]]   派单目录：region 的节点把 categories（事项代码的前几位）派给 unit（本级单位）、
#                child（下级区划）或 local = true（事发地所在的下级）；可用 place 限定事发地。
#                代码最长的优先，同样长的以 place 最具体的优先。
# [[edge]]       某条上下级边上允许传递的字段；不写的按 [edge_default]，再不写按程序默认。
# [calendar]     程序自带之外的放假安排通知。
";

impl Federation {
    /// The text of this federation's file, superiors before those below them.
    pub fn to_toml(&self) -> String {
        let mut out = Writer(String::with_capacity(256 * self.regions().len()));
        out.line(HEADER);
        out.text("trust_domain", self.trust_domain());
        out.line(format_args!("version = {}", self.version()));
        out.text("effective_from", written(self.effective_from()));
        self.write_calendar(&mut out);
        self.write_edge_default(&mut out);
        for standard in self.standards() {
            out.section("standard");
            out.text("level", standard.level);
            standard
                .units
                .iter()
                .for_each(|unit| out.unit("standard.unit", unit));
            let rules = standard
                .rules
                .iter()
                .map(|rule| (&rule.category, (None, None, &rule.to)));
            out.dispatches("standard.dispatch", rules);
        }
        for key in self.subtree(self.root()) {
            if let Some(region) = self.region(key) {
                self.write_region(&mut out, region);
            }
        }
        let entries = self.catalogue().entries().iter();
        let entries = entries.map(|e| (&e.category, (Some(e.region), e.place, &e.to)));
        out.dispatches("dispatch", entries);
        for ((parent, child), policy) in &self.edges().overrides {
            out.section("edge");
            out.text("parent", parent);
            out.text("child", child);
            out.ways(policy, &self.edges().default);
        }
        out.0
    }

    fn write_calendar(&self, out: &mut Writer) {
        if self.calendar().added().is_empty() {
            return;
        }
        out.line(format_args!(
            "\n[calendar]\nversion = {}",
            self.calendar().version()
        ));
        for notice in self.calendar().added() {
            out.section("calendar.notice");
            out.text("published", notice.published);
            out.line(format_args!("year = {}", notice.year));
            out.list("off", notice.off.iter().map(Days::to_string));
            out.list("on", notice.on.iter().map(Days::to_string));
        }
    }

    fn write_edge_default(&self, out: &mut Writer) {
        let usual = EdgePolicy::default();
        if self.edges().default != usual {
            out.line("\n[edge_default]");
            out.ways(&self.edges().default, &usual);
        }
    }

    fn write_region(&self, out: &mut Writer, region: &Region) {
        out.section("region");
        out.text("key", region.key);
        out.text("name", &region.name);
        out.text("level", region.level);
        if let Some(parent) = region.parent {
            out.text("parent", parent);
        }
        if let Some(endpoint) = &region.endpoint {
            out.text("endpoint", endpoint);
        }
        if !region.node {
            out.line("node = false");
        }
        if !region.standard {
            out.line("standard = false");
        }
        if !region.succeeds.is_empty() {
            out.list("succeeds", region.succeeds.iter().map(RegionKey::as_str));
        }
        let standard = self.standard_of(region);
        for unit in &region.units {
            if !standard.is_some_and(|standard| standard.units.contains(unit)) {
                out.unit("region.unit", unit);
            }
        }
    }
}

/// An instant as the reader takes it, without losing milliseconds.
fn written(at: Time) -> String {
    match at.millis().rem_euclid(1000) {
        0 => at.to_string(),
        _ => at
            .to_local()
            .to_rfc3339_opts(chrono::SecondsFormat::Millis, false),
    }
}

struct Writer(String);

impl Writer {
    fn line(&mut self, text: impl Display) {
        // Writing to a string does not fail.
        let _ = writeln!(self.0, "{text}");
    }

    fn section(&mut self, name: &str) {
        self.line(format_args!("\n[[{name}]]"));
    }

    fn text(&mut self, key: &str, value: impl Display) {
        let quoted = quoted(&value.to_string());
        self.line(format_args!("{key} = {quoted}"));
    }

    fn list<T: AsRef<str>>(&mut self, key: &str, items: impl Iterator<Item = T>) {
        let items: Vec<_> = items.map(|item| quoted(item.as_ref())).collect();
        self.line(format_args!("{key} = [{}]", items.join(", ")));
    }

    fn unit(&mut self, section: &str, unit: &Unit) {
        self.section(section);
        self.text("key", &unit.key);
        self.text("name", &unit.name);
        if unit.kind != UnitKind::Department {
            self.text("kind", unit.kind.as_str());
        }
        if let Some(parent) = &unit.parent {
            self.text("parent", parent);
        }
        if !unit.responsibilities.is_empty() {
            self.list("responsibilities", unit.responsibilities.iter());
        }
        if !unit.contact.is_empty() {
            self.text("contact", &unit.contact);
        }
        for handler in &unit.handlers {
            self.section(&format!("{section}.handler"));
            self.text("id", &handler.id);
            self.text("name", &handler.name);
        }
    }

    /// One section for all categories that go the same way.
    fn dispatches<'a>(
        &mut self,
        section: &str,
        entries: impl Iterator<Item = (&'a String, Direction<'a>)>,
    ) {
        let mut groups: Vec<(Direction<'a>, Vec<&String>)> = Vec::new();
        let mut index = std::collections::BTreeMap::new();
        for (category, way) in entries {
            let at = *index.entry(way).or_insert(groups.len());
            if at == groups.len() {
                groups.push((way, Vec::new()));
            }
            groups[at].1.push(category);
        }
        for ((region, place, to), categories) in groups {
            self.section(section);
            if let Some(region) = region {
                self.text("region", region);
            }
            self.list("categories", categories.into_iter());
            if let Some(place) = place {
                self.text("place", place);
            }
            match to {
                Target::Unit(unit) => self.text("unit", unit),
                Target::Region(child) => self.text("child", child),
                Target::Local => self.line("local = true"),
            }
        }
    }

    /// The ways that differ from the usual.
    fn ways(&mut self, policy: &EdgePolicy, usual: &EdgePolicy) {
        for way in Way::ALL {
            if !policy.fields(way).eq(usual.fields(way)) {
                self.list(way.as_str(), policy.fields(way).map(|field| field.as_str()));
            }
        }
    }
}

/// Region, place and target of a catalogue entry.
type Direction<'a> = (Option<RegionKey>, Option<RegionKey>, &'a Target);

/// A TOML basic string.
fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            c if c.is_control() => {
                let _ = write!(out, "\\u{:04X}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}
