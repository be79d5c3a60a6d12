//! Commands in sentences: `fed.at(CITY).assign(matter, [node(ZEZHOU)])`.

use super::fed::Fed;
use crate::attachment::{Attachment, AttachmentId};
use crate::body::{Actor, Body, Role};
use crate::command::{Command, Verb};
use crate::field::SealedField;
use crate::id::{LegId, MatterId, OrderId};
use crate::kernel::{Action, Input};
use crate::policy::purpose::Purpose;
use crate::reading::{Entrance, Opened};
use crate::refusal::Refusal;
use crate::row::Done;
use hotline_topology::policy::Media;
use hotline_topology::{FieldName, Kind, RegionKey, Time, UnitKey, Urgency};
use sha2::{Digest, Sha256};

/// A sealed field with a legible ciphertext.
pub(crate) fn text(name: FieldName, value: &str) -> SealedField {
    let mut hash = Sha256::new();
    hash.update(name.as_str());
    hash.update(value);
    SealedField {
        name,
        slot: 1,
        ciphertext: value.as_bytes().to_vec(),
        hash: hash.finalize().into(),
    }
}

/// The answer to a command.
#[must_use]
#[derive(Debug)]
pub(crate) struct Said(pub Result<Done, Refusal>);

impl Said {
    /// It was done.
    #[track_caller]
    pub(crate) fn done(self) -> Done {
        self.0
            .unwrap_or_else(|refusal| panic!("refused: {refusal}"))
    }

    /// It was done, and touched (or made) this leg: the last one named.
    #[track_caller]
    pub(crate) fn leg(self) -> LegId {
        *self.done().legs.last().expect("a leg")
    }

    /// It was done, and touched (or made) these legs.
    #[track_caller]
    pub(crate) fn legs<const N: usize>(self) -> [LegId; N] {
        let legs = self.done().legs;
        legs.as_slice()
            .try_into()
            .unwrap_or_else(|_| panic!("{} legs", legs.len()))
    }

    /// It was done, and touched (or made) this order.
    #[track_caller]
    pub(crate) fn order(self) -> OrderId {
        self.done().order.expect("an order")
    }

    /// It was refused by this rule.
    #[track_caller]
    pub(crate) fn fails(self, rule: &str) -> Refusal {
        match self.0 {
            Ok(done) => panic!("not refused as {rule}: {done:?}"),
            Err(refusal) => {
                assert_eq!(refusal.rule, rule, "{refusal}");
                refusal
            }
        }
    }

    /// It was refused by this rule, citing an article that names this.
    #[track_caller]
    pub(crate) fn fails_citing(self, rule: &str, article: &str) {
        let refusal = self.fails(rule);
        let cited = refusal.article.as_deref().unwrap_or_default();
        assert!(cited.contains(article), "cites {cited:?}, not {article}");
    }
}

/// A person at a node, about to do one thing.
pub(crate) struct Desk<'a> {
    fed: &'a mut Fed,
    me: RegionKey,
    actor: Actor,
    fields: Option<Vec<SealedField>>,
    key: Option<String>,
    digest: [u8; 32],
    seen: Option<u32>,
}

impl<'a> Desk<'a> {
    pub(super) fn new(fed: &'a mut Fed, me: RegionKey) -> Self {
        Self {
            fed,
            me,
            actor: Actor {
                name: "值班长".to_owned(),
                roles: Role::ALL.to_vec(),
                unit: None,
            },
            fields: None,
            key: None,
            digest: [0; 32],
            seen: None,
        }
    }

    /// Where it stands.
    pub(crate) fn place(&self) -> RegionKey {
        self.me
    }

    /// Where its superior's stands.
    pub(crate) fn parent(&self) -> Option<RegionKey> {
        self.fed.nodes[&self.me].tree.parent(self.me)
    }

    /// Another person of the hotline.
    pub(crate) fn named(mut self, name: &str) -> Self {
        self.actor.name = name.to_owned();
        self
    }

    /// A person with these roles only.
    pub(crate) fn with_roles(mut self, roles: &[Role]) -> Self {
        self.actor.roles = roles.to_vec();
        self
    }

    /// A handler of a unit.
    pub(crate) fn of_unit(mut self, unit: &str) -> Self {
        self.actor.unit = Some(UnitKey::new(unit).expect("a unit's key"));
        self.actor.roles = vec![Role::Handler];
        self.actor.name = format!("{unit}承办人");
        self
    }

    /// With these fields instead of the usual ones.
    pub(crate) fn with(mut self, fields: impl IntoIterator<Item = SealedField>) -> Self {
        self.fields = Some(fields.into_iter().collect());
        self
    }

    /// Without a word.
    pub(crate) fn wordless(self) -> Self {
        self.with([])
    }

    /// Under an idempotency key, for content of this digest.
    pub(crate) fn keyed(mut self, key: &str, digest: u8) -> Self {
        self.key = Some(key.to_owned());
        self.digest = [digest; 32];
        self
    }

