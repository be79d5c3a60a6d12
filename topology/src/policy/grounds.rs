//! Reads the lists of a pack: grounds of every sort, each with its own code.

use std::collections::BTreeSet;

use super::read::article;
use super::{ClosingGround, Ground, RefusalGround};
use crate::read::Table;

pub(super) fn read_refusals(top: &Table<'_>) -> Vec<RefusalGround> {
    let mut refusals = Vec::new();
    let mut codes = Codes::default();
    for table in top.tables("refusal") {
        let (ground, channel) = (read_ground(&table, &mut codes), table.text("channel"));
        if let (Some(ground), Some(channel)) = (ground, channel) {
            refusals.push(RefusalGround {
                ground,
                channel: channel.value,
            });
        }
        table.finish();
    }
    refusals
}

pub(super) fn read_closings(top: &Table<'_>) -> Vec<ClosingGround> {
    let mut closings = Vec::new();
    let mut codes = Codes::default();
    for table in top.tables("closing") {
        let (ground, solved) = (read_ground(&table, &mut codes), table.flag("solved"));
        let after = table.parsed_opt("after").map(|span| span.value);
        if let (Some(ground), Some(solved)) = (ground, solved) {
            closings.push(ClosingGround {
                ground,
                solved,
                after,
            });
        }
        table.finish();
    }
    if !top.has("closing") {
        top.fault("至少写一种办结情形 [[closing]]");
    }
    closings
}

/// A list of grounds; an empty one is a fault, for then nobody could act on it.
pub(super) fn read_grounds(table: &Table<'_>, key: &'static str) -> Vec<Ground> {
    let mut codes = Codes::default();
    let mut grounds = Vec::new();
    for item in table.tables(key) {
        grounds.extend(read_ground(&item, &mut codes));
        item.finish();
    }
    if !table.has(key) {
        table.fault(format!("至少写一项理由 [[….{key}]]"));
    }
    grounds
}

pub(super) fn read_ground(table: &Table<'_>, codes: &mut Codes) -> Option<Ground> {
    let (code, text, article) = (codes.read(table), table.text("text"), article(table));
    Some(Ground {
        code: code?,
        text: text?.value,
        article: article?,
    })
}

/// The codes of one list, which must differ.
#[derive(Default)]
pub(super) struct Codes(BTreeSet<String>);

impl Codes {
    pub(super) fn read(&mut self, table: &Table<'_>) -> Option<String> {
        let code = table.text("code")?;
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if code.value.len() > 40 || !code.value.chars().all(plain) {
            table.fault_at(
                &code.spot,
                "代码只用小写英文字母、数字和 -，不超过 40 个字符",
            );
        } else if !self.0.insert(code.value.clone()) {
            table.fault_at(&code.spot, format!("代码“{}”在本列表中重复", code.value));
        }
        Some(code.value)
    }
}
