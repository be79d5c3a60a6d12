//! Requests as commands: words become ids, bodies and codes; texts stay in the clear until the node seals them.

use super::bounds;
use super::codes;
use super::name;
use super::orders;
use super::refusal::{invalid, slip, unwell};
use crate::app::{Asked, NodeHandle};
use hotline_domain::body::Actor;
use hotline_domain::command::Verb;
use hotline_domain::id::{LegId, MatterId};
use hotline_domain::row::Done;
use hotline_domain::view::Rows;
use hotline_proto::operator::v1 as pb;
use hotline_proto::operator::v1::command::Verb as Asks;
use hotline_topology::{FieldName, Kind, Time, Urgency};
use prost::Message as _;
use sha2::{Digest, Sha256};
use std::str::FromStr;
use tonic::Status;

/// Longest text, in bytes.
const TEXT_BYTES_MAX: usize = 64 * 1024;
/// Most texts of one command.
const TEXTS_MAX: usize = 16;

/// Reads a request.
///
/// # Errors
/// `INVALID_ARGUMENT` with the field; `NOT_FOUND` for an unknown number.
pub fn read(node: &NodeHandle, actor: Actor, mut request: pb::Command) -> Result<Asked, Status> {
    bounds::check(&actor, &request)?;
    let key = std::mem::take(&mut request.key);
    // The key itself is not content: the same key with other content must be found out.
    let digest = Sha256::digest(request.encode_to_vec()).into();
    super::texts::check(&request)?;
    let texts = texts(&request.texts)?;
    codes::resolve::resolve(node, request.verb.as_mut())?;
    let verb = request
        .verb
        .ok_or_else(|| invalid("verb", "没有写明要办什么".to_owned()))?;
    let verb = verb_of(node, &actor, verb)?;
    Ok(Asked {
        actor,
        key: (!key.is_empty()).then_some(key),
        digest,
        seen: (request.seen != 0).then_some(request.seen),
        matter: matter_of(node, &verb)?,
        verb,
        texts,
    })
}

/// What a command made, as the door answers it.
#[must_use]
pub fn done(done: &Done) -> pb::Done {
    pb::Done {
        matter: done
            .matter
            .map_or_else(String::new, |matter| matter.to_string()),
        number: done.number.clone(),
        legs: done.legs.iter().map(ToString::to_string).collect(),
        order: done
            .order
            .map_or_else(String::new, |order| order.to_string()),
        version: done.version,
    }
}

fn texts(texts: &[pb::Text]) -> Result<Vec<(FieldName, String)>, Status> {
    if texts.len() > TEXTS_MAX {
        return Err(invalid("texts", format!("一次最多 {TEXTS_MAX} 段文字")));
    }
    let mut read: Vec<(FieldName, String)> = Vec::new();
    for text in texts {
        let field = FieldName::from_str(&text.field)
            .map_err(|error| slip("texts.field", &text.field, &error))?;
        if field == FieldName::Attachment {
            let words = "附件不是文字；请用 AttachFile(hotline ticket attach)上传".to_owned();
            return Err(invalid("texts.field", words));
        }
        if text.value.len() > TEXT_BYTES_MAX {
            return Err(invalid(
                "texts.value",
                format!("「{}」超过 {TEXT_BYTES_MAX} 字节", text.field),
            ));
        }
        if read.iter().any(|(known, _)| *known == field) {
            return Err(invalid(
                "texts.field",
                format!("「{}」写了两次", text.field),
            ));
        }
        if !text.value.trim().is_empty() {
            read.push((field, text.value.clone()));
        }
    }
    Ok(read)
}

