//! What was said once was said twice, differently.

use super::{Conviction, Voice, hex};
use hotline_domain::id::{EnvelopeId, LegId};
use hotline_domain::leg::Act;
use hotline_domain::link::Message;
use hotline_topology::RegionKey;
use std::collections::BTreeMap;

/// One envelope of one author says one thing. What somebody else signs under the same id is another envelope.
pub(super) fn two_statements(voices: &[Voice<'_>], found: &mut Vec<Conviction>) {
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
        found.push(Conviction {
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

/// A numbered act has one content, within one epoch.
pub(super) fn two_acts(voices: &[Voice<'_>], found: &mut Vec<Conviction>) {
    type Slot = (RegionKey, LegId, (&'static str, u32), u64);
    let mut said: BTreeMap<Slot, BTreeMap<[u8; 32], (Voice<'_>, &Act)>> = BTreeMap::new();
    for voice in voices {
        let Some(Message::Leg { leg, act, .. }) = &voice.seen.message else {
            continue;
        };
        let (Some(slot), Some(head)) = (slot(act), voice.head()) else {
            continue;
        };
        let acts = said.entry((voice.author(), *leg, slot, head.epoch));
        let acts = acts.or_default();
        acts.entry(voice.seen.statement).or_insert((*voice, act));
    }
    for ((who, leg, (_, no), _), acts) in said {
        // The same act sent again under another id is the same act.
        let mut different: Vec<(Voice<'_>, &Act)> = Vec::new();
        for (voice, act) in acts.into_values() {
            if different.iter().all(|(_, other)| *other != act) {
                different.push((voice, act));
            }
        }
        // Contents under one id are two statements, and convicted as that.
        let ids = different.iter().map(|(voice, _)| voice.id());
        let ids: std::collections::BTreeSet<EnvelopeId> = ids.collect();
        let [(_, act), _, ..] = different.as_slice() else {
            continue;
        };
        if ids.len() < 2 {
            continue;
        }
        found.push(Conviction {
            who,
            rule: "two-acts",
            words: format!(
                "对交办 {leg} 的「{}」（第 {no} 号）先后签了 {} 种内容",
                act.label(),
                different.len()
            ),
            exhibits: different
                .iter()
                .map(|(voice, _)| voice.exhibit(format!("内容摘要 {}", hex(&voice.seen.statement))))
                .collect(),
        });
    }
}
