//! `hotline ticket list`: tickets as a table.

use crate::cli::door::{Caller, Shown};
use crate::cli::json::Json as _;
use crate::cli::table::Listing;
use crate::cli::words::{category, due, time, word};
use clap::Args;
use hotline_proto::operator::v1 as pb;
use hotline_show::{Text, shown};

/// Which tickets, and how many.
#[derive(Debug, Args)]
pub struct List {
    /// 状态:open、assigned、reviewing、closed;可写多个;不写则为未办结的
    #[arg(long = "stage", value_delimiter = ',')]
    stages: Vec<String>,
    /// 类型
    #[arg(long, default_value = "", hide_default_value = true)]
    kind: String,
    /// 分类代码,或其前几位
    #[arg(long, default_value = "", hide_default_value = true)]
    category: String,
    /// 只列超期的
    #[arg(long)]
    overdue: bool,
    /// 只列本级受理的
    #[arg(long)]
    own: bool,
    /// 次序:oldest、newest、due
    #[arg(long, default_value = "oldest")]
    sort: String,
    /// 一页几张,1 到 500
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
        "编号",
        "状态",
        "类型",
        "分类",
        "紧急",
        "受理时间",
        "期限",
        "超期",
    ]);
    for ticket in tickets {
        listing.row([
            ticket.number.clone(),
            word("stage", &ticket.stage),
            word("kind", &ticket.kind),
            category(&ticket.category),
            word("urgency", &ticket.urgency),
            time(ticket.taken_in_at_ms),
            due(ticket.due_ms, ticket.due_provisional),
            if ticket.overdue { "超期" } else { "" }.to_owned(),
        ]);
    }
    listing.or("没有符合的工单")
}

/// How to go on where a page is not the last.
pub fn more(cursor: &str) -> Text {
    if cursor.is_empty() {
        return Text::new();
    }
    shown!("还有更多,接着列:--cursor {cursor}\n")
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
            taken_in_at_ms: 1_772_614_800_000,
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
            "2026-03-04 17:00",
            "超期",
        ] {
            assert!(line.contains(word), "{word} in {text}");
        }
    }
}
