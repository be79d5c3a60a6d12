//! `hotline link`: how the links to parent and children stand, what waits on them, and lifting a refusal.

use super::door::{Caller, DoorArgs, Send, Shown};
use super::json::Json as _;
use super::table::Listing;
use super::words::{time, word};
use clap::{Args, Subcommand};
use hotline_domain::link::WIRE_VERSION;
use hotline_proto::operator::v1 as pb;
use hotline_proto::operator::v1::command::Verb;
use hotline_show::{Text, shown};

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
    /// 现在就拨上级，不等下一次自动重拨
    Dial {
        /// 上级的区划代码
        region: String,
    },
    /// 等待对方确认的消息
    Queue {
        /// 对方的区划代码或名称
        region: String,
        /// 至多列几条，1 到 500
        #[arg(long, default_value_t = 50)]
        limit: u32,
    },
    /// 对方做过哪些正常节点不会做的事
    Misconduct {
        /// 对方的区划代码或名称
        region: String,
    },
    /// 查明之后，清除对方行为异常的记录，解除隔离
    Forgive {
        /// 对方的区划代码或名称
        region: String,
        #[command(flatten)]
        send: Send,
    },
    /// 人工核对之后，重新开放被拒绝的链路
    Reopen {
        /// 对方的区划代码或名称
        region: String,
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
            Command::Dial { region } => dial(caller, region).await,
            Command::Queue { region, limit } => queue(caller, region, limit).await,
            Command::Misconduct { region } => misconduct(caller, region).await,
            Command::Forgive { region, send } => {
                let verb = Verb::ForgiveLink(pb::ForgiveLink {
                    region: region.to_string(),
                });
                let done = caller.execute(&send, verb, Vec::new()).await?;
                Ok(Shown {
                    text: shown!("{region} 行为异常的记录已清除"),
                    json: done.json(),
                })
            }
            Command::Reopen { region, send } => {
                let verb = Verb::ReopenLink(pb::ReopenLink {
                    region: region.to_string(),
                });
                let done = caller.execute(&send, verb, Vec::new()).await?;
                Ok(Shown {
                    text: shown!(
                        "与 {region} 的链路已重新开放，正在重新连接；几秒后用 hotline link list 查看"
                    ),
                    json: done.json(),
                })
            }
        })
    }
}

async fn dial(caller: &Caller, region: String) -> anyhow::Result<Shown> {
    let request = pb::DialLinkRequest {
        region: region.to_string(),
    };
    let answer = caller.client.dial_link(caller.who(), request).await?;
    Ok(Shown {
        text: shown!("正在拨 {region}；几秒后用 hotline link list 查看"),
        json: answer.json(),
    })
}

async fn list(caller: &Caller) -> anyhow::Result<Shown> {
    let answer = caller
        .client
        .list_links(caller.who(), pb::ListLinksRequest {})
        .await?;
    Ok(Shown {
        text: shown!("{}{}", links(&answer.links), waiting(&answer.waiting)),
        json: answer.json(),
    })
}

fn links(links: &[pb::Link]) -> Text {
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
    let mut remarks = Text::new();
    for link in links {
        let state = match (link.connected, link.blocked.is_empty()) {
            (_, false) => "停用",
            _ if link.quarantined_until_ms != 0 => "隔离",
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
            remarks += shown!(
                "{} 只懂链路协议第 {} 版（本程序第 {WIRE_VERSION} 版），它不懂的消息等它升级\n",
                link.name,
                link.wire
            );
        }
        if !link.blocked.is_empty() {
            remarks += shown!(
                "{} 停用：{}；核对之后执行 hotline link reopen {}\n",
                link.name,
                link.blocked,
                link.region
            );
        } else if !link.connected && !link.last_error.is_empty() {
            remarks += shown!(
                "{} 断开（已试 {} 次）：{}\n",
                link.name,
                link.failures,
                link.last_error
            );
        }
    }
    for link in links.iter().filter(|link| !link.misconduct.is_empty()) {
        remarks += shown!(
            "{} 行为异常：{}；详情见 hotline link misconduct {}\n",
            link.name,
            offences(link),
            link.region
        );
    }
    shown!(
        "{}{remarks}",
        listing.numbers_from(5).or("没有上级，也没有下级节点")
    )
}

