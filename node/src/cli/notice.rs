//! `hotline notice`: exception notices, newest first.

use super::door::{Caller, DoorArgs, Shown};
use super::json::Json as _;
use super::table::Listing;
use super::ticket::more;
use super::words::{category, time, word};
use clap::{Args, Subcommand};
use hotline_proto::operator::v1 as pb;
use hotline_show::{Text, shown};

/// `hotline notice`.
#[derive(Debug, Args)]
pub struct NoticeArgs {
    #[command(flatten)]
    door: DoorArgs,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// 列出异常通报，新的在前
    List(List),
}

#[derive(Debug, Args)]
struct List {
    /// 一页几份，1 到 500
    #[arg(long, default_value_t = 50)]
    limit: u32,
    /// 从上一页给出的标记接着列
    #[arg(long, default_value = "", hide_default_value = true)]
    cursor: String,
}

impl NoticeArgs {
    /// Runs the subcommand.
    ///
    /// # Errors
    /// Wrong usage, a refusal, or the node is not reachable.
    pub fn run(self) -> anyhow::Result<()> {
        let Command::List(list) = self.command;
        self.door.run(async |caller| list.run(caller).await)
    }
}

impl List {
    async fn run(self, caller: &Caller) -> anyhow::Result<Shown> {
        let request = pb::ListNoticesRequest {
            limit: self.limit,
            cursor: self.cursor,
        };
        let answer = caller.client.list_notices(caller.who(), request).await?;
        Ok(Shown {
            text: shown!("{}{}", table(&answer.notices), more(&answer.cursor)),
            json: answer.json(),
        })
    }
}

fn table(notices: &[pb::Notice]) -> Text {
    let mut listing = Listing::new(&[
        "通报时间",
        "原因",
        "工单",
        "类型",
        "分类",
        "交办方",
        "承办方",
        "期限",
        "通报者",
    ]);
    for notice in notices {
        listing.row([
            time(notice.raised_at_ms),
            word("reason", &notice.reason),
            notice.number.clone(),
            word("kind", &notice.kind),
            category(&notice.category),
            notice.giver.clone(),
            notice.taker.clone(),
            time(notice.due_ms),
            notice.raised_by.clone(),
        ]);
    }
    listing.or("没有异常通报")
}
