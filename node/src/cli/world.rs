//! `hotline topology sign`, `publish`, `status` and `hotline certs publish`: signed documents, made, handed in, looked at.

use super::Told;
use super::door::{Caller, DoorArgs, Send, Shown};
use super::json::Json as _;
use super::table::Listing;
use super::words::{time, word};
use crate::identity::authority::{Authority, Signer};
use crate::out;
use anyhow::Context as _;
use clap::{Args, ValueEnum};
use hotline_domain::world::{DocumentKind, Header, Series};
use hotline_proto::operator::v1 as pb;
use hotline_proto::operator::v1::command::Verb;
use hotline_show::{Text, shown};
use hotline_topology::{Calendar, Fault, Federation, PolicyPack, RegionKey, Time};
use std::path::{Path, PathBuf};

/// What a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum What {
    /// 拓扑
    Topology,
    /// 工作日历
    Calendar,
    /// 规则包
    Pack,
}

/// `hotline topology sign`.
#[derive(Debug, Args)]
pub struct Sign {
    /// 拓扑、日历或规则包文件
    file: PathBuf,
    /// 这是什么文件
    #[arg(long, value_enum, default_value = "topology")]
    kind: What,
    /// 证书库所在目录
    #[arg(long, default_value = "certs")]
    dir: PathBuf,
    /// 由哪个行政区划的签发机构签署（只限规则包）；不写则由根签署
    #[arg(long)]
    by: Option<RegionKey>,
    /// 日历属于哪个最上级区划
    #[arg(long, required_if_eq("kind", "calendar"))]
    scope: Option<RegionKey>,
    /// 日历的生效时间，如 2026-03-02 00:00；拓扑和规则包写在文件里
    #[arg(long, required_if_eq("kind", "calendar"))]
    effective: Option<Time>,
    /// 写到这个文件
    #[arg(long)]
    out: PathBuf,
}

impl Sign {
    /// Checks the file as a whole and signs it.
    ///
    /// # Errors
    /// Every fault of the file; a signer that is not here.
    pub fn run(self) -> anyhow::Result<()> {
        let text = std::fs::read_to_string(&self.file)
            .with_context(|| format!("读不了 {}", self.file.display()))?;
        let name = self.file.display().to_string();
        let header = self.header(&name, &text)?;
        let by = self.by.map_or(Signer::Root, Signer::Region);
        let bytes = Authority::open(&self.dir)?.seal(by, &header, text.into_bytes())?;
        write(&self.out, &bytes)?;
        out::print(&told(&header, &self.out))?;
        Ok(())
    }

    fn header(&self, name: &str, text: &str) -> anyhow::Result<Header> {
        let header = |kind, scope, name: &str, version, effective_at| Header {
            series: Series {
                kind,
                scope,
                name: name.to_owned(),
            },
            version,
            effective_at,
        };
        match self.kind {
            What::Topology => {
                let tree = Federation::parse(name, text).map_err(faulty)?;
                let (root, version, from) = (tree.root(), tree.version(), tree.effective_from());
                Ok(header(DocumentKind::Topology, root, "", version, from))
            }
            What::Calendar => {
                let calendar = Calendar::parse(name, text).map_err(faulty)?;
                let (Some(scope), Some(from)) = (self.scope, self.effective) else {
                    anyhow::bail!("日历须写明 --scope 和 --effective");
                };
                let version = calendar.version();
                Ok(header(DocumentKind::Calendar, scope, "", version, from))
            }
            What::Pack => {
                let pack = PolicyPack::parse(name, text).map_err(faulty)?;
                let issuer = pack
                    .issuer
                    .context("规则包没有写 issuer（发布的区划），不能下发")?;
                let (id, version, from) = (&pack.id, pack.version, pack.effective_from);
                Ok(header(DocumentKind::Pack, issuer, id, version, from))
            }
        }
    }
}

fn faulty(faults: Vec<Fault>) -> anyhow::Error {
    let mut text: Text = faults.iter().map(|fault| shown!("{fault}\n")).collect();
    text += shown!("共 {} 处问题", faults.len());
    Told(text).into()
}

/// What `hotline certs publish` signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Kept {
    /// 信任根：全部根证书
    Roots,
    /// 吊销列表
    Lists,
}

/// `hotline certs publish`.
#[derive(Debug, Args)]
pub struct PublishKept {
    /// 签署什么
    #[arg(value_enum)]
    what: Kept,
    /// 证书库所在目录
    #[arg(long, default_value = "certs")]
    dir: PathBuf,
    /// 由哪个行政区划的签发机构签署（只限吊销列表）；不写则由根签署
    #[arg(long)]
    by: Option<RegionKey>,
    /// 属于哪个区划：由根签署的写最上级区划，由签发机构签署的写其区划
    #[arg(long)]
    scope: RegionKey,
    /// 版本号，只能增大；不写则取当前时间的秒数
    #[arg(long)]
    revision: Option<u32>,
    /// 生效时间，如 2026-03-02 00:00；不写则立即
    #[arg(long)]
    effective: Option<Time>,
    /// 写到这个文件
    #[arg(long)]
    out: PathBuf,
}

