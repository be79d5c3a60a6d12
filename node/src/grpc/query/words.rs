//! Timeline entries in words, without personal data. Codes are said in the words of the packs that are known here.

use super::show::body_name;
use crate::app::Known;
use hotline_domain::attachment::{Attachment, AttachmentId};
use hotline_domain::fact::Fact;
use hotline_domain::leg::{Act, Asking, Due, RecallGround};
use hotline_domain::ticket::TicketAct;
use hotline_topology::policy::Ground;
use hotline_topology::{PolicyPack, category_name};

pub(super) fn of(known: &Known, fact: &Fact) -> String {
    let federation = &known.federation;
    match fact {
        Fact::Ticket { act, .. } => ticket(&known.packs, act),
        Fact::Leg { act, .. } => leg(known, act),
        Fact::Sighted { sight, .. } => {
            format!(
                "{}：{}，期限 {}",
                body_name(federation, &sight.taker),
                stage(&sight.stage),
                sight.due
            )
        }
        _ => String::new(),
    }
}

/// A stage word of a leg, for people.
fn stage(word: &str) -> &str {
    match word {
        "offered" => "待送达",
        "delivered" => "待签收",
        "signed" => "办理中",
        "accepted" => "上级已接",
        "return-asked" => "申请退单",
        "extension-asked" => "申请延期",
        "escalation-asked" => "申请提级",
        "result-reported" => "已报结果",
        "overdue" => "超期",
        "closed" => "已结束",
        other => other,
    }
}

fn ticket(packs: &[PolicyPack], act: &TicketAct) -> String {
    match act {
        TicketAct::TakenIn {
            kind,
            category,
            channel,
            due,
            ..
        } => {
            format!(
                "受理：{}，分类 {category}{}，渠道 {channel}，期限 {due}",
                kind.label(),
                category_name(category).map_or(String::new(), |name| format!(" {name}"))
            )
        }
        TicketAct::Received { due, .. } => format!("收到交办，本级期限 {due}"),
        TicketAct::DueChanged { due } => format!("本级期限改为 {due}"),
        TicketAct::DueSettled { was, due, calendar } => {
            format!("按日历第 {calendar} 版重算，本级期限由 {was} 改为 {due}")
        }
        TicketAct::AnsweredDirectly => "直接答复".to_owned(),
        TicketAct::Refused { ground, basis } => {
            let ground = said(packs, ground, |pack, code| {
                Some(&pack.refusal(code)?.ground)
            });
            format!("不予受理：{ground}，依据 {basis}")
        }
        TicketAct::Determined { basis } => format!("指定承办：{basis}"),
        TicketAct::Closed { ground } => format!("办结：{}", closing(packs, ground)),
        TicketAct::Reopened { reason } => format!("重新打开：{reason}"),
        TicketAct::CalledBack {
            rating: Some(rating),
            ..
        } => {
            let known = packs.iter().rev().find_map(|pack| pack.rating(rating));
            format!(
                "回访评价：{}",
                known.map_or(rating.as_str(), |rating| &rating.text)
            )
        }
        TicketAct::CalledBack { rating: None, .. } => "回访未联系上".to_owned(),
        TicketAct::CallBackMissed => "回访期限已过，没有评价".to_owned(),
        TicketAct::RedoOrdered { due } => format!("重办，期限 {due}"),
        TicketAct::Withdrawn => "诉求人撤回".to_owned(),
        TicketAct::Overdue => "本级期限已过".to_owned(),
        TicketAct::LeadNamed { term, fixed, .. } => {
            format!("第 {term} 任主办{}", if *fixed { "已定" } else { "暂定" })
        }
        TicketAct::Noted => "记录".to_owned(),
        TicketAct::Returned { .. } => "数据恢复后，由下级的记录补回".to_owned(),
        TicketAct::Mended { .. } => "数据恢复后，按补回的交办核定办理状态".to_owned(),
        TicketAct::Attached { attachment, local } => {
            let stays = if *local { ",仅存本节点" } else { "" };
            format!("附加{}{stays}", file(attachment))
        }
        TicketAct::AttachmentRead { id } => format!("取阅附件 {}", short(id)),
        TicketAct::AttachmentFetched { id, by, .. } => {
            format!("{by} 取走附件 {}", short(id))
        }
    }
}

