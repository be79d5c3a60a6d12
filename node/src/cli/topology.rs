//! `hotline topology`: new, check, show; sign, publish and status stand in [`world`].

use super::{Told, world};
use crate::out;
use anyhow::Context as _;
use clap::{ArgGroup, Args, Subcommand};
use hotline_show::{Text, shown};
use hotline_topology::Draw;
use hotline_topology::new::{Select, Settings, generate};
use hotline_topology::{Fault, Federation, RegionKey, check};
use std::path::PathBuf;

/// `hotline topology`.
#[derive(Debug, Args)]
pub struct TopologyArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// 由统计用区划新建一份拓扑文件
    New(New),
    /// 检查拓扑文件，一次报告全部问题
    Check {
        /// 拓扑文件
        file: PathBuf,
    },
    /// 检查并签署拓扑、日历或规则包，供下发
    Sign(world::Sign),
    /// 把签署过的文件交给节点，由它逐级下发
    Publish(world::Publish),
    /// 现行和待生效的版本，相邻节点的版本和吊销列表的新旧
    Status(world::Status),
    /// 画出拓扑文件的区划树
    Show {
        /// 拓扑文件
        file: PathBuf,
        /// 从这个区划画起
        #[arg(long)]
        from: Option<RegionKey>,
        /// 画几级
        #[arg(long)]
        depth: Option<usize>,
    },
}

#[derive(Debug, Args)]
#[command(group(ArgGroup::new("which").required(true)))]
struct New {
    /// 省级区划全称，如 辽宁省
    #[arg(long, group = "which")]
    province: Option<String>,
    /// 这个区划及其以下，写十二位代码
    #[arg(long, group = "which")]
    below: Option<RegionKey>,
    /// 这些区划，连同到共同上级的各级，逗号分隔
    #[arg(long, group = "which", value_delimiter = ',')]
    regions: Vec<RegionKey>,
    /// 写到这个文件；已有的文件不覆盖
    #[arg(long)]
    out: PathBuf,
    /// 信任域
    #[arg(long)]
    trust_domain: Option<String>,
    /// 根以下取几级
    #[arg(long)]
    depth: Option<usize>,
}

impl TopologyArgs {
    /// Runs the subcommand.
    ///
    /// # Errors
    /// What is wrong with the file or the wish, in words.
    pub fn run(self) -> anyhow::Result<()> {
        match self.command {
            Command::New(new) => new.run(),
            Command::Sign(sign) => sign.run(),
            Command::Publish(publish) => publish.run(),
            Command::Status(status) => status.run(),
            Command::Check { file } => {
                let text = read(&file)?;
                let faults = check::check(&file.display().to_string(), &text);
                if faults.is_empty() {
                    out::print(&shown!("{} 没有问题", file.display()))?;
                    return Ok(());
                }
                let mut text = listed(&faults);
                text += shown!("共 {} 处问题", faults.len());
                Err(Told(text).into())
            }
            Command::Show { file, from, depth } => {
                let text = read(&file)?;
                let federation = Federation::parse(&file.display().to_string(), &text)
                    .map_err(|faults| Told(listed(&faults)))?;
                out::print(&federation.draw(Draw { from, depth }))?;
                Ok(())
            }
        }
    }
}

impl New {
    fn run(self) -> anyhow::Result<()> {
        let select = match (self.province, self.below) {
            (Some(province), _) => Select::Province(province),
            (None, Some(below)) => Select::Below(below),
            (None, None) => Select::Regions(self.regions),
        };
        let mut settings = Settings {
            depth: self.depth,
            ..Settings::default()
        };
        if let Some(domain) = self.trust_domain {
            settings.host_suffix.clone_from(&domain);
            settings.trust_domain = domain;
        }
        let federation = generate(&select, &settings)?;
        let mut file = std::fs::File::create_new(&self.out).with_context(|| {
            format!(
                "不能新建 {}；已有的文件不覆盖，请先移走",
                self.out.display()
            )
        })?;
        std::io::Write::write_all(&mut file, federation.to_toml().as_bytes())
            .with_context(|| format!("写 {} 失败", self.out.display()))?;
        out::print(&shown!(
            "已写入 {}：{} 个区划",
            self.out.display(),
            federation.regions().len()
        ))?;
        Ok(())
    }
}

/// Each fault on a line of its own.
fn listed(faults: &[Fault]) -> Text {
    faults.iter().map(|fault| shown!("{fault}\n")).collect()
}

fn read(file: &std::path::Path) -> anyhow::Result<String> {
    std::fs::read_to_string(file).with_context(|| format!("读不了 {}", file.display()))
}
