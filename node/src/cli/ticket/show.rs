//! `hotline ticket show`: one ticket in full: who has it, at which level, on which day; texts only when asked for.

use crate::cli::door::{Caller, Shown};
use crate::cli::json::Json as _;
use crate::cli::table::Listing;
use crate::cli::words::{category, time, word};
use clap::Args;
use hotline_proto::operator::v1 as pb;
use std::fmt::Write as _;

/// Which ticket.
#[derive(Debug, Args)]
pub struct Show {
    /// 工单编号,或工单、交办的编号
    #[arg(value_name = "工单")]
    ticket: String,
    /// 连同诉求人信息和各项文字;查阅会记录在案
    #[arg(long)]
    texts: bool,
}

impl Show {
    /// Asks and shows.
    ///
    /// # Errors
    /// The node refuses or cannot be reached.
    pub async fn run(self, caller: &Caller) -> anyhow::Result<Shown> {
        let request = pb::GetTicketRequest {
            ticket: self.ticket,
            with_texts: self.texts,
        };
        let answer = caller.client.get_ticket(caller.who(), request).await?;
        Ok(Shown {
            text: text(&answer),
            json: answer.json(),
        })
    }
}

fn text(detail: &pb::TicketDetail) -> String {
    let mut text = String::new();
    if let Some(ticket) = &detail.ticket {
        text.push_str(&header(ticket));
    }
    for field in &detail.texts {
        text.push_str(&field_line(field, ""));
    }
    if !detail.withheld.is_empty() {
        let fields = detail.withheld.iter().map(|field| word("field", field));
        let _ = writeln!(text, "无权查看：{}", fields.collect::<Vec<_>>().join("、"));
    }
    text.push_str(&whereabouts(detail));
    let closed: Vec<_> = detail
        .legs
        .iter()
        .filter(|leg| !leg.closure.is_empty())
        .collect();
    if !closed.is_empty() {
        let _ = write!(text, "\n已结束的交办\n{}", leg_table(&closed));
    }
    text.push_str(&orders(&detail.legs));
    text.push_str("\n经过\n");
    for entry in &detail.timeline {
        text.push_str(&timeline_line(entry));
    }
    text
}

fn header(ticket: &pb::Ticket) -> String {
    let mut text = format!(
        "工单 {}  {}\n{}  {}  {}  渠道 {}\n{} 由 {} 受理",
        ticket.number,
        word("stage", &ticket.stage),
        word("kind", &ticket.kind),
        category(&ticket.category),
        word("urgency", &ticket.urgency),
        word("channel", &ticket.channel),
        time(ticket.taken_in_at_ms),
        ticket.origin,
    );
    if ticket.due_ms != 0 {
        let late = if ticket.overdue { "(已超期)" } else { "" };
        let _ = write!(text, ",期限 {}{late}", time(ticket.due_ms));
    }
    if !ticket.place.is_empty() {
        let _ = write!(text, ",事发地 {}", ticket.place);
    }
    if ticket.closed_at_ms != 0 {
        let _ = write!(
            text,
            "\n{} 办结:{}",
            time(ticket.closed_at_ms),
            ticket.closed_ground
        );
    }
    let counts = [
        ("退单", ticket.returns),
        ("流转", ticket.hops),
        ("重办", ticket.redos),
    ];
    let counts: Vec<_> = counts
        .iter()
        .filter(|(_, count)| *count > 0)
        .map(|(what, count)| format!("{what} {count} 次"))
        .collect();
    if !counts.is_empty() {
        let _ = write!(text, "\n{}", counts.join(","));
    }
    let _ = writeln!(text, "\n编号 {},第 {} 版", ticket.matter, ticket.version);
    text
}

/// 正由谁办、哪一级、第几天: one line for each open leg, own ones and sights.
fn whereabouts(detail: &pb::TicketDetail) -> String {
    let open: Vec<_> = detail
        .legs
        .iter()
        .filter(|leg| leg.closure.is_empty())
        .collect();
    if open.is_empty() {
        let closed = detail
            .ticket
            .as_ref()
            .is_some_and(|ticket| ticket.closed_at_ms != 0);
        return if closed {
            String::new()
        } else {
            "\n尚未交办,由本级负责\n".to_owned()
        };
    }
    let mut text = String::from("\n正在办理\n");
    for leg in open {
        let _ = writeln!(text, "  {}", where_now(leg));
    }
    text
}

