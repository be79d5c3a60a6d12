//! `hotline certs issue` and `hotline certs renew`.

use super::Library;
use crate::cli::Told;
use crate::entropy::OsEntropy;
use crate::identity::authority::{
    AUTHORITY_DAYS, Authority, Issued, LEAF_DAYS, Signer, Term, Territory,
};
use crate::identity::profile::{OperatorName, Subject};
use anyhow::Context as _;
use clap::{Args, Subcommand};
use hotline_show::{Text, shown};
use hotline_topology::{Federation, RegionKey, Time};
use std::path::PathBuf;

/// What comes after the renewal of an authority.
const AUTHORITY_NEXT: &str = "请接着下发新的吊销列表（hotline certs publish lists），各节点收到之后，再换发由它签发的下级机构、节点和操作员证书。\n";

#[derive(Debug, Args)]
pub(super) struct Tree {
    /// 拓扑文件：按它核对 --by 是否管辖该区划；不写则按区划表
    #[arg(long)]
    topology: Option<PathBuf>,
}

impl Tree {
    /// Refuses a signer that nobody would believe about the subject; says so where nothing tells.
    fn check(&self, by: Signer, subject: &Subject) -> anyhow::Result<Text> {
        let Signer::Region(by) = by else {
            anyhow::ensure!(
                matches!(subject, Subject::Authority(_)),
                "根只给签发机构签发；节点和操作员的证书由签发机构签发，请用 --by 写明区划代码"
            );
            return Ok(Text::new());
        };
        let region = subject.region();
        let known = match &self.topology {
            Some(file) => {
                let text = std::fs::read_to_string(file)
                    .with_context(|| format!("读不了拓扑文件 {}", file.display()))?;
                let name = file.display().to_string();
                let tree = Federation::parse(&name, &text).map_err(|faults| {
                    Told(faults.iter().map(|fault| shown!("{fault}\n")).collect())
                })?;
                Territory::Tree(&tree).check(by, region)?
            }
            None => Territory::Divisions.check(by, region)?,
        };
        Ok(match known {
            true => Text::new(),
            false => shown!(
                "注意：区划表里查不到，没有核对 {region} 是否在 {by} 之下；不在其下的证书各节点会拒绝。加 --topology 写明拓扑文件即可核对。\n"
            ),
        })
    }
}

#[derive(Debug, Args)]
pub(super) struct Leaf {
    #[command(flatten)]
    library: Library,
    /// 行政区划代码，12 位
    #[arg(long)]
    region: RegionKey,
    /// 由哪个行政区划的签发机构签发；不写则由本区划的签发
    #[arg(long)]
    by: Option<RegionKey>,
    #[command(flatten)]
    tree: Tree,
    /// 有效天数
    #[arg(long, default_value_t = LEAF_DAYS)]
    days: u32,
}

#[derive(Debug, Subcommand)]
pub(super) enum Whom {
    /// 行政区划的签发机构；只能给本区划及其下级签发
    Authority {
        #[command(flatten)]
        library: Library,
        /// 行政区划代码，12 位
        #[arg(long)]
        region: RegionKey,
        /// 由哪个上级的签发机构签发；不写则由根签发
        #[arg(long)]
        by: Option<RegionKey>,
        #[command(flatten)]
        tree: Tree,
        /// 有效天数
        #[arg(long, default_value_t = AUTHORITY_DAYS)]
        days: u32,
    },
    /// 行政区划的节点
    Node(Leaf),
    /// 远程操作节点的人
    Operator {
        #[command(flatten)]
        leaf: Leaf,
        /// 操作员名
        #[arg(long)]
        name: OperatorName,
    },
}

#[derive(Debug, Args)]
pub(super) struct Renewal {
    #[command(flatten)]
    library: Library,
    /// 行政区划代码，12 位
    #[arg(long)]
    region: RegionKey,
    /// 改由哪个行政区划的签发机构签发，“根”即由根签发；不写则仍由原来的签发
    #[arg(long, value_parser = signer)]
    by: Option<Signer>,
    #[command(flatten)]
    tree: Tree,
    /// 有效天数；不写则按该类证书的惯例
    #[arg(long)]
    days: Option<u32>,
}

