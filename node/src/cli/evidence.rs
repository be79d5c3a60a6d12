//! `hotline evidence`: what a node can show of a leg or a matter, and what a third party makes of it.

use crate::audit;
use crate::cli::Ends;
use crate::cli::door::Usage;
use crate::clock::{Clock as _, SystemClock};
use crate::evidence::answer::Asked;
use crate::evidence::bundle::{Bundle, FILE_BYTES_MAX, File, read, write};
use crate::evidence::gather::gather;
use crate::evidence::judge::{Given, judge};
use crate::evidence::ready::ready;
use crate::evidence::trust::{Dated, Trusted};
use crate::evidence::verdict::Class;
use crate::evidence::words;
use crate::identity::signing::{SigningKey, of_statements};
use crate::identity::{Material, chain};
use crate::out;
use crate::store::disk::{Disk, RealDisk};
use crate::store::log::LogReader;
use crate::store::tool;
use anyhow::Context as _;
use clap::{Args, Subcommand};
use hotline_domain::evidence::{Notary, Signature, Signer};
use hotline_domain::link::LogHead;
use hotline_show::{Text, shown};
use hotline_topology::{Federation, RegionKey, Time};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::UNIX_EPOCH;

/// `hotline evidence`.
#[derive(Debug, Args)]
pub struct EvidenceArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// 从节点的数据文件夹导出一份交办或一件工单的全部签名证据；节点运行与否均可
    Export {
        /// 工单编号、诉求编号或交办编号
        subject: String,
        /// 节点的数据文件夹，或 store export 的导出文件夹
        #[arg(long)]
        data: PathBuf,
        /// 节点的证书文件夹：用其私钥给证据盖章，先自查；不写则不盖章
        #[arg(long)]
        certs: Option<PathBuf>,
        /// 答复这些证据文件：其中凡有本节点签名的交办都写进去；日志止于其前的不盖章
        #[arg(long, num_args = 1..)]
        answers: Vec<PathBuf>,
        /// 写到这个新文件
        #[arg(long, default_value = "evidence.bin")]
        out: PathBuf,
    },
    /// 几个节点的日志一起核对：不丢、不重、有人负责、统计相符、每次移交有签名有回执
    Audit {
        /// 各节点的 store export 导出文件夹
        #[arg(required = true)]
        exports: Vec<PathBuf>,
        /// 拓扑文件
        #[arg(long)]
        topology: PathBuf,
        /// 信任文件夹：写了就逐一验证签名，证书按信件写成时判断，写成时间晚于导出时间的按导出时间
        #[arg(long)]
        trust: Option<PathBuf>,
        /// 一律按这一时刻判断证书
        #[arg(long, requires = "trust")]
        at: Option<Time>,
        /// 各节点已停止收发、队列已空：双方必须一致，移交必须都有回执
        #[arg(long)]
        quiet: bool,
    },
    /// 核验一份或几份证据，几份之间互相对质；只需信任文件夹，不需节点
    Verify {
        /// 证据文件
        #[arg(required = true)]
        files: Vec<PathBuf>,
        /// 信任文件夹：roots*.crt、crl*.pem，有各版拓扑 federation*.toml 更好
        #[arg(long)]
        trust: PathBuf,
        /// 拓扑文件，代替信任文件夹里的 federation*.toml；几版就写几次
        #[arg(long)]
        topology: Vec<PathBuf>,
        /// 当作现在是这一时刻，只影响证书、吊销列表是否到期；用于演示时钟下的证据
        #[arg(long)]
        at: Option<Time>,
        /// 输出 JSON
        #[arg(long)]
        json: bool,
    },
}

/// The input cannot be used; exit code 2.
fn unusable(error: &anyhow::Error) -> anyhow::Error {
    Usage(shown!("{error:#}")).into()
}

impl EvidenceArgs {
    /// Runs the subcommand.
    ///
    /// # Errors
    /// [`Usage`] where the input cannot be used; else what was found wrong.
    pub fn run(self) -> anyhow::Result<()> {
        match self.command {
            Command::Export {
                subject,
                data,
                certs,
                answers,
                out: file,
            } => {
                let words = export(&subject, &data, certs.as_deref(), &answers, &file)
                    .map_err(|error| unusable(&error))?;
                out::print(&words)?;
                Ok(())
            }
            Command::Audit {
                exports,
                topology,
                trust,
                at,
                quiet,
            } => {
                let verdict = audit(&exports, &topology, trust.as_deref(), at, quiet)
                    .map_err(|error| unusable(&error))?;
                out::print(&verdict.text())?;
                anyhow::ensure!(verdict.is_clean(), "核对发现问题，见上");
                Ok(())
            }
            Command::Verify {
                files,
                trust,
                topology,
                at,
                json,
            } => {
                let trusted = Trusted::load(&trust, &topology).map_err(|error| unusable(&error))?;
                let now = at.unwrap_or_else(|| SystemClock::new().now());
                let given = files
                    .iter()
                    .map(|file| open(file))
                    .collect::<anyhow::Result<Vec<Given>>>()
                    .map_err(|error| unusable(&error))?;
                let judged = judge(given, &trusted, now);
                if json {
                    out::print_json(&words::report_json(&judged))?;
                } else {
                    out::print(&words::report(&judged))?;
                }
                if let code @ 1.. = judged.exit() {
                    let words = match code {
                        1 => "签名之间有矛盾，见上",
                        2 => "有文件不可用，见上",
                        _ => "有的内容不能证明，见上",
                    };
                    return Err(Ends { code, words }.into());
                }
                Ok(())
            }
        }
    }
}