fn where_now(leg: &pb::Leg) -> String {
    let mut text = format!(
        "{},{},第 {} 天",
        leg.taker_name,
        word("leg", &leg.stage),
        leg.days.saturating_add(1)
    );
    if ["lead", "co-handler"].contains(&leg.role.as_str()) {
        let _ = write!(text, ",{}", word("role", &leg.role));
    }
    if leg.overdue_since_ms != 0 {
        let _ = write!(text, ",自 {} 起超期", time(leg.overdue_since_ms));
    } else if leg.due_ms != 0 {
        let doubt = if leg.due_provisional { "(暂定)" } else { "" };
        let _ = write!(text, ",期限 {}{doubt}", time(leg.due_ms));
    }
    if leg.request != 0 {
        let _ = write!(
            text,
            ",第 {} 号申请({})待审",
            leg.request,
            word("asking", &leg.asking)
        );
    }
    let _ = write!(text, ",交办 {}", leg.id);
    text
}

/// Legs as a table; shared with `hotline leg list`.
pub fn leg_table(legs: &[&pb::Leg]) -> String {
    let mut listing = Listing::new(&["交办", "工单", "承办", "状态", "交出时间", "期限", "第几天"]);
    for leg in legs {
        let state = if leg.closure.is_empty() {
            word("leg", &leg.stage)
        } else {
            word("closure", &leg.closure)
        };
        listing.row([
            leg.id.clone(),
            leg.number.clone(),
            leg.taker_name.clone(),
            state,
            time(leg.offered_at_ms),
            time(leg.due_ms),
            leg.days.saturating_add(1).to_string(),
        ]);
    }
    listing.or("没有符合的交办")
}

fn orders(legs: &[pb::Leg]) -> String {
    let mut text = String::new();
    for leg in legs {
        for order in &leg.orders {
            let state = match (order.ended_at_ms, order.replied_at_ms) {
                (0, 0) => format!(
                    "{} 前回复,已催 {} 次",
                    time(order.reply_by_ms),
                    order.reminders
                ),
                (0, replied) => format!("{} 已回复", time(replied)),
                (ended, _) => format!("{} 已了结", time(ended)),
            };
            let _ = writeln!(
                text,
                "  {} 由 {} 督办 {}({}),{state},督办单 {}",
                time(order.at_ms),
                order.issuer,
                leg.taker_name,
                order.trigger,
                order.id
            );
        }
    }
    if text.is_empty() {
        return text;
    }
    format!("\n督办\n{text}")
}

fn timeline_line(entry: &pb::TimelineEntry) -> String {
    let who = match (entry.actor.as_str(), entry.party.as_str()) {
        ("", "taker") => "承办方",
        ("", "giver") => "交办方",
        ("", _) => "系统",
        (name, _) => name,
    };
    let mut text = format!("  {}  {who}  {}", time(entry.at_ms), entry.words);
    // What was recorded more than a minute after it happened says when it happened.
    if entry.happened_at_ms != 0 && entry.at_ms - entry.happened_at_ms >= 60_000 {
        let _ = write!(text, "(发生于 {})", time(entry.happened_at_ms));
    }
    text.push('\n');
    for field in &entry.texts {
        text.push_str(&field_line(field, "      "));
    }
    text
}

fn field_line(field: &pb::Text, indent: &str) -> String {
    let value = if field.erased {
        "(已依法删除)"
    } else {
        field.value.as_str()
    };
    format!("{indent}{}:{value}\n", word("field", &field.field))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_open_leg_says_who_at_which_level_on_which_day() {
        let leg = pb::Leg {
            taker_name: "乡级 大阳镇 便民服务中心".to_owned(),
            stage: "signed".to_owned(),
            side: "sight".to_owned(),
            days: 2,
            due_ms: 1_772_614_800_000,
            ..pb::Leg::default()
        };
        let detail = pb::TicketDetail {
            ticket: Some(pb::Ticket::default()),
            legs: vec![leg],
            ..pb::TicketDetail::default()
        };
        let text = text(&detail);
        let line = "乡级 大阳镇 便民服务中心,办理中,第 3 天,期限 2026-03-04 17:00";
        assert!(text.contains(line), "{text}");
    }

    #[test]
    fn an_erased_field_says_so_and_a_late_record_says_when_it_happened() {
        let field = pb::Text {
            field: "contact".to_owned(),
            value: String::new(),
            erased: true,
        };
        assert_eq!(field_line(&field, ""), "联系方式:(已依法删除)\n");
        let entry = pb::TimelineEntry {
            at_ms: 1_772_614_800_000,
            happened_at_ms: 1_772_611_200_000,
            words: "签收".to_owned(),
            ..pb::TimelineEntry::default()
        };
        let line = timeline_line(&entry);
        assert_eq!(
            line,
            "  2026-03-04 17:00  系统  签收(发生于 2026-03-04 16:00)\n"
        );
    }
}
