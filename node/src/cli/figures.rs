//! `hotline figures`: the area's figures, with who has reported up to when.

use super::door::{Caller, DoorArgs, Shown};
use super::json::Json as _;
use super::table::Listing;
use super::words::{category, time, word};
use clap::{Args, Subcommand};
use hotline_domain::figures::{Counts, Ratio};
use hotline_proto::operator::v1 as pb;
use std::fmt::Write as _;

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
    /// 统计表:matters、matters-by-category、legs、legs-by-category、legs-by-unit
    #[arg(long, default_value = "matters")]
    table: String,
    /// 从哪一天,如 2026-03-02
    #[arg(long, default_value = "", hide_default_value = true)]
    from: String,
    /// 到哪一天
    #[arg(long, default_value = "", hide_default_value = true)]
    to: String,
    /// 按什么分行:whole、day、region、child、first、second、rules
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
        let by_category = self.by == "first" && self.table.ends_with("by-category");
        let request = pb::GetFiguresRequest {
            table: self.table,
            from: self.from,
            to: self.to,
            by: self.by,
        };
        let answer = caller.client.get_figures(caller.who(), request).await?;
        Ok(Shown {
            text: text(&answer, by_category),
            json: answer.json(),
        })
    }
}

fn text(figures: &pb::Figures, by_category: bool) -> String {
    let measures: Vec<_> = figures
        .measures
        .iter()
        .map(|code| word("measure", code))
        .collect();
    let header: Vec<_> = std::iter::once("")
        .chain(measures.iter().map(String::as_str))
        .collect();
    let mut listing = Listing::new(&header);
    // A single line for the whole is the total already.
    let total = figures.total.as_ref();
    let own = figures.lines.iter().filter(|line| Some(*line) != total);
    for line in own.chain(total) {
        let label = match (by_category, word("kind", &line.label)) {
            (true, _) => category(&line.label),
            (false, kind) => word("channel", &kind),
        };
        listing.row(std::iter::once(label).chain(line.counts.iter().map(i64::to_string)));
    }
    let mut text = listing.numbers_from(1).or("没有数字");
    let counts = figures
        .total
        .as_ref()
        .map(|total| Counts::try_from(&total.counts[..]));
    if let Some(Ok(counts)) = counts {
        let ratios: Vec<_> = Ratio::ALL
            .iter()
            .map(|ratio| format!("{} {}", ratio.label(), ratio.of(&counts)))
            .collect();
        let _ = writeln!(text, "{}", ratios.join("  "));
    }
    text.push_str(&completeness(figures));
    text
}

fn completeness(figures: &pb::Figures) -> String {
    let mut text = String::new();
    for one in &figures.reported {
        let _ = writeln!(
            text,
            "截至 {}  {} {}",
            time(one.as_of_ms),
            one.region,
            one.name
        );
    }
    for one in &figures.missing {
        let _ = writeln!(text, "从未上报          {} {}", one.region, one.name);
    }
    if figures.complete {
        text
    } else {
        format!("数字不全,缺 {} 个节点\n{text}", figures.missing.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hotline_domain::figures::Measure;

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
        let text = text(&figures, false);
        assert!(
            text.contains("按时办结率 75.00%") && text.contains("重办率 —"),
            "{text}"
        );
        assert!(
            text.contains("缺 1 个节点") && text.contains("从未上报"),
            "{text}"
        );
    }
}
