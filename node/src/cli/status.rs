//! `hotline status`: who and where the node is, and how it is.

use super::door::{DoorArgs, Shown};
use super::json::Json as _;
use super::words::{time, word};
use clap::Args;
use hotline_domain::kernel::epoch_words;
use hotline_proto::operator::v1 as pb;
use hotline_show::{Text, shown};

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

fn text(status: &pb::NodeStatus) -> Text {
    let state: Text = if status.ready {
        links_in_a_word(&status.links).into()
    } else {
        shown!("不能办理：{}", status.not_ready_because)
    };
    let mut text = shown!(
        "{} {} {}  {state}\n节点时间 {}\n拓扑第 {} 版，规则包 {} 第 {} 版，{}\n已接受 {} 项，已落盘 {} 项，告警 {} 次\n",
        word("level", &status.level),
        status.region,
        status.name,
        time(status.time_ms),
        status.topology_version,
        status.pack,
        status.pack_version,
        epoch_words(status.epoch),
        status.accepted,
        status.applied,
        status.alarms,
    );
    tell_links(&mut text, &status.links);
    if !status.clock_held.is_empty() {
        text += shown!(
            "时钟存疑，业务计时已停（受理照常）：{}；核对时间之后执行 hotline clock confirm\n",
            status.clock_held
        );
    }
    if !status.exchanging.is_empty() {
        text += shown!(
            "数据恢复之后，还在等 {} 个节点的核对答复：{}；答复之前，恢复前的工单暂不能办\n",
            status.exchanging.len(),
            Text::join(&status.exchanging, "、")
        );
    }
    if status.missing > 0 {
        text += shown!(
            "恢复之后有 {} 项不能补回，用 hotline store missing 查看\n",
            status.missing
        );
    }
    for open in &status.open_limits {
        text += shown!("暂不受理 {open}\n");
    }
    text
}

/// Links told one by one; of more, the number is told.
const LINKS_MAX: usize = 8;

/// How the node is, going by its links.
fn links_in_a_word(links: &[pb::LinkBrief]) -> &'static str {
    let any = |state: &str| links.iter().any(|link| link.state == state);
    if any("blocked") {
        "受理照常，有链路停用"
    } else if any("quarantined") {
        "受理照常，有链路隔离"
    } else if any("disconnected") {
        "受理照常，有链路断开"
    } else {
        "正常"
    }
}

fn tell_links(text: &mut Text, links: &[pb::LinkBrief]) {
    let down = || links.iter().filter(|link| link.state != "connected");
    for link in down().take(LINKS_MAX) {
        let why = if link.why.is_empty() { "" } else { ":" };
        let heard: Text = match link.heard_at_ms {
            0 => "还没有通过".into(),
            at => shown!("最近收到 {}", time(at)),
        };
        let (side, region) = (word("side", &link.side), &link.region);
        *text += shown!(
            "与{side} {region} {} 的链路{}({heard}){why}{}",
            link.name,
            word("link", &link.state),
            link.why
        );
        let next: Text = match (link.state.as_str(), link.side.as_str()) {
            ("blocked", _) => shown!("；与对方核对之后执行 hotline link reopen {region}"),
            ("quarantined", _) => shown!("；查明之后执行 hotline link forgive {region}"),
            ("disconnected", "parent") => {
                shown!("；自动重拨，要现在拨就执行 hotline link dial {region}")
            }
            _ => ";由对方拨进来".into(),
        };
        *text += shown!("{next}\n");
    }
    if let Some(more) = down()
        .count()
        .checked_sub(LINKS_MAX)
        .filter(|more| *more > 0)
    {
        *text += shown!("另有 {more} 条链路没有接通，见 hotline link list\n");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_that_is_refused_or_down_is_told_with_the_next_step() {
        let link = |state: &str, side: &str, why: &str| pb::LinkBrief {
            region: "140500000000".to_owned(),
            name: "晋城市".to_owned(),
            side: side.to_owned(),
            state: state.to_owned(),
            why: why.to_owned(),
            heard_at_ms: 0,
        };
        let of = |links: Vec<pb::LinkBrief>| {
            let status = pb::NodeStatus {
                ready: true,
                links,
                ..pb::NodeStatus::default()
            };
            text(&status).as_str().to_owned()
        };
        let blocked = of(vec![
            link("connected", "child", ""),
            link("blocked", "parent", "对方的数据被恢复到了旧状态"),
        ]);
        assert!(
            !blocked.contains("正常") && blocked.contains("有链路停用"),
            "{blocked}"
        );
        assert!(
            blocked.contains("hotline link reopen 140500000000"),
            "{blocked}"
        );
        let down = of(vec![link("disconnected", "parent", "连接被拒绝")]);
        assert!(
            down.contains("有链路断开") && down.contains("连接被拒绝"),
            "{down}"
        );
        assert!(down.contains("hotline link dial 140500000000"), "{down}");
        let well = of(vec![link("connected", "parent", "")]);
        assert!(well.contains("正常") && !well.contains("hotline"), "{well}");
        let many = of((0..11).map(|_| link("disconnected", "child", "")).collect());
        assert!(many.contains("另有 3 条"), "{many}");
    }

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
        let text = text.as_str();
        assert!(text.contains("县级  泽州县  不能办理：磁盘已满"), "{text}");
        assert!(text.contains("hotline clock confirm"), "{text}");
    }
}
