//! `hotline certs`: keeping certificates. What stands where is explained in
//! [`crate::identity::authority`].

use super::table::Listing;
use super::world::PublishKept;
use crate::clock::{Clock, SystemClock};
use crate::entropy::OsEntropy;
use crate::identity::authority::{Authority, Entry, ROOT_DAYS};
use crate::identity::example::Example;
use crate::identity::profile::TrustDomain;
use crate::identity::revocation::ListAge;
use crate::out;
use anyhow::Context;
use clap::{Args, Subcommand};
use hotline_show::{Text, shown};
use hotline_topology::Time;
use issue::{Whom, WhomOrRoot};
use revoke::Revoke;
use std::path::PathBuf;
use std::time::Duration;

mod issue;
mod revoke;

/// 签发、续期、吊销和查看证书
#[derive(Debug, Args)]
pub struct CertsArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// 新建证书库：生成根密钥和根证书
    Init {
        #[command(flatten)]
        library: Library,
        /// 信任域，例如 12345.example
        #[arg(long)]
        trust_domain: TrustDomain,
    },
    /// 给签发机构、节点或操作员签发第一张证书
    Issue {
        #[command(subcommand)]
        whom: Whom,
    },
    /// 换发证书和密钥；旧证书在到期前继续有效
    Renew {
        #[command(subcommand)]
        whom: WhomOrRoot,
    },
    /// 吊销证书并更新吊销列表：按序列号一张，或按区划（和操作员名）全部有效的
    Revoke(Revoke),
    /// 重新签署全部吊销列表，每七天至少一次
    Refresh {
        #[command(flatten)]
        library: Library,
    },
    /// 签署信任根或吊销列表，供下发
    Publish(PublishKept),
    /// 列出签发过的全部证书
    Show {
        #[command(flatten)]
        library: Library,
    },
    /// 按清单生成一套示例证书，好的和坏的
    Example {
        /// 清单文件，见 certs-example/profile.toml
        #[arg(long)]
        profile: PathBuf,
        /// 放到哪里；应为新目录
        #[arg(long)]
        out: PathBuf,
    },
}

#[derive(Debug, Args)]
struct Library {
    /// 证书库所在目录
    #[arg(long, default_value = "certs")]
    dir: PathBuf,
}

impl CertsArgs {
    /// Does what was asked and prints the outcome.
    ///
    /// # Errors
    /// When a folder is missing or not as it should be; the message says what to do.
    pub fn run(self) -> anyhow::Result<()> {
        let now = SystemClock::new().now();
        out::print(&self.command.run(now)?)?;
        Ok(())
    }
}

impl Command {
    fn run(self, now: Time) -> anyhow::Result<Text> {
        let entropy = &mut OsEntropy;
        match self {
            Self::Init {
                library,
                trust_domain,
            } => {
                Authority::init(&library.dir, &trust_domain, now, entropy)?;
                let root = library.dir.join("root");
                Ok(shown!(
                    "已建立证书库 {}，信任域 {trust_domain}，根证书有效 {ROOT_DAYS} 天。\n\
                     请把 {} 备份到离线介质；它丢失或泄露，整个信任域都要重建。\n",
                    library.dir.display(),
                    root.display()
                ))
            }
            Self::Issue { whom } => whom.issue(now),
            Self::Renew { whom } => whom.renew(now),
            Self::Revoke(revoke) => revoke.run(now),
            Self::Refresh { library } => {
                Authority::open(&library.dir)?.refresh_lists(now)?;
                let list = library.dir.join("public/crl.pem");
                Ok(shown!(
                    "吊销列表已重新签署：{}。请发给各节点。\n",
                    list.display()
                ))
            }
            Self::Publish(publish) => publish.run(now),
            Self::Show { library } => {
                let authority = Authority::open(&library.dir)?;
                let certificates = table(&authority, &authority.list()?, now);
                let lists = ages(&authority.list_ages(now)?);
                Ok(shown!(
                    "信任域 {}\n{certificates}\n{lists}",
                    authority.domain()
                ))
            }
            Self::Example { profile, out } => {
                let text = std::fs::read_to_string(&profile)
                    .with_context(|| format!("读不到清单 {}", profile.display()))?;
                let example =
                    Example::parse(&text).with_context(|| format!("清单 {}", profile.display()))?;
                example.make(&out, now, entropy)?;
                let count = example.certificates.len();
                Ok(shown!(
                    "已在 {} 生成 {count} 张示例证书。仅供测试，不得用于正式环境。\n",
                    out.display()
                ))
            }
        }
    }
}

fn table(authority: &Authority, entries: &[Entry], now: Time) -> Text {
    let mut listing = Listing::new(&["类别", "身份", "签发者", "序列号", "有效期至", "状态"]);
    // Whose domain it is stands above the table.
    let domain = format!("spiffe://{}/", authority.domain());
    for Entry { issuer, record } in entries {
        let kind = authority
            .domain()
            .subject(&record.uri)
            .map_or("其他", |subject| subject.kind());
        let state = match &record.revoked {
            Some(revocation) => {
                shown!("{} 吊销（{}）", revocation.at(), revoke::words(revocation))
            }
            None if now > record.not_after() => "已过期".into(),
            None if now < record.not_before() => "尚未生效".into(),
            None => "有效".into(),
        };
        let ends = record.not_after().to_string();
        let uri = record.uri.strip_prefix(&domain).unwrap_or(&record.uri);
        listing.row([kind, uri, issuer, record.serial(), &ends, state.as_str()]);
    }
    listing.or("还没有签发过证书")
}

/// How old each revocation list is, one a line.
fn ages(lists: &[ListAge]) -> Text {
    let days = |time: Duration| time.as_secs() / 86_400;
    let line = |list: &ListAge| {
        let state = match list.overdue {
            Some(late) => shown!("逾期 {} 天，请执行 hotline certs refresh", days(late)),
            None => "未到重签期限".into(),
        };
        let (issuer, signed_at, age) = (&list.issuer, list.signed_at, days(list.age));
        shown!("吊销列表 {issuer}：签署于 {signed_at}，已 {age} 天，{state}\n")
    };
    lists.iter().map(line).collect()
}

#[cfg(test)]
mod tests;
