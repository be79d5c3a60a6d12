//! `hotline ticket show`: one ticket in full: who has it, at which level, on which day; texts only when asked for.

use super::readings::Purpose;
use crate::cli::door::{Caller, Shown};
use crate::cli::json::Json as _;
use crate::cli::table::{Listing, id, number};
use crate::cli::words::{category, due, time, word};
use clap::Args;
use hotline_proto::operator::v1 as pb;
use hotline_show::{Text, shown};

/// Which ticket.
#[derive(Debug, Args)]
pub struct Show {
    /// 工单编号，或工单、交办的编号
    #[arg(value_name = "工单")]
    ticket: String,
    /// 连同诉求人信息和各项文字；须写明目的，查阅先记录在案，再显示
    #[arg(long)]
    texts: bool,
    #[command(flatten)]
    purpose: Purpose,
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
            purpose: self.purpose.purpose,
        };
        let answer = caller.client.get_ticket(caller.who(), request).await?;
        Ok(Shown {
            text: text(&answer),
            json: answer.json(),
        })
    }
}

/// A ticket as people read it.
pub fn text(detail: &pb::TicketDetail) -> Text {
    let mut text = Text::new();
    if let Some(ticket) = &detail.ticket {
        text += header(ticket);
    }
    for field in &detail.texts {
        text += field_lines(field, 0);
    }
    if !detail.withheld.is_empty() {
        let fields = detail.withheld.iter().map(|field| word("field", field));
        text += shown!(
            "无权查看：{}
",
            Text::join(fields, "、")
        );
    }
    text += whereabouts(detail);
    let closed: Vec<_> = detail
        .legs
        .iter()
        .filter(|leg| !leg.closure.is_empty())
        .collect();
    if !closed.is_empty() {
        text += shown!("\n已结束的交办\n{}", leg_table(&closed));
    }
    text += orders(&detail.legs);
    text.say("\n经过\n");
    for entry in &detail.timeline {
        text += timeline_line(entry, &detail.legs);
    }
    if let Some(ticket) = detail.ticket.as_ref().filter(|_| detail.older_readings) {
        text += shown!(
            "更早的查阅记录：hotline ticket readings {}\n",
            ticket.number
        );
    }
    text
}

/// A name, or the code where a node of the release before sends none.
fn named<'a>(name: &'a str, code: &'a str) -> &'a str {
    if name.is_empty() { code } else { name }
}

fn header(ticket: &pb::Ticket) -> Text {
    let mut text = shown!(
        "工单 {}  {}\n{}  {}  {}  渠道 {}\n{} 由 {} 受理",
        ticket.number,
        word("stage", &ticket.stage),
        word("kind", &ticket.kind),
        category(&ticket.category),
        word("urgency", &ticket.urgency),
        word("channel", &ticket.channel),
        time(ticket.taken_in_at_ms),
        named(&ticket.origin_name, &ticket.origin),
    );
    if ticket.due_ms != 0 {
        let late = if ticket.overdue {
            "（已超期）"
        } else {
            ""
        };
        let date = due(ticket.due_ms, ticket.due_provisional);
        text += shown!("，期限 {date}{late}");
    }
    if !ticket.place.is_empty() {
        text += shown!("，事发地 {}", named(&ticket.place_name, &ticket.place));
    }
    if ticket.closed_at_ms != 0 {
        text += shown!(
            "\n{} 办结：{}",
            time(ticket.closed_at_ms),
            named(&ticket.closed_label, &ticket.closed_ground)
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
        .map(|(what, count)| shown!("{what} {count} 次"))
        .collect();
    if !counts.is_empty() {
        text += shown!("\n{}", Text::join(&counts, "，"));
    }
    text += shown!("\n编号 {}，第 {} 版\n", ticket.matter, ticket.version);
    text
}

/// 正由谁办、哪一级、第几天: one line for each open leg, own ones and sights.
fn whereabouts(detail: &pb::TicketDetail) -> Text {
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
            Text::new()
        } else {
            "\n尚未交办，由本级负责\n".into()
        };
    }
    let mut text = Text::from("\n正在办理\n");
    for leg in open {
        text += shown!("  {}\n", where_now(leg));
    }
    text
}

fn where_now(leg: &pb::Leg) -> Text {
    let mut text = shown!(
        "{}，{}，第 {} 天",
        leg.taker_name,
        word("leg", &leg.stage),
        leg.days.saturating_add(1)
    );
    if ["lead", "co-handler"].contains(&leg.role.as_str()) {
        text += shown!("，{}", word("role", &leg.role));
    }
    if leg.overdue_since_ms != 0 {
        text += shown!("，自 {} 起超期", time(leg.overdue_since_ms));
    } else if leg.due_ms != 0 {
        let date = due(leg.due_ms, leg.due_provisional);
        text += shown!("，期限 {date}");
    }
    if leg.request != 0 {
        text += shown!(
            "，第 {} 号申请（{}）待审",
            leg.request,
            word("asking", &leg.asking)
        );
    }
    text += shown!("，交办 {}", leg.id);
    text
}

