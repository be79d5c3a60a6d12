//! `hotline bench`: what one machine does a second, as shares of the bare store measured in the same run.
//!
//! ```text
//! bare store   log and view alone, the very commits of the local commands, in groups as large as those in flight
//! commands     take-ins at one node: sealing, rules, log, view
//! hand-overs   legs from a county to a township: offered, delivered, receipted, committed by the giver
//! catch-up     the same with the township away while the county gave; from its start to the last receipt
//! ```

mod bare;
mod pair;

use anyhow::Context as _;
use clap::Args;
use pair::Pair;
use std::time::Duration;

/// 测量本机:移交、本地办理、断后追赶,与裸存储相比
#[derive(Debug, Args)]
pub struct BenchArgs {
    /// 每项测多少件
    #[arg(long, default_value_t = 3000)]
    matters: usize,
    /// 同时在途多少件
    #[arg(long, default_value_t = 256)]
    in_flight: usize,
    /// 在哪个文件夹里测(用后删除);应在将来放数据的盘上
    #[arg(long)]
    dir: Option<std::path::PathBuf>,
    /// 输出一个 JSON 对象
    #[arg(long)]
    json: bool,
}

/// One run's figures, a second.
#[derive(Debug, Clone, Copy)]
struct Measured {
    bare: f64,
    commands: f64,
    hand_overs: f64,
    catch_up: f64,
    idle_mib: f64,
}

impl BenchArgs {
    /// Measures and prints.
    ///
    /// # Errors
    /// A node cannot be started, or does not get on.
    pub fn run(self) -> anyhow::Result<()> {
        anyhow::ensure!(self.matters > 0 && self.in_flight > 0, "件数须大于零");
        let base = self.dir.clone().unwrap_or_else(std::env::temp_dir);
        let folder = base.join(format!("hotline-bench-{}", std::process::id()));
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()?;
        let measured = runtime.block_on(self.measure(&folder));
        // Left behind only if it cannot be removed; the figures stand all the same.
        drop(std::fs::remove_dir_all(&folder));
        self.print(measured?);
        Ok(())
    }

    async fn measure(&self, folder: &std::path::Path) -> anyhow::Result<Measured> {
        let idle_mib = pair::idle_mib(&folder.join("idle"))
            .await
            .context("测量空闲内存")?;
        let mut pair = Pair::start(&folder.join("pair")).await?;
        let bare = bare::rate(
            &folder.join("bare"),
            pair.world(),
            self.matters,
            self.in_flight,
        )?;
        let (matters, spent) = pair.take_in(self.matters, self.in_flight).await?;
        let commands = rate(self.matters, spent);
        let spent = pair.give(&matters, self.in_flight).await?;
        let hand_overs = rate(self.matters, spent);
        let (more, _) = pair.take_in(self.matters, self.in_flight).await?;
        let spent = pair.give_to_absent(&more, self.in_flight).await?;
        let catch_up = rate(self.matters, spent);
        pair.stop().await?;
        Ok(Measured {
            bare,
            commands,
            hand_overs,
            catch_up,
            idle_mib,
        })
    }

    fn print(&self, measured: Measured) {
        let Measured {
            bare,
            commands,
            hand_overs,
            catch_up,
            idle_mib,
        } = measured;
        let share = |rate: f64| rate / bare;
        if self.json {
            let json = serde_json::json!({
                "matters": self.matters, "in_flight": self.in_flight,
                "bare_store_per_s": bare,
                "commands_per_s": commands, "commands_share": share(commands),
                "hand_overs_per_s": hand_overs, "hand_overs_share": share(hand_overs),
                "catch_up_per_s": catch_up, "catch_up_share": share(catch_up),
                "idle_mib": idle_mib,
            });
            println!("{json}");
            return;
        }
        println!("{} 件,同时在途 {}:", self.matters, self.in_flight);
        println!("  裸存储(日志加视图)  {bare:>8.0} 件/秒");
        for (name, rate) in [
            ("本地受理          ", commands),
            ("移交(县→乡)      ", hand_overs),
            ("断后追赶          ", catch_up),
        ] {
            println!("  {name}  {rate:>8.0} 件/秒,为裸存储的 {:.2}", share(rate));
        }
        println!("  空闲节点内存        {idle_mib:>8.1} MiB");
    }
}

fn rate(count: usize, spent: Duration) -> f64 {
    count as f64 / spent.as_secs_f64()
}
