//! `hotline keys`: the key that far nodes seal to: shown, changed, revoked; and what was destroyed.

use super::door::{Caller, DoorArgs, Send, Shown};
use super::json::Json as _;
use super::table::Listing;
use super::words::time;
use clap::{Args, Subcommand};
use hotline_proto::operator::v1 as pb;
use hotline_proto::operator::v1::command::Verb;
use hotline_show::{Text, shown};

/// `hotline keys`.
#[derive(Debug, Args)]
pub struct KeysArgs {
    #[command(flatten)]
    door: DoorArgs,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// 本节点和各节点的封装密钥，等待密钥或回执的消息，已销毁的密钥
    List {
        /// 已销毁的至多列几条，1 到 500
        #[arg(long, default_value_t = 20)]
        limit: u32,
    },
    /// 启用新的封装密钥；旧的留到在途内容的保留期满，再销毁
    Rotate(Change),
    /// 旧的封装密钥可能已外泄：启用新的，立即销毁旧的，通知所有节点不再使用
    Revoke(Change),
}

#[derive(Debug, Args)]
struct Change {
    /// 事由，写入记录；不要写个人信息
    #[arg(long)]
    reason: String,
    #[command(flatten)]
    send: Send,
}

impl KeysArgs {
    /// Runs the subcommand.
    ///
    /// # Errors
    /// Wrong usage, a refusal, or the node is not reachable.
    pub fn run(self) -> anyhow::Result<()> {
        self.door.run(async |caller| match self.command {
            Command::List { limit } => list(caller, limit).await,
            Command::Rotate(change) => rotate(caller, change, false).await,
            Command::Revoke(change) => rotate(caller, change, true).await,
        })
    }
}

async fn rotate(caller: &Caller, change: Change, revoke: bool) -> anyhow::Result<Shown> {
    let Change { reason, send } = change;
    let verb = Verb::RotateKey(pb::RotateKey { revoke, reason });
    let done = caller.execute(&send, verb, Vec::new()).await?;
    let text = if revoke {
        "旧密钥已吊销，新密钥已启用；在途而打不开的内容由发件节点改封重发"
    } else {
        "新密钥已启用；旧密钥留到保留期满"
    };
    Ok(Shown {
        text: text.into(),
        json: done.json(),
    })
}

async fn list(caller: &Caller, limit: u32) -> anyhow::Result<Shown> {
    let request = pb::ListKeysRequest { limit };
    let answer = caller.client.list_keys(caller.who(), request).await?;
    Ok(Shown {
        text: text(&answer),
        json: answer.json(),
    })
}

fn text(answer: &pb::ListKeysResponse) -> Text {
    let mut own = Listing::new(&["本节点密钥", "启用", "保留到"]);
    for key in &answer.own {
        let until = match key.retire_at_ms {
            0 => "在用".to_owned(),
            at => time(at),
        };
        own.row([key.no.to_string(), time(key.made_at_ms), until]);
    }
    let mut known = Listing::new(&["节点", "密钥", "启用", "可封到"]);
    for key in &answer.known {
        known.row([
            format!("{} {}", key.region, key.name),
            key.no.to_string(),
            time(key.not_before_ms),
            time(key.not_after_ms),
        ]);
    }
    let mut out = shown!("{}\n{}", own.or("本节点还没有封装密钥"), known.or(""));
    if !answer.waiting.is_empty() {
        let mut waiting = Listing::new(&["收件者", "等公钥", "等回执", "最早写入"]);
        for line in &answer.waiting {
            waiting.row([
                format!("{} {}", line.region, line.name),
                line.for_key.to_string(),
                line.for_word.to_string(),
                time(line.oldest_ms),
            ]);
        }
        out += shown!("\n{}", waiting.or(""));
    }
    if !answer.destroyed.is_empty() {
        let mut gone = Listing::new(&[
            "已销毁",
            "内容",
            "时间",
            "操作人",
            "事由",
            "仍能打开的最早备份",
        ]);
        for line in &answer.destroyed {
            let of = match line.sealing_key {
                0 => format!("工单 {}", line.matter),
                no => format!("第 {no} 号封装密钥"),
            };
            let actor = match line.actor.as_str() {
                "" => "（到期）".to_owned(),
                actor => actor.to_owned(),
            };
            let backup = match line.oldest_backup_ms {
                0 => "无备份记录".to_owned(),
                at => time(at),
            };
            gone.row([
                format!("槽 {}", line.slot),
                of,
                time(line.at_ms),
                actor,
                line.reason.clone(),
                backup,
            ]);
        }
        out += shown!("\n{}", gone.or(""));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_waits_and_what_is_gone_is_said_in_words() {
        let answer = pb::ListKeysResponse {
            own: vec![pb::HeldKey {
                no: 7,
                made_at_ms: 1_773_018_000_000,
                retire_at_ms: 0,
            }],
            known: Vec::new(),
            waiting: vec![pb::Waiting {
                region: "140525100000".to_owned(),
                name: "南村镇".to_owned(),
                for_key: 3,
                for_word: 0,
                oldest_ms: 1_773_018_000_000,
            }],
            destroyed: vec![pb::DestroyedKey {
                slot: 9,
                sealing_key: 6,
                at_ms: 1_773_018_000_000,
                reason: "保留期满".to_owned(),
                ..pb::DestroyedKey::default()
            }],
        };
        let text = text(&answer);
        let text = text.as_str();
        for words in [
            "在用",
            "南村镇",
            "第 6 号封装密钥",
            "（到期）",
            "无备份记录",
        ] {
            assert!(text.contains(words), "{words}: {text}");
        }
    }
}
