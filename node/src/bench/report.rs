//! The figures, for programs and for people.

use super::clock::quantile;
use super::crowd::Crowd;
use super::fill::Filled;
use super::page::grouped;
use super::{Single, Spent};
use hotline_show::{Text, shown};
use serde_json::{Value, json};
use std::fmt::Write as _;

/// One round with one view.
#[derive(Debug, Clone)]
pub(super) struct Measured {
    pub view: &'static str,
    pub bare: Spent,
    pub commands: Spent,
    pub hand_overs: Spent,
    pub catch_up: Spent,
    /// Files made durable for one hand-over among many, at both nodes together.
    pub bulk_syncs: f64,
    pub singles: Vec<Single>,
}

/// A whole run.
#[derive(Debug, Clone)]
pub(super) struct Report {
    pub matters: usize,
    pub in_flight: usize,
    pub rounds: usize,
    /// At the start and at the end.
    pub load_average: (f64, f64),
    pub idle_mib: f64,
    pub measured: Vec<Measured>,
}

/// The medians of one view's rounds.
struct Summary {
    view: &'static str,
    bare: Spent,
    /// Name in JSON, name for people, rate and cost, share of the bare store.
    parts: Vec<(&'static str, &'static str, Spent, f64)>,
    bulk_syncs: f64,
    /// p50 and p99.
    single_ms: (f64, f64),
    single_syncs: (f64, f64),
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    quantile(&sorted(values), 0.5)
}

fn sorted(values: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values
}

impl Report {
    fn summaries(&self) -> Vec<Summary> {
        let mut views: Vec<&'static str> = Vec::new();
        for measured in &self.measured {
            if !views.contains(&measured.view) {
                views.push(measured.view);
            }
        }
        views.into_iter().map(|view| self.summary(view)).collect()
    }

    fn summary(&self, view: &'static str) -> Summary {
        let rounds = || self.measured.iter().filter(|m| m.view == view);
        let spent = |of: fn(&Measured) -> Spent| Spent {
            per_s: median(rounds().map(|m| of(m).per_s)),
            processor_us: median(rounds().map(|m| of(m).processor_us)),
        };
        let part = |name, words, of: fn(&Measured) -> Spent| {
            let share = median(rounds().map(|m| of(m).per_s / m.bare.per_s));
            (name, words, spent(of), share)
        };
        let singles = || rounds().flat_map(|m| &m.singles);
        let ms = sorted(singles().map(|single| single.delivered_ms));
        let syncs = sorted(singles().map(|single| single.syncs as f64));
        let ends = |values: &[f64]| (quantile(values, 0.5), quantile(values, 0.99));
        Summary {
            view,
            bare: spent(|m| m.bare),
            parts: vec![
                part("commands", "本地受理    ", |m| m.commands),
                part("hand_overs", "移交（县→乡）", |m| m.hand_overs),
                part("catch_up", "断后追赶    ", |m| m.catch_up),
            ],
            bulk_syncs: median(rounds().map(|m| m.bulk_syncs)),
            single_ms: ends(&ms),
            single_syncs: ends(&syncs),
        }
    }

    pub(super) fn json(&self) -> Value {
        let view = |summary: Summary| {
            let mut view = json!({
                "view": summary.view,
                "bare_store_per_s": summary.bare.per_s,
                "bare_store_processor_us": summary.bare.processor_us,
                "hand_overs_syncs_each": summary.bulk_syncs,
                "single_hand_over_ms_p50": summary.single_ms.0,
                "single_hand_over_ms_p99": summary.single_ms.1,
                "single_hand_over_syncs_p50": summary.single_syncs.0,
                "single_hand_over_syncs_p99": summary.single_syncs.1,
            });
            for (name, _, spent, share) in &summary.parts {
                view[format!("{name}_per_s")] = json!(spent.per_s);
                view[format!("{name}_share")] = json!(share);
                view[format!("{name}_processor_us")] = json!(spent.processor_us);
            }
            view
        };
        json!({
            "matters": self.matters,
            "in_flight": self.in_flight,
            "rounds": self.rounds,
            "load_average": [self.load_average.0, self.load_average.1],
            "idle_mib": self.idle_mib,
            "views": self.summaries().into_iter().map(view).collect::<Vec<_>>(),
        })
    }

    /// The shares as a table for a page, and what one hand-over alone took.
    pub(super) fn markdown(&self) -> String {
        let summaries = self.summaries();
        let mut text = format!(
            "Shares of the bare store: {} matters, {} in flight, medians of {} rounds, load {:.1} to {:.1}, one idle node {:.0} MiB.\n\n|",
            grouped(self.matters as f64),
            self.in_flight,
            self.rounds,
            self.load_average.0,
            self.load_average.1,
            self.idle_mib
        );
        for summary in &summaries {
            let view = summary.view;
            let _ = write!(text, " | {view}: per second | share | processor µs");
        }
        let _ = writeln!(text, " |\n|{}", " --- |".repeat(1 + 3 * summaries.len()));
        text.push_str("| bare store");
        for Summary { bare, .. } in &summaries {
            let (rate, cost) = (grouped(bare.per_s), bare.processor_us);
            let _ = write!(text, " | {rate} | 1 | {cost:.0}");
        }
        text.push_str(" |\n");
        for (at, name) in ["commands", "hand-overs", "catch-up"].iter().enumerate() {
            let _ = write!(text, "| {name}");
            for (_, _, spent, share) in summaries.iter().filter_map(|one| one.parts.get(at)) {
                let (rate, cost) = (grouped(spent.per_s), spent.processor_us);
                let _ = write!(text, " | {rate} | {share:.2} | {cost:.0}");
            }
            text.push_str(" |\n");
        }
        for one in &summaries {
            let ((ms, slow_ms), (syncs, most_syncs)) = (one.single_ms, one.single_syncs);
            let _ = writeln!(
                text,
                "\nOne hand-over at a time, {}: {syncs:.0} fdatasyncs at p50, {most_syncs:.0} at p99, both nodes together; {ms:.1} ms, p99 {slow_ms:.1} ms. Among many: {:.2} each.",
                one.view, one.bulk_syncs
            );
        }
        text
    }

