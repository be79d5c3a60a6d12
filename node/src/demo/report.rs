//! What came of it: a table a level for people, one object for programs, and whether all promises were kept.

use super::calm::{Settled, count, figures};
use super::drive::Told;
use super::life::Town;
use super::messages::Messages;
use super::seconds;
use super::tell::{NAMED_MAX, Teller};
use super::verdict::Found;
use super::world::{CLERK, DISPATCHER, OPERATOR, SUPERVISOR, World};
use crate::cli::table::Listing;
use crate::cli::ticket::ticket_text;
use anyhow::Context as _;
use hotline_proto::operator::v1 as pb;
use hotline_show::{Text, shown};
use hotline_topology::{Level, RegionKey};
use serde_json::json;
use std::time::Duration;

/// Matters of which the longest story is told.
const LOOKED_AT: usize = 60;
/// What each matter came to, with their measures: they add up to what was taken in.
const MATTERS: Columns = Columns {
    whole: ("受理", "taken-in"),
    parts: &[
        ("不予受理", "refused"),
        ("按期办结", "closed-in-time"),
        ("逾期办结", "closed-late"),
        ("在办", "open-now"),
    ],
    rest: None,
    besides: &[
        ("转办", "assigned"),
        ("提级", "escalated"),
        ("重办", "redone"),
    ],
};
/// The same of legs; what was neither returned, nor done, nor is open was taken back.
const LEGS: Columns = Columns {
    whole: ("承接", "taken-in"),
    parts: &[
        ("退单", "returned"),
        ("按期办结", "closed-in-time"),
        ("逾期办结", "closed-late"),
        ("在办", "open-now"),
    ],
    rest: Some("收回"),
    besides: &[("被督办", "supervised")],
};

/// Columns of a table whose rows add up by eye.
struct Columns {
    /// The heading and measure of the whole.
    whole: (&'static str, &'static str),
    /// What it is made of.
    parts: &'static [(&'static str, &'static str)],
    /// The heading of what is left of the whole.
    rest: Option<&'static str>,
    /// What is counted besides.
    besides: &'static [(&'static str, &'static str)],
}

impl Columns {
    fn headings(&self) -> Vec<&'static str> {
        let name = |column: &(&'static str, &'static str)| column.0;
        let parts = self.parts.iter().map(name).chain(self.rest);
        std::iter::once(self.whole.0)
            .chain(parts)
            .chain(self.besides.iter().map(name))
            .collect()
    }

    /// The sum in words.
    fn sum(&self) -> String {
        let parts: Vec<_> = (self.parts.iter().map(|part| part.0))
            .chain(self.rest)
            .collect();
        format!("{}＝{}", self.whole.0, parts.join("＋"))
    }

    /// A row, of what each measure counts.
    fn row(&self, counts: impl Fn(&str) -> i64) -> Vec<String> {
        let whole = counts(self.whole.1);
        let parts: Vec<i64> = self.parts.iter().map(|part| counts(part.1)).collect();
        let rest = self.rest.map(|_| whole - parts.iter().sum::<i64>());
        let besides = self.besides.iter().map(|column| counts(column.1));
        std::iter::once(whole)
            .chain(parts)
            .chain(rest)
            .chain(besides)
            .map(|count| count.to_string())
            .collect()
    }
}

/// Everything that came of it.
pub struct Report<'a> {
    /// What was read.
    pub messages: &'a Messages,
    /// What the driver saw.
    pub told: &'a Told,
    /// What the logs say.
    pub found: &'a Found,
    /// What the province said.
    pub figures: &'a Settled,
    /// Whether people may have taken in more of their own after the stories.
    pub visited: bool,
    /// The seed.
    pub seed: u64,
    /// How long the matters took in all.
    pub took: Duration,
}

/// The figures of the province by level, as people read them.
///
/// # Errors
/// The province does not answer.
pub async fn tables(town: &Town) -> anyhow::Result<Text> {
    let root = town.world.federation.root();
    let matters = figures(town, root, "matters", "region").await?;
    let legs = figures(town, root, "legs", "region").await?;
    Ok(shown!(
        "\n诉求（按受理节点统计，取自 {} 汇总的数；{}）\n{}\n交办（按承办节点统计；{}）\n{}",
        town.world.name(root),
        MATTERS.sum(),
        table(&town.world, &matters, &MATTERS),
        LEGS.sum(),
        table(&town.world, &legs, &LEGS)
    ))
}

fn table(world: &World, figures: &pb::Figures, columns: &Columns) -> Text {
    let headings: Vec<_> = std::iter::once("层级").chain(columns.headings()).collect();
    let mut listing = Listing::new(&headings).numbers_from(1);
    for level in Level::ALL {
        let of_level = |line: &&pb::FiguresLine| {
            let key = line.label.split(' ').next().unwrap_or_default();
            let key: Option<RegionKey> = key.parse().ok();
            key.and_then(|key| world.federation.region(key))
                .is_some_and(|region| region.level == level)
        };
        let sums = columns.row(|measure| {
            let lines = figures.lines.iter().filter(of_level);
            lines.map(|line| count(figures, Some(line), measure)).sum()
        });
        listing.row(std::iter::once(level.label().to_owned()).chain(sums));
    }
    let total = columns.row(|measure| count(figures, figures.total.as_ref(), measure));
    listing.row(std::iter::once("合计".to_owned()).chain(total));
    listing.or("没有统计数")
}

