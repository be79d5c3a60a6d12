//! `hotline figures`: the area's figures, with who has reported up to when.

use super::door::{Caller, DoorArgs, Shown};
use super::json::Json as _;
use super::table::Listing;
use super::words::{category, time, word};
use clap::{Args, Subcommand};
use hotline_domain::figures::{Counts, Measure, Ratio};
use hotline_proto::operator::v1 as pb;
use hotline_show::{Text, shown};

/// `hotline figures`.
#[derive(Debug, Args)]
pub struct FiguresArgs {
    #[command(flatten)]
    door: DoorArgs,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// 本级及下级的统计
    Show(Show),
}

#[derive(Debug, Args)]
struct Show {
    /// 统计表：matters、matters-by-category、legs、legs-by-category、legs-by-unit
    #[arg(long, default_value = "matters")]
    table: String,
    /// 从哪一天，如 2026-03-02
    #[arg(long, default_value = "", hide_default_value = true)]
    from: String,
    /// 到哪一天
    #[arg(long, default_value = "", hide_default_value = true)]
    to: String,
    /// 按什么分行：whole、day、region、child、first、second、rules
    #[arg(long, default_value = "whole")]
    by: String,
}

impl FiguresArgs {
    /// Runs the subcommand.
    ///
    /// # Errors
    /// Wrong usage, a refusal, or the node is not reachable.
    pub fn run(self) -> anyhow::Result<()> {
        let Command::Show(show) = self.command;
        self.door.run(async |caller| show.run(caller).await)
    }
}

impl Show {
    async fn run(self, caller: &Caller) -> anyhow::Result<Shown> {
        let heads = Heads::of(&self.table, &self.by);
        let request = pb::GetFiguresRequest {
            table: self.table,
            from: self.from,
            to: self.to,
            by: self.by,
        };
        let answer = caller.client.get_figures(caller.who(), request).await?;
        Ok(Shown {
            text: text(&answer, &heads),
            json: answer.json(),
        })
    }
}

/// How a table's columns and rows are called.
struct Heads {
    /// Of the first column.
    rows: &'static str,
    /// The table counts legs.
    legs: bool,
    /// Rows are categories.
    by_category: bool,
}

impl Heads {
    fn of(table: &str, by: &str) -> Self {
        let rows = match (by, table) {
            ("day", _) => "日期",
            ("region" | "child", _) => "区划",
            ("rules", _) => "规则包",
            ("first", "matters-by-category" | "legs-by-category") => "事项",
            ("first", "legs-by-unit") => "单位",
            ("first", _) => "类型",
            ("second", "matters") => "渠道",
            ("second", "legs") => "交办方层级",
            _ => "范围",
        };
        Self {
            rows,
            legs: table.starts_with("legs"),
            by_category: by == "first" && table.ends_with("by-category"),
        }
    }

    /// A leg is not taken in from a petitioner, but from its giver.
    fn measure(&self, code: &str) -> String {
        match (self.legs, code) {
            (true, "taken-in") => "接收".to_owned(),
            _ => word("measure", code),
        }
    }

    fn row(&self, label: &str) -> String {
        match (self.by_category, word("kind", label)) {
            (true, _) => category(label),
            (false, kind) => word("level", &word("channel", &kind)),
        }
    }
}

/// What is shown for what a table does not carry.
const NOT_CARRIED: &str = "—";

