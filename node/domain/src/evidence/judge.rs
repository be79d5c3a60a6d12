//! "We never got it" against "you were down": what became of one hand-over, from what both sides can show.
//!
//! | receipt | next hop acknowledged | peer showed life after the offer | judged |
//! | --- | --- | --- | --- |
//! | yes | – | – | [`Delivery::Receipted`]: it arrived, whatever its addressee says |
//! | no | yes | – | [`Delivery::OnItsWay`]: the giver did its part; the hop answers for the rest |
//! | no | no | no | [`Delivery::PeerAway`]: the giver tried and nobody was there |
//! | no | no | yes | [`Delivery::HeldBack`]: the peer was there, and the giver did not hand over |
//!
//! Life is what the peer itself signed, by its own clock, after the offer: the giver cannot make it up. That a link stood
//! is the giver's own word and counts against the giver alone.

use super::receipt::Effect;
use hotline_topology::Time;

/// What the records show of one hand-over.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Shown {
    /// When it was committed to be sent.
    pub offered_at: Time,
    /// When the next hop acknowledged that it is on its disk.
    pub acked_at: Option<Time>,
    /// The addressee's signed receipt: when, by its clock, and with what effect.
    pub receipt: Option<(Time, Effect)>,
    /// When the peer signed anything that is at hand.
    pub signed_by_peer: Vec<Time>,
    /// When the giver's record says that the link to the next hop stood.
    pub met: Vec<Time>,
    /// When the giver's record says that a dial failed.
    pub failed: Vec<Time>,
    /// Up to when the records reach.
    pub until: Time,
}

/// What became of a hand-over.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Delivery {
    /// The addressee's own signature says that it arrived.
    Receipted {
        /// When, by the addressee's clock.
        at: Time,
        /// With what effect.
        effect: Effect,
    },
    /// The next hop has it on disk; no receipt of the addressee is at hand.
    OnItsWay {
        /// Since when.
        since: Time,
    },
    /// It could not be handed over: nothing was heard of the peer since the offer.
    PeerAway {
        /// Dials that failed since.
        tried: usize,
        /// The last one.
        last_try: Option<Time>,
        /// When the link last stood before.
        last_met: Option<Time>,
    },
    /// The peer was there, and it was not handed over.
    HeldBack {
        /// A moment after the offer at which the peer was there.
        seen_at: Time,
        /// Whether the peer's own signature says so, or only the giver's record.
        signed: bool,
    },
}

impl Delivery {
    /// In words, with the reason.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Self::Receipted { at, effect } => {
                format!("已送达：对方签名的回执写于 {at}，{}", effect.label())
            }
            Self::OnItsWay { since } => {
                format!(
                    "在途：下一站自 {since} 起已收存，未见对方回执；移交方已尽责，余下由该站负责"
                )
            }
            Self::PeerAway {
                tried,
                last_try,
                last_met,
            } => {
                let tried = match last_try {
                    Some(last) => format!("此后拨号失败 {tried} 次，末次 {last}"),
                    None => "此后对方没有来连".to_owned(),
                };
                let met = last_met.map_or_else(
                    || "此前没有接通记录".to_owned(),
                    |at| format!("上次接通 {at}"),
                );
                format!("未送达，对方不可达：{tried}；{met}；没有对方此后签名的内容")
            }
            Self::HeldBack {
                seen_at,
                signed: true,
            } => format!("未送达，对方在线：对方 {seen_at} 仍在签名送出内容，移交方却没有送到"),
            Self::HeldBack {
                seen_at,
                signed: false,
            } => format!("未送达，对方在线：移交方自己的记录说链路 {seen_at} 已接通，却没有送到"),
        }
    }
}

/// Judges.
#[must_use]
pub fn judge(shown: &Shown) -> Delivery {
    if let Some((at, effect)) = shown.receipt {
        return Delivery::Receipted { at, effect };
    }
    if let Some(since) = shown.acked_at {
        return Delivery::OnItsWay { since };
    }
    let after = |at: &&Time| **at > shown.offered_at && **at <= shown.until;
    if let Some(seen_at) = shown.signed_by_peer.iter().filter(after).min() {
        return Delivery::HeldBack {
            seen_at: *seen_at,
            signed: true,
        };
    }
    if let Some(seen_at) = shown.met.iter().filter(after).min() {
        return Delivery::HeldBack {
            seen_at: *seen_at,
            signed: false,
        };
    }
    let failed = shown.failed.iter().filter(after);
    Delivery::PeerAway {
        tried: failed.clone().count(),
        last_try: failed.max().copied(),
        last_met: shown
            .met
            .iter()
            .filter(|at| **at <= shown.offered_at)
            .max()
            .copied(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown() -> Shown {
        Shown {
            offered_at: Time(100),
            acked_at: None,
            receipt: None,
            signed_by_peer: vec![Time(50)],
            met: vec![Time(40), Time(90)],
            failed: vec![Time(30), Time(110), Time(120)],
            until: Time(200),
        }
    }

    #[test]
    fn the_table() {
        let away = Delivery::PeerAway {
            tried: 2,
            last_try: Some(Time(120)),
            last_met: Some(Time(90)),
        };
        assert_eq!(judge(&shown()), away);
        let mut alive = shown();
        alive.signed_by_peer.push(Time(150));
        alive.met.push(Time(140));
        let held = |at, signed| Delivery::HeldBack {
            seen_at: Time(at),
            signed,
        };
        assert_eq!(judge(&alive), held(150, true), "its signature comes first");
        alive.signed_by_peer.pop();
        assert_eq!(judge(&alive), held(140, false));
        alive.acked_at = Some(Time(130));
        assert_eq!(judge(&alive), Delivery::OnItsWay { since: Time(130) });
        alive.receipt = Some((Time(160), Effect::Late));
        let receipted = Delivery::Receipted {
            at: Time(160),
            effect: Effect::Late,
        };
        assert_eq!(judge(&alive), receipted);
    }

    #[test]
    fn what_lies_outside_the_time_says_nothing() {
        let mut late = shown();
        late.signed_by_peer.push(Time(201));
        late.met.push(Time(100));
        assert!(matches!(
            judge(&late),
            Delivery::PeerAway {
                last_met: Some(Time(100)),
                ..
            }
        ));
    }

    #[test]
    fn every_judgement_has_words() {
        let none = Shown {
            met: Vec::new(),
            failed: Vec::new(),
            ..shown()
        };
        assert!(judge(&none).words().contains("没有来连"));
        assert!(judge(&shown()).words().contains("失败 2 次"));
    }
}