fn verb_of(node: &NodeHandle, actor: &Actor, asks: Asks) -> Result<Verb, Status> {
    let matter = |text: &str| name::matter(node, actor, text);
    let leg = |text: &str| name::leg(node, actor, text);
    let body = |text: &str| name::body(node, text);
    Ok(match asks {
        Asks::TakeIn(ask) => take_in(node, ask)?,
        Asks::Refuse(ask) => Verb::Refuse {
            matter: matter(&ask.matter)?,
            ground: ask.ground,
            basis: ask.basis,
        },
        Asks::AnswerDirectly(ask) => Verb::AnswerDirectly {
            matter: matter(&ask.matter)?,
        },
        Asks::Assign(ask) => Verb::Assign {
            matter: matter(&ask.matter)?,
            takers: ask
                .takers
                .iter()
                .map(|taker| body(taker))
                .collect::<Result<_, _>>()?,
            lead: name::given(&ask.lead).map(body).transpose()?,
            basis: ask.basis,
            due: name::time(ask.due_ms),
            determination: (!ask.determination.is_empty()).then_some(ask.determination),
        },
        Asks::Sign(ask) => Verb::Sign {
            leg: leg(&ask.leg)?,
        },
        Asks::Progress(ask) => Verb::Progress {
            leg: leg(&ask.leg)?,
            stage: ask.stage,
        },
        Asks::AskReturn(ask) => Verb::AskReturn {
            leg: leg(&ask.leg)?,
            ground: ask.ground,
            basis: ask.basis,
        },
        Asks::AskExtension(ask) => Verb::AskExtension {
            leg: leg(&ask.leg)?,
            days: ask.days,
        },
        Asks::AskEscalation(ask) => Verb::AskEscalation {
            leg: leg(&ask.leg)?,
            ground: ask.ground,
        },
        Asks::SubmitResult(ask) => Verb::SubmitResult {
            leg: leg(&ask.leg)?,
            ground: ask.ground,
        },
        Asks::WithdrawRequest(ask) => Verb::WithdrawRequest {
            leg: leg(&ask.leg)?,
            request: ask.request,
        },
        Asks::Rule(ask) => Verb::Rule {
            leg: leg(&ask.leg)?,
            request: ask.request,
            granted: ask.granted,
            basis: ask.basis,
        },
        Asks::Recall(ask) => Verb::Recall {
            leg: leg(&ask.leg)?,
        },
        Asks::Reassign(ask) => Verb::Reassign {
            leg: leg(&ask.leg)?,
            taker: body(&ask.taker)?,
            basis: ask.basis,
        },
        Asks::SetDue(ask) => Verb::SetDue {
            leg: leg(&ask.leg)?,
            due: Time(ask.due_ms),
        },
        Asks::Close(ask) => Verb::Close {
            matter: matter(&ask.matter)?,
            ground: ask.ground,
        },
        Asks::CallBack(ask) => Verb::CallBack {
            matter: matter(&ask.matter)?,
            rating: (!ask.rating.is_empty()).then_some(ask.rating),
        },
        Asks::Redo(ask) => Verb::Redo {
            matter: matter(&ask.matter)?,
            taker: name::given(&ask.taker).map(body).transpose()?,
        },
        Asks::Escalate(ask) => Verb::Escalate {
            matter: matter(&ask.matter)?,
            ground: ask.ground,
        },
        Asks::Withdraw(ask) => Verb::Withdraw {
            matter: matter(&ask.matter)?,
        },
        Asks::Release(ask) => Verb::Release {
            leg: leg(&ask.leg)?,
        },
        Asks::NameLead(ask) => Verb::NameLead {
            matter: matter(&ask.matter)?,
            lead: leg(&ask.leg)?,
        },
        Asks::Supervise(ask) => Verb::Supervise {
            leg: orders::leg(node, actor, &ask.leg)?,
            trigger: ask.trigger,
            reply_by: name::time(ask.reply_by_ms),
        },
        Asks::Remind(ask) => Verb::Remind {
            order: orders::given(node, actor, &ask.order)?,
        },
        Asks::ReplyOrder(ask) => {
            let (leg, order) = orders::received(node, actor, &ask.order, &ask.leg)?;
            Verb::ReplyOrder { leg, order }
        }
        Asks::EndOrder(ask) => Verb::EndOrder {
            order: orders::given(node, actor, &ask.order)?,
        },
        Asks::Note(ask) => Verb::Note {
            matter: matter(&ask.matter)?,
        },
        Asks::ConfirmClock(pb::ConfirmClock {}) => Verb::ConfirmClock,
        Asks::PublishDocument(ask) => Verb::PublishDocument {
            bytes: ask.document,
        },
        Asks::ForgiveLink(ask) => Verb::ForgiveLink {
            peer: name::region(node, &ask.region)?,
        },
        Asks::ReopenLink(ask) => Verb::ReopenLink {
            peer: name::region(node, &ask.region)?,
        },
        Asks::Erase(ask) => Verb::Erase {
            matter: matter(&ask.matter)?,
            reason: ask.reason,
            oldest_backup: None,
        },
        // The node makes the key itself, after it knows who asks.
        Asks::RotateKey(ask) => Verb::RotateKey {
            revoke: ask.revoke,
            reason: ask.reason,
            new: None,
        },
    })
}

