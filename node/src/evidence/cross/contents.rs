//! What was said once was said twice, differently.

use super::heads::Epochs;
use super::hex;
use super::voice::{Found, Voice};
use crate::evidence::verdict::{Class, Finding};
use hotline_domain::id::{EnvelopeId, LegId};
use hotline_domain::leg::Act;
use hotline_domain::link::Message;
use hotline_topology::{FieldName, RegionKey};
use std::collections::BTreeMap;

/// K1, `two-statements`. One envelope of one author says one thing: ids are drawn once, in whatever past. What somebody
/// else signs under the same id is another envelope.
pub(super) fn two_statements(voices: &[Voice<'_>], found: &mut Found) {
    let mut said: BTreeMap<(RegionKey, EnvelopeId), BTreeMap<[u8; 32], Voice<'_>>> =
        BTreeMap::new();
    for voice in voices {
        let contents = said.entry((voice.author(), voice.id())).or_default();
        contents.entry(voice.seen.statement).or_insert(*voice);
    }
    for ((who, id), contents) in said {
        if contents.len() < 2 {
            continue;
        }
        let shows = |(statement, voice): (&[u8; 32], &Voice<'_>)| {
            voice.exhibit(format!("{who} 签名的内容摘要 {}", hex(statement)))
        };
        found.push(Finding {
            class: Class::Lie,
            who,
            rule: "two-statements",
            words: format!("同一信件 {id} 签了 {} 种内容", contents.len()),
            exhibits: contents.iter().map(shows).collect(),
        });
    }
}

/// What can be said once on a leg: its name, and its number.
fn slot(act: &Act) -> Option<(&'static str, u32)> {
    Some(match act {
        Act::Offer(_) => ("offer", 0),
        Act::Request { no, .. } => ("request", *no),
        Act::Ruling { request, .. } => ("ruling", *request),
        Act::NewDue { no, .. } => ("new-due", *no),
        Act::NameLead { term, .. } => ("name-lead", *term),
        _ => return None,
    })
}

/// One content of a numbered act.
#[derive(Clone)]
struct Content<'a> {
    voice: Voice<'a>,
    act: &'a Act,
    /// Hashes of what was written with it.
    fields: BTreeMap<FieldName, [u8; 32]>,
}

impl Content<'_> {
    /// A field that one of them does not carry was stripped on its way, and is no difference.
    fn excludes(&self, other: &Self) -> bool {
        let differs = |(name, hash)| {
            let theirs = other.fields.get(name);
            theirs.is_some_and(|theirs| theirs != hash)
        };
        self.act != other.act || self.fields.iter().any(differs)
    }

    fn epoch(&self) -> Option<u64> {
        self.voice.head().map(|head| head.epoch)
    }
}

fn content<'a>(voice: &Voice<'a>) -> Option<(LegId, Content<'a>)> {
    let Some(Message::Leg { leg, act, .. }) = voice.message() else {
        return None;
    };
    let fields = voice.letter.envelope.fields.iter();
    let content = Content {
        voice: *voice,
        act,
        fields: fields.map(|field| (field.name, field.hash)).collect(),
    };
    Some((*leg, content))
}

/// K2, `two-acts`. A numbered act is decided once in a past, and a leg is offered once: its id is drawn. A node that lost
/// its disk, or went on with an old one before it was found out, can have decided a number anew; then nobody can tell from
/// the signatures alone whether it lied.
pub(super) fn two_acts(voices: &[Voice<'_>], epochs: &Epochs, found: &mut Found) {
    type Slot = (RegionKey, LegId, (&'static str, u32));
    let mut said: BTreeMap<Slot, Vec<Content<'_>>> = BTreeMap::new();
    for voice in voices {
        if let Some((leg, content)) = content(voice)
            && let Some(slot) = slot(content.act)
        {
            let all = said.entry((voice.author(), leg, slot)).or_default();
            all.push(content);
        }
    }
    for ((who, leg, (name, no)), all) in said {
        let mut pair: Option<(Class, &Content<'_>, &Content<'_>)> = None;
        for (at, one) in all.iter().enumerate() {
            for other in &all[at + 1..] {
                // Contents under one id are two statements, and convicted as that.
                if one.voice.id() == other.voice.id() || !one.excludes(other) {
                    continue;
                }
                let one_life = |epoch| !epochs.may_be_two_lives(who, epoch);
                let one_past = one.epoch() == other.epoch() && one.epoch().is_none_or(one_life);
                let one_past = name == "offer" || one_past;
                let class = if one_past {
                    Class::Lie
                } else {
                    Class::Contradiction
                };
                if pair.as_ref().is_none_or(|(found, ..)| class < *found) {
                    pair = Some((class, one, other));
                }
            }
        }
        let Some((class, one, other)) = pair else {
            continue;
        };
        let label = one.act.label();
        let words = match class {
            Class::Lie => format!("对交办 {leg} 的「{label}」（第 {no} 号）签了不同的内容"),
            _ => format!(
                "对交办 {leg} 的「{label}」（第 {no} 号）签了不同的内容；该节点换过纪元，所给文件中没有其数据回退申明，现有签名分不出是否因回退重办"
            ),
        };
        let shows = |content: &Content<'_>| {
            let statement = hex(&content.voice.seen.statement);
            content
                .voice
                .exhibit(format!("{who} 签名的内容摘要 {statement}"))
        };
        found.push(Finding {
            class,
            who,
            rule: "two-acts",
            words,
            exhibits: vec![shows(one), shows(other)],
        });
    }
}
