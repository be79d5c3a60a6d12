//! Payloads of envelopes: what nodes tell each other. Nothing that a peer writes is trusted: every form is checked,
//! and every length is bounded before it can reach a key, a row or a screen.

use super::field::{Field, put, take};
use super::link::{PATH_MAX, SIGNATURE_MAX};
use super::malformed::{Malformed, Why};
use hotline_domain::exchange::Letter;
use hotline_domain::figures::CellKey;
use hotline_domain::leg::{Act, Asking, Offer};
use hotline_domain::link::{Message, MessageKind, Unreadable, Wire};
use hotline_domain::sealing::SignedKey;
use hotline_domain::supervision::Notice;
use hotline_domain::tally::SINCE_MAX;
use hotline_domain::ticket::Sight;
use hotline_domain::world::{HOLDINGS_MAX, PART_BYTES};
use hotline_proto::{
    Bytes, figures::v1 as figures, leg::v1 as wire, tally::v1 as tally, world::v1 as world,
};

/// Longest payload, in bytes: half of what a gRPC message may hold by default, so that the fields find room beside it.
pub const PAYLOAD_BYTES_MAX: usize = 2 << 20;
/// Longest code or number, in bytes of UTF-8. Three of them fit into the key of a figure cell.
pub const CODE_BYTES_MAX: usize = 160;
/// Longest sentence (a basis, a refusal's words), in bytes of UTF-8.
pub const WORDS_BYTES_MAX: usize = 16 << 10;
/// Most public keys in one message.
pub const KEYS_MAX: usize = 64;
/// Most envelopes that one message says have arrived.
pub const ARRIVED_MAX: usize = 1024;
/// Most certificates of a chain: a node's and its authorities', a level each.
pub const CHAIN_MAX: usize = 8;
/// Longest certificate, in bytes of DER.
pub const CERTIFICATE_BYTES_MAX: usize = 8 << 10;
/// Most fields that go with an act.
pub const FIELDS_MAX: usize = 64;

/// Field 536870911, the highest there is, of 16 bytes: no message has it, so every reader skips it.
const SALT_TAG: [u8; 6] = [0xFA, 0xFF, 0xFF, 0xFF, 0x0F, 16];

/// The codec of payloads as the domain wants it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Codec;

impl Wire for Codec {
    fn encode(&self, message: &Message) -> Vec<u8> {
        match message {
            Message::Leg { leg, at, act } => put!(wire::LegAct {
                leg,
                at: at_ms,
                act
            })
            .to_bytes(),
            Message::Sight { matter, sight } => put!(wire::SightNote { matter, sight }).to_bytes(),
            Message::Notice(notice) => Field::<wire::Notice>::put(notice).to_bytes(),
            Message::Figures(report) => Field::<figures::Report>::put(report).to_bytes(),
            Message::Inventory(inventory) => Field::<wire::Inventory>::put(inventory).to_bytes(),
            Message::Past(past) => Field::<wire::PastAct>::put(past).to_bytes(),
            Message::Have(have) => Field::<world::Have>::put(have).to_bytes(),
            Message::Part {
                digest,
                no,
                of,
                bytes,
            } => put!(world::Part {
                digest,
                no,
                of,
                bytes
            })
            .to_bytes(),
            Message::Refused {
                about,
                leg,
                rule,
                message,
            } => put!(wire::Refused {
                about,
                leg,
                rule,
                message
            })
            .to_bytes(),
            Message::SealingKeys { keys } => put!(wire::SealingKeys { keys }).to_bytes(),
            Message::SealingAsk { region } => put!(wire::SealingAsk { region }).to_bytes(),
            Message::Reseal { about, key } => put!(wire::Reseal { about, key }).to_bytes(),
            Message::Arrived { envelopes } => put!(wire::Arrived { envelopes }).to_bytes(),
            Message::Receipts(of) => put!(wire::Receipts { of }).to_bytes(),
            Message::Tally(tally) => Field::<tally::Tally>::put(tally).to_bytes(),
        }
    }

    fn decode(&self, kind: u32, payload: &[u8]) -> Result<Message, Unreadable> {
        let kind = message_kind(kind).ok_or(Unreadable::UnknownKind(kind))?;
        read(kind, payload).map_err(|error| Unreadable::Malformed(error.to_string()))
    }

    fn salt(&self, payload: &mut Vec<u8>, salt: [u8; 16]) {
        payload.extend(SALT_TAG);
        payload.extend(salt);
    }

    /// The codec alone trusts nobody: who does is the node ([`crate::app`]).
    fn genuine(&self, _: &SignedKey) -> Result<(), String> {
        Err("没有可信的根证书".to_owned())
    }
}

