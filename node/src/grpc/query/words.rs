//! Timeline entries in words, without personal data.

use super::show::body_name;
use hotline_domain::fact::Fact;
use hotline_domain::leg::{Act, Asking, RecallGround};
use hotline_domain::ticket::TicketAct;
use hotline_topology::Federation;

pub(super) fn of(federation: &Federation, fact: &Fact) -> String {
    match fact {
        Fact::Ticket { act, .. } => ticket(act),
        Fact::Leg { act, .. } => leg(federation, act),
        Fact::Sighted { sight, .. } => {
            format!(
                "{}:{},期限 {}",
                body_name(federation, &sight.taker),
                sight.stage,
                sight.due
            )
        }
        _ => String::new(),
    }
}

fn ticket(act: &TicketAct) -> String {
    match act {
        TicketAct::TakenIn {
            kind,
            category,
            channel,
            due,
            ..
        } => {
            format!(
                "受理:{},分类 {category},渠道 {channel},期限 {due}",
                kind.label()
            )
        }
        TicketAct::Received { due, .. } => format!("收到交办,本级期限 {due}"),
        TicketAct::DueChanged { due } => format!("本级期限改为 {due}"),
        TicketAct::AnsweredDirectly => "直接答复".to_owned(),
        TicketAct::Refused { ground, basis } => format!("不予受理:{ground},依据 {basis}"),
        TicketAct::Determined { basis } => format!("指定承办:{basis}"),
        TicketAct::Closed { ground } => format!("办结:{ground}"),
        TicketAct::Reopened { reason } => format!("重新打开:{reason}"),
        TicketAct::CalledBack {
            rating: Some(rating),
            ..
        } => format!("回访评价:{rating}"),
        TicketAct::CalledBack { rating: None, .. } => "回访未联系上".to_owned(),
        TicketAct::CallBackMissed => "回访期限已过,没有评价".to_owned(),
        TicketAct::RedoOrdered { due } => format!("重办,期限 {due}"),
        TicketAct::Withdrawn => "诉求人撤回".to_owned(),
        TicketAct::Overdue => "本级期限已过".to_owned(),
        TicketAct::LeadNamed { term, fixed, .. } => {
            format!("第 {term} 任主办{}", if *fixed { "已定" } else { "暂定" })
        }
        TicketAct::Noted => "记录".to_owned(),
    }
}

fn leg(federation: &Federation, act: &Act) -> String {
    match act {
        Act::Offer(offer) => format!(
            "交 {} 办理,期限 {}",
            body_name(federation, &offer.taker),
            offer.due.at
        ),
        Act::Receipt => "送达".to_owned(),
        Act::Sign { deemed: true } => "逾期未签,视为签收".to_owned(),
        Act::Sign { deemed: false } => "签收".to_owned(),
        Act::Progress { stage } => format!("进展:{stage}"),
        Act::Request { asking, .. } => asked(asking),
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
                    format!(":{basis}")
                }
            )
        }
        Act::Recall {
            ground: RecallGround::Recalled,
        } => "收回".to_owned(),
        Act::Recall {
            ground: RecallGround::Withdrawn,
        } => "诉求人撤回,收回".to_owned(),
        Act::Recall {
            ground: RecallGround::Released,
        } => "解除会办".to_owned(),
        Act::NewDue { due, .. } => format!("期限改为 {}", due.at),
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
            format!("{issuer} 督办({trigger}),{reply_by} 前回复")
        }
        Act::Remind { .. } => "催办".to_owned(),
        Act::ReplyOrder { .. } => "回复督办".to_owned(),
        Act::EndOrder { .. } => "督办了结".to_owned(),
        Act::Overdue { due } => format!("超期(期限 {due})"),
        #[allow(
            unreachable_patterns,
            reason = "acts may be added by the rules before they have words"
        )]
        other => other.name().to_owned(),
    }
}

fn asked(asking: &Asking) -> String {
    match asking {
        Asking::Return { ground, basis } => format!("申请退单:{ground},依据 {basis}"),
        Asking::Extension { until } => format!("申请延期至 {}", until.at),
        Asking::Escalation { ground } => format!("申请提级:{ground}"),
        Asking::Result { ground } => format!("报送办理结果:{ground}"),
    }
}