fn text(figures: &pb::Figures, heads: &Heads) -> Text {
    let measures: Vec<_> = figures
        .measures
        .iter()
        .map(|code| heads.measure(code))
        .collect();
    let header: Vec<_> = std::iter::once(heads.rows)
        .chain(measures.iter().map(String::as_str))
        .collect();
    let absent = |code: &str| figures.absent.iter().any(|absent| absent == code);
    let mut listing = Listing::new(&header);
    // A single line for the whole is the total already.
    let total = figures.total.as_ref();
    let own = figures.lines.iter().filter(|line| Some(*line) != total);
    for line in own.chain(total) {
        let counts = figures.measures.iter().zip(&line.counts);
        let counts = counts.map(|(code, count)| match absent(code) {
            true => NOT_CARRIED.to_owned(),
            false => count.to_string(),
        });
        listing.row(std::iter::once(heads.row(&line.label)).chain(counts));
    }
    let mut text = listing.numbers_from(1).or("没有数字");
    let counts = figures
        .total
        .as_ref()
        .map(|total| Counts::try_from(&total.counts[..]));
    if let Some(Ok(counts)) = counts {
        let ratios: Vec<_> = Ratio::ALL
            .iter()
            .map(|ratio| {
                let without = |measure: &Measure| absent(measure.as_str());
                match ratio.measures().iter().any(without) {
                    true => shown!("{} {NOT_CARRIED}", ratio.label()),
                    false => shown!("{} {}", ratio.label(), ratio.of(&counts)),
                }
            })
            .collect();
        text += shown!("{}\n", Text::join(&ratios, "  "));
    }
    text += completeness(figures);
    text
}

fn completeness(figures: &pb::Figures) -> Text {
    let mut text = Text::new();
    for one in &figures.reported {
        text += shown!("截至 {}  {} {}\n", time(one.as_of_ms), one.region, one.name);
    }
    for one in &figures.missing {
        text += shown!("从未上报          {} {}\n", one.region, one.name);
    }
    if figures.complete {
        text
    } else {
        shown!("数字不全，缺 {} 个节点\n{text}", figures.missing.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hotline_domain::figures::{Measure, Table};

    #[test]
    fn figures_name_their_completeness_and_ratios() {
        let counts = Measure::ALL.iter().map(|measure| match measure {
            Measure::ClosedInTime => 3,
            Measure::ClosedLate => 1,
            _ => 0,
        });
        let figures = pb::Figures {
            measures: Measure::ALL
                .iter()
                .map(|measure| measure.as_str().to_owned())
                .collect(),
            total: Some(pb::FiguresLine {
                label: "合计".to_owned(),
                counts: counts.collect(),
            }),
            missing: vec![pb::Completeness {
                region: "140525000000".to_owned(),
                name: "泽州县".to_owned(),
                as_of_ms: 0,
            }],
            ..pb::Figures::default()
        };
        let text = text(&figures, &Heads::of("matters", "whole"));
        let text = text.as_str();
        assert!(
            text.contains("按时办结率 75.00%") && text.contains("重办率 —"),
            "{text}"
        );
        assert!(
            text.contains("缺 1 个节点") && text.contains("从未上报"),
            "{text}"
        );
    }
    #[test]
    fn what_a_table_does_not_carry_is_no_zero() {
        let all: Vec<String> = Measure::ALL
            .iter()
            .map(|measure| measure.as_str().to_owned())
            .collect();
        for (name, table) in [
            ("matters", Table::MattersByKindChannel),
            ("legs-by-unit", Table::LegsByUnit),
        ] {
            let absent = Measure::ALL
                .iter()
                .filter(|measure| !table.carries(**measure))
                .map(|measure| measure.as_str().to_owned());
            let figures = pb::Figures {
                measures: all.clone(),
                absent: absent.collect(),
                total: Some(pb::FiguresLine {
                    label: "合计".to_owned(),
                    counts: vec![7; all.len()],
                }),
                complete: true,
                ..pb::Figures::default()
            };
            let text = text(&figures, &Heads::of(name, "whole"));
            let text = text.as_str();
            let row = text.lines().find(|line| line.contains("合计")).unwrap();
            let cells: Vec<&str> = row.split('┆').skip(1).map(str::trim).collect();
            for (measure, cell) in Measure::ALL.iter().zip(cells) {
                let shown = if table.carries(*measure) { "7" } else { "—" };
                assert_eq!(cell, shown, "{name} {measure:?}: {text}");
            }
            for ratio in Ratio::ALL {
                let carried = ratio.measures().iter().all(|one| table.carries(*one));
                let without = format!("{} —", ratio.label());
                assert_eq!(text.contains(&without), !carried, "{name}: {text}");
            }
            let first = text.lines().next().unwrap();
            let head = if name == "matters" {
                "受理"
            } else {
                "接收"
            };
            let first = first.trim();
            assert!(first.starts_with("范围") && first.contains(head), "{text}");
        }
    }
}