/// The kind with this code.
fn message_kind(code: u32) -> Option<MessageKind> {
    [
        MessageKind::Leg,
        MessageKind::Sight,
        MessageKind::Notice,
        MessageKind::Figures,
        MessageKind::Refused,
        MessageKind::SealingKeys,
        MessageKind::SealingAsk,
        MessageKind::Reseal,
        MessageKind::Arrived,
        MessageKind::Inventory,
        MessageKind::Past,
        MessageKind::Have,
        MessageKind::Part,
        MessageKind::Receipts,
        MessageKind::Tally,
    ]
    .into_iter()
    .find(|kind| *kind as u32 == code)
}

fn read(kind: MessageKind, payload: &[u8]) -> Result<Message, Malformed> {
    within("payload", payload.len(), PAYLOAD_BYTES_MAX)?;
    let message = match kind {
        MessageKind::Leg => {
            let act: wire::LegAct = parse("LegAct", payload)?;
            take!(act as "LegAct", Message::Leg, wire::LegAct { leg, at: at_ms, act })
        }
        MessageKind::Sight => {
            let note: wire::SightNote = parse("SightNote", payload)?;
            take!(note as "SightNote", Message::Sight, wire::SightNote { matter, sight })
        }
        MessageKind::Notice => {
            let notice: wire::Notice = parse("Notice", payload)?;
            Message::Notice(Field::take(notice, "Notice")?)
        }
        MessageKind::Figures => {
            let report: figures::Report = parse("Report", payload)?;
            Message::Figures(Field::take(report, "Report")?)
        }
        MessageKind::Inventory => {
            let inventory: wire::Inventory = parse("Inventory", payload)?;
            Message::Inventory(Field::take(inventory, "Inventory")?)
        }
        MessageKind::Past => {
            let past: wire::PastAct = parse("PastAct", payload)?;
            Message::Past(Field::take(past, "PastAct")?)
        }
        MessageKind::Refused => {
            let refused: wire::Refused = parse("Refused", payload)?;
            take!(refused as "Refused", Message::Refused, wire::Refused { about, leg, rule, message })
        }
        MessageKind::SealingKeys => {
            let stated: wire::SealingKeys = parse("SealingKeys", payload)?;
            take!(stated as "SealingKeys", Message::SealingKeys, wire::SealingKeys { keys })
        }
        MessageKind::SealingAsk => {
            let ask: wire::SealingAsk = parse("SealingAsk", payload)?;
            take!(ask as "SealingAsk", Message::SealingAsk, wire::SealingAsk { region })
        }
        MessageKind::Reseal => {
            let reseal: wire::Reseal = parse("Reseal", payload)?;
            take!(reseal as "Reseal", Message::Reseal, wire::Reseal { about, key })
        }
        MessageKind::Arrived => {
            let arrived: wire::Arrived = parse("Arrived", payload)?;
            take!(arrived as "Arrived", Message::Arrived, wire::Arrived { envelopes })
        }
        MessageKind::Receipts => {
            let wire::Receipts { of } = parse("Receipts", payload)?;
            Message::Receipts(Field::take(of, "Receipts.of")?)
        }
        MessageKind::Tally => {
            let said: tally::Tally = parse("Tally", payload)?;
            Message::Tally(Field::take(said, "Tally")?)
        }
        MessageKind::Have => {
            let have: world::Have = parse("Have", payload)?;
            Message::Have(Field::take(have, "Have")?)
        }
        MessageKind::Part => {
            let part: world::Part = parse("Part", payload)?;
            take!(part as "Part", Message::Part, world::Part { digest, no, of, bytes })
        }
    };
    check(&message)?;
    Ok(message)
}

fn parse<P: Bytes>(name: &'static str, bytes: &[u8]) -> Result<P, Malformed> {
    P::from_bytes(bytes).map_err(|error| Malformed::new(name, Why::Bytes(error)))
}