#[derive(Debug, Subcommand)]
pub(super) enum WhomOrRoot {
    /// 根
    Root {
        #[command(flatten)]
        library: Library,
    },
    /// 签发机构
    Authority(Renewal),
    /// 节点
    Node(Renewal),
    /// 操作员
    Operator {
        #[command(flatten)]
        renewal: Renewal,
        /// 操作员名
        #[arg(long)]
        name: OperatorName,
    },
}

fn signer(text: &str) -> Result<Signer, String> {
    match text {
        "根" | "root" => Ok(Signer::Root),
        text => text
            .parse()
            .map(Signer::Region)
            .map_err(|error| format!("{error}；由根签发写“根”")),
    }
}

impl Whom {
    pub(super) fn issue(self, now: Time) -> anyhow::Result<Text> {
        let (library, subject, by, tree, days) = match self {
            Self::Authority {
                library,
                region,
                by,
                tree,
                days,
            } => {
                let by = by.map_or(Signer::Root, Signer::Region);
                (library, Subject::Authority(region), by, tree, days)
            }
            Self::Node(leaf) => {
                let by = Signer::Region(leaf.by.unwrap_or(leaf.region));
                let subject = Subject::Node(leaf.region);
                (leaf.library, subject, by, leaf.tree, leaf.days)
            }
            Self::Operator { leaf, name } => {
                let by = Signer::Region(leaf.by.unwrap_or(leaf.region));
                let subject = Subject::Operator {
                    region: leaf.region,
                    name,
                };
                (leaf.library, subject, by, leaf.tree, leaf.days)
            }
        };
        let authority = Authority::open(&library.dir)?;
        let unchecked = tree.check(by, &subject)?;
        let issued = authority.issue(&subject, by, Term::days(now, days), now, &mut OsEntropy)?;
        let mut text = told("已签发", &authority, &subject, &issued);
        text += unchecked;
        Ok(text)
    }
}

impl WhomOrRoot {
    pub(super) fn renew(self, now: Time) -> anyhow::Result<Text> {
        let (renewal, subject, usual_days) = match self {
            Self::Root { library } => {
                let folder = Authority::open(&library.dir)?.renew_root(now, &mut OsEntropy)?;
                return Ok(shown!(
                    "新的根在 {}。请先把 {} 发给每个节点并重新载入，再用新根签发。\n",
                    folder.display(),
                    library.dir.join("public/roots.crt").display()
                ));
            }
            Self::Authority(renewal) => {
                let subject = Subject::Authority(renewal.region);
                (renewal, subject, AUTHORITY_DAYS)
            }
            Self::Node(renewal) => {
                let subject = Subject::Node(renewal.region);
                (renewal, subject, LEAF_DAYS)
            }
            Self::Operator { renewal, name } => {
                let subject = Subject::Operator {
                    region: renewal.region,
                    name,
                };
                (renewal, subject, LEAF_DAYS)
            }
        };
        let authority = Authority::open(&renewal.library.dir)?;
        let days = renewal.days.unwrap_or(usual_days);
        let unchecked = match renewal.by {
            Some(by) => renewal.tree.check(by, &subject)?,
            None => Text::new(),
        };
        let issued = authority.renew_by(&subject, renewal.by, days, now, &mut OsEntropy)?;
        let next = match subject {
            Subject::Authority(_) => AUTHORITY_NEXT,
            Subject::Node(_) | Subject::Operator { .. } | Subject::Door(_) => "",
        };
        let mut text = told("已换发", &authority, &subject, &issued);
        text += unchecked;
        text.say(next);
        Ok(text)
    }
}

fn told(what: &str, authority: &Authority, subject: &Subject, issued: &Issued) -> Text {
    let door: Text = match subject {
        Subject::Node(_) => {
            "同一目录中的 door.crt、door.key 供远程操作端口（operator.listen）出示\n".into()
        }
        Subject::Authority(_) | Subject::Operator { .. } | Subject::Door(_) => Text::new(),
    };
    shown!(
        "{what}{}证书 {}\n序列号 {}，有效期至 {}，放在 {}\n{door}",
        subject.kind(),
        authority.domain().uri(subject),
        issued.serial,
        issued.term.not_after,
        issued.folder.display()
    )
}