    /// The rates of a part, by view.
    pub(super) fn rates(&self, part: &str) -> Vec<f64> {
        let parts = self.summaries().into_iter().flat_map(|one| one.parts);
        let named = parts.filter(|(name, ..)| *name == part);
        named.map(|(_, _, spent, _)| spent.per_s).collect()
    }

    /// The most fdatasyncs that one hand-over alone took at p50, of all views.
    pub(super) fn single_syncs(&self) -> f64 {
        let syncs = self.summaries().into_iter().map(|one| one.single_syncs.0);
        syncs.fold(0.0, f64::max)
    }

    pub(super) fn text(&self) -> Text {
        let mut text = Text::new();
        text += shown!(
            "{} 件，同时在途 {}，{} 轮；机器负载 {:.1} 至 {:.1}；空闲节点内存 {:.1} MiB\n",
            self.matters,
            self.in_flight,
            self.rounds,
            self.load_average.0,
            self.load_average.1,
            self.idle_mib
        );
        for summary in self.summaries() {
            let Summary {
                view,
                bare,
                parts,
                bulk_syncs,
                single_ms,
                single_syncs,
            } = summary;
            text += shown!(
                "视图 {view}:\n  裸存储        {:>8.0} 件/秒，每件处理器 {:>5.0} 微秒\n",
                bare.per_s,
                bare.processor_us
            );
            for (_, words, spent, share) in parts {
                text += shown!(
                    "  {words}  {:>8.0} 件/秒，每件处理器 {:>5.0} 微秒，为裸存储的 {share:.2}\n",
                    spent.per_s,
                    spent.processor_us
                );
            }
            text += shown!(
                "  成批移交每件 fdatasync {bulk_syncs:.2} 次；逐件移交 {:.1} 毫秒（p99 {:.1}），fdatasync {:.0} 次（p99 {:.0}），两端合计\n",
                single_ms.0,
                single_ms.1,
                single_syncs.0,
                single_syncs.1
            );
        }
        text
    }
}

pub(super) fn fills(filled: &[Filled]) -> (Value, Text) {
    let mut text = Text::new();
    for found in filled {
        text += shown!(
            "视图 {}：{} 件；存入 {:.0} 件/秒；命令 p99 {:.1} 毫秒，一万件时 {:.1} 毫秒（其 {:.2} 倍）\n",
            found.view,
            found.tickets,
            found.fill_per_s,
            found.p99_ms,
            found.p99_early_ms,
            found.p99_ms / found.p99_early_ms
        );
        text += shown!(
            "  启动到就绪 {:.1} 秒，内存 {:.0} MiB；重建视图 {:.1} 秒；视图 {:.0} MiB，日志与检查点 {:.0} MiB；机器负载 {:.1}\n",
            found.ready_s,
            found.rss_mib,
            found.rebuild_s,
            found.view_mib,
            found.log_mib,
            found.load_average
        );
    }
    let each = |found: &Filled| {
        json!({
            "view": found.view, "tickets": found.tickets, "fill_per_s": found.fill_per_s,
            "p99_ms": found.p99_ms, "p99_at_ten_thousand_ms": found.p99_early_ms,
            "ready_s": found.ready_s, "rss_at_start_mib": found.rss_start_mib, "rss_mib": found.rss_mib, "rebuild_s": found.rebuild_s,
            "view_mib": found.view_mib, "log_mib": found.log_mib, "load_average": found.load_average,
        })
    };
    (
        json!({ "fills": filled.iter().map(each).collect::<Vec<_>>() }),
        text,
    )
}

pub(super) fn crowds(crowds: &[Crowd]) -> (Value, Text) {
    let mut text = Text::new();
    for found in crowds {
        text += shown!(
            "视图 {}：{} 个节点，{} 条链路；{:.1} 秒全部接通；内存 {:.0} MiB，每个 {:.1} MiB；空闲时处理器 {:.1}%\n",
            found.view,
            found.nodes,
            found.links,
            found.linked_s,
            found.rss_mib,
            found.rss_mib / found.nodes.max(1) as f64,
            found.processor_percent
        );
    }
    let each = |found: &Crowd| {
        json!({
            "view": found.view, "nodes": found.nodes, "links": found.links, "linked_s": found.linked_s,
            "rss_mib": found.rss_mib, "processor_percent": found.processor_percent,
        })
    };
    (
        json!({ "crowds": crowds.iter().map(each).collect::<Vec<_>>() }),
        text,
    )
}
