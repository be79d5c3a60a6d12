//! `hotline leg`: open legs by the body that has them.

use super::door::{Caller, DoorArgs, Shown};
use super::json::Json as _;
use super::ticket::{leg_table, more};
use clap::{Args, Subcommand};
use hotline_proto::operator::v1 as pb;
use hotline_show::shown;

/// `hotline leg`.
#[derive(Debug, Args)]
pub struct LegArgs {
    #[command(flatten)]
    door: DoorArgs,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// 列出未结的交办
    List(List),
}

#[derive(Debug, Args)]
struct List {
    /// 承办单位：本级单位的代号，或区划代码；不写则列全部
    #[arg(long, default_value = "", hide_default_value = true)]
    taker: String,
    /// 只列超期的
    #[arg(long)]
    overdue: bool,
    /// 一页几项，1 到 500
    #[arg(long, default_value_t = 50)]
    limit: u32,
    /// 从上一页给出的标记接着列
    #[arg(long, default_value = "", hide_default_value = true)]
    cursor: String,
}

impl LegArgs {
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
        let request = pb::ListLegsRequest {
            taker: self.taker,
            overdue: self.overdue,
            limit: self.limit,
            cursor: self.cursor,
        };
        let answer = caller.client.list_legs(caller.who(), request).await?;
        let legs: Vec<_> = answer.legs.iter().collect();
        Ok(Shown {
            text: shown!("{}{}", leg_table(&legs), more(&answer.cursor)),
            json: answer.json(),
        })
    }
}
