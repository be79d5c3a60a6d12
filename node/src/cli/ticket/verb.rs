//! The verbs, and the command that each makes.

use super::args::{
    Assign, CallBack, Due, Erase, Extend, Give, Lead, OnBasis, OnGround, OnRequest, Plain,
    Progress, Redo, Reply, Rule, Supervise, TakeIn,
};
use super::find::{self, Half};
use super::texts::{Answered, Instructed, Noted, Reasoned, Resulted, Texts, Urged};
use crate::cli::door::{Caller, Send};
use clap::Subcommand;
use hotline_proto::operator::v1 as pb;
use hotline_proto::operator::v1::command::Verb as Asks;

/// A command, ready to be sent.
#[derive(Debug)]
pub struct Asked {
    /// Key and version seen.
    pub send: Send,
    /// What to do.
    pub verb: Asks,
    /// Its texts.
    pub texts: Vec<pb::Text>,
}

/// What is done with a ticket. A leg （交办） is named by its id, or by the ticket where it has only one that fits.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// 受理一件诉求
    TakeIn(TakeIn),
    /// 不予受理
    Refuse(OnBasis<Answered>),
    /// 直接答复
    Answer(Plain<Answered>),
    /// 转办给承办单位或下级
    Assign(Assign),
    /// 签收
    Sign(Plain<Noted>),
    /// 报告进展
    Progress(Progress),
    /// 申请退单
    Return(OnBasis<Reasoned>),
    /// 申请延期
    Extend(Extend),
    /// 对上级的交办申请提级上报
    Escalate(OnGround<Urged>),
    /// 把本级受理的诉求提级上报
    Raise(OnGround<Urged>),
    /// 报送办理结果
    Result(OnGround<Resulted>),
    /// 撤回待审的申请或结果
    TakeBack(OnRequest<Reasoned>),
    /// 审核申请或结果
    Rule(Rule),
    /// 收回交办
    Recall(Plain<Reasoned>),
    /// 改派给另一单位
    Reassign(Give),
    /// 改办理期限
    Due(Due),
    /// 办结
    Close(OnGround<Resulted>),
    /// 记录回访
    CallBack(CallBack),
    /// 重办
    Redo(Redo),
    /// 诉求人撤回诉求
    Withdraw(Plain<Reasoned>),
    /// 解除一个会办单位
    Release(Plain<Reasoned>),
    /// 指定主办
    Lead(Lead),
    /// 督办：本节点交出的，或由异常通报、进展得知的下级交办
    Supervise(Supervise),
    /// 催办：写督办单、工单或交办的编号
    Remind(Plain<Instructed>),
    /// 回复督办：写督办单、工单或交办的编号
    Reply(Reply),
    /// 了结督办：写督办单、工单或交办的编号
    EndOrder(Plain<Reasoned>),
    /// 写一条备注
    Note(Plain<Noted>),
    /// 办结之后，永久销毁工单在本节点的个人信息和文字内容；不可恢复
    Erase(Erase),
}

impl Asked {
    fn new(verb: Asks, texts: &impl Texts, send: Send) -> anyhow::Result<Self> {
        Ok(Self {
            send,
            verb,
            texts: texts.read()?,
        })
    }
}

