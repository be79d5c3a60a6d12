//! `hotline bench`: what one machine does a second, as shares of the bare store measured in the same run; what many
//! tickets or many nodes cost.
//!
//! ```text
//! bare store   log and view alone, the very commits of the local commands, in groups as large as those in flight
//! commands     take-ins at one node: sealing, rules, log, view
//! hand-overs   legs from a county to a township: offered, delivered, receipted, committed by the giver
//! catch-up     the same with the township away while the county gave; from its start to the last receipt
//! one by one   hand-overs with nothing else under way: time, and files made durable at both nodes together
//! --fill N     a node with N tickets: commands' delay, then memory and start of a process of its own   (`fill.rs`)
//! --crowd N    N linked nodes without work in one process: memory                                       (`crowd.rs`)
//! page         all of that once, as the rows of README, RESULTS and OPERATIONS                         (`page.rs`)
//! ```
//!
//! Two nodes and their clients share the machine with whatever else runs on it. Therefore rounds can be repeated, the
//! medians of their shares count, and each figure states the processor time that a thing cost beside its rate.

mod bare;
mod clock;
mod crowd;
mod fill;
mod machine;
mod page;
mod pair;
mod process;
mod report;

use crate::config::{Engine, Store as StoreConfig};
use anyhow::Context as _;
use clap::{Args, Subcommand, ValueEnum};
use clock::Spent;
use pair::{Pair, Single};
use report::{Measured, Report};
use std::path::{Path, PathBuf};

/// 测量本机：移交、本地办理、断后追赶，与裸存储相比；多件、多节点的内存
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct BenchArgs {
    #[command(subcommand)]
    what: Option<What>,
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
    #[arg(long, default_value_t = 1)]
    rounds: usize,
    /// 哪个视图引擎
    #[arg(long, value_enum, default_value_t = ViewChoice::Both)]
    view: ViewChoice,
    /// 视图引擎的缓存，MiB
    #[arg(long, default_value_t = StoreConfig::default().cache_mib)]
    cache_mib: u64,
    /// 改测存有这么多工单的一个节点
    #[arg(long, conflicts_with = "crowd")]
    fill: Option<usize>,
    /// 改测一个进程里这么多空闲节点的内存
    #[arg(long)]
    crowd: Option<usize>,
    /// 在哪个文件夹里测（用后删除）；应在将来放数据的盘上
    #[arg(long)]
    dir: Option<PathBuf>,
    /// 输出一个 JSON 对象
    #[arg(long)]
    json: bool,
}

/// What else is measured.
#[derive(Debug, Subcommand)]
enum What {
    /// 一次测完 README、RESULTS 和运维手册引用的全部数字，按它们的行印出来
    Page(page::PageArgs),
}

/// Which views are measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ViewChoice {
    /// sled
    Sled,
    /// fjall
    Fjall,
    /// 两个都测
    Both,
}

impl ViewChoice {
    fn engines(self) -> Vec<Engine> {
        match self {
            Self::Sled => vec![Engine::Sled],
            Self::Fjall => vec![Engine::Fjall],
            Self::Both => vec![Engine::Sled, Engine::Fjall],
        }
    }
}

impl BenchArgs {
    /// Measures and prints.
    ///
    /// # Errors
    /// A node cannot be started, or does not get on.
    pub fn run(self) -> anyhow::Result<()> {
        anyhow::ensure!(
            self.matters > 0 && self.in_flight > 0 && self.rounds > 0,
            "件数和轮数须大于零"
        );
        let dir = match &self.what {
            Some(What::Page(page)) => &page.dir,
            None => &self.dir,
        };
        let base = dir.clone().unwrap_or_else(std::env::temp_dir);
        let folder = base.join(format!("hotline-bench-{}", std::process::id()));
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()?;
        let measured = runtime.block_on(self.measure(&folder));
        // Left behind only if it cannot be removed; the figures stand all the same.
        drop(std::fs::remove_dir_all(&folder));
        let (json, text) = measured?;
        if self.json {
            crate::out::print_json(&json)?;
        } else {
            crate::out::print(&text)?;
        }
        Ok(())
    }