pub(crate) fn audit(
    exports: &[PathBuf],
    topology: &Path,
    trust: Option<&Path>,
    at: Option<Time>,
    quiet: bool,
) -> anyhow::Result<audit::Verdict> {
    let text = std::fs::read_to_string(topology)
        .with_context(|| format!("读不了拓扑文件 {}", topology.display()))?;
    let federation = Federation::parse(&topology.display().to_string(), &text);
    let federation = federation.map_err(|faults| {
        let first = faults.first().map(ToString::to_string);
        anyhow::anyhow!("拓扑文件有误：{}", first.unwrap_or_default())
    })?;
    let trusted = trust.map(|folder| {
        let mut trusted = Trusted::load(folder, &[])?;
        trusted.add_tree(topology)?;
        anyhow::Ok(trusted)
    });
    let trusted = trusted.transpose()?;
    let disk: Arc<dyn Disk> = Arc::new(RealDisk);
    let (mut logs, mut chains) = (audit::Logs::new(), Vec::new());
    let mut made = BTreeMap::new();
    for dir in exports {
        let reader = LogReader::open(Arc::clone(&disk), dir)
            .with_context(|| format!("{} 不是导出的日志", dir.display()))?;
        let node: RegionKey = reader.node().parse()?;
        made.extend(made_at(dir).map(|at| (node, at)));
        let checked = tool::verify_export(&*disk, dir);
        chains.push(audit::Chain {
            node,
            outcome: checked
                .map(|report| report.checked)
                .map_err(|error| error.to_string()),
        });
        let log =
            audit::export(&reader).with_context(|| format!("{} 的日志不能解读", dir.display()))?;
        anyhow::ensure!(
            logs.insert(node, log).is_none(),
            "{node} 的日志给了两份，每个节点只要一份"
        );
    }
    let notary = trusted.map(|trusted| Dated { trusted, at, made });
    Ok(audit::judge(&audit::Case {
        quiet,
        chains: &chains,
        notary: notary.as_ref().map(|notary| notary as &dyn Notary),
        ..audit::Case::new(&logs, &federation)
    }))
}

/// When an export was made, by the machine that wrote its list of contents.
fn made_at(export: &Path) -> Option<Time> {
    let written = std::fs::metadata(export.join(tool::MANIFEST)).ok()?;
    let since = written.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
    i64::try_from(since.as_millis()).ok().map(Time)
}

/// A file that cannot be read is an error of the caller; one whose content is no evidence counts as not given.
fn open(path: &Path) -> anyhow::Result<Given> {
    let name = path.display().to_string();
    let bytes = std::fs::metadata(path)
        .with_context(|| format!("读不了 {name}"))?
        .len();
    anyhow::ensure!(
        bytes <= FILE_BYTES_MAX,
        "{name} 有 {bytes} 字节，超过证据文件的上限"
    );
    let file = std::fs::read(path).with_context(|| format!("读不了 {name}"))?;
    Ok((name, read(&file)))
}

/// The files that are to be answered; one that cannot be read cannot be answered either.
fn answered(paths: &[PathBuf]) -> anyhow::Result<Vec<(String, File)>> {
    let files = paths.iter().map(|path| {
        let (name, file) = open(path)?;
        let file = file.with_context(|| format!("{name} 不能用，也就无从答复"))?;
        Ok((name, file))
    });
    files.collect()
}