/// One matter from its intake to its end, as its node shows it: that of which most is to be told.
///
/// # Errors
/// A node does not answer.
pub async fn one_story(town: &Town, told: &Told) -> anyhow::Result<Text> {
    let ask = |ticket: &str, with_texts| pb::GetTicketRequest {
        ticket: ticket.to_owned(),
        with_texts,
        purpose: if with_texts { "handle" } else { "" }.to_owned(),
    };
    let mut longest: Option<(usize, RegionKey, String)> = None;
    for matter in told.confirmed.iter().take(LOOKED_AT) {
        let matter = matter.to_string();
        for (region, door) in &town.doors {
            let Ok(detail) = door.get_ticket(Some(DISPATCHER), ask(&matter, false)).await else {
                continue;
            };
            let own =
                (detail.ticket.as_ref()).is_some_and(|ticket| ticket.origin == region.as_str());
            let length = detail.timeline.len();
            if own && longest.as_ref().is_none_or(|(most, ..)| length > *most) {
                longest = Some((length, *region, matter.clone()));
            }
        }
    }
    let Some((_, region, matter)) = longest else {
        return Ok(Text::new());
    };
    let door = town.doors.get(&region).context("没有操作口")?;
    let detail = door
        .get_ticket(Some(DISPATCHER), ask(&matter, true))
        .await?;
    Ok(shown!(
        "\n其中一件从头到尾（hotline ticket show 在 {} 所见）：\n{}",
        town.world.name(region),
        ticket_text(&detail)
    ))
}

/// What to try while the nodes run: real commands, and what each shows.
fn hints(world: &World) -> Vec<(Vec<String>, &'static str)> {
    let at = |level| {
        let place = world.places.iter().find(|place| place.level == level);
        place.map_or_else(String::new, |place| place.socket.display().to_string())
    };
    let (province, county) = (at(Level::Province), at(Level::County));
    let hint = |words: &str, socket: &str, person: &str, about| {
        let words = words.split(' ').map(str::to_owned);
        let door = ["--socket", socket, "--as", person].map(str::to_owned);
        (words.chain(door).collect(), about)
    };
    vec![
        hint("status", &province, OPERATOR, "省节点的状况"),
        hint(
            "figures show --by region",
            &province,
            DISPATCHER,
            "全省统计",
        ),
        hint(
            "ticket take-in --kind help --category 0201 --title 停水 --content 小区停水两天",
            &county,
            CLERK,
            "在县里受理一件",
        ),
        hint("ticket list", &county, DISPATCHER, "县里在办的工单，看编号"),
        hint(
            "ticket assign <编号>",
            &county,
            DISPATCHER,
            "按派单目录转办",
        ),
        hint("notice list", &province, SUPERVISOR, "逾期等异常通报"),
        hint("link list", &county, OPERATOR, "与上下级的链路"),
    ]
}

/// What to try while the nodes run, for people.
#[must_use]
pub fn what_next(world: &World, rate: u32) -> Text {
    let program = std::env::args().next().unwrap_or_else(|| "hotline".into());
    let mut text = Text::from("\n各节点继续运行，按 Ctrl-C 停止。另开一个终端试试：\n");
    text += shown!(
        "节点的时钟比真实时间快 {rate} 倍：看一眼的工夫，工单就可能视为签收、超期或办结。\n"
    );
    for (words, about) in hints(world) {
        text += shown!("  # {about}\n  {program} {}\n", words.join(" "));
    }
    let folder = world.folder.display();
    text += shown!("每个节点的配置和日志：{folder}/<区划代码>/node.toml、node.log\n");
    text
}

