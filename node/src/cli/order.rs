//! `hotline order`: supervision orders, at whoever issued them and at whoever received them.

use super::door::{Caller, DoorArgs, Shown};
use super::json::Json as _;
use super::table::Listing;
use super::ticket::{Purpose, field_lines, more};
use super::words::{time, word};
use clap::{Args, Subcommand};
use hotline_proto::operator::v1 as pb;
use hotline_show::{Text, shown};

/// `hotline order`.
#[derive(Debug, Args)]
pub struct OrderArgs {
    #[command(flatten)]
    door: DoorArgs,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// 列出督办单，新的在前
    List(List),
    /// 一份督办单：要求、催办、回复、了结
    Show(Show),
}

#[derive(Debug, Args)]
struct List {
    /// 只列这张工单、这项交办的督办单；编号可以只写开头几位
    #[arg(
        value_name = "工单或交办",
        default_value = "",
        hide_default_value = true
    )]
    about: String,
    /// 只列本节点签发的
    #[arg(long, conflicts_with = "received")]
    given: bool,
    /// 只列本节点收到的
    #[arg(long)]
    received: bool,
    /// 只列没有了结的
    #[arg(long)]
    open: bool,
    /// 一页几份，1 到 500
    #[arg(long, default_value_t = 50)]
    limit: u32,
    /// 从上一页给出的标记接着列
    #[arg(long, default_value = "", hide_default_value = true)]
    cursor: String,
}

#[derive(Debug, Args)]
struct Show {
    /// 督办单、交办或工单的编号；编号可以只写开头几位
    #[arg(value_name = "督办单")]
    order: String,
    /// 连同督办的要求和回复的文字；查阅会记录在案
    #[arg(long)]
    texts: bool,
    #[command(flatten)]
    purpose: Purpose,
}

impl OrderArgs {
    /// Runs the subcommand.
    ///
    /// # Errors
    /// Wrong usage, a refusal, or the node is not reachable.
    pub fn run(self) -> anyhow::Result<()> {
        self.door.run(async |caller| match self.command {
            Command::List(list) => list.run(caller).await,
            Command::Show(show) => show.run(caller).await,
        })
    }
}

impl List {
    async fn run(self, caller: &Caller) -> anyhow::Result<Shown> {
        let side = match (self.given, self.received) {
            (true, _) => "given",
            (_, true) => "received",
            _ => "",
        };
        let request = pb::ListOrdersRequest {
            about: self.about,
            side: side.to_owned(),
            open: self.open,
            limit: self.limit,
            cursor: self.cursor,
        };
        let answer = caller.client.list_orders(caller.who(), request).await?;
        Ok(Shown {
            text: shown!("{}{}", table(&answer.orders), more(&answer.cursor)),
            json: answer.json(),
        })
    }
}

impl Show {
    async fn run(self, caller: &Caller) -> anyhow::Result<Shown> {
        let request = pb::GetOrderRequest {
            order: self.order,
            with_texts: self.texts,
            purpose: self.purpose.purpose,
        };
        let answer = caller.client.get_order(caller.who(), request).await?;
        Ok(Shown {
            text: text(&answer),
            json: answer.json(),
        })
    }
}

fn table(orders: &[pb::OrderHere]) -> Text {
    let mut listing = Listing::new(&["督办单", "签发时间", "签发", "承办", "工单", "状态"]);
    for here in orders {
        let Some(order) = &here.order else { continue };
        listing.row([
            order.id.clone(),
            time(order.at_ms),
            here.issuer_name.clone(),
            here.taker_name.clone(),
            here.number.clone(),
            state(order),
        ]);
    }
    listing.or("没有符合的督办单")
}

/// Where an order stands, in a word.
fn state(order: &pb::SupervisionOrder) -> String {
    let words = match (order.ended_at_ms, order.replied_at_ms) {
        (0, 0) => shown!("待回复，{} 前", time(order.reply_by_ms)),
        (0, _) => Text::from("已回复"),
        _ => Text::from("已了结"),
    };
    words.as_str().to_owned()
}

fn text(detail: &pb::OrderDetail) -> Text {
    let mut text = Text::new();
    if let Some(here) = &detail.order
        && let Some(order) = &here.order
    {
        text += shown!(
            "督办单 {}\n{} 由 {} 督办 {}，事由 {}\n{}，已催 {} 次\n工单 {}，交办 {}\n",
            order.id,
            time(order.at_ms),
            here.issuer_name,
            here.taker_name,
            order.trigger,
            state(order),
            order.reminders,
            here.number,
            here.leg
        );
    }
    text.say("\n经过\n");
    for entry in &detail.entries {
        text += shown!(
            "  {}  {}  {}",
            time(entry.at_ms),
            entry.by_name,
            word("step", &entry.step)
        );
        if !entry.actor.is_empty() {
            text += shown!("({})", entry.actor);
        }
        text.say("\n");
        for field in &entry.texts {
            text += field_lines(field, 6);
        }
    }
    if !detail.readings.is_empty() {
        text.say("\n查阅\n");
    }
    for reading in &detail.readings {
        text += shown!(
            "  {}  {}  目的：{}，{}\n",
            time(reading.at_ms),
            reading.who,
            word("purpose", &reading.purpose),
            word("entrance", &reading.entrance)
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_shows_what_was_said_of_it_in_its_order() {
        let entry = |step: &str, by: &str, words: &str| pb::OrderEntry {
            step: step.to_owned(),
            by_name: by.to_owned(),
            at_ms: 1_772_611_200_000,
            texts: vec![pb::Text {
                field: "instruction".to_owned(),
                value: words.to_owned(),
                erased: false,
            }],
            ..pb::OrderEntry::default()
        };
        let detail = pb::OrderDetail {
            order: Some(pb::OrderHere {
                order: Some(pb::SupervisionOrder {
                    replied_at_ms: 1,
                    ..pb::SupervisionOrder::default()
                }),
                ..pb::OrderHere::default()
            }),
            entries: vec![
                entry("issued", "省", "限期办结"),
                entry("replied", "县", "明日办结"),
            ],
            readings: vec![pb::Reading {
                who: "督办员甲".to_owned(),
                purpose: "supervise".to_owned(),
                ..pb::Reading::default()
            }],
        };
        let text = text(&detail);
        let text = text.as_str();
        let (issued, replied) = (text.find("限期办结"), text.find("明日办结"));
        assert!(issued.is_some() && issued < replied, "{text}");
        assert!(
            text.contains("省  签发") && text.contains("县  回复"),
            "{text}"
        );
        assert!(text.contains("已回复"), "{text}");
        assert!(text.contains("督办员甲  目的：督办"), "{text}");
    }
}
