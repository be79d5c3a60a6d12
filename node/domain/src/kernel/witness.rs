//! What stays of an envelope as evidence: its author's certificates, what was signed, the receipt owed for it.

use super::draft::Draft;
use super::outcome::Stop;
use super::parked::take_up_kept;
use crate::evidence::{Effect, Receipted, fingerprint, is_kept};
use crate::fact::Fact;
use crate::field::SealedField;
use crate::leg::Act;
use crate::link::{Consumption, Envelope, Message, MessageKind};
use crate::row::{Row, RowKey};
use crate::view::View;
use hotline_topology::{RegionKey, Time};

/// The certificates of an author, which come before what it signed with them. Whether they are good is judged when they
/// are needed: a relay with old lists must not keep them from others. A sound chain replaces one that is not.
pub(super) fn introduced(
    draft: &mut Draft<'_>,
    author: RegionKey,
    chain: Vec<Vec<u8>>,
) -> Result<(), Stop> {
    let notary = draft.world.notary;
    match notary.whose(&chain) {
        Ok(region) if region == author => {}
        Ok(region) => {
            draft.alarm(format!(
                "随 {author} 的信封送来的是 {region} 的证书，未采用"
            ));
            return Ok(());
        }
        Err(why) => {
            draft.alarm(format!("随 {author} 的信封送来的证书不可读，未采用：{why}"));
            return Ok(());
        }
    }
    let id = fingerprint(chain.first().map_or(&[], Vec::as_slice));
    if let Some(Row::Certificate(_, known)) = draft.get(&RowKey::Certificate(id))?
        && (known == chain || notary.certified(author, &known) || !notary.certified(author, &chain))
    {
        return Ok(());
    }
    draft.record(Fact::CertificateKnown {
        region: author,
        chain,
    })?;
    take_up_kept(draft)
}

/// What its author did not sign has no effect; whoever bears its name is told, though not that a leg of its came back:
/// anyone may have written this.
pub(super) fn unproven(
    draft: &mut Draft<'_>,
    peer: RegionKey,
    envelope: &Envelope,
    why: &str,
) -> Result<Consumption, Stop> {
    let rule = "evidence.unproven";
    draft.alarm(format!(
        "{peer} 传来的信封 {} 未经 {} 有效签名，未接收：{why}",
        envelope.id, envelope.author
    ));
    if envelope.kind != MessageKind::Refused as u32 {
        let answer = Message::Refused {
            about: envelope.id,
            leg: None,
            rule: rule.to_owned(),
            message: format!("信封未经其作者有效签名，未接收：{why}"),
        };
        draft.send(envelope.author, envelope.lane, &answer, Vec::new())?;
    }
    Ok(Consumption::Refused {
        rule: rule.to_owned(),
    })
}

/// What stays of an envelope that was opened: the evidence, and the receipt that is owed for it.
pub(super) struct Record {
    /// As it travelled, the values of its fields left out; `None` where nothing is handed over.
    envelope: Option<Envelope>,
    owed: Option<Receipted>,
}

impl Record {
    /// Of an envelope addressed to this node.
    pub(super) fn of(envelope: &Envelope, message: &Message) -> Self {
        if !is_kept(envelope.kind) {
            return Self {
                envelope: None,
                owed: None,
            };
        }
        // A receipt is not receipted.
        let handed_over =
            matches!(message, Message::Leg { act, .. } if !matches!(act, Act::Receipt));
        let owed = handed_over.then(|| Receipted {
            envelope: envelope.id,
            leg: envelope.leg,
            statement: envelope.statement(),
            effect: Effect::Applied,
            at: Time(0),
        });
        Self {
            envelope: Some(Envelope {
                fields: envelope.fields.iter().map(SealedField::erased).collect(),
                trace: None,
                ..envelope.clone()
            }),
            owed,
        }
    }

    /// Keeps it, with what came of the envelope.
    pub(super) fn keep(self, draft: &mut Draft<'_>, effect: Effect) -> Result<(), Stop> {
        let at = draft.now();
        let Some(envelope) = self.envelope else {
            return Ok(());
        };
        if let Some(owed) = self.owed {
            draft.owe(envelope.author, Receipted { effect, at, ..owed });
        }
        draft.record(Fact::Received {
            at,
            envelope,
            effect,
        })
    }
}