    /// The figures, for programs and for people.
    async fn measure(
        &self,
        folder: &Path,
    ) -> anyhow::Result<(serde_json::Value, hotline_show::Text)> {
        if let Some(What::Page(page)) = &self.what {
            let page = page.measure(folder).await?.text();
            let lines = page.lines().map(|line| hotline_show::shown!("{line}\n"));
            return Ok((serde_json::Value::Null, lines.collect()));
        }
        if let Some(nodes) = self.crowd {
            let crowds = crowd::measure(folder, nodes, &self.stores()).await?;
            return Ok(report::crowds(&crowds));
        }
        if let Some(tickets) = self.fill {
            let mut filled = Vec::new();
            for settings in self.stores() {
                filled.push(fill::measure(folder, tickets, settings, fill::How::default()).await?);
            }
            return Ok(report::fills(&filled));
        }
        let report = self.shares(folder).await?;
        Ok((report.json(), report.text()))
    }

    /// The shares of both views, with the settings that the page asks for.
    fn of_shares(matters: usize, in_flight: usize, singles: usize, rounds: usize) -> Self {
        Self {
            what: None,
            matters: matters.max(1),
            in_flight: in_flight.max(1),
            singles,
            rounds: rounds.max(1),
            view: ViewChoice::Both,
            cache_mib: StoreConfig::default().cache_mib,
            fill: None,
            crowd: None,
            dir: None,
            json: false,
        }
    }

    fn stores(&self) -> Vec<StoreConfig> {
        let of = |engine| StoreConfig {
            engine,
            cache_mib: self.cache_mib,
            ..StoreConfig::default()
        };
        self.view.engines().into_iter().map(of).collect()
    }

    async fn shares(&self, folder: &Path) -> anyhow::Result<Report> {
        let load_before = machine::load_average();
        let idle_mib = process::idle_mib(&folder.join("idle"))
            .await
            .context("测量空闲内存")?;
        let mut measured = Vec::new();
        // Engines in turn, so that what else happens on the machine meets all of them.
        for round in 0..self.rounds {
            for settings in self.stores() {
                let name = settings.engine.of(0).name();
                let folder = folder.join(format!("{name}-{round}"));
                measured.push(self.round(&folder, settings).await?);
                std::fs::remove_dir_all(&folder)?;
            }
        }
        Ok(Report {
            matters: self.matters,
            in_flight: self.in_flight,
            rounds: self.rounds,
            load_average: (load_before, machine::load_average()),
            idle_mib,
            measured,
        })
    }

    async fn round(&self, folder: &Path, settings: StoreConfig) -> anyhow::Result<Measured> {
        let mut pair = Pair::start(&folder.join("pair"), settings.clone()).await?;
        let amount = (self.matters, self.in_flight);
        let bare = bare::run(&folder.join("bare"), pair.world(), &settings, amount)?;
        let (matters, commands) = pair.take_in(self.matters, self.in_flight).await?;
        let before = pair.syncs();
        let hand_overs = pair.give(&matters, self.in_flight).await?;
        let bulk_syncs = (pair.syncs() - before) as f64 / self.matters as f64;
        let (few, _) = pair.take_in(self.singles, self.in_flight).await?;
        let singles = pair.give_one_by_one(&few).await?;
        let (more, _) = pair.take_in(self.matters, self.in_flight).await?;
        let catch_up = pair.give_to_absent(&more, self.in_flight).await?;
        pair.stop().await?;
        Ok(Measured {
            view: settings.engine.of(0).name(),
            bare,
            commands,
            hand_overs,
            catch_up,
            bulk_syncs,
            singles,
        })
    }
}
