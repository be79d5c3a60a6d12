//! Draws the tree as text, for people at a terminal.

use hotline_show::{Text, line, shown};

use crate::region::RegionKey;
use crate::tree::{Federation, Region};

/// What to draw.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Draw {
    /// From this region down; `None` from the root.
    pub from: Option<RegionKey>,
    /// How many levels below it; `None` draws all.
    pub depth: Option<usize>,
}

impl Federation {
    /// The tree as text: a line a region with key, level, endpoint and number of units, in
    /// columns. Empty when the region to start from is unknown.
    pub fn draw(&self, draw: Draw) -> Text {
        let mut rows = Vec::new();
        if let Some(top) = self.region(draw.from.unwrap_or(self.root())) {
            rows.push((line(&top.name), describe(top)));
            self.draw_below(top.key, "", draw.depth.unwrap_or(usize::MAX), &mut rows);
        }
        let wide = rows.iter().map(|(name, _)| width(name)).max().unwrap_or(0);
        let mut text = Text::new();
        for (name, rest) in rows {
            let gap = match rest.is_empty() {
                true => 0,
                false => wide - width(&name) + 2,
            };
            text += shown!("{name}{}{rest}\n", " ".repeat(gap));
        }
        text
    }

    fn draw_below(
        &self,
        key: RegionKey,
        lead: &str,
        depth: usize,
        rows: &mut Vec<(String, String)>,
    ) {
        let children = self.children(key);
        if depth == 0 {
            let hidden = self.subtree(key).len() - 1;
            if hidden > 0 {
                rows.push((
                    format!("{lead}└─ …… 以下 {hidden} 个区划未列出"),
                    String::new(),
                ));
            }
            return;
        }
        for (i, child) in children
            .iter()
            .filter_map(|child| self.region(*child))
            .enumerate()
        {
            let last = i + 1 == children.len();
            let (branch, below) = if last {
                ("└─ ", "   ")
            } else {
                ("├─ ", "│  ")
            };
            rows.push((
                format!("{lead}{branch}{}", line(&child.name)),
                describe(child),
            ));
            self.draw_below(child.key, &format!("{lead}{below}"), depth - 1, rows);
        }
    }
}

fn describe(region: &Region) -> String {
    let (key, level) = (region.key, region.level.label());
    if !region.node {
        return format!("{key}  {level}  没有节点，由上级办理");
    }
    let endpoint = region
        .endpoint
        .as_ref()
        .map_or_else(|| "不接受下级连接".into(), ToString::to_string);
    format!(
        "{key}  {level}  承办单位 {:>2}  {endpoint}",
        region.units.len()
    )
}

/// Columns that a text takes at a terminal: ideographs and full-width signs take two.
fn width(text: &str) -> usize {
    text.chars()
        .map(|c| {
            if ('\u{2E80}'..'\u{FFE7}').contains(&c) {
                2
            } else {
                1
            }
        })
        .sum()
}
