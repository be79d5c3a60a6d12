//! `hotline ticket`: everything that people do with tickets.
//!
//! ```text
//! args.rs   what is written on the command line
//! texts.rs  the texts that each verb takes
//! verb.rs   arguments → command of the door
//! file.rs   attachments: up, down, listed
//! find.rs   a ticket's number → the leg, request or order that is meant
//! show.rs   one ticket, in full
//! list.rs   many tickets, as a table
//! readings.rs  who opened what of a ticket, and what for
//! ```
//!
//! To add a verb: its arguments in `args.rs`, its arm in `verb.rs`.

mod args;
mod file;
mod find;
mod list;
mod readings;
mod show;
mod texts;
mod verb;

use super::door::{Caller, DoorArgs, Shown};
use super::json::Json as _;
use clap::{Args, Subcommand};
use hotline_proto::operator::v1 as pb;
use hotline_show::{Text, shown};

pub(super) use list::more;
pub(super) use readings::Purpose;
pub use show::text as ticket_text;
pub(super) use show::{field_lines, leg_table};

/// `hotline ticket`.
#[derive(Debug, Args)]
pub struct TicketArgs {
    #[command(flatten)]
    door: DoorArgs,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// 列出工单
    List(list::List),
    /// 一张工单：正由谁办、督办、经过
    Show(show::Show),
    /// 谁查阅过一张工单的内容、目的是什么
    Readings(readings::Readings),
    /// 附加一个文件（图片、录音、文档）
    Attach(file::Attach),
    /// 列出附件
    Attachments(file::List),
    /// 取出一份附件，留下记录
    Fetch(file::Fetch),
    #[command(flatten)]
    Verb(Box<verb::Verb>),
}

impl TicketArgs {
    /// Runs the subcommand.
    ///
    /// # Errors
    /// Wrong usage, a refusal, or the node is not reachable.
    pub fn run(self) -> anyhow::Result<()> {
        self.door.run(async |caller| match self.command {
            Command::List(list) => list.run(caller).await,
            Command::Show(show) => show.run(caller).await,
            Command::Readings(readings) => readings.run(caller).await,
            Command::Attach(attach) => attach.run(caller).await,
            Command::Attachments(list) => list.run(caller).await,
            Command::Fetch(fetch) => fetch.run(caller).await,
            Command::Verb(verb) => run(*verb, caller).await,
        })
    }
}

async fn run(verb: verb::Verb, caller: &Caller) -> anyhow::Result<Shown> {
    let asked = verb.ask(caller).await?;
    let erasing = matches!(asked.verb, pb::command::Verb::Erase(_));
    let done = caller.execute(&asked.send, asked.verb, asked.texts).await?;
    let mut text = Text::from("已办理");
    if erasing {
        text = "已销毁；下列交办的承办节点如有副本，须在各该节点另行销毁".into();
    }
    if !done.number.is_empty() {
        text += shown!("：工单 {}", done.number);
    }
    if done.version != 0 {
        text += shown!("（第 {} 版）", done.version);
    }
    for leg in &done.legs {
        text += shown!("\n  交办 {leg}");
    }
    if !done.order.is_empty() {
        text += shown!("\n  督办单 {}", done.order);
    }
    Ok(Shown {
        text,
        json: done.json(),
    })
}