    /// Having seen this version of the ticket.
    pub(crate) fn having_seen(mut self, version: u32) -> Self {
        self.seen = Some(version);
        self
    }

    fn say(self, verb: Verb, usual: &[(FieldName, &str)]) -> Said {
        let fields = self.fields.unwrap_or_else(|| {
            usual
                .iter()
                .map(|(name, value)| text(*name, value))
                .collect()
        });
        let command = Command {
            actor: self.actor,
            key: self.key,
            digest: self.digest,
            seen: self.seen,
            verb,
            fields,
        };
        let input = Input::Command {
            ticket: 7,
            command: Box::new(command),
        };
        let actions = self.fed.input(self.me, input);
        if self.fed.at_once {
            self.fed.settle();
        }
        let answer = actions.into_iter().find_map(|action| match action {
            Action::Answer { ticket: 7, answer } => Some(answer),
            _ => None,
        });
        Said(answer.expect("an answer"))
    }

    /// 附件: a picture of a kilobyte.
    pub(crate) fn attach(self, matter: MatterId, id: u8, local: bool) -> Said {
        let attachment = Attachment {
            id: AttachmentId([id; 32]),
            size: 1024,
            media: Media::Jpeg,
        };
        let verb = Verb::Attach {
            matter,
            attachment,
            local,
        };
        self.say(verb, &[(FieldName::Attachment, "现场照片.jpg")])
    }

    /// Takes an attachment out.
    pub(crate) fn read_attachment(self, matter: MatterId, id: u8) -> Said {
        let opened = Opened::File(AttachmentId([id; 32]));
        self.read(matter, opened, Purpose::Handle)
    }

    /// 查阅.
    pub(crate) fn read(self, matter: MatterId, opened: Opened, purpose: Purpose) -> Said {
        let entrance = Entrance::Local;
        let verb = Verb::Read {
            matter,
            opened,
            purpose,
            entrance,
        };
        self.say(verb, &[])
    }

    /// A verb as it is.
    pub(crate) fn command(self, verb: Verb) -> Said {
        self.say(verb, &[(FieldName::Reason, "情况说明")])
    }

    /// 受理 of a plain request for help about running water.
    #[track_caller]
    pub(crate) fn take_in(self) -> MatterId {
        self.try_take_in(Kind::Help, Urgency::Normal)
            .done()
            .matter
            .expect("a matter")
    }

    pub(crate) fn try_take_in(self, kind: Kind, urgency: Urgency) -> Said {
        let verb = Verb::TakeIn {
            channel: "phone".to_owned(),
            kind,
            category: "0201".to_owned(),
            urgency,
            place: None,
            happened_at: None,
        };
        self.say(verb, &TOLD)
    }

    pub(crate) fn refuse(self, matter: MatterId, ground: &str, basis: &str) -> Said {
        let (ground, basis) = (ground.to_owned(), basis.to_owned());
        self.say(
            Verb::Refuse {
                matter,
                ground,
                basis,
            },
            &[(FieldName::Answer, "不予受理")],
        )
    }

    pub(crate) fn answer_directly(self, matter: MatterId) -> Said {
        self.say(
            Verb::AnswerDirectly { matter },
            &[(FieldName::Answer, "今晚恢复供水")],
        )
    }

    pub(crate) fn assign(self, matter: MatterId, takers: impl IntoIterator<Item = Body>) -> Said {
        let verb = Verb::Assign {
            matter,
            takers: takers.into_iter().collect(),
            lead: None,
            basis: "职责".to_owned(),
            due: None,
            determination: None,
        };
        self.say(verb, &[(FieldName::Instruction, "请速办")])
    }

    pub(crate) fn determine(self, matter: MatterId, taker: Body) -> Said {
        let verb = Verb::Assign {
            matter,
            takers: vec![taker],
            lead: None,
            basis: "职责".to_owned(),
            due: None,
            determination: Some("编办认定".to_owned()),
        };
        self.say(verb, &[(FieldName::Instruction, "指定办理")])
    }

    pub(crate) fn sign(self, leg: LegId) -> Said {
        self.say(Verb::Sign { leg }, &[])
    }

    pub(crate) fn progress(self, leg: LegId, stage: &str) -> Said {
        self.say(
            Verb::Progress {
                leg,
                stage: stage.to_owned(),
            },
            &[(FieldName::Note, "已电话联系")],
        )
    }

    pub(crate) fn ask_return(self, leg: LegId, ground: &str, basis: &str) -> Said {
        let (ground, basis) = (ground.to_owned(), basis.to_owned());
        self.say(
            Verb::AskReturn { leg, ground, basis },
            &[(FieldName::Reason, "不归我们管")],
        )
    }

