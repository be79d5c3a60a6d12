//! `hotline store`: look after a node's data. Only a backup may be made while the node runs.

use super::door::{Caller, DoorArgs, Shown};
use super::json::Json as _;
use super::table::Listing;
use super::words::{time, word};
use crate::clock::{Clock as _, SystemClock};
use crate::codec::commit;
use crate::codec::folder::Folder;
use crate::config::Engine;
use crate::entropy::{Entropy, OsEntropy};
use crate::out;
use crate::store::disk::{Disk, RealDisk};
use crate::store::log::LogReader;
use crate::store::{Parts, StoreSettings, machine_boot_id, tool};
use clap::{Args, Subcommand};
use hotline_proto::operator::v1 as pb;
use hotline_show::shown;
use hotline_topology::{RegionKey, Time};
use std::collections::BTreeSet;
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
    /// 校验日志、检查点和密钥文件；不改动任何东西
    Verify {
        /// 节点的数据文件夹
        dir: PathBuf,
    },
    /// 统计大小和数量
    Stat {
        /// 节点的数据文件夹
        dir: PathBuf,
    },
    /// 由检查点和日志重建视图，引擎照旧
    Rebuild {
        /// 节点的数据文件夹
        dir: PathBuf,
    },
    /// 导出日志的永久部分，供外部核查
    Export {
        /// 节点的数据文件夹
        dir: PathBuf,
        /// 写到这个新文件夹
        #[arg(long)]
        out: PathBuf,
    },
    /// 备份日志、检查点和密钥文件；节点运行时也可以，同一目录可反复备份，只写新增部分
    Backup {
        /// 节点的数据文件夹
        dir: PathBuf,
        /// 备份到这个文件夹：新的，或本节点上一次的备份
        #[arg(long)]
        to: PathBuf,
    },
    /// 核对一份备份：清单、摘要、哈希链、密钥文件
    VerifyBackup {
        /// 备份的文件夹
        from: PathBuf,
    },
    /// 由备份恢复到一个空文件夹；节点下次启动进入更高的纪元，与各方核对未结交办
    Restore {
        /// 备份的文件夹
        #[arg(long)]
        from: PathBuf,
        /// 恢复到这个空文件夹
        #[arg(long)]
        data: PathBuf,
        /// 备份之后销毁的密钥从这里得知：destructions 写出的清单，或较新的数据文件夹、备份、密钥文件；可写多个
        #[arg(long)]
        destructions: Vec<PathBuf>,
    },
    /// 列出已销毁的密钥，供恢复旧备份时再次销毁
    Destructions {
        /// 节点的数据文件夹或备份
        dir: PathBuf,
    },
    /// 恢复之后不能补回的东西，逐项列出；向运行中的节点询问
    Missing {
        #[command(flatten)]
        door: DoorArgs,
        /// 至多列几项，1 到 500
        #[arg(long, default_value_t = 50)]
        limit: u32,
        /// 只列这一号之后的
        #[arg(long, default_value_t = 0)]
        after: u64,
    },
    /// 节点的数据全部丢失、也没有备份时，建一个由上下级补齐的空数据文件夹
    Init {
        /// 由上下级和交办双方补回他们所知的一切
        #[arg(long, required = true)]
        rebuild: bool,
        /// 新的数据文件夹
        #[arg(long)]
        data: PathBuf,
    },
}

impl Command {
    /// The data folder that must be there already.
    fn dir(&self) -> Option<&Path> {
        match self {
            Self::Verify { dir }
            | Self::Stat { dir }
            | Self::Rebuild { dir }
            | Self::Export { dir, .. }
            | Self::Backup { dir, .. } => Some(dir),
            Self::VerifyBackup { .. }
            | Self::Restore { .. }
            | Self::Destructions { .. }
            | Self::Missing { .. }
            | Self::Init { .. } => None,
        }
    }
}

