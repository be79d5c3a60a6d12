//! Reads TOML text into values and gathers every fault on the way.
//!
//! Deserialising stops at the first fault; a person mending a file wants all of them. So a
//! [`Table`] hands out its fields one by one, notes what is missing, malformed or unknown,
//! and goes on. Each value keeps its [`Spot`], for faults that show only later.

use std::cell::RefCell;
use std::ops::Range;
use std::str::FromStr;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::fault::Fault;

mod spot;

pub(crate) use spot::{Located, Spot};
use spot::{Path, Step};

/// A file being read.
pub(crate) struct Source<'s> {
    file: &'s str,
    text: &'s str,
    /// Byte offset at which each line begins.
    lines: Vec<usize>,
    faults: RefCell<Vec<Fault>>,
}

impl<'s> Source<'s> {
    pub(crate) fn new(file: &'s str, text: &'s str) -> Source<'s> {
        let ends = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        let lines = std::iter::once(0)
            .chain(ends.map(|(at, _)| at + 1))
            .collect();
        Source {
            file,
            text,
            lines,
            faults: RefCell::new(Vec::new()),
        }
    }

    /// The whole document, or all its syntax errors.
    pub(crate) fn parse(&self) -> Result<Spanned<DeTable<'s>>, Vec<Fault>> {
        let (document, errors) = DeTable::parse_recoverable(self.text);
        if errors.is_empty() {
            return Ok(document);
        }
        for error in errors {
            let spot = Spot {
                offset: error.span().map(|span| span.start),
                path: Path::default(),
            };
            self.fault(&spot, format!("TOML 语法有误：{}", error.message()));
        }
        Err(self.take())
    }

    /// Notes a fault.
    pub(crate) fn fault(&self, spot: &Spot, message: impl Into<String>) {
        let (line, column) = spot.offset.map_or((0, 0), |offset| self.position(offset));
        let mut field = String::new();
        spot.path.write(&mut field);
        let fault = Fault {
            file: self.file.to_owned(),
            line,
            column,
            field,
            message: message.into(),
        };
        self.faults.borrow_mut().push(fault);
    }

    /// Takes the faults noted so far, in the order of the file.
    pub(crate) fn take(&self) -> Vec<Fault> {
        let mut faults = self.faults.take();
        faults.sort();
        faults.dedup();
        faults
    }

    /// The line of a spot, to point from one fault to another place; 0 without text.
    pub(crate) fn line(&self, spot: &Spot) -> u32 {
        spot.offset.map_or(0, |offset| self.position(offset).0)
    }

    /// Line and column, both from 1, the column in characters.
    fn position(&self, offset: usize) -> (u32, u32) {
        let line = self.lines.partition_point(|start| *start <= offset);
        let start = self.lines[line - 1];
        let before = self
            .text
            .get(start..offset.min(self.text.len()))
            .unwrap_or_default();
        let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        (number(line), number(before.chars().count() + 1))
    }
}

/// A table being read; drop it through [`Table::finish`], which reports unknown keys.
pub(crate) struct Table<'a> {
    source: &'a Source<'a>,
    entries: &'a DeTable<'a>,
    spot: Spot,
    asked: RefCell<Vec<&'static str>>,
}