    pub(crate) fn ask_extension(self, leg: LegId, days: u32) -> Said {
        self.say(
            Verb::AskExtension { leg, days },
            &[(FieldName::Reason, "管件未到")],
        )
    }

    pub(crate) fn ask_escalation(self, leg: LegId, ground: &str) -> Said {
        let ground = ground.to_owned();
        self.say(
            Verb::AskEscalation { leg, ground },
            &[(FieldName::StageReport, "已查明原因")],
        )
    }

    pub(crate) fn submit_result(self, leg: LegId, ground: &str) -> Said {
        let ground = ground.to_owned();
        let words = [
            (FieldName::ResultText, "已修复"),
            (FieldName::Answer, "水已通"),
        ];
        self.say(Verb::SubmitResult { leg, ground }, &words)
    }

    pub(crate) fn withdraw_request(self, leg: LegId, request: u32) -> Said {
        self.say(Verb::WithdrawRequest { leg, request }, &[])
    }

    pub(crate) fn rule(self, leg: LegId, request: u32, granted: bool, basis: &str) -> Said {
        let basis = basis.to_owned();
        self.say(
            Verb::Rule {
                leg,
                request,
                granted,
                basis,
            },
            &[],
        )
    }

    pub(crate) fn grant(self, leg: LegId, request: u32) -> Said {
        self.rule(leg, request, true, "同意")
    }

    pub(crate) fn deny(self, leg: LegId, request: u32) -> Said {
        self.rule(leg, request, false, "属于你单位职责")
    }

    pub(crate) fn recall(self, leg: LegId) -> Said {
        self.say(Verb::Recall { leg }, &[(FieldName::Reason, "派错了")])
    }

    pub(crate) fn reassign(self, leg: LegId, taker: Body) -> Said {
        let verb = Verb::Reassign {
            leg,
            taker,
            basis: "职责".to_owned(),
        };
        self.say(verb, &[(FieldName::Reason, "改派")])
    }

    pub(crate) fn set_due(self, leg: LegId, due: Time) -> Said {
        self.say(Verb::SetDue { leg, due }, &[])
    }

    pub(crate) fn close(self, matter: MatterId, ground: &str) -> Said {
        let ground = ground.to_owned();
        self.say(
            Verb::Close { matter, ground },
            &[(FieldName::Answer, "已答复诉求人")],
        )
    }

    pub(crate) fn call_back(self, matter: MatterId, rating: Option<&str>) -> Said {
        let rating = rating.map(str::to_owned);
        self.say(
            Verb::CallBack { matter, rating },
            &[(FieldName::RatingText, "还行")],
        )
    }

    pub(crate) fn redo(self, matter: MatterId, taker: Option<Body>) -> Said {
        self.say(
            Verb::Redo { matter, taker },
            &[(FieldName::Instruction, "请重新办理")],
        )
    }

    pub(crate) fn escalate(self, matter: MatterId, ground: &str) -> Said {
        let ground = ground.to_owned();
        self.say(
            Verb::Escalate { matter, ground },
            &[(FieldName::StageReport, "已做协调")],
        )
    }

    pub(crate) fn withdraw(self, matter: MatterId) -> Said {
        self.say(
            Verb::Withdraw { matter },
            &[(FieldName::Reason, "诉求人撤回")],
        )
    }

    pub(crate) fn release(self, leg: LegId) -> Said {
        self.say(Verb::Release { leg }, &[(FieldName::Reason, "无须会办")])
    }

    pub(crate) fn name_lead(self, matter: MatterId, lead: LegId) -> Said {
        self.say(Verb::NameLead { matter, lead }, &[])
    }

    pub(crate) fn supervise(self, leg: LegId, trigger: &str) -> Said {
        let (trigger, reply_by) = (trigger.to_owned(), None);
        let verb = Verb::Supervise {
            leg,
            trigger,
            reply_by,
        };
        self.say(verb, &[(FieldName::Instruction, "限期办结")])
    }

    pub(crate) fn remind(self, order: OrderId) -> Said {
        self.say(
            Verb::Remind { order },
            &[(FieldName::Instruction, "请抓紧")],
        )
    }

    pub(crate) fn reply_order(self, leg: LegId, order: OrderId) -> Said {
        self.say(
            Verb::ReplyOrder { leg, order },
            &[(FieldName::StageReport, "明日办结")],
        )
    }

    pub(crate) fn end_order(self, order: OrderId) -> Said {
        self.say(Verb::EndOrder { order }, &[(FieldName::Reason, "已落实")])
    }

    pub(crate) fn note(self, matter: MatterId) -> Said {
        self.say(Verb::Note { matter }, &[(FieldName::Note, "内部记录")])
    }
}

/// What the petitioner told.
const TOLD: [(FieldName, &str); 4] = [
    (FieldName::Title, "停水"),
    (FieldName::Content, "小区停水两天"),
    (FieldName::PetitionerName, "张三"),
    (FieldName::Contact, "13800000000"),
];