impl Verb {
    /// The command; asks the node first where a ticket was named and a leg is meant.
    ///
    /// # Errors
    /// A file cannot be read; no leg, or several, fit; the node refuses.
    pub async fn ask(self, caller: &Caller) -> anyhow::Result<Asked> {
        match self {
            Verb::TakeIn(args) => args.ask(),
            Verb::Assign(args) => args.ask(),
            Verb::CallBack(args) => args.ask(),
            Verb::Redo(args) => args.ask(),
            Verb::Lead(args) => args.ask(),
            Verb::Answer(args) => args.of(|matter| Asks::AnswerDirectly(pb::OnMatter { matter })),
            Verb::Withdraw(args) => args.of(|matter| Asks::Withdraw(pb::OnMatter { matter })),
            Verb::Note(args) => args.of(|matter| Asks::Note(pb::OnMatter { matter })),
            Verb::Erase(args) => Ok(args.ask()),
            Verb::Remind(args) => args.of_order(Asks::Remind),
            Verb::EndOrder(args) => args.of_order(Asks::EndOrder),
            Verb::Sign(args) => args.of_leg(caller, Half::Taker, Asks::Sign).await,
            Verb::Recall(args) => args.of_leg(caller, Half::Giver, Asks::Recall).await,
            Verb::Release(args) => args.of_leg(caller, Half::Giver, Asks::Release).await,
            Verb::Refuse(args) => args.refuse(),
            Verb::Raise(args) => args.of_matter(Asks::Escalate),
            Verb::Close(args) => args.of_matter(Asks::Close),
            Verb::Return(args) => args.ask_return(caller).await,
            Verb::Escalate(args) => args.of_leg(caller, Asks::AskEscalation).await,
            Verb::Result(args) => args.of_leg(caller, Asks::SubmitResult).await,
            Verb::Progress(args) => args.ask(caller).await,
            Verb::Extend(args) => args.ask(caller).await,
            Verb::TakeBack(args) => args.take_back(caller).await,
            Verb::Rule(args) => args.ask(caller).await,
            Verb::Reassign(args) => args.ask(caller).await,
            Verb::Due(args) => args.ask(caller).await,
            Verb::Supervise(args) => args.ask(),
            Verb::Reply(args) => args.ask(),
        }
    }
}

impl TakeIn {
    fn ask(self) -> anyhow::Result<Asked> {
        let verb = Asks::TakeIn(pb::TakeIn {
            channel: self.channel,
            kind: self.kind,
            category: self.category,
            urgency: self.urgency,
            place: self.place,
            happened_at_ms: self.happened_at.map_or(0, |at| at.0),
        });
        Asked::new(verb, &self.texts, self.send)
    }
}

impl Assign {
    fn ask(self) -> anyhow::Result<Asked> {
        let verb = Asks::Assign(pb::Assign {
            matter: self.ticket,
            takers: self.takers,
            lead: self.lead,
            basis: self.basis,
            due_ms: self.due.map_or(0, |at| at.0),
            determination: self.determination,
        });
        Asked::new(verb, &self.texts, self.send)
    }
}

impl CallBack {
    fn ask(self) -> anyhow::Result<Asked> {
        let (matter, rating) = (self.ticket, self.rating);
        let verb = Asks::CallBack(pb::CallBack { matter, rating });
        Asked::new(verb, &self.texts, self.send)
    }
}

impl Redo {
    fn ask(self) -> anyhow::Result<Asked> {
        let (matter, taker) = (self.ticket, self.taker);
        Asked::new(
            Asks::Redo(pb::Redo { matter, taker }),
            &self.texts,
            self.send,
        )
    }
}

impl Lead {
    fn ask(self) -> anyhow::Result<Asked> {
        let (matter, leg) = (self.ticket, self.leg);
        Asked::new(
            Asks::NameLead(pb::NameLead { matter, leg }),
            &self.texts,
            self.send,
        )
    }
}

impl Erase {
    fn ask(self) -> Asked {
        Asked {
            verb: Asks::Erase(pb::Erase {
                matter: self.ticket,
                reason: self.reason,
            }),
            texts: Vec::new(),
            send: self.send,
        }
    }
}

impl<T: Texts> Plain<T> {
    fn of(self, make: impl FnOnce(String) -> Asks) -> anyhow::Result<Asked> {
        Asked::new(make(self.what), &self.texts, self.send)
    }

    fn of_order(self, make: impl FnOnce(pb::OnOrder) -> Asks) -> anyhow::Result<Asked> {
        let leg = String::new();
        self.of(|order| make(pb::OnOrder { order, leg }))
    }

    async fn of_leg(
        self,
        caller: &Caller,
        half: Half,
        make: impl FnOnce(pb::OnLeg) -> Asks,
    ) -> anyhow::Result<Asked> {
        let leg = find::leg(caller, &self.what, half).await?.id;
        self.of(|_| make(pb::OnLeg { leg }))
    }
}

impl<T: Texts> OnGround<T> {
    fn of_matter(self, make: impl FnOnce(pb::Close) -> Asks) -> anyhow::Result<Asked> {
        let (matter, ground) = (self.what, self.ground);
        Asked::new(make(pb::Close { matter, ground }), &self.texts, self.send)
    }