impl Report<'_> {
    /// Every promise that was not kept, in words.
    #[must_use]
    pub fn faults(&self) -> Vec<String> {
        let verdict = &self.found.verdict;
        let mut faults = self.told.troubles.clone();
        faults.extend(verdict.faults.iter().cloned());
        let mut differs = |what: &str, one: i64, other: i64| {
            if one != other {
                faults.push(format!("{what}：{one} 与 {other} 不等"));
            }
        };
        let taken_in = i64::try_from(verdict.matters).unwrap_or(i64::MAX);
        let brought = i64::try_from(self.told.brought).unwrap_or(i64::MAX);
        differs(
            "省级统计的受理数与日志重算",
            self.figures.total,
            verdict.figures.recount,
        );
        if self.visited {
            differs("送来的留言与受理的件数", brought, brought.min(taken_in));
        } else {
            let closed = i64::try_from(verdict.closed).unwrap_or(i64::MAX);
            differs("送来的留言与受理的件数", brought, taken_in);
            differs("受理的与办结的", taken_in, closed);
        }
        if !self.figures.complete {
            faults.push("省级统计数没有报全".to_owned());
        }
        faults
    }

    /// Shows the outcome.
    ///
    /// # Errors
    /// The object cannot be written.
    pub fn show(&self, teller: &Teller, as_json: bool) -> anyhow::Result<()> {
        if as_json {
            crate::out::print_json(&self.json())?;
            return Ok(());
        }
        let happened = &self.found.happened;
        teller.say(shown!("\n{}", self.found.verdict.text()));
        teller.say(shown!(
            "日志里数得：直接答复 {} 件，不予受理 {} 件，转办 {} 件，提级上报 {} 件，再提级 {} 次，会办 {} 件，退单 {} 次，督办 {} 次，重办 {} 次，视为签收 {} 次",
            happened.answered_directly,
            happened.refused,
            happened.assigned,
            happened.escalated,
            happened.escalated_on,
            happened.co_handled,
            happened.returned,
            happened.supervised,
            happened.redone,
            happened.deemed_signed
        ));
        if self.told.retried > 0 {
            teller.say(shown!(
                "有 {} 次没有得到回答，按同一幂等键重发：没有一件办两次",
                self.told.retried
            ));
        }
        teller.say(shown!(
            "交接 {} 次，用时 {}，每秒 {:.1} 次（种子 {}）",
            happened.handovers,
            seconds(self.took),
            self.rate(),
            self.seed
        ));
        let faults = self.faults();
        for fault in faults.iter().take(NAMED_MAX) {
            teller.say(shown!("  问题：{fault}"));
        }
        if faults.is_empty() {
            teller.say(
                "每一件都有着落：没有丢失，没有重复，每份交办都有人负责，统计数与日志重算一致。",
            );
        }
        Ok(())
    }

    /// Succeeds where every promise was kept.
    ///
    /// # Errors
    /// How many were not.
    pub fn judge(&self) -> anyhow::Result<()> {
        let faults = self.faults();
        anyhow::ensure!(
            faults.is_empty(),
            "发现 {} 个问题，第一个：{}",
            faults.len(),
            faults.first().map_or("", String::as_str)
        );
        Ok(())
    }

    fn rate(&self) -> f64 {
        let handovers = u32::try_from(self.found.happened.handovers).unwrap_or(u32::MAX);
        f64::from(handovers) / self.took.as_secs_f64().max(0.001)
    }

    fn json(&self) -> serde_json::Value {
        let (verdict, happened) = (&self.found.verdict, &self.found.happened);
        let faults = self.faults();
        let round = |number: f64| (number * 100.0).round() / 100.0;
        json!({
            "messages": self.told.brought,
            "bad_rows": self.messages.bad,
            "taken_in": verdict.matters,
            "answered_directly": happened.answered_directly,
            "refused": happened.refused,
            "assigned": happened.assigned,
            "escalated": happened.escalated,
            "escalated_on": happened.escalated_on,
            "co_handled": happened.co_handled,
            "returned": happened.returned,
            "supervised": happened.supervised,
            "redone": happened.redone,
            "closed": verdict.closed,
            "lost": verdict.lost,
            "duplicated": verdict.duplicated,
            "handovers": happened.handovers,
            "handovers_per_s": round(self.rate()),
            "seconds": round(self.took.as_secs_f64()),
            "seed": self.seed,
            "stories": self.told.stories,
            "retried": self.told.retried,
            "figures": {
                "total": self.figures.total,
                "recount": verdict.figures.recount,
                "complete": self.figures.complete,
            },
            "audit": {
                "ok": faults.is_empty(),
                "nodes": verdict.nodes,
                "legs": verdict.legs,
                "unanswered": verdict.unanswered,
                "disagreeing": verdict.disagreeing,
                "chains": verdict.chains.iter().filter(|chain| chain.outcome.is_ok()).count(),
                "faults": faults,
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::Verdict;
    use crate::cli::Cli;
    use crate::demo::verdict::Happened;
    use clap::Parser as _;

    #[test]
    fn a_story_gone_wrong_is_shown_and_fails() {
        let troubled = Told {
            brought: 0,
            troubles: vec!["两县会办：泽州县“签收”被拒".to_owned()],
            ..Told::default()
        };
        for (told, ok) in [(Told::default(), true), (troubled, false)] {
            let report = Report {
                messages: &Messages::default(),
                told: &told,
                found: &Found {
                    verdict: Verdict::default(),
                    happened: Happened::default(),
                },
                figures: &Settled {
                    total: 0,
                    complete: true,
                },
                visited: false,
                seed: 1,
                took: Duration::from_secs(1),
            };
            assert_eq!(report.judge().is_ok(), ok);
            let object = report.json();
            assert_eq!(object["audit"]["ok"], ok);
            let faults = object["audit"]["faults"].as_array().map_or(0, Vec::len);
            assert_eq!(faults, told.troubles.len());
        }
    }

    #[test]
    fn what_is_suggested_can_be_typed() {
        let folder = tempfile::tempdir().unwrap();
        let world = World::make(folder.path()).unwrap();
        let hints = hints(&world);
        assert!(hints.len() >= 5);
        for (words, _) in hints {
            let typed = std::iter::once("hotline".to_owned()).chain(words);
            if let Err(error) = Cli::try_parse_from(typed) {
                panic!("{error}");
            }
        }
    }
}
