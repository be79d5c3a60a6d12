//! `hotline status`: who and where the node is, and how it is.

use super::door::{DoorArgs, Shown};
use super::json::Json as _;
use super::words::{time, word};
use clap::Args;
use hotline_proto::operator::v1 as pb;
use std::fmt::Write as _;

/// `hotline status`.
#[derive(Debug, Args)]
pub struct StatusArgs {
    #[command(flatten)]
    door: DoorArgs,
}

impl StatusArgs {
    /// Runs the command.
    ///
    /// # Errors
    /// Wrong usage, a refusal, or the node is not reachable.
    pub fn run(self) -> anyhow::Result<()> {
        self.door.run(async |caller| {
            let request = pb::GetStatusRequest {};
            let answer = caller.client.get_status(caller.who(), request).await?;
            Ok(Shown {
                text: text(&answer),
                json: answer.json(),
            })
        })
    }
}

fn text(status: &pb::NodeStatus) -> String {
    let state = if status.ready {
        "正常".to_owned()
    } else {
        format!("不能办理:{}", status.not_ready_because)
    };
    let mut text = format!(
        "{} {} {}  {state}\n节点时间 {}\n拓扑第 {} 版,规则包 {} 第 {} 版,纪元 {}\n已接受 {} 项,已落盘 {} 项,告警 {} 次\n",
        word("level", &status.level),
        status.region,
        status.name,
        time(status.time_ms),
        status.topology_version,
        status.pack,
        status.pack_version,
        status.epoch,
        status.accepted,
        status.applied,
        status.alarms,
    );
    if !status.clock_held.is_empty() {
        let _ = writeln!(
            text,
            "时钟存疑,业务计时已停(受理照常):{};核对时间之后执行 hotline clock confirm",
            status.clock_held
        );
    }
    if !status.exchanging.is_empty() {
        let _ = writeln!(
            text,
            "数据恢复之后,还在等 {} 个节点的核对答复:{};答复之前,恢复前的工单暂不能办",
            status.exchanging.len(),
            status.exchanging.join("、")
        );
    }
    if status.missing > 0 {
        let _ = writeln!(
            text,
            "恢复之后有 {} 项不能补回,用 hotline store missing 查看",
            status.missing
        );
    }
    for open in &status.open_limits {
        let _ = writeln!(text, "暂不受理 {open}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_held_clock_says_what_to_do() {
        let status = pb::NodeStatus {
            level: "county".to_owned(),
            name: "泽州县".to_owned(),
            clock_held: "时钟跳了".to_owned(),
            not_ready_because: "磁盘已满".to_owned(),
            ..pb::NodeStatus::default()
        };
        let text = text(&status);
        assert!(text.contains("县级  泽州县  不能办理:磁盘已满"), "{text}");
        assert!(text.contains("hotline clock confirm"), "{text}");
    }
}