fn take_in(node: &NodeHandle, ask: pb::TakeIn) -> Result<Verb, Status> {
    let urgency = name::given(&ask.urgency).map_or(Ok(Urgency::Normal), Urgency::from_str);
    Ok(Verb::TakeIn {
        kind: Kind::from_str(&ask.kind).map_err(|error| slip("kind", &ask.kind, &error))?,
        urgency: urgency.map_err(|error| slip("urgency", &ask.urgency, &error))?,
        place: name::given(&ask.place)
            .map(|text| name::region(node, text))
            .transpose()?,
        happened_at: name::time(ask.happened_at_ms),
        channel: ask.channel,
        category: ask.category,
    })
}

/// The matter whose slot the texts are sealed under; none for a new one.
fn matter_of(node: &NodeHandle, verb: &Verb) -> Result<Option<MatterId>, Status> {
    let rows = node.shared().rows();
    let of_leg = |leg: LegId| -> Result<Option<MatterId>, Status> {
        Ok(rows.leg(leg).map_err(unwell)?.map(|leg| leg.matter()))
    };
    match verb {
        Verb::TakeIn { .. }
        | Verb::ConfirmClock
        | Verb::ForgiveLink { .. }
        | Verb::ReopenLink { .. }
        | Verb::RotateKey { .. }
        | Verb::PublishDocument { .. } => Ok(None),
        Verb::Refuse { matter, .. }
        | Verb::AnswerDirectly { matter }
        | Verb::Assign { matter, .. }
        | Verb::Close { matter, .. }
        | Verb::CallBack { matter, .. }
        | Verb::Redo { matter, .. }
        | Verb::Escalate { matter, .. }
        | Verb::Withdraw { matter }
        | Verb::NameLead { matter, .. }
        | Verb::Note { matter }
        | Verb::Erase { matter, .. }
        | Verb::Attach { matter, .. }
        | Verb::Read { matter, .. } => Ok(Some(*matter)),
        Verb::Sign { leg }
        | Verb::Progress { leg, .. }
        | Verb::AskReturn { leg, .. }
        | Verb::AskExtension { leg, .. }
        | Verb::AskEscalation { leg, .. }
        | Verb::SubmitResult { leg, .. }
        | Verb::WithdrawRequest { leg, .. }
        | Verb::Rule { leg, .. }
        | Verb::Recall { leg }
        | Verb::Reassign { leg, .. }
        | Verb::SetDue { leg, .. }
        | Verb::Release { leg }
        | Verb::Supervise { leg, .. }
        | Verb::ReplyOrder { leg, .. } => of_leg(*leg),
        Verb::Remind { order } | Verb::EndOrder { order } => Ok(rows
            .order(*order)
            .map_err(unwell)?
            .map(|issued| issued.matter)),
    }
}