/// Bounds the lengths of a message: codes so that they fit into keys, words so that they fit a screen.
fn check(message: &Message) -> Result<(), Malformed> {
    match message {
        Message::Leg { act, .. } => check_act(act),
        Message::Past(past) => {
            check_act(&past.act)?;
            past.letter.as_deref().map_or(Ok(()), check_letter)
        }
        // Bounded by the payload; a note holds nothing but an id and a hash.
        Message::Inventory(_) => Ok(()),
        Message::Sight { sight, .. } => {
            let Sight { stage, .. } = sight;
            code("Sight.stage", stage)
        }
        Message::Notice(Notice {
            number, category, ..
        }) => {
            code("Notice.number", number)?;
            code("Notice.category", category)
        }
        Message::Figures(report) => {
            let keys = report.cells.iter().map(|cell| &cell.key);
            keys.into_iter().try_for_each(check_cell)
        }
        Message::Refused { rule, message, .. } => {
            code("Refused.rule", rule)?;
            words("Refused.message", message)
        }
        Message::SealingKeys { keys } => {
            within("SealingKeys.keys", keys.len(), KEYS_MAX)?;
            keys.iter().try_for_each(check_key)
        }
        Message::Reseal { key, .. } => check_key(key),
        Message::Arrived { envelopes } => within("Arrived.envelopes", envelopes.len(), ARRIVED_MAX),
        Message::Have(have) => {
            within("Have.holdings", have.holdings.len(), HOLDINGS_MAX)?;
            let mut names = have.holdings.iter().map(|held| &held.series.name);
            names.try_for_each(|name| code("Series.name", name))
        }
        Message::Part { bytes, .. } => within("Part.bytes", bytes.len(), PART_BYTES),
        Message::Tally(said) => within("Tally.since", said.since.len(), SINCE_MAX),
        Message::SealingAsk { .. } | Message::Receipts(_) => Ok(()),
    }
}

/// What is in it is bounded by the payload; what is judged beside it, here.
fn check_letter(letter: &Letter) -> Result<(), Malformed> {
    let Letter { envelope, chain } = letter;
    within("Letter.fields", envelope.fields.len(), FIELDS_MAX)?;
    if let Some(proof) = &envelope.proof {
        within("Letter.proof", proof.path.len(), PATH_MAX)?;
        within("Letter.proof", proof.signature.len(), SIGNATURE_MAX)?;
    }
    check_chain("Letter.chain", chain)
}

fn check_chain(at: &'static str, chain: &[Vec<u8>]) -> Result<(), Malformed> {
    within(at, chain.len(), CHAIN_MAX)?;
    let mut ders = chain.iter();
    ders.try_for_each(|der| within(at, der.len(), CERTIFICATE_BYTES_MAX))
}

fn check_key(signed: &SignedKey) -> Result<(), Malformed> {
    let SignedKey {
        key: _,
        algorithm: _,
        signature,
        chain,
    } = signed;
    within("SignedKey.signature", signature.len(), SIGNATURE_MAX)?;
    check_chain("SignedKey.chain", chain)
}

fn check_act(act: &Act) -> Result<(), Malformed> {
    match act {
        Act::Offer(offer) => check_offer(offer),
        Act::Progress { stage } => code("Act.Progress.stage", stage),
        Act::Request { asking, .. } => match asking {
            Asking::Return { ground, basis } => {
                code("Asking.Return.ground", ground)?;
                words("Asking.Return.basis", basis)
            }
            Asking::Escalation { ground } | Asking::Result { ground } => {
                code("Asking.ground", ground)
            }
            Asking::Extension { .. } => Ok(()),
        },
        Act::Ruling { basis, .. } => words("Act.Ruling.basis", basis),
        Act::Supervise { trigger, .. } => code("Act.Supervise.trigger", trigger),
        Act::Receipt
        | Act::Sign { .. }
        | Act::WithdrawRequest { .. }
        | Act::Recall { .. }
        | Act::NewDue { .. }
        | Act::NameLead { .. }
        | Act::Forwarded { .. }
        | Act::ClosedSince { .. }
        | Act::Remind { .. }
        | Act::ReplyOrder { .. }
        | Act::EndOrder { .. }
        | Act::Attach { .. }
        | Act::Overdue { .. } => Ok(()),
    }
}

fn check_offer(offer: &Offer) -> Result<(), Malformed> {
    code("Offer.number", &offer.number)?;
    code("Offer.category", &offer.category)?;
    code("Offer.rules", &offer.rules.pack)?;
    words("Offer.basis", &offer.basis)?;
    within("Offer.content", offer.content.len(), FIELDS_MAX)
}

fn check_cell(cell: &CellKey) -> Result<(), Malformed> {
    code("CellKey.first", &cell.first)?;
    code("CellKey.second", &cell.second)?;
    code("CellKey.rules", &cell.rules.pack)
}

fn within(at: &'static str, is: usize, max: usize) -> Result<(), Malformed> {
    if is > max {
        return Err(Malformed::new(at, Why::TooLong { is, max }));
    }
    Ok(())
}

/// A code, number or key: short, and without control characters, which would double in a row's key.
fn code(at: &'static str, text: &str) -> Result<(), Malformed> {
    within(at, text.len(), CODE_BYTES_MAX)?;
    if text.chars().any(char::is_control) {
        return Err(Malformed::new(at, Why::Control));
    }
    Ok(())
}

fn words(at: &'static str, text: &str) -> Result<(), Malformed> {
    within(at, text.len(), WORDS_BYTES_MAX)
}