/// A slip in the path must not be answered with "sound", nor leave files behind.
fn must_be_a_store(dir: &Path) -> anyhow::Result<()> {
    anyhow::ensure!(
        dir.join("log").is_dir(),
        "{} 不是节点的数据文件夹（没有 log）；请写配置文件里 node.data 指的那个",
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
        self.command.dir().map_or(Ok(()), must_be_a_store)?;
        match self.command {
            Command::Verify { dir } => {
                let report = tool::verify_with(&disk, &dir, commit::slots)?;
                out::print(&report.text())?;
                anyhow::ensure!(report.is_sound(), "{} 的数据有问题，见上", dir.display());
            }
            Command::Stat { dir } => out::print(&tool::stat(&disk, &dir)?.text())?,
            Command::Rebuild { dir } => out::print(&rebuild(disk, &dir)?.text())?,
            Command::Export { dir, out: to } => {
                out::print(&shown!("{}", tool::export(&disk, &dir, &to)?))?;
            }
            Command::Backup { dir, to } => {
                let made_ms = SystemClock::new().now().0;
                out::print(&tool::backup(&disk, &dir, &to, made_ms)?.text())?;
            }
            Command::VerifyBackup { from } => {
                let held = tool::verify_backup(&disk, &from)?;
                out::print(&shown!(
                    "备份完好：节点 {}，止于第 {} 号，{} 备份",
                    held.node,
                    held.last,
                    Time(held.made_ms)
                ))?;
            }
            Command::Restore {
                from,
                data,
                destructions,
            } => out::print(&restore(&disk, &from, &data, &destructions)?.text())?,
            Command::Destructions { dir } => out::print(&tool::destructions_of(&disk, &dir)?)?,
            Command::Missing { door, limit, after } => {
                let request = pb::ListMissingRequest { after, limit };
                return door.run(async |caller| missing(caller, request).await);
            }
            Command::Init { data, .. } => {
                must_be_empty(&data)?;
                tool::init_rebuild(&disk, &data, drawn()?)?;
                out::print(&shown!(
                    "{} 已建好。配置里的 node.data 指向它、证书仍用本节点原来的身份，启动后由上级、下级和交办双方补回他们所知的一切;\
                     谁也不知道的列在 hotline store missing 里。务必确认旧机器不会再启动这个节点",
                    data.display()
                ))?;
            }
        }
        Ok(())
    }
}

async fn missing(caller: &Caller, request: pb::ListMissingRequest) -> anyhow::Result<Shown> {
    let answer = caller.client.list_missing(caller.who(), request).await?;
    let mut listing = Listing::new(&["序号", "发现时间", "种类", "编号", "缺什么，怎么办"]);
    for thing in &answer.things {
        listing.row([
            thing.no.to_string(),
            time(thing.at_ms),
            word("missing", &thing.kind),
            thing.number.clone(),
            thing.words.clone(),
        ]);
    }
    Ok(Shown {
        text: listing.or("没有恢复过，或没有补不回来的东西"),
        json: answer.json(),
    })
}

/// Other data in the folder, whatever they are, must not be mixed with those put back.
fn must_be_empty(dir: &Path) -> anyhow::Result<()> {
    let empty = match std::fs::read_dir(dir) {
        Ok(mut entries) => entries.next().is_none(),
        Err(error) => error.kind() == std::io::ErrorKind::NotFound,
    };
    anyhow::ensure!(
        empty,
        "{} 不是空文件夹；请恢复到一个新文件夹，旧数据移开保存，不要删除",
        dir.display()
    );
    Ok(())
}

fn drawn() -> anyhow::Result<[u8; 16]> {
    let mut id = [0; 16];
    OsEntropy.fill(&mut id)?;
    Ok(id)
}

fn restore(
    disk: &Arc<dyn Disk>,
    from: &Path,
    data: &Path,
    destructions: &[PathBuf],
) -> anyhow::Result<tool::RestoreReport> {
    must_be_empty(data)?;
    let mut slots = BTreeSet::new();
    for source in destructions {
        slots.extend(tool::read_destructions(disk, source)?);
    }
    Ok(tool::restore(disk, from, data, &slots, drawn()?)?)
}

fn rebuild(disk: Arc<dyn Disk>, dir: &Path) -> anyhow::Result<crate::store::OpenReport> {
    let me: RegionKey = LogReader::open(Arc::clone(&disk), &dir.join("log"))?
        .node()
        .parse()?;
    let settings = StoreSettings::new(dir, me.as_str(), machine_boot_id());
    let made_by = tool::stat(&disk, dir)?.generation.map(|made| made.engine);
    let engine = match &made_by {
        Some(name) => Engine::named(name)
            .ok_or_else(|| anyhow::anyhow!("视图的引擎 {name} 本程序不认识；请用写下它的版本"))?,
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
                out: out.clone(),
            },
            Command::Backup {
                dir: dir.clone(),
                to: out,
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
