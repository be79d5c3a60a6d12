//! `hotline clock`: a person confirms the node's time after a jump.

use super::door::{DoorArgs, Send, Shown};
use super::json::Json as _;
use clap::{Args, Subcommand};
use hotline_proto::operator::v1 as pb;
use hotline_proto::operator::v1::command::Verb;

/// `hotline clock`.
#[derive(Debug, Args)]
pub struct ClockArgs {
    #[command(flatten)]
    door: DoorArgs,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// 核对时间无误之后，确认时钟，恢复受理
    Confirm {
        #[command(flatten)]
        send: Send,
    },
}

impl ClockArgs {
    /// Runs the subcommand.
    ///
    /// # Errors
    /// Wrong usage, a refusal, or the node is not reachable.
    pub fn run(self) -> anyhow::Result<()> {
        let Command::Confirm { send } = self.command;
        self.door.run(async |caller| {
            let verb = Verb::ConfirmClock(pb::ConfirmClock {});
            let done = caller.execute(&send, verb, Vec::new()).await?;
            Ok(Shown {
                text: "时钟已确认".into(),
                json: done.json(),
            })
        })
    }
}