impl<'a> Table<'a> {
    /// The top of a document.
    pub(crate) fn top(source: &'a Source<'a>, document: &'a Spanned<DeTable<'a>>) -> Table<'a> {
        let spot = Spot {
            offset: Some(0),
            path: Path::default(),
        };
        Table::new(source, document.get_ref(), spot)
    }

    fn new(source: &'a Source<'a>, entries: &'a DeTable<'a>, spot: Spot) -> Table<'a> {
        Table {
            source,
            entries,
            spot,
            asked: RefCell::default(),
        }
    }

    /// Where the table begins.
    pub(crate) fn spot(&self) -> &Spot {
        &self.spot
    }

    /// Notes a fault of the table as a whole.
    pub(crate) fn fault(&self, message: impl Into<String>) {
        self.source.fault(&self.spot, message);
    }

    /// Notes a fault of a value read from this table.
    pub(crate) fn fault_at(&self, spot: &Spot, message: impl Into<String>) {
        self.source.fault(spot, message);
    }

    /// A required value in its written form: `主机名:端口`, `5个工作日`, a key.
    pub(crate) fn parsed<T: FromStr<Err: ToString>>(
        &self,
        key: &'static str,
    ) -> Option<Located<T>> {
        self.required(key)?;
        self.parsed_opt(key)
    }

    /// An optional value in its written form.
    pub(crate) fn parsed_opt<T: FromStr<Err: ToString>>(
        &self,
        key: &'static str,
    ) -> Option<Located<T>> {
        let value = self.get(key)?;
        let spot = self.spot_of(key, value.span());
        self.parse_text(spot, value)
    }

    /// A required text that is not blank.
    pub(crate) fn text(&self, key: &'static str) -> Option<Located<String>> {
        let text = self.parsed::<String>(key)?;
        if text.value.trim().is_empty() {
            self.source.fault(&text.spot, "不能为空");
            return None;
        }
        Some(text)
    }

    /// An optional text; empty when missing.
    pub(crate) fn text_or_empty(&self, key: &'static str) -> String {
        self.parsed_opt(key)
            .map_or_else(String::new, |text: Located<String>| text.value)
    }

    /// A required whole number in a range.
    pub(crate) fn number(&self, key: &'static str, range: Range<u32>) -> Option<Located<u32>> {
        self.required(key)?;
        self.number_opt(key, range)
    }

    /// An optional whole number in a range.
    pub(crate) fn number_opt(&self, key: &'static str, range: Range<u32>) -> Option<Located<u32>> {
        let value = self.get(key)?;
        let spot = self.spot_of(key, value.span());
        let digits = value.get_ref().as_integer();
        match digits.and_then(|n| u32::from_str_radix(n.as_str(), n.radix()).ok()) {
            Some(n) if range.contains(&n) => Some(Located { value: n, spot }),
            _ => {
                let message = format!("应为 {} 到 {} 的整数", range.start, range.end - 1);
                self.source.fault(&spot, message);
                None
            }
        }
    }

    /// A required `true` or `false`.
    pub(crate) fn flag(&self, key: &'static str) -> Option<bool> {
        self.required(key)?;
        self.flag_opt(key)
    }

    /// An optional `true` or `false`.
    pub(crate) fn flag_opt(&self, key: &'static str) -> Option<bool> {
        let value = self.get(key)?;
        let flag = value.get_ref().as_bool();
        if flag.is_none() {
            self.source
                .fault(&self.spot_of(key, value.span()), "应为 true 或 false");
        }
        flag
    }

    /// A list of values in their written form; empty when missing.
    pub(crate) fn list<T: FromStr<Err: ToString>>(&self, key: &'static str) -> Vec<Located<T>> {
        let Some(value) = self.get(key) else {
            return Vec::new();
        };
        let spot = self.spot_of(key, value.span());
        let Some(items) = value.get_ref().as_array() else {
            self.source.fault(&spot, "应为列表，如 [\"甲\", \"乙\"]");
            return Vec::new();
        };
        let spots = items.iter().enumerate().map(|(index, item)| {
            let spot = Spot {
                offset: Some(item.span().start),
                path: spot.path.index(index),
            };
            self.parse_text(spot, item)
        });
        spots.flatten().collect()
    }

    /// A required table.
    pub(crate) fn table(&self, key: &'static str) -> Option<Table<'a>> {
        self.required(key)?;
        self.table_opt(key)
    }

    /// An optional table.
    pub(crate) fn table_opt(&self, key: &'static str) -> Option<Table<'a>> {
        let value = self.get(key)?;
        let spot = self.spot_of(key, value.span());
        match value.get_ref().as_table() {
            Some(entries) => Some(Table::new(self.source, entries, spot)),
            None => {
                self.source.fault(&spot, format!("应为一节 [{key}]"));
                None
            }
        }
    }

    /// The tables of an array of tables; empty when missing.
    pub(crate) fn tables(&self, key: &'static str) -> Vec<Table<'a>> {
        let Some(value) = self.get(key) else {
            return Vec::new();
        };
        let spot = self.spot_of(key, value.span());
        let Some(items) = value.get_ref().as_array() else {
            self.source.fault(&spot, format!("应为若干节 [[{key}]]"));
            return Vec::new();
        };
        let mut tables = Vec::with_capacity(items.len());
        for (index, item) in items.iter().enumerate() {
            let spot = Spot {
                offset: Some(item.span().start),
                path: spot.path.index(index),
            };
            match item.get_ref().as_table() {
                Some(entries) => tables.push(Table::new(self.source, entries, spot)),
                None => self.source.fault(&spot, format!("应为一节 [[{key}]]")),
            }
        }
        tables
    }

    /// Whether the key is there at all.
    pub(crate) fn has(&self, key: &'static str) -> bool {
        self.get(key).is_some()
    }

    /// Reports the keys that nobody asked for.
    pub(crate) fn finish(self) {
        let asked = self.asked.borrow();
        for name in self.entries.keys() {
            let text: &str = name.get_ref();
            if !asked.contains(&text) {
                let spot = Spot {
                    offset: Some(name.span().start),
                    path: self.spot.path.step(Step::Unknown(text.to_owned())),
                };
                let message = format!("没有这个字段；这里可以写 {}", asked.join("、"));
                self.source.fault(&spot, message);
            }
        }
    }

    fn get(&self, key: &'static str) -> Option<&'a Spanned<DeValue<'a>>> {
        let mut asked = self.asked.borrow_mut();
        if !asked.contains(&key) {
            asked.push(key);
        }
        self.entries.get(key)
    }

    fn required(&self, key: &'static str) -> Option<()> {
        if self.get(key).is_none() {
            self.source.fault(&self.spot.field(key), "缺少这个字段");
            return None;
        }
        Some(())
    }

    fn spot_of(&self, key: &'static str, span: Range<usize>) -> Spot {
        Spot {
            offset: Some(span.start),
            path: self.spot.path.key(key),
        }
    }

    fn parse_text<T: FromStr<Err: ToString>>(
        &self,
        spot: Spot,
        value: &Spanned<DeValue<'_>>,
    ) -> Option<Located<T>> {
        let Some(text) = value.get_ref().as_str() else {
            self.source.fault(&spot, "应为加引号的文字");
            return None;
        };
        match text.parse() {
            Ok(value) => Some(Located { value, spot }),
            Err(error) => {
                self.source.fault(&spot, error.to_string());
                None
            }
        }
    }
}