fn leg(known: &Known, act: &Act) -> String {
    let (federation, packs) = (&known.federation, &known.packs);
    match act {
        Act::Offer(offer) => format!(
            "交 {} 办理，期限 {}",
            body_name(federation, &offer.taker),
            date(offer.due)
        ),
        Act::Receipt => "送达".to_owned(),
        Act::Sign { deemed: true } => "逾期未签，视为签收".to_owned(),
        Act::Sign { deemed: false } => "签收".to_owned(),
        Act::Progress { stage } => format!("进展：{stage}"),
        Act::Request { asking, .. } => asked(packs, asking),
        Act::WithdrawRequest { no } => format!("撤回第 {no} 号申请"),
        Act::Ruling {
            of, granted, basis, ..
        } => {
            let ruled = if *granted { "同意" } else { "不同意" };
            format!(
                "{ruled}{}{}",
                of.label(),
                if basis.is_empty() {
                    String::new()
                } else {
                    format!("：{basis}")
                }
            )
        }
        Act::Recall {
            ground: RecallGround::Recalled,
        } => "收回".to_owned(),
        Act::Recall {
            ground: RecallGround::Withdrawn,
        } => "诉求人撤回，收回".to_owned(),
        Act::Recall {
            ground: RecallGround::Released,
        } => "解除会办".to_owned(),
        Act::NewDue { due, .. } => format!("期限改为 {}", date(*due)),
        Act::NameLead { term, .. } => format!("第 {term} 任主办"),
        Act::ClosedSince { at, .. } => format!("该交办已于 {at} 结束"),
        Act::Supervise {
            issuer,
            trigger,
            reply_by,
            ..
        } => {
            let issuer = federation
                .region(*issuer)
                .map_or_else(|| issuer.to_string(), |region| region.name.clone());
            let trigger = said(packs, trigger, |pack, code| {
                let mut triggers = pack.supervision.triggers.iter();
                Some(&triggers.find(|known| known.ground.code == code)?.ground)
            });
            format!("{issuer} 督办（{trigger}），{reply_by} 前回复")
        }
        Act::Remind { .. } => "催办".to_owned(),
        Act::ReplyOrder { .. } => "回复督办".to_owned(),
        Act::EndOrder { .. } => "督办了结".to_owned(),
        Act::Attach { attachment } => format!("附送{}", file(attachment)),
        Act::Overdue { due } => format!("超期（期限 {due}）"),
        Act::Forwarded { .. } => "转来会办单位的办理结果".to_owned(),
    }
}

/// An attachment, without its name: that is personal.
/// A leg's date, with the doubt that its giver had.
fn date(due: Due) -> String {
    let doubt = if due.provisional { "（暂定）" } else { "" };
    format!("{}{doubt}", due.at)
}

fn file(attachment: &Attachment) -> String {
    format!(
        "{} {}({} KiB)",
        attachment.media.label(),
        short(&attachment.id),
        attachment.size.div_ceil(1024)
    )
}

/// As much of an id as tells it from the others of its ticket.
fn short(id: &AttachmentId) -> String {
    id.to_string().chars().take(12).collect()
}

fn asked(packs: &[PolicyPack], asking: &Asking) -> String {
    match asking {
        Asking::Return { ground, basis } => {
            let ground = said(packs, ground, PolicyPack::return_ground);
            format!("申请退单：{ground}，依据 {basis}")
        }
        Asking::Extension { until } => format!("申请延期至 {}", until.at),
        Asking::Escalation { ground } => {
            let ground = said(packs, ground, PolicyPack::escalation_ground);
            format!("申请提级：{ground}")
        }
        Asking::Result { ground } => format!("报送办理结果：{}", closing(packs, ground)),
    }
}

pub(super) fn closing<'a>(packs: &'a [PolicyPack], code: &'a str) -> &'a str {
    said(packs, code, |pack, code| Some(&pack.closing(code)?.ground))
}

/// A ground's text in the newest pack that has it; a code that none has stands for itself.
fn said<'a>(
    packs: &'a [PolicyPack],
    code: &'a str,
    find: impl Fn(&'a PolicyPack, &str) -> Option<&'a Ground>,
) -> &'a str {
    let ground = packs.iter().rev().find_map(|pack| find(pack, code));
    ground.map_or(code, |ground| &ground.text)
}
