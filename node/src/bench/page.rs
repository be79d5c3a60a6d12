//! `hotline bench page`: measures everything that README and RESULTS quote in one run and prints it as their rows. What
//! this run did not measure stands in no row, so that no figure outlives the release that it describes.

use super::crowd::Crowd;
use super::fill::{self, Filled};
use super::report::Report;
use super::{BenchArgs, ViewChoice, crowd, machine};
use crate::config::Store as StoreConfig;
use clap::Args;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// `hotline bench page`.
#[derive(Debug, Clone, Args)]
pub(super) struct PageArgs {
    /// 每项测多少件
    #[arg(long, default_value_t = 3000)]
    matters: usize,
    /// 同时在途多少件
    #[arg(long, default_value_t = 256)]
    in_flight: usize,
    /// 逐件移交测多少件
    #[arg(long, default_value_t = 100)]
    singles: usize,
    /// 测几轮，取比例的中位数
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// 两种引擎各测一个存有这么多工单的节点
    #[arg(long, default_value_t = 100_000)]
    tickets: usize,
    /// 另用 fjall 测一个存有这么多工单的节点，如 1000000；不写则不测
    #[arg(long)]
    many: Option<usize>,
    /// 另测一个进程里这么多空闲节点，如 200；不写则不测
    #[arg(long)]
    crowd: Option<usize>,
    /// 就绪之后等多少秒再看节点占多少内存
    #[arg(long, default_value_t = 60)]
    rest: u64,
    /// 延迟按多少条命令算
    #[arg(long, default_value_t = fill::How::default().timed)]
    timed: usize,
    /// 在哪个文件夹里测（用后删除）；应在将来放数据的盘上
    #[arg(long)]
    pub dir: Option<PathBuf>,
}

/// What the page says.
pub(super) struct Page {
    provenance: Vec<String>,
    report: Report,
    filled: Vec<Filled>,
    many: Option<Filled>,
    crowds: Vec<Crowd>,
}

impl PageArgs {
    /// Measures everything.
    ///
    /// # Errors
    /// A node cannot be started, or does not get on.
    pub(super) async fn measure(&self, folder: &Path) -> anyhow::Result<Page> {
        let shares = BenchArgs::of_shares(self.matters, self.in_flight, self.singles, self.rounds);
        anyhow::ensure!(self.tickets > 0, "件数须大于零");
        let provenance = machine::provenance(folder);
        let report = shares.shares(folder).await?;
        let how = fill::How {
            timed: self.timed.max(1),
            rest: Duration::from_secs(self.rest),
        };
        let stores = |view: ViewChoice| {
            let of = |engine| StoreConfig {
                engine,
                ..StoreConfig::default()
            };
            view.engines().into_iter().map(of)
        };
        let mut filled = Vec::new();
        for settings in stores(ViewChoice::Both) {
            filled.push(fill::measure(folder, self.tickets, settings, how).await?);
        }
        let mut many = None;
        if let Some(tickets) = self.many {
            for settings in stores(ViewChoice::Fjall) {
                many = Some(fill::measure(folder, tickets, settings, how).await?);
            }
        }
        let mut crowds = Vec::new();
        if let Some(nodes) = self.crowd {
            let both: Vec<StoreConfig> = stores(ViewChoice::Both).collect();
            crowds = crowd::measure(folder, nodes, &both).await?;
        }
        Ok(Page {
            provenance,
            report,
            filled,
            many,
            crowds,
        })
    }
}

impl Page {
    /// The page in Markdown.
    pub(super) fn text(&self) -> String {
        let mut text = String::new();
        if cfg!(debug_assertions) {
            text.push_str("<!-- 这是调试版本：数字没有意义，不得引用。 -->\n\n");
        }
        text.push_str("## Measured by `hotline bench page`\n\n");
        for line in &self.provenance {
            let _ = writeln!(text, "- {line}");
        }
        let (before, after) = self.report.load_average;
        let loads = self.filled.iter().chain(&self.many);
        let loads: Vec<String> = loads
            .map(|found| format!("{:.1}", found.load_average))
            .collect();
        let _ = writeln!(
            text,
            "- load average {before:.1} at the start, {after:.1} after the shares, then {}",
            loads.join(", ")
        );
        let _ = writeln!(text, "\n## Row of README\n\n{}", self.readme());
        let _ = writeln!(text, "\n## Tables of tests/benches/RESULTS.md\n");
        text.push_str(&self.report.markdown());
        text.push('\n');
        text.push_str(&filled_table(&self.filled.iter().collect::<Vec<_>>()));
        if let Some(many) = &self.many {
            text.push('\n');
            text.push_str(&filled_table(&[many]));
        }
        for found in &self.crowds {
            let each = found.rss_mib / found.nodes.max(1) as f64;
            let _ = writeln!(
                text,
                "\n{} nodes in one process, {} links, idle, {}: {:.0} MiB, {each:.1} MiB each, {:.1} % of one processor.",
                found.nodes, found.links, found.view, found.rss_mib, found.processor_percent
            );
        }
        let _ = writeln!(text, "\n## Sentence of OPERATIONS\n\n{}", self.operations());
        text
    }

