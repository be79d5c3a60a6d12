//! `hotline node`.

use crate::app::run::run;
use clap::{Args, Subcommand};
use std::path::PathBuf;

/// `hotline node`.
#[derive(Debug, Args)]
pub struct NodeArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// 按配置文件运行节点,直到收到 SIGTERM;SIGHUP 重新读入证书、拓扑和规则包
    Run {
        /// 配置文件
        #[arg(long, env = "HOTLINE_CONFIG")]
        config: PathBuf,
        /// 允许演示时钟
        #[arg(long, hide = true)]
        demo_clock: bool,
    },
}

impl NodeArgs {
    /// Runs the subcommand.
    ///
    /// # Errors
    /// Faults of the configuration, or what hindered start or stop.
    pub fn run(self) -> anyhow::Result<()> {
        let Command::Run { config, demo_clock } = self.command;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()?;
        runtime.block_on(run(&config, demo_clock))
    }
}
