//! What all client commands share: where the node is, who asks, and how the answer is printed.

use super::client::{CallError, Client};
use crate::config::Config;
use crate::entropy::{Entropy as _, OsEntropy};
use crate::out;
use clap::Args;
use hotline_proto::operator::v1 as pb;
use hotline_proto::operator::v1::command::Verb;
use hotline_show::Text;
use serde_json::{Value, json};
use std::path::PathBuf;

/// The command line asks for what cannot be asked; nothing was sent.
#[derive(Debug, thiserror::Error)]
#[error("{}", .0.as_str())]
pub struct Usage(pub Text);

/// Where the node is and who asks.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "通用选项")]
pub struct DoorArgs {
    /// 节点操作口的套接字；优先于 --config
    #[arg(long, global = true, env = "HOTLINE_SOCKET", value_name = "路径")]
    pub socket: Option<PathBuf>,
    /// 节点的配置文件，从中取套接字的路径
    #[arg(long, global = true, env = "HOTLINE_CONFIG", value_name = "文件")]
    pub config: Option<PathBuf>,
    /// 以谁的名义；只有前端系统的用户可以代人操作
    #[arg(long = "as", global = true, value_name = "操作人")]
    pub person: Option<String>,
    /// 输出一个 JSON 值
    #[arg(long, global = true)]
    pub json: bool,
    /// 表格不按终端的宽度折行
    #[arg(long, global = true)]
    pub wide: bool,
}

/// A connected caller.
#[derive(Debug, Clone)]
pub struct Caller {
    /// The node.
    pub client: Client,
    /// Whose name is told to the node.
    pub person: Option<String>,
    /// Print JSON.
    pub json: bool,
}

impl DoorArgs {
    fn socket(&self) -> anyhow::Result<PathBuf> {
        if let Some(socket) = &self.socket {
            return Ok(socket.clone());
        }
        let Some(config) = &self.config else {
            let words =
                "不知道节点在哪里：请用 --socket 指明套接字，或用 --config 指明节点的配置文件";
            return Err(Usage(words.into()).into());
        };
        Ok(Config::load(config)?.operator.socket)
    }

    /// Connects, lets `work` call the node, and prints what it brings: as a text, or as JSON. With `--json` a refusal is
    /// printed as JSON too.
    ///
    /// # Errors
    /// [`Usage`], faults of the configuration, [`CallError`], or a failing standard output.
    pub fn run<F>(self, work: F) -> anyhow::Result<()>
    where
        F: AsyncFnOnce(&Caller) -> anyhow::Result<Shown>,
    {
        let json = self.json;
        if self.wide {
            out::be_wide();
        }
        let done = self.call(work);
        match &done {
            Ok(shown) if json => out::print_json(&shown.json)?,
            Ok(shown) => out::print(&shown.text)?,
            Err(error) if json => {
                if let Some(error) = error.downcast_ref() {
                    out::print_json(&refused(error))?;
                }
            }
            Err(_) => {}
        }
        done.map(drop)
    }

    fn call<F>(self, work: F) -> anyhow::Result<Shown>
    where
        F: AsyncFnOnce(&Caller) -> anyhow::Result<Shown>,
    {
        let socket = self.socket()?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        runtime.block_on(async {
            let caller = Caller {
                client: Client::connect(&socket).await?,
                person: self.person,
                json: self.json,
            };
            work(&caller).await
        })
    }
}

/// An answer, ready to be printed either way.
#[derive(Debug, Clone)]
pub struct Shown {
    /// For people.
    pub text: Text,
    /// For programs.
    pub json: Value,
}

/// How a command is sent.
#[derive(Debug, Clone, Default, Args)]
pub struct Send {
    /// 幂等键：结果不明时用同一个键重发，不会办两次；不写则随机生成
    #[arg(long, value_name = "键")]
    pub key: Option<String>,
    /// 操作人看到的工单版本；其后有人改动则拒绝
    #[arg(
        long,
        value_name = "版本",
        default_value_t = 0,
        hide_default_value = true
    )]
    pub seen: u32,
}

impl Caller {
    /// Who asks, for the client's calls.
    #[must_use]
    pub fn who(&self) -> Option<&str> {
        self.person.as_deref()
    }

    /// Sends a command; when its outcome is unknown the error names the key to send it again with.
    ///
    /// # Errors
    /// [`CallError`], or no random bytes for a key.
    pub async fn execute(
        &self,
        send: &Send,
        verb: Verb,
        texts: Vec<pb::Text>,
    ) -> anyhow::Result<pb::Done> {
        let key = match &send.key {
            Some(key) => key.clone(),
            None => drawn()?,
        };
        let command = pb::Command {
            key: key.clone(),
            seen: send.seen,
            texts,
            verb: Some(verb),
        };
        let done = self.client.execute(self.who(), command).await;
        Ok(done.map_err(|error| error.under(&key))?)
    }
}

/// A random idempotency key.
///
/// # Errors
/// No random bytes.
pub fn drawn() -> anyhow::Result<String> {
    let mut bits = [0; 16];
    OsEntropy.fill(&mut bits)?;
    Ok(format!("{:032x}", u128::from_be_bytes(bits)))
}

fn refused(error: &CallError) -> Value {
    json!({ "error": {
        "rule": error.rule,
        "article": error.article,
        "message": error.message,
        "code": format!("{:?}", error.code),
        "outcome_unknown": error.is_outcome_unknown(),
    }})
}