/// What no link shows: it waits for the key of a node further away.
fn waiting(waiting: &[pb::Waiting]) -> Text {
    let mut text = Text::new();
    for line in waiting.iter().filter(|line| line.for_key > 0) {
        text += shown!(
            "有 {} 条消息在等 {} {} 的封装公钥，最早写于 {}；该节点启动并连通后自动发出\n",
            line.for_key,
            line.region,
            line.name,
            time(line.oldest_ms)
        );
    }
    text
}

/// Offences with how often.
fn offences(link: &pb::Link) -> Text {
    let each = link.misconduct.iter();
    let each = each.map(|it| shown!("{} {} 次", word("offence", &it.offence), it.times));
    Text::join(each, "、")
}

async fn misconduct(caller: &Caller, region: String) -> anyhow::Result<Shown> {
    let answer = caller
        .client
        .list_links(caller.who(), pb::ListLinksRequest {})
        .await?;
    let wanted = region.trim();
    let is_meant = |link: &&pb::Link| link.region == wanted || link.name == wanted;
    let Some(link) = answer.links.iter().find(is_meant) else {
        anyhow::bail!("{region} 不是本节点的上级或直接下级；用 hotline link list 查看有哪些链路");
    };
    Ok(Shown {
        text: ledger(link),
        json: link.json(),
    })
}

/// A neighbour's ledger, and what to do about it.
fn ledger(link: &pb::Link) -> Text {
    let mut listing = Listing::new(&["行为", "次数", "最近一次", "内容"]);
    for it in &link.misconduct {
        listing.row([
            word("offence", &it.offence),
            it.times.to_string(),
            time(it.last_ms),
            it.what.clone(),
        ]);
    }
    let mut text = listing.numbers_from(1).or("没有行为异常的记录");
    if link.misconduct.is_empty() {
        return text;
    }
    text += shown!(
        "计分 {}（满 1000 隔离），已隔离 {} 次；搁置和暂存的信封 {} 件、{} 字节\n",
        link.misconduct_score,
        link.quarantines,
        link.kept,
        link.kept_bytes
    );
    if link.quarantined_until_ms != 0 {
        text += shown!(
            "隔离至 {}，到时自动再试；隔离期间对方的内容一概不收，未确认的事后重发，不会丢失\n",
            time(link.quarantined_until_ms)
        );
    }
    text += shown!("查明原因后清除记录：hotline link forgive {}\n", link.region);
    text
}

async fn queue(caller: &Caller, region: String, limit: u32) -> anyhow::Result<Shown> {
    let request = pb::ListQueueRequest { region, limit };
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
    fn a_quarantined_neighbour_is_shown_with_what_it_did_and_what_to_do() {
        let link = pb::Link {
            region: "140525000000".to_owned(),
            name: "泽州县".to_owned(),
            misconduct: vec![pb::Misconduct {
                offence: "flood".to_owned(),
                times: 3,
                last_ms: 1_763_800_000_000,
                what: "超出了准许的数量".to_owned(),
            }],
            quarantined_until_ms: 1_763_800_060_000,
            quarantines: 1,
            lanes: vec![pb::Lane::default()],
            ..pb::Link::default()
        };
        let text = links(std::slice::from_ref(&link));
        let text = text.as_str();
        assert!(
            text.contains("隔离") && text.contains("洪水 3 次"),
            "{text}"
        );
        let text = ledger(&link);
        let text = text.as_str();
        assert!(text.contains("超出了准许的数量"), "{text}");
        assert!(text.contains("hotline link forgive 140525000000"), "{text}");
        let nothing = ledger(&pb::Link::default());
        assert!(nothing.as_str().contains("没有行为异常"));
    }

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
        let text = text.as_str();
        assert!(text.contains("停用") && text.contains("下级"), "{text}");
        assert!(text.contains("hotline link reopen 140525000000"), "{text}");
    }
}
