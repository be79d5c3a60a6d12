//! `hotline init`: what a new node needs before its first start, step by step. Every step finds what is there already and
//! leaves it alone, so it may be repeated at any time.
//!
//! To add a step: its function in [`STEPS`]; it says what it looked after, where that is, and whether it was made now.

use super::folder;
use super::parts;
use super::prepare::Prepared;
use crate::attachment::Shelf;
use crate::config::{Config, Faults};
use crate::store::Folder;
use crate::store::disk::{Disk, RealDisk, Syncs};
use anyhow::Context as _;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What a step looked after.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// In words.
    pub what: &'static str,
    /// Where it is.
    pub path: PathBuf,
    /// Whether it was made now; otherwise it was there.
    pub made: bool,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let how = if self.made { "新建" } else { "已有" };
        write!(f, "{how}  {}  {}", self.what, self.path.display())
    }
}

/// The steps in their order.
const STEPS: [fn(&Prepared) -> anyhow::Result<Step>; 3] = [data, store, attachments];

/// Checks the configuration as a start does, then takes the steps. `told` hears of each.
///
/// # Errors
/// All faults of the configuration at once, before anything is made; a folder of another node or with other things in
/// it; what the disk answers.
pub fn init(file: &Path, mut told: impl FnMut(&Step)) -> anyhow::Result<()> {
    let prepared = Prepared::read(Config::load(file)?, file)?;
    let path = &prepared.config.node.data;
    let one = |fault| Faults {
        file: file.to_owned(),
        faults: vec![fault],
    };
    match folder::found(path, prepared.me) {
        Ok(Folder::Empty(Some(other))) => {
            return Err(one(folder::fault(format!(
                "{} 里有别的东西（如 {other}），不是节点的数据文件夹；请核对路径，或换一个空的",
                path.display()
            )))
            .into());
        }
        Ok(_) => {}
        Err(faults) => {
            return Err(Faults {
                file: file.to_owned(),
                faults,
            }
            .into());
        }
    }
    for step in STEPS {
        told(&step(&prepared)?);
    }
    Ok(())
}

fn data(prepared: &Prepared) -> anyhow::Result<Step> {
    let path = prepared.config.node.data.clone();
    let made = !path.is_dir();
    let failed = || format!("不能新建数据文件夹 {}", path.display());
    RealDisk.create_dir(&path).with_context(failed)?;
    folder::close_to_others(&path).with_context(failed)?;
    Ok(Step {
        what: "数据文件夹",
        path,
        made,
    })
}

/// Log, key file and view, closed in order. What a restore has put there is the first start's to take up.
fn store(prepared: &Prepared) -> anyhow::Result<Step> {
    let config = &prepared.config;
    let path = config.node.data.clone();
    let found = folder::found(&path, prepared.me);
    let made = matches!(found, Ok(Folder::Empty(_) | Folder::Missing));
    if made {
        let (store, _) = parts::opener(config, prepared.me, &Syncs::default())()?;
        store.close()?;
    }
    Ok(Step {
        what: "日志、密钥文件和视图",
        path,
        made,
    })
}

fn attachments(prepared: &Prepared) -> anyhow::Result<Step> {
    let data = &prepared.config.node.data;
    let path = data.join(crate::attachment::FOLDER);
    let made = !path.is_dir();
    if made {
        Shelf::open(Arc::new(RealDisk), data)
            .with_context(|| format!("不能新建附件文件夹 {}", path.display()))?;
    }
    Ok(Step {
        what: "附件文件夹",
        path,
        made,
    })
}