impl PublishKept {
    /// Signs roots or lists; `now` is when they hold from.
    ///
    /// # Errors
    /// A signer that is not here, or a file that cannot be read or written.
    pub fn run(self, now: Time) -> anyhow::Result<Text> {
        let authority = Authority::open(&self.dir)?;
        let by = self.by.map_or(Signer::Root, Signer::Region);
        let mut text = Text::new();
        let (kind, content) = match self.what {
            Kept::Roots => (DocumentKind::Trust, authority.roots_pem()?),
            Kept::Lists => {
                let lists = authority.lists(by, now)?;
                for (issuer, ended) in &lists.ended {
                    text += shown!(
                        "{issuer} 的证书已于 {ended} 到期；它的吊销列表照常列入：它签发过的证书签过的信，多年以后仍要据以判断。\n"
                    );
                }
                (DocumentKind::Revocations, lists.pem)
            }
        };
        let version = match self.revision {
            Some(version) => version,
            None => u32::try_from(now.0.div_euclid(1000)).context("当前时间不能作版本号")?,
        };
        let header = Header {
            series: Series {
                kind,
                scope: self.scope,
                name: String::new(),
            },
            version,
            effective_at: self.effective.unwrap_or(now),
        };
        let bytes = authority.seal(by, &header, content.into_bytes())?;
        write(&self.out, &bytes)?;
        text += told(&header, &self.out);
        Ok(text)
    }
}

fn write(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    std::fs::write(path, bytes).with_context(|| format!("写 {} 失败", path.display()))
}

fn told(header: &Header, out: &Path) -> Text {
    shown!(
        "已签署 {} 第 {} 版，{} 起生效：{}。在最上级节点执行 hotline topology publish 下发。",
        header.series,
        header.version,
        header.effective_at,
        out.display()
    )
}

/// `hotline topology publish`.
#[derive(Debug, Args)]
pub struct Publish {
    #[command(flatten)]
    door: DoorArgs,
    /// 签署过的文件
    files: Vec<PathBuf>,
}

impl Publish {
    /// Hands documents in at a node, which passes them on to those below.
    ///
    /// # Errors
    /// Wrong usage, a refusal, or the node is not reachable.
    pub fn run(self) -> anyhow::Result<()> {
        self.door.run(async |caller| {
            let mut text = Text::new();
            let mut last = pb::Done::default();
            for file in &self.files {
                let document =
                    std::fs::read(file).with_context(|| format!("读不了 {}", file.display()))?;
                let verb = Verb::PublishDocument(pb::PublishDocument { document });
                last = caller.execute(&Send::default(), verb, Vec::new()).await?;
                text += shown!("{} 已采用，正在下发\n", file.display());
            }
            Ok(Shown {
                text,
                json: last.json(),
            })
        })
    }
}

/// `hotline topology status`.
#[derive(Debug, Args)]
pub struct Status {
    #[command(flatten)]
    door: DoorArgs,
}

impl Status {
    /// Shows versions in force and to come, here and at the neighbours.
    ///
    /// # Errors
    /// Wrong usage, a refusal, or the node is not reachable.
    pub fn run(self) -> anyhow::Result<()> {
        self.door.run(async |caller| status(caller).await)
    }
}

async fn status(caller: &Caller) -> anyhow::Result<Shown> {
    let request = pb::GetWorldRequest {};
    let answer = caller.client.get_world(caller.who(), request).await?;
    Ok(Shown {
        text: overview(&answer),
        json: answer.json(),
    })
}

fn overview(world: &pb::World) -> Text {
    let mut text = shown!(
        "现行拓扑第 {} 版，规则包 {} 第 {} 版\n",
        world.topology_version,
        world.pack,
        world.pack_version
    );
    if !world.succeeded_by.is_empty() {
        text += match world.open_tickets {
            0 => shown!(
                "本节点已并入 {}，已清空，可以在下一版拓扑中除去\n",
                world.succeeded_by
            ),
            open => shown!(
                "本节点已并入 {}，不再受理，尚有 {open} 件未结\n",
                world.succeeded_by
            ),
        };
    }
    let mut listing = Listing::new(&["文件", "区划", "名称", "版本", "生效", "状态", "来自"]);
    for document in &world.documents {
        let state = match document.in_force_at_ms {
            0 => "待生效".to_owned(),
            at => format!("{} 起生效", time(at)),
        };
        let from = match document.from.is_empty() {
            true => "本节点".to_owned(),
            false => document.from.clone(),
        };
        listing.row([
            word("document", &document.kind),
            document.scope.clone(),
            document.name.clone(),
            document.version.to_string(),
            time(document.effective_at_ms),
            state,
            from,
        ]);
    }
    text += listing.or("没有签署过的文件，只用配置中的");
    let age = |at: i64| match at {
        0 => "未知".to_owned(),
        at => format!("{} 天", (world.time_ms - at).max(0) / 86_400_000),
    };
    text.say("\n");
    let mut listing = Listing::new(&["相邻节点", "拓扑版本", "吊销列表已", "未得文件", "最近报告"]);
    for near in &world.neighbours {
        listing.row([
            format!("{} {}", near.region, near.name),
            near.topology_version.to_string(),
            age(near.lists_at_ms),
            near.behind.to_string(),
            time(near.heard_at_ms),
        ]);
    }
    text += listing.or("没有相邻节点");
    text.say("\n");
    for list in &world.lists {
        let late = match list.overdue_ms {
            0 => Text::new(),
            late => shown!("，应已更新，逾期 {} 天", late / 86_400_000),
        };
        text += shown!(
            "吊销列表 {}：签署于 {}，已 {}{late}\n",
            list.issuer,
            time(list.signed_at_ms),
            age(list.signed_at_ms)
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_neighbour_that_lags_shows_by_how_much() {
        let world = pb::World {
            topology_version: 3,
            neighbours: vec![pb::WorldNeighbour {
                region: "140525000000".into(),
                topology_version: 2,
                lists_at_ms: 1,
                behind: 1,
                ..pb::WorldNeighbour::default()
            }],
            time_ms: 20 * 86_400_000,
            ..pb::World::default()
        };
        let text = overview(&world);
        let text = text.as_str();
        assert!(
            text.contains("现行拓扑第 3 版") && text.contains("19 天"),
            "{text}"
        );
        assert!(text.contains("没有签署过的文件"), "{text}");
    }
}
