//! `hotline store`: look after a node's data while the node stands still.

use crate::codec::folder::Folder;
use crate::config::Engine;
use crate::entropy::{Entropy, OsEntropy};
use crate::store::disk::{Disk, RealDisk};
use crate::store::log::LogReader;
use crate::store::{Parts, StoreSettings, machine_boot_id, tool};
use clap::{Args, Subcommand};
use hotline_topology::RegionKey;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The engine's cache while the view is rebuilt.
const CACHE_BYTES: u64 = 16 << 20;

/// `hotline store`.
#[derive(Debug, Args)]
pub struct StoreArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// 校验日志、检查点和密钥文件;不改动任何东西
    Verify {
        /// 节点的数据文件夹
        dir: PathBuf,
    },
    /// 统计大小和数量
    Stat {
        /// 节点的数据文件夹
        dir: PathBuf,
    },
    /// 由检查点和日志重建视图,引擎照旧
    Rebuild {
        /// 节点的数据文件夹
        dir: PathBuf,
    },
    /// 导出日志的永久部分,供外部核查
    Export {
        /// 节点的数据文件夹
        dir: PathBuf,
        /// 写到这个新文件夹
        #[arg(long)]
        out: PathBuf,
    },
}

impl Command {
    fn dir(&self) -> &Path {
        match self {
            Self::Verify { dir }
            | Self::Stat { dir }
            | Self::Rebuild { dir }
            | Self::Export { dir, .. } => dir,
        }
    }
}

/// A slip in the path must not be answered with "sound", nor leave files behind.
fn must_be_a_store(dir: &Path) -> anyhow::Result<()> {
    anyhow::ensure!(
        dir.join("log").is_dir(),
        "{} 不是节点的数据文件夹(没有 log);请写配置文件里 node.data 指的那个",
        dir.display()
    );
    Ok(())
}

impl StoreArgs {
    /// Runs the subcommand.
    ///
    /// # Errors
    /// What is damaged or in the way, where, and what to do.
    pub fn run(self) -> anyhow::Result<()> {
        let disk: Arc<dyn Disk> = Arc::new(RealDisk);
        must_be_a_store(self.command.dir())?;
        match self.command {
            Command::Verify { dir } => {
                let report = tool::verify(&disk, &dir)?;
                println!("{report}");
                anyhow::ensure!(report.is_sound(), "{} 的数据有问题,见上", dir.display());
            }
            Command::Stat { dir } => println!("{}", tool::stat(&disk, &dir)?),
            Command::Rebuild { dir } => println!("{}", rebuild(disk, &dir)?),
            Command::Export { dir, out } => println!("{}", tool::export(&disk, &dir, &out)?),
        }
        Ok(())
    }
}

fn rebuild(disk: Arc<dyn Disk>, dir: &Path) -> anyhow::Result<crate::store::OpenReport> {
    let me: RegionKey = LogReader::open(Arc::clone(&disk), &dir.join("log"))?
        .node()
        .parse()?;
    let settings = StoreSettings::new(dir, me.as_str(), machine_boot_id());
    let made_by = tool::stat(&disk, dir)?.generation.map(|made| made.engine);
    let engine = match &made_by {
        Some(name) => Engine::named(name)
            .ok_or_else(|| anyhow::anyhow!("视图的引擎 {name} 本程序不认识;请用写下它的版本"))?,
        None => Engine::default(),
    };
    let mut entropy = OsEntropy;
    let parts = Parts {
        disk,
        engine: engine.of(CACHE_BYTES),
        fold: Arc::new(Folder::new(me)),
        random: Box::new(move |out: &mut [u8]| {
            if entropy.fill(out).is_err() {
                // Keys that can be guessed would be worse than no rebuilding.
                std::process::abort();
            }
        }),
    };
    Ok(tool::rebuild(settings, parts)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_that_is_no_store_is_refused_and_left_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        let dir = folder.path().to_owned();
        let out = dir.join("out");
        for command in [
            Command::Verify { dir: dir.clone() },
            Command::Stat { dir: dir.clone() },
            Command::Rebuild { dir: dir.clone() },
            Command::Export {
                dir: dir.clone(),
                out,
            },
        ] {
            let refused = StoreArgs { command }.run().expect_err("no store");
            assert!(
                refused.to_string().contains("不是节点的数据文件夹"),
                "{refused}"
            );
        }
        assert_eq!(std::fs::read_dir(&dir).expect("the folder").count(), 0);
    }
}