    fn readme(&self) -> String {
        let most = self.many.as_ref().or(self.filled.last());
        let Some(most) = most else {
            return String::new();
        };
        let rates = self.report.rates("hand_overs");
        let (slow, fast) = rates
            .iter()
            .fold((f64::MAX, 0.0_f64), |(slow, fast), rate| {
                (slow.min(*rate), fast.max(*rate))
            });
        let syncs = self.report.single_syncs();
        format!(
            "| **A county's machine is enough.** | `cargo run --release -- bench page`, `tests/benches/RESULTS.md` | {} tickets ({}): {:.0} MiB, ready in {:.1} s, p99 of commands {:.1} ms, {:.1} times that at ten thousand; {} to {} hand-overs a second; one alone {syncs:.0} fdatasyncs at both ends together |",
            grouped(most.tickets as f64),
            most.view,
            most.rss_mib,
            most.ready_s,
            most.p99_ms,
            most.p99_ms / most.p99_early_ms,
            grouped(slow),
            grouped(fast),
        )
    }

    fn operations(&self) -> String {
        let each = self.filled.iter().map(|found| {
            format!(
                "{} {:.1} 秒就绪、占内存 {:.0} MiB",
                found.view, found.ready_s, found.rss_mib
            )
        });
        let tickets = self.filled.first().map_or(0, |found| found.tickets);
        format!(
            "存有 {tickets} 件工单的节点，启动后静止时：{}；空闲节点 {:.0} MiB。",
            each.collect::<Vec<_>>().join("；"),
            self.report.idle_mib
        )
    }
}

/// The table of nodes with many tickets, one column each.
fn filled_table(filled: &[&Filled]) -> String {
    type Row = (&'static str, fn(&Filled) -> String);
    let rows: [Row; 11] = [
        ("tickets", |f| grouped(f.tickets as f64)),
        ("taken in a second", |f| grouped(f.fill_per_s)),
        ("p99 of commands, ms", |f| format!("{:.1}", f.p99_ms)),
        ("p99, times that at ten thousand", |f| {
            format!("{:.2}", f.p99_ms / f.p99_early_ms)
        }),
        ("start to ready, s", |f| format!("{:.1}", f.ready_s)),
        ("memory of the node just started, MiB", |f| {
            format!("{:.0}", f.rss_start_mib)
        }),
        ("memory of the node at rest, MiB", |f| {
            format!("{:.0}", f.rss_mib)
        }),
        ("view made anew, s", |f| format!("{:.1}", f.rebuild_s)),
        ("view on disk, MiB", |f| grouped(f.view_mib)),
        ("log, keys and checkpoint, MiB", |f| grouped(f.log_mib)),
        ("load average", |f| format!("{:.1}", f.load_average)),
    ];
    let mut text = String::from("|");
    for found in filled {
        let _ = write!(text, " | {}", found.view);
    }
    text.push_str(" |\n|");
    text.push_str(&" --- |".repeat(filled.len() + 1));
    text.push('\n');
    for (name, value) in rows {
        let _ = write!(text, "| {name}");
        for found in filled {
            let _ = write!(text, " | {}", value(found));
        }
        text.push_str(" |\n");
    }
    text
}

/// A whole number with a comma between thousands.
pub(super) fn grouped(number: f64) -> String {
    let digits = format!("{number:.0}");
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_set_apart() {
        assert_eq!(
            [0.4, 999.0, 1_000.2, 61_176.0, 1_000_000.0].map(grouped),
            ["0", "999", "1,000", "61,176", "1,000,000"]
        );
    }

    #[test]
    fn a_table_has_a_column_for_each_view_and_nothing_that_was_not_measured() {
        let found = |view| Filled {
            view,
            tickets: 100_000,
            fill_per_s: 6_691.4,
            p99_early_ms: 4.0,
            p99_ms: 8.0,
            ready_s: 0.31,
            rss_start_mib: 110.2,
            rss_mib: 70.0,
            rebuild_s: 4.9,
            view_mib: 366.0,
            log_mib: 434.0,
            load_average: 0.1,
        };
        let (sled, fjall) = (found("sled"), found("fjall"));
        let text = filled_table(&[&sled, &fjall]);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], "| | sled | fjall |");
        assert_eq!(lines[1], "| --- | --- | --- |");
        assert_eq!(lines[2], "| tickets | 100,000 | 100,000 |");
        assert_eq!(
            lines[5],
            "| p99, times that at ten thousand | 2.00 | 2.00 |"
        );
        assert!(lines.iter().all(|line| line.matches('|').count() == 4));
    }
}