/// Legs as a table; shared with `hotline leg list`.
pub fn leg_table(legs: &[&pb::Leg]) -> Text {
    let mut listing = Listing::new(&["交办", "工单", "承办", "状态", "交出时间", "期限", "第几天"]);
    for leg in legs {
        let state = if leg.closure.is_empty() {
            word("leg", &leg.stage)
        } else {
            word("closure", &leg.closure)
        };
        listing.row([
            id(&leg.id),
            number(&leg.number),
            leg.taker_name.clone(),
            state,
            time(leg.offered_at_ms),
            due(leg.due_ms, leg.due_provisional),
            leg.days.saturating_add(1).to_string(),
        ]);
    }
    listing.or("没有符合的交办")
}

fn orders(legs: &[pb::Leg]) -> Text {
    let mut text = Text::new();
    for leg in legs {
        for order in &leg.orders {
            let state = match (order.ended_at_ms, order.replied_at_ms) {
                (0, 0) => shown!(
                    "{} 前回复，已催 {} 次",
                    time(order.reply_by_ms),
                    order.reminders
                ),
                (0, replied) => shown!("{} 已回复", time(replied)),
                (ended, _) => shown!("{} 已了结", time(ended)),
            };
            text += shown!(
                "  {} 由 {} 督办 {}（{}），{state}，督办单 {}\n",
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
    shown!("\n督办\n{text}")
}

fn timeline_line(entry: &pb::TimelineEntry, legs: &[pb::Leg]) -> Text {
    let taker = legs
        .iter()
        .find(|leg| !entry.leg.is_empty() && leg.id == entry.leg)
        .map_or("", |leg| leg.taker_name.as_str());
    let who = match (entry.actor.as_str(), entry.party.as_str()) {
        ("", "taker") if !taker.is_empty() => taker,
        ("", "taker") => "承办方",
        ("", "giver") => "交办方",
        ("", _) => "系统",
        (name, _) => name,
    };
    let mut text = shown!("  {}  {who}  {}", time(entry.at_ms), entry.words);
    // Of several bodies, the words alone do not say which one leads.
    if ["ticket.lead-named", "leg.name-lead"].contains(&entry.what.as_str()) && !taker.is_empty() {
        text += shown!("（{taker}）");
    }
    // What was recorded more than a minute after it happened says when it happened.
    if entry.happened_at_ms != 0 && entry.at_ms - entry.happened_at_ms >= 60_000 {
        text += shown!("（发生于 {}）", time(entry.happened_at_ms));
    }
    text.say("\n");
    for field in &entry.texts {
        text += field_lines(field, 6);
    }
    text
}

/// A text from outside: beside its name where it is one line, else below it, each line marked; shared with `hotline order
/// show`.
pub fn field_lines(field: &pb::Text, indent: usize) -> Text {
    let name = word("field", &field.field);
    let mut text = shown!("{}{name}：", " ".repeat(indent));
    if field.erased {
        text.say("（已依法删除）\n");
    } else if field.value.contains(['\n', '\r', '\u{2028}', '\u{2029}']) {
        text.say("\n");
        text.block(indent + 2, &field.value);
    } else {
        text.line(&field.value);
    }
    text
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
        let text = text.as_str();
        let line = "乡级 大阳镇 便民服务中心，办理中，第 3 天，期限 2026-03-04 17:00";
        assert!(text.contains(line), "{text}");
    }

    #[test]
    fn an_erased_field_says_so_and_a_late_record_says_when_it_happened() {
        let field = pb::Text {
            field: "contact".to_owned(),
            value: String::new(),
            erased: true,
        };
        assert_eq!(
            field_lines(&field, 0).as_str(),
            "联系方式：（已依法删除）\n"
        );
        let entry = pb::TimelineEntry {
            at_ms: 1_772_614_800_000,
            happened_at_ms: 1_772_611_200_000,
            words: "签收".to_owned(),
            ..pb::TimelineEntry::default()
        };
        let line = timeline_line(&entry, &[]);
        assert_eq!(
            line.as_str(),
            "  2026-03-04 17:00  系统  签收（发生于 2026-03-04 16:00）\n"
        );
    }

    #[test]
    fn a_timeline_says_which_body() {
        let leg = pb::Leg {
            id: "a1".to_owned(),
            taker_name: "乡级 大阳镇".to_owned(),
            ..pb::Leg::default()
        };
        let entry = |what: &str, party: &str, words: &str| pb::TimelineEntry {
            what: what.to_owned(),
            leg: "a1".to_owned(),
            party: party.to_owned(),
            words: words.to_owned(),
            ..pb::TimelineEntry::default()
        };
        let line = |entry| timeline_line(&entry, std::slice::from_ref(&leg));
        let signed = line(entry("leg.sign", "taker", "签收"));
        assert!(signed.as_str().contains("乡级 大阳镇  签收"), "{signed:?}");
        let named = line(entry("ticket.lead-named", "", "第 1 任主办已定"));
        assert!(
            named.as_str().contains("第 1 任主办已定（乡级 大阳镇）"),
            "{named:?}"
        );
    }

    #[test]
    fn no_text_looks_like_a_line_of_the_timeline() {
        let field = pb::Text {
            field: "content".to_owned(),
            value: "灯坏\u{1b}[2J\r\n  2026-03-04 17:00  系统  办结：已解决".to_owned(),
            erased: false,
        };
        let lines = field_lines(&field, 0);
        assert_eq!(
            lines.as_str(),
            "内容：\n  │ 灯坏␛[2J\n  │   2026-03-04 17:00  系统  办结：已解决\n"
        );
    }
}
