//! `hotline ticket list`: tickets as a table.

use crate::cli::door::{Caller, Shown};
use crate::cli::json::Json as _;
use crate::cli::table::{Listing, number};
use crate::cli::words::{category, due, word};
use clap::Args;
use hotline_proto::operator::v1 as pb;
use hotline_show::{Text, shown};

/// Which tickets, and how many.
#[derive(Debug, Args)]
pub struct List {
    /// 状态：待派、在办、待审、已办结（open、assigned、reviewing、closed）；可写多个；不写则为未办结的
    #[arg(long = "stage", value_delimiter = ',')]
    stages: Vec<String>,
    /// 类型，代码或名称
    #[arg(long, default_value = "", hide_default_value = true)]
    kind: String,
    /// 事项分类：代码、代码的前几位或名称
    #[arg(long, default_value = "", hide_default_value = true)]
    category: String,
    /// 只列超期的
    #[arg(long)]
    overdue: bool,
    /// 只列本级受理的
    #[arg(long)]
    own: bool,
    /// 只列自己（或本单位）经办的
    #[arg(long)]
    mine: bool,
    /// 只列等自己办的：待派、待审、待签收、待办、待回复；要看待回访的，加 --stage 已办结
    #[arg(long)]
    waiting: bool,
    /// 只列编号、标题、事发地、承办中含有这些词的；编号至少写四位
    #[arg(long, value_name = "词", default_value = "", hide_default_value = true)]
    search: String,
    /// 次序：oldest、newest、due
    #[arg(long, default_value = "oldest")]
    sort: String,
    /// 一页几张，1 到 500
    #[arg(long, default_value_t = 50)]
    limit: u32,
    /// 从上一页给出的标记接着列
    #[arg(long, default_value = "", hide_default_value = true)]
    cursor: String,
}

impl List {
    /// Asks and shows one page.
    ///
    /// # Errors
    /// The node refuses or cannot be reached.
    pub async fn run(self, caller: &Caller) -> anyhow::Result<Shown> {
        let request = pb::ListTicketsRequest {
            stages: self.stages,
            kind: self.kind,
            category: self.category,
            overdue: self.overdue,
            own: self.own,
            mine: self.mine,
            waiting: self.waiting,
            search: self.search,
            sort: self.sort,
            limit: self.limit,
            cursor: self.cursor,
        };
        let answer = caller.client.list_tickets(caller.who(), request).await?;
        Ok(Shown {
            text: shown!("{}{}", table(&answer.tickets), more(&answer.cursor)),
            json: answer.json(),
        })
    }
}

fn table(tickets: &[pb::Ticket]) -> Text {
    let mut listing = Listing::new(&[
        "编号", "状态", "标题", "类型", "分类", "地点", "承办", "期限",
    ]);
    for ticket in tickets {
        let urgent = match ticket.urgency.as_str() {
            "normal" | "" => String::new(),
            other => format!("·{}", word("urgency", other)),
        };
        let late = if ticket.overdue { " 超期" } else { "" };
        listing.row([
            number(&ticket.number),
            word("stage", &ticket.stage),
            ticket.title.clone(),
            format!("{}{urgent}", word("kind", &ticket.kind)),
            category(&ticket.category),
            ticket.place_name.clone(),
            if ticket.with.is_empty() {
                "本级".to_owned()
            } else {
                ticket.with.clone()
            },
            format!("{}{late}", due(ticket.due_ms, ticket.due_provisional)),
        ]);
    }
    listing.or("没有符合的工单")
}

/// How to go on where a page is not the last.
pub fn more(cursor: &str) -> Text {
    if cursor.is_empty() {
        return Text::new();
    }
    shown!("还有更多，接着列：--cursor {cursor}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ticket_is_one_line_in_words() {
        let ticket = pb::Ticket {
            number: "TEST-1".to_owned(),
            stage: "assigned".to_owned(),
            kind: "complaint".to_owned(),
            category: "0201".to_owned(),
            urgency: "urgent".to_owned(),
            due_ms: 1_772_614_800_000,
            title: "路灯不亮".to_owned(),
            overdue: true,
            ..pb::Ticket::default()
        };
        let text = table(&[ticket]);
        let text = text.as_str();
        let line = text.lines().last().unwrap();
        for word in [
            "TEST-1",
            "在办",
            "投诉",
            "0201 供水",
            "紧急",
            "2026-03-04 17:00 超期",
            "路灯不亮",
            "本级",
        ] {
            assert!(line.contains(word), "{word} in {text}");
        }
    }
}