    async fn of_leg(
        self,
        caller: &Caller,
        make: impl FnOnce(pb::OnGround) -> Asks,
    ) -> anyhow::Result<Asked> {
        let leg = find::leg(caller, &self.what, Half::Taker).await?.id;
        let verb = make(pb::OnGround {
            leg,
            ground: self.ground,
        });
        Asked::new(verb, &self.texts, self.send)
    }
}

impl<T: Texts> OnBasis<T> {
    fn refuse(self) -> anyhow::Result<Asked> {
        let (matter, ground, basis) = (self.what, self.ground, self.basis);
        let verb = Asks::Refuse(pb::Refuse {
            matter,
            ground,
            basis,
        });
        Asked::new(verb, &self.texts, self.send)
    }

    async fn ask_return(self, caller: &Caller) -> anyhow::Result<Asked> {
        let leg = find::leg(caller, &self.what, Half::Taker).await?.id;
        let (ground, basis) = (self.ground, self.basis);
        let verb = Asks::AskReturn(pb::AskReturn { leg, ground, basis });
        Asked::new(verb, &self.texts, self.send)
    }
}

impl Progress {
    async fn ask(self, caller: &Caller) -> anyhow::Result<Asked> {
        let leg = find::leg(caller, &self.what, Half::Taker).await?.id;
        let verb = Asks::Progress(pb::Progress {
            leg,
            stage: self.stage,
        });
        Asked::new(verb, &self.texts, self.send)
    }
}

impl Extend {
    async fn ask(self, caller: &Caller) -> anyhow::Result<Asked> {
        let leg = find::leg(caller, &self.what, Half::Taker).await?.id;
        let verb = Asks::AskExtension(pb::AskExtension {
            leg,
            days: self.days,
        });
        Asked::new(verb, &self.texts, self.send)
    }
}

impl<T: Texts> OnRequest<T> {
    async fn take_back(self, caller: &Caller) -> anyhow::Result<Asked> {
        let leg = find::leg(caller, &self.what, Half::Taker).await?;
        let request = find::request(&leg, self.request)?;
        let verb = Asks::WithdrawRequest(pb::OnRequest {
            leg: leg.id,
            request,
        });
        Asked::new(verb, &self.texts, self.send)
    }
}

impl Rule {
    async fn ask(self, caller: &Caller) -> anyhow::Result<Asked> {
        let leg = find::leg(caller, &self.on.what, Half::Giver).await?;
        let verb = Asks::Rule(pb::Rule {
            request: find::request(&leg, self.on.request)?,
            leg: leg.id,
            granted: self.ruling.grant,
            basis: self.basis,
        });
        Asked::new(verb, &self.on.texts, self.on.send)
    }
}

impl Give {
    async fn ask(self, caller: &Caller) -> anyhow::Result<Asked> {
        let leg = find::leg(caller, &self.what, Half::Giver).await?.id;
        let (taker, basis) = (self.taker, self.basis);
        let verb = Asks::Reassign(pb::Reassign { leg, taker, basis });
        Asked::new(verb, &self.texts, self.send)
    }
}

impl Due {
    async fn ask(self, caller: &Caller) -> anyhow::Result<Asked> {
        let leg = find::leg(caller, &self.what, Half::Giver).await?.id;
        let verb = Asks::SetDue(pb::SetDue {
            leg,
            due_ms: self.until.0,
        });
        Asked::new(verb, &self.texts, self.send)
    }
}

impl Supervise {
    /// The node finds the leg: a superior has no ticket of what it learned by a notice.
    fn ask(self) -> anyhow::Result<Asked> {
        let verb = Asks::Supervise(pb::Supervise {
            leg: self.what,
            trigger: self.trigger,
            reply_by_ms: self.reply_by.map_or(0, |at| at.0),
        });
        Asked::new(verb, &self.texts, self.send)
    }
}

impl Reply {
    fn ask(self) -> anyhow::Result<Asked> {
        let (leg, order) = (self.what, self.order.unwrap_or_default());
        let verb = Asks::ReplyOrder(pb::OnOrder { order, leg });
        Asked::new(verb, &self.texts, self.send)
    }
}
