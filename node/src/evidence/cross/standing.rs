//! To one the leg is closed, to another it is open; and what a sealed file says of where its legs stand.

use super::heads::Epochs;
use super::voice::{Found, Voice, seal_exhibit};
use crate::evidence::bundle::Way;
use crate::evidence::examine::Examined;
use crate::evidence::hold::{Answer, answer};
use crate::evidence::verdict::{Class, Exhibit, Finding};
use hotline_domain::evidence::Effect;
use hotline_domain::id::LegId;
use hotline_domain::leg::{Act, RequestKind};
use hotline_domain::link::Message;
use hotline_topology::{RegionKey, Time};

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

/// K13, `closed-and-open`. What was closed stays closed; what came first is said by commits, since people date acts back. On
/// a disk that went back it was open again, until that was found out.
pub(super) fn closed_and_open(
    files: &[&Examined],
    voices: &[Voice<'_>],
    epochs: &Epochs,
    found: &mut Found,
) {
    for voice in voices {
        let Some((leg, closed_at)) = voice.message().and_then(closing) else {
            continue;
        };
        let (who, Some(head)) = (voice.author(), voice.head()) else {
            continue;
        };
        let closed = voice.exhibit(format!("{who} 签名：交办 {leg} 自 {closed_at} 起已结束"));
        let two_lives = epochs.may_be_two_lives(who, head.epoch);
        let mut both = |class, open: Exhibit| {
            found.push(both(class, who, leg, vec![closed.clone(), open]));
        };
        for other in voices.iter().filter(|other| other.author() == who) {
            let later = other
                .head()
                .is_some_and(|then| then.epoch == head.epoch && then.commit > head.commit);
            if let Some(Message::Sight { sight, .. }) = other.message()
                && sight.leg == leg
                && sight.giver == who
                && sight.open
                && later
            {
                let shows = format!("{who} 签名：{} 时仍为「{}」", sight.since, sight.stage);
                let class = match two_lives {
                    true => Class::Contradiction,
                    false => Class::Lie,
                };
                both(class, other.exhibit(shows));
            }
        }
        for file in files.iter().filter(|file| file.node() == who) {
            let owes = file.binds().is_some_and(|sealed| {
                answer(sealed, &file.file.bundle.restarts, head) == Answer::Owes
            });
            if owes && stands_open(file, leg, who) {
                let shows = format!("盖章的证据说截至 {} 未结束", file.file.bundle.made_at);
                both(Class::Lie, seal_exhibit(file, shows));
            }
        }
    }
}

fn both(class: Class, who: RegionKey, leg: LegId, exhibits: Vec<Exhibit>) -> Finding {
    let words = match class {
        Class::Lie => format!("对交办 {leg}，一处签名说已结束，另一处说未结束"),
        _ => format!(
            "对交办 {leg}，一处签名说已结束，另一处说未结束；该节点其后换过纪元，现有签名分不出是否因数据回退"
        ),
    };
    Finding {
        class,
        who,
        rule: "closed-and-open",
        words,
        exhibits,
    }
}

/// Whether a file says that a leg which its node gave, or took, goes on.
fn stands_open(file: &Examined, leg: LegId, of: RegionKey) -> bool {
    let standings = file.file.bundle.standings.iter();
    let mut standings = standings.filter(|one| one.leg == leg);
    standings.any(|one| (one.giver == of || one.taker == of) && one.closed_at.is_none())
}

/// K13, `false-standing`: a sealed file says where each of its legs stands, and what it says follows from the letters that it
/// shows. A leg whose offer it holds has a standing; one whose end it received is not open.
pub(super) fn standings(files: &[&Examined], voices: &[Voice<'_>], found: &mut Found) {
    for file in files.iter().filter(|file| file.binds().is_some()) {
        let (who, bundle) = (file.node(), &file.file.bundle);
        for voice in voices
            .iter()
            .filter(|voice| std::ptr::eq(voice.file, *file))
        {
            let took_effect = matches!(
                voice.letter.way,
                Way::Received(Effect::Applied) | Way::Sent(..)
            );
            let Some(message) = voice.message().filter(|_| took_effect) else {
                continue;
            };
            let false_word = match message {
                Message::Leg {
                    leg,
                    act: Act::Offer(offer),
                    ..
                } if bundle.legs.contains(leg)
                    && (offer.giver == who || offer.taker.region() == who)
                    && bundle.standings.iter().all(|one| one.leg != *leg) =>
                {
                    format!("交办 {leg} 的交办在其证据中，却没有说它办到哪里")
                }
                message => match closing(message) {
                    Some((leg, _))
                        if matches!(voice.letter.way, Way::Received(_))
                            && stands_open(file, leg, who) =>
                    {
                        format!("收到了交办 {leg} 的结束，却说它未结束")
                    }
                    _ => continue,
                },
            };
            let shows = voice.exhibit(format!("{} 签名，在其证据中", voice.author()));
            let seal = seal_exhibit(file, "盖章的证据所列的状态".to_owned());
            found.push(Finding {
                class: Class::Lie,
                who,
                rule: "false-standing",
                words: false_word,
                exhibits: vec![shows, seal],
            });
        }
    }
}
