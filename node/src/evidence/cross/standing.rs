//! To one the leg is closed, to another it is open.

use super::held::answerable;
use super::{Conviction, Exhibit, Voice};
use crate::evidence::examine::Examined;
use hotline_domain::id::LegId;
use hotline_domain::leg::{Act, RequestKind};
use hotline_domain::link::Message;
use hotline_topology::Time;

/// When a giver said to its taker that the leg is closed.
fn closing(message: &Message) -> Option<(LegId, Time)> {
    let Message::Leg { leg, at, act } = message else {
        return None;
    };
    match act {
        Act::Recall { .. } => Some((*leg, *at)),
        Act::ClosedSince { at, .. } => Some((*leg, *at)),
        Act::Ruling {
            of, granted: true, ..
        } if *of != RequestKind::Extension => Some((*leg, *at)),
        _ => None,
    }
}

pub(super) fn closed_and_open(
    files: &[&Examined],
    voices: &[Voice<'_>],
    found: &mut Vec<Conviction>,
) {
    for voice in voices {
        let Some((leg, closed_at)) = voice.seen.message.as_ref().and_then(closing) else {
            continue;
        };
        let who = voice.author();
        let closed = voice.exhibit(format!("{who} 签名：交办 {leg} 自 {closed_at} 起已结束"));
        let mut convict = |open: Exhibit| {
            found.push(Conviction {
                who,
                rule: "closed-and-open",
                words: format!("对交办 {leg}，向一方说已结束，向另一方说未结束"),
                exhibits: vec![closed.clone(), open],
            });
        };
        for other in voices.iter().filter(|other| other.author() == who) {
            if let Some(Message::Sight { sight, .. }) = &other.seen.message
                && sight.leg == leg
                && sight.giver == who
                && sight.open
                && sight.since > closed_at
            {
                convict(other.exhibit(format!(
                    "{who} 签名：{} 时仍为「{}」",
                    sight.since, sight.stage
                )));
            }
        }
        for file in answerable(files, who, Some(leg), voice.head()) {
            let standing = file.file.bundle.standings.iter().find(|one| one.leg == leg);
            if let Some(standing) = standing
                && standing.giver == who
                && standing.closed_at.is_none()
            {
                convict(Exhibit {
                    file: file.name.clone(),
                    letter: None,
                    shows: format!("盖章的证据说截至 {} 未结束", file.file.bundle.made_at),
                });
            }
        }
    }
}
