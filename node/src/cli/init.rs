//! `hotline init`: makes what a new node needs before its first start.

use crate::app::init::init;
use crate::out;
use clap::Args;
use hotline_show::shown;
use std::path::PathBuf;

/// `hotline init`.
#[derive(Debug, Args)]
pub struct InitArgs {
    /// 配置文件
    #[arg(long, env = "HOTLINE_CONFIG")]
    config: PathBuf,
}

impl InitArgs {
    /// Runs the command.
    ///
    /// # Errors
    /// Faults of the configuration, before anything is made; what the disk answers.
    pub fn run(self) -> anyhow::Result<()> {
        init(&self.config, |step| drop(out::print(&shown!("{step}"))))?;
        out::print(&shown!(
            "可以启动：hotline node run --config {}",
            self.config.display()
        ))?;
        Ok(())
    }
}