fn export(
    subject: &str,
    data: &Path,
    certs: Option<&Path>,
    answers: &[PathBuf],
    out: &Path,
) -> anyhow::Result<Text> {
    let disk: Arc<dyn Disk> = Arc::new(RealDisk);
    let log = data.join("log");
    let dir = if log.is_dir() { log } else { data.to_owned() };
    let reader = LogReader::open(disk, &dir)
        .with_context(|| format!("{} 不是节点的数据文件夹或导出文件夹", data.display()))?;
    let now = SystemClock::new().now();
    let node: RegionKey = reader.node().parse()?;
    let key = certs.map(|folder| Key::load(folder, node)).transpose()?;
    let asked = match &key {
        _ if answers.is_empty() => Asked::default(),
        Some((_, trusted)) => Asked::of(answered(answers)?, node, trusted, now),
        None => {
            anyhow::bail!("--answers 要用节点的证书认出自己的签名，还要盖章；请同时指定 --certs")
        }
    };
    let (mut bundle, head) = gather(&reader, subject, &asked.legs)?;
    (bundle.sealed_at, bundle.answers) = (now, asked.files.clone());
    let unsealed = write(&bundle, None).map_err(anyhow::Error::msg)?;
    let (bytes, sealed) = match key {
        None => (unsealed, "未盖章（没有指定 --certs）".to_owned()),
        Some(key) => match seal(&reader, &mut bundle, (head, &asked), key)? {
            Ok(bytes) => (bytes, "已盖章".to_owned()),
            Err(why) => (unsealed, format!("未盖章：{why}")),
        },
    };
    let mut file = std::fs::File::create_new(out)
        .with_context(|| format!("不能新建 {}；已有的文件不覆盖", out.display()))?;
    std::io::Write::write_all(&mut file, &bytes)
        .and_then(|()| file.sync_all())
        .with_context(|| format!("写 {} 失败", out.display()))?;
    Ok(shown!(
        "{} 截至 {}（第 {} 号提交）的证据：交办 {} 份，信件 {} 封，{sealed}；写入 {}",
        bundle.node,
        bundle.made_at,
        head.commit,
        bundle.legs.len(),
        bundle.letters.len(),
        out.display()
    ))
}

/// The file under its node's seal, or why it must stay unsealed: a seal binds the node by what the file leaves out, so it is
/// given only by a node that knows its own past, and never over what the judge would hold against it.
fn seal(
    reader: &LogReader,
    bundle: &mut Bundle,
    (head, asked): (LogHead, &Asked),
    (key, trusted): (Key, Trusted),
) -> anyhow::Result<Result<Vec<u8>, String>> {
    if let Some(commit) = asked.beyond(head) {
        return Ok(Err(format!(
            "所答文件中有本节点第 {commit} 号提交的签名，这份日志却只到第 {} 号：可能是旧备份；请在现用的数据文件夹上导出",
            head.commit
        )));
    }
    if let Err(why) = ready(reader)? {
        return Ok(Err(why.to_string()));
    }
    let own = (bundle.node, key.chain());
    if !bundle.certificates.contains(&own) {
        bundle.certificates.push(own);
    }
    let bytes = write(bundle, Some((&key, head))).map_err(anyhow::Error::msg)?;
    let given = vec![("本文件".to_owned(), read(&bytes))];
    let judged = judge(given, &trusted, bundle.sealed_at);
    let of_self = judged
        .findings
        .into_iter()
        .find(|found| found.class == Class::Lie && found.who == bundle.node);
    let unusable = judged.unusable.into_iter().next().map(|(_, why)| why);
    Ok(match of_self.map(|found| found.words).or(unusable) {
        Some(why) => Err(format!(
            "日志自身有矛盾，请先用 hotline store verify 检查：{why}"
        )),
        None => Ok(bytes),
    })
}

/// A node's key from its folder.
struct Key {
    chain: Vec<Vec<u8>>,
    key: SigningKey,
}

impl Key {
    /// With it what the folder trusts.
    fn load(folder: &Path, node: RegionKey) -> anyhow::Result<(Self, Trusted)> {
        let material = Material::load_node(folder)?;
        let leaf = material.chain.first().context("证书文件夹中没有证书")?;
        let domain = chain::trust_domain_of(leaf).context("证书中没有信任域")?;
        let own = crate::identity::claimed_identity(leaf, &domain)?;
        anyhow::ensure!(
            own.region == node,
            "证书属于 {}，而日志属于 {node}",
            own.region
        );
        let key = Self {
            chain: material.chain.iter().map(|der| der.to_vec()).collect(),
            key: SigningKey::read(&material.key)?,
        };
        Ok((key, Trusted::of_node(&material)))
    }
}

impl Signer for Key {
    fn chain(&self) -> Vec<Vec<u8>> {
        self.chain.clone()
    }

    fn sign(&self, what: &[u8; 32]) -> Result<Signature, String> {
        let signed = self.key.sign(&of_statements(what));
        let signed = signed.map_err(|error| error.to_string())?;
        Ok(Signature {
            algorithm: u32::from(signed.algorithm),
            bytes: signed.bytes,
        })
    }
}
