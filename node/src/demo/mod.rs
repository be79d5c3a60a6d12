//! `hotline demo`: a small federation on this machine, with everything that it needs made on the spot.
//!
//! ```text
//! world.rs     folder, certificates, tree, people, seven configurations; ports.rs what they listen on
//! nodes.rs     seven processes of this program; proxy.rs the wires between them
//! messages.rs  what citizens say ──▶ drive.rs ──▶ life/  what people do with it, through the operator doors
//! outage.rs    a wire cut, a node killed, in the middle of it
//! calm.rs      until every queue is empty and the province has all figures
//! verdict.rs   logs exported, chains checked, everything counted again by the judge
//! report.rs    tables for people, one object for programs
//! ```
//!
//! The demonstration believes nothing that it was told: its numbers come from the nodes' logs.

mod calm;
mod dice;
mod drive;
mod life;
mod messages;
mod nodes;
mod outage;
mod ports;
pub mod proxy;
mod report;
mod tell;
mod verdict;
pub mod world;

use crate::clock::{Clock as _, SystemClock};
use anyhow::Context as _;
use clap::Args;
use hotline_show::shown;
use life::Town;
use messages::Messages;
use nodes::Nodes;
pub use ports::HeldPort;
use report::Report;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tell::Teller;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::Instant;
use world::{Pace, World};

/// How often the folder of a finished demonstration is tried to be taken away.
const CLEAR_TRIES: u32 = 20;

/// `hotline demo`.
#[derive(Debug, Clone, Args)]
pub struct DemoArgs {
    /// 留言文件（CSV，表头含 留言主题、留言详情、留言时间）；不写则用自带的样例
    #[arg(long, value_name = "FILE")]
    messages: Option<PathBuf>,
    /// 各级一共受理多少件；多于留言条数时循环使用
    #[arg(long, value_name = "N", default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    tickets: u32,
    /// 随机选择的种子：同一种子讲同样的故事
    #[arg(long, value_name = "S", default_value_t = 12345)]
    seed: u64,
    /// 中途切断一条联动链路、强行终止一个节点，再恢复
    #[arg(long)]
    outage: bool,
    /// 只输出一个 JSON 对象
    #[arg(long)]
    json: bool,
    /// 演完后节点继续运行，直到按 Ctrl-C
    #[arg(long)]
    stay: bool,
    /// 放证书、配置、数据和日志的文件夹；不写则用临时文件夹，成功后删去
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// 同时在办多少件
    #[arg(long, value_name = "N", default_value_t = 32, value_parser = clap::value_parser!(u16).range(1..=1024))]
    in_flight: u16,
    /// 演示时钟的快慢：现实一秒等于节点多少秒
    #[arg(long, value_name = "RATE", default_value_t = 30_000, value_parser = clap::value_parser!(u32).range(2_000..=200_000))]
    rate: u32,
}

/// Ended by a signal; nothing went wrong.
#[derive(Debug, thiserror::Error)]
#[error("已中断，各节点随之结束")]
struct Interrupted;

/// Stopped from outside.
struct Interrupts {
    int: Signal,
    term: Signal,
}

impl Interrupts {
    fn new() -> std::io::Result<Self> {
        Ok(Self {
            int: signal(SignalKind::interrupt())?,
            term: signal(SignalKind::terminate())?,
        })
    }

    async fn any(&mut self) {
        tokio::select! {
            _ = self.int.recv() => {}
            _ = self.term.recv() => {}
        }
    }

    /// Does this unless interrupted.
    async fn unless<T>(
        &mut self,
        doing: impl Future<Output = anyhow::Result<T>>,
    ) -> anyhow::Result<T> {
        tokio::select! {
            done = doing => done,
            () = self.any() => Err(Interrupted.into()),
        }
    }
}

impl DemoArgs {
    /// Runs the demonstration.
    ///
    /// # Errors
    /// Something hindered it, or a promise was not kept.
    pub fn run(self) -> anyhow::Result<()> {
        let messages = match &self.messages {
            Some(file) => messages::load(file)?,
            None => messages::sample()?,
        };
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()?;
        let folder = self.dir.clone().unwrap_or_else(|| {
            std::env::temp_dir().join(format!("hotline-demo-{}", std::process::id()))
        });
        let played = runtime.block_on(self.play(&messages, &folder));
        let kept = self.dir.is_some() || !folder.join("federation.toml").exists();
        match played {
            Err(error) if error.is::<Interrupted>() && kept => Err(error),
            Err(error) if error.is::<Interrupted>() => {
                clear(&folder)?;
                Err(error)
            }
            Err(error) if folder.join("federation.toml").exists() => Err(error.context(format!(
                "演示没有成功；各节点的数据和日志（node.log）留在 {}",
                folder.display()
            ))),
            Err(error) => Err(error),
            Ok(()) if kept => Ok(()),
            Ok(()) => clear(&folder),
        }
    }

