//! `hotline link`: how the links to parent and children stand, what waits on them, and lifting a refusal.

use super::door::{Caller, DoorArgs, Send, Shown};
use super::json::Json as _;
use super::table::Listing;
use super::words::{time, word};
use clap::{Args, Subcommand};
use hotline_domain::link::WIRE_VERSION;
use hotline_proto::operator::v1 as pb;
use hotline_proto::operator::v1::command::Verb;
use hotline_topology::RegionKey;
use std::fmt::Write as _;

/// `hotline link`.
#[derive(Debug, Args)]
pub struct LinkArgs {
    #[command(flatten)]
    door: DoorArgs,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// 各条链路的状况
    List,
    /// 等待对方确认的消息
    Queue {
        /// 对方的区划代码
        region: RegionKey,
        /// 至多列几条,1 到 500
        #[arg(long, default_value_t = 50)]
        limit: u32,
    },
    /// 人工核对之后,重新开放被拒绝的链路
    Reopen {
        /// 对方的区划代码
        region: RegionKey,
        #[command(flatten)]
        send: Send,
    },
}

impl LinkArgs {
    /// Runs the subcommand.
    ///
    /// # Errors
    /// Wrong usage, a refusal, or the node is not reachable.
    pub fn run(self) -> anyhow::Result<()> {
        self.door.run(async |caller| match self.command {
            Command::List => list(caller).await,
            Command::Queue { region, limit } => queue(caller, region, limit).await,
            Command::Reopen { region, send } => {
                let verb = Verb::ReopenLink(pb::ReopenLink {
                    region: region.to_string(),
                });
                let done = caller.execute(&send, verb, Vec::new()).await?;
                Ok(Shown {
                    text: format!("与 {region} 的链路已重新开放"),
                    json: done.json(),
                })
            }
        })
    }
}

async fn list(caller: &Caller) -> anyhow::Result<Shown> {
    let answer = caller
        .client
        .list_links(caller.who(), pb::ListLinksRequest {})
        .await?;
    Ok(Shown {
        text: format!("{}{}", links(&answer.links), waiting(&answer.waiting)),
        json: answer.json(),
    })
}

fn links(links: &[pb::Link]) -> String {
    let mut listing = Listing::new(&[
        "对方",
        "关系",
        "状况",
        "最近收到",
        "车道",
        "已发",
        "待确认",
        "已收",
    ]);
    let mut remarks = String::new();
    for link in links {
        let state = match (link.connected, link.blocked.is_empty()) {
            (_, false) => "停用",
            (true, true) => "连通",
            (false, true) => "断开",
        };
        for (at, lane) in link.lanes.iter().enumerate() {
            let first = |text: String| if at == 0 { text } else { String::new() };
            listing.row([
                first(format!("{} {}", link.region, link.name)),
                first(word("side", &link.side)),
                first(state.to_owned()),
                first(time(link.heard_at_ms)),
                word("lane", &lane.lane),
                lane.sent.to_string(),
                lane.sent.saturating_sub(lane.acknowledged).to_string(),
                lane.received.to_string(),
            ]);
        }
        if link.wire > 0 && link.wire < WIRE_VERSION {
            let _ = writeln!(
                remarks,
                "{} 只懂链路协议第 {} 版(本程序第 {WIRE_VERSION} 版),它不懂的消息等它升级",
                link.name, link.wire
            );
        }
        if !link.blocked.is_empty() {
            let _ = writeln!(
                remarks,
                "{} 停用:{};核对之后执行 hotline link reopen {}",
                link.name, link.blocked, link.region
            );
        } else if !link.connected && !link.last_error.is_empty() {
            let _ = writeln!(
                remarks,
                "{} 断开(已试 {} 次):{}",
                link.name, link.failures, link.last_error
            );
        }
    }
    format!(
        "{}{remarks}",
        listing.numbers_from(5).or("没有上级,也没有下级节点")
    )
}

/// What no link shows: it waits for the key of a node further away.
fn waiting(waiting: &[pb::Waiting]) -> String {
    let mut text = String::new();
    for line in waiting.iter().filter(|line| line.for_key > 0) {
        let _ = writeln!(
            text,
            "有 {} 条消息在等 {} {} 的封装公钥,最早写于 {};该节点启动并连通后自动发出",
            line.for_key,
            line.region,
            line.name,
            time(line.oldest_ms)
        );
    }
    text
}

async fn queue(caller: &Caller, region: RegionKey, limit: u32) -> anyhow::Result<Shown> {
    let request = pb::ListQueueRequest {
        region: region.to_string(),
        limit,
    };
    let answer = caller.client.list_queue(caller.who(), request).await?;
    let mut listing = Listing::new(&[
        "车道",
        "序号",
        "写入时间",
        "收件者",
        "种类",
        "字节",
        "工单",
        "交办",
    ]);
    for envelope in &answer.envelopes {
        listing.row([
            word("lane", &envelope.lane),
            envelope.seq.to_string(),
            time(envelope.written_at_ms),
            envelope.addressee.clone(),
            envelope.kind.to_string(),
            envelope.payload_bytes.to_string(),
            envelope.matter.clone(),
            envelope.leg.clone(),
        ]);
    }
    Ok(Shown {
        text: listing.or("没有等待确认的消息"),
        json: answer.json(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_blocked_link_says_what_to_do() {
        let lane = pb::Lane {
            lane: "urgent".to_owned(),
            sent: 7,
            acknowledged: 5,
            received: 3,
        };
        let link = pb::Link {
            region: "140525000000".to_owned(),
            name: "泽州县".to_owned(),
            side: "child".to_owned(),
            blocked: "对方回到了旧磁盘".to_owned(),
            lanes: vec![lane],
            ..pb::Link::default()
        };
        let text = links(&[link]);
        assert!(text.contains("停用") && text.contains("下级"), "{text}");
        assert!(text.contains("hotline link reopen 140525000000"), "{text}");
    }
}
