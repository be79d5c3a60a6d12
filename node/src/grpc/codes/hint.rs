//! A refusal over a code says which codes are near and how to see all of them.

use super::Vocabulary;
use super::resolve::codes;
use crate::app::NodeHandle;
use crate::input::choice::nearest;
use hotline_domain::refusal::Refusal;
use hotline_proto::operator::v1::command::Verb;

/// Rules that refuse a code, and the list that it should have come from.
const RULES: [(&str, Vocabulary); 8] = [
    ("refuse.ground", Vocabulary::Refusal),
    ("return.ground", Vocabulary::Return),
    ("escalation.ground", Vocabulary::Escalation),
    ("close.ground", Vocabulary::Closing),
    ("call-back.rating", Vocabulary::Rating),
    ("supervise.trigger", Vocabulary::Trigger),
    ("assign.reach", Vocabulary::Unit),
    ("redo.taker", Vocabulary::Unit),
];

/// The refusal, with what is near and the command that lists all.
#[must_use]
pub fn with_hint(node: &NodeHandle, verb: Option<Verb>, mut refusal: Refusal) -> Refusal {
    let Some((_, vocabulary)) = RULES.iter().find(|(rule, _)| *rule == refusal.rule) else {
        return refusal;
    };
    let known = node.shared().surroundings.known();
    let choices = vocabulary.choices(&known, node.shared().surroundings.me());
    let wanted = verb.and_then(|mut verb| wanted(*vocabulary, &mut verb));
    let near = nearest(&choices, wanted.as_deref().unwrap_or_default());
    let near: Vec<_> = near.into_iter().map(super::Choice::told).collect();
    let near = match near.as_slice() {
        [] => String::new(),
        near => format!("；相近的有 {}", near.join("、")),
    };
    refusal.message = format!(
        "{}{near}；全部用 hotline codes {} 查看，写在 {}",
        refusal.message,
        vocabulary.label(),
        vocabulary.option()
    );
    refusal
}

/// What the command named.
fn wanted(vocabulary: Vocabulary, verb: &mut Verb) -> Option<String> {
    match verb {
        Verb::Assign(ask) => return Some(ask.takers.join(" ")),
        Verb::Reassign(ask) => return Some(ask.taker.clone()),
        Verb::Redo(ask) => return Some(ask.taker.clone()),
        _ => {}
    }
    let of = |(list, _, text): (Vocabulary, &str, &mut String)| {
        (list == vocabulary).then(|| text.clone())
    };
    codes(verb).into_iter().find_map(of)
}