    async fn play(&self, messages: &Messages, folder: &Path) -> anyhow::Result<()> {
        let mut interrupts = Interrupts::new()?;
        let teller = Teller::new(self.json);
        tell_messages(&teller, messages, self.messages.as_deref());
        let world = World::make(folder)?;
        tell_world(&teller, &world);
        let pace = Pace {
            epoch_ms: SystemClock::new().now().0,
            rate: self.rate,
        };
        let mut nodes = interrupts.unless(Nodes::start(&world, pace)).await?;
        let doors = interrupts.unless(nodes::doors(&world)).await?;
        teller.say("七个节点已就绪，上下级之间的双向认证链路全部接通。\n");
        let town = Arc::new(Town::new(world, doors, self.seed));
        let begun = Instant::now();
        let told = interrupts.unless(self.tell(&town, &mut nodes, &teller, messages));
        let told = told.await?;
        let driven_in = begun.elapsed();
        teller.say("所有人手里的事都办完了；等待各条队列排空、统计数报全……");
        let mut figures = interrupts.unless(calm::settle(&town)).await?;
        let tables = interrupts.unless(report::tables(&town)).await?;
        let story = interrupts.unless(report::one_story(&town, &told)).await?;
        teller.say(tables);
        teller.say(story);
        if self.stay {
            teller.say(report::what_next(&town.world, self.rate));
            interrupts.any().await;
            teller.say("\n收到停止信号。");
            figures = interrupts.unless(calm::settle(&town)).await?;
        }
        teller.say("停下各节点（SIGTERM），导出日志，只凭日志从头核对……");
        interrupts.unless(nodes.stop(&town.world)).await?;
        let found = verdict::examine(&town.world, &told)?;
        let report = Report {
            messages,
            told: &told,
            found: &found,
            figures: &figures,
            visited: self.stay,
            seed: self.seed,
            took: driven_in,
        };
        report.show(&teller, self.json)?;
        report.judge()
    }

    /// Feeds the messages in and, where asked for, breaks things meanwhile.
    async fn tell(
        &self,
        town: &Arc<Town>,
        nodes: &mut Nodes,
        teller: &Teller,
        messages: &Messages,
    ) -> anyhow::Result<drive::Told> {
        let total = self.tickets as usize;
        let driving = drive::drive(town, &messages.good, total, self.in_flight.into(), teller);
        if !self.outage {
            return Ok(driving.await);
        }
        let (told, broken) = tokio::join!(driving, outage::strike(town, nodes, total, teller));
        broken?;
        Ok(told)
    }
}

/// Takes the folder away; nodes that were just killed may write their last meanwhile.
fn clear(folder: &Path) -> anyhow::Result<()> {
    for _ in 0..CLEAR_TRIES {
        if std::fs::remove_dir_all(folder).is_ok() {
            return Ok(());
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    std::fs::remove_dir_all(folder).with_context(|| format!("不能删去 {}", folder.display()))
}

fn tell_messages(teller: &Teller, messages: &Messages, file: Option<&Path>) {
    let from = file.map_or("自带样例".to_owned(), |file| file.display().to_string());
    teller.say(shown!("留言 {} 条（{from}）。", messages.good.len()));
    if !messages.bad.is_empty() {
        teller.say(shown!("另有 {} 行不能用：", messages.bad.len()));
        for why in messages.bad.iter().take(tell::NAMED_MAX) {
            teller.say(shown!("  {why}"));
        }
    }
}

fn tell_world(teller: &Teller, world: &World) {
    teller.say("\n同一个程序，在本机运行成四级七个节点：");
    for place in &world.places {
        let depth = world.federation.depth(place.region).unwrap_or(0);
        let indent = "    ".repeat(depth);
        teller.say(shown!(
            "  {indent}{} {}({})",
            place.level.label(),
            place.name,
            place.region
        ));
    }
    teller.say(shown!(
        "证书、拓扑、配置都是刚做的，放在 {}。\n业务时钟加快运行，几秒就是一个工作日；链路和加密按真实时间。",
        world.folder.display()
    ));
}

/// Milliseconds of a wait, for people.
fn seconds(time: Duration) -> String {
    format!("{:.1} 秒", time.as_secs_f64())
}
