//! Words for people about what did not go well.

use hotline_proto::operator::v1 as pb;
use hotline_proto::operator::v1::command::Verb;

/// How a ticket stands, for a message about what did not come.
pub(super) fn standing(detail: &pb::TicketDetail) -> String {
    let stage = detail.ticket.as_ref().map_or("", |ticket| &ticket.stage);
    let legs: Vec<_> = detail
        .legs
        .iter()
        .map(|leg| {
            let (taker, side, stage) = (&leg.taker, &leg.side, &leg.stage);
            format!("[{taker} {side} {stage} {} {}]", leg.closure, leg.asking)
        })
        .collect();
    format!("工单 {stage}；交办 {}", legs.join(","))
}

/// What a verb is called when it fails.
pub(super) fn name_of(verb: &Verb) -> &'static str {
    match verb {
        Verb::TakeIn(_) => "受理",
        Verb::Refuse(_) => "不予受理",
        Verb::AnswerDirectly(_) => "直接答复",
        Verb::Assign(_) => "转办",
        Verb::Sign(_) => "签收",
        Verb::Progress(_) => "进展",
        Verb::AskReturn(_) => "申请退单",
        Verb::AskExtension(_) => "申请延期",
        Verb::AskEscalation(_) => "申请提级",
        Verb::SubmitResult(_) => "报送结果",
        Verb::WithdrawRequest(_) => "撤回申请",
        Verb::Rule(_) => "审核",
        Verb::Recall(_) => "收回",
        Verb::Reassign(_) => "改派",
        Verb::SetDue(_) => "改期限",
        Verb::Close(_) => "办结",
        Verb::CallBack(_) => "回访",
        Verb::Redo(_) => "重办",
        Verb::Escalate(_) => "提级上报",
        Verb::Withdraw(_) => "撤回诉求",
        Verb::Release(_) => "解除会办",
        Verb::NameLead(_) => "指定主办",
        Verb::Supervise(_) => "督办",
        Verb::Remind(_) => "催办",
        Verb::ReplyOrder(_) => "回复督办",
        Verb::EndOrder(_) => "了结督办",
        Verb::Note(_) => "记录",
        Verb::ConfirmClock(_) => "确认时钟",
        Verb::ForgiveLink(_) => "解除隔离",
        Verb::ReopenLink(_) => "重开联动",
        Verb::Erase(_) => "销毁个人信息",
        Verb::RotateKey(_) => "更换密钥",
        Verb::PublishDocument(_) => "下发文件",
    }
}
