//! `hotline node`.

use crate::app::run::run;
use clap::{Args, Subcommand};
use std::path::PathBuf;
use std::time::Duration;

/// Longest wait for what still works in the background when the node has stopped.
const LEFT_MAX: Duration = Duration::from_secs(1);

/// `hotline node`.
#[derive(Debug, Args)]
pub struct NodeArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// 按配置文件运行节点，直到收到 SIGTERM;SIGHUP 重新读入证书、拓扑、规则包和操作人
    Run {
        /// 配置文件
        #[arg(long, env = "HOTLINE_CONFIG")]
        config: PathBuf,
        /// 新节点第一次启动：数据文件夹还没有时先建好，同 hotline init
        #[arg(long)]
        init: bool,
        /// 允许演示时钟
        #[arg(long, hide = true)]
        demo_clock: bool,
        /// 标准输入关闭即结束：启动本节点的程序不在了，节点也不留下
        #[arg(long, hide = true)]
        until_stdin_ends: bool,
    },
}

impl NodeArgs {
    /// Runs the subcommand.
    ///
    /// # Errors
    /// Faults of the configuration, or what hindered start or stop.
    pub fn run(self) -> anyhow::Result<()> {
        let Command::Run {
            config,
            init,
            demo_clock,
            until_stdin_ends,
        } = self.command;
        if until_stdin_ends {
            std::thread::spawn(end_with_stdin);
        }
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()?;
        let ran = runtime.block_on(run(&config, demo_clock, init));
        // What still waits for a disk that does not answer must not keep the process: nothing of it was answered.
        runtime.shutdown_timeout(LEFT_MAX);
        ran
    }
}

/// Ends the process hard, as its starter ended: the store mends itself at the next start.
fn end_with_stdin() {
    // A read that fails tells as much as one that ends: nobody is there.
    let _ = std::io::copy(&mut std::io::stdin().lock(), &mut std::io::sink());
    crate::out::tell(&"启动本节点的程序已不在，节点随之结束".into());
    std::process::exit(1);
}
