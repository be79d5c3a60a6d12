//! "We never got it" against "you were down": what became of one hand-over, from what both sides can show.
//!
//! | receipt | next hop acknowledged | addressee's file lacks it | peer showed life | judged |
//! | --- | --- | --- | --- | --- |
//! | yes | – | – | – | [`Delivery::Receipted`]: it arrived, whatever its addressee says |
//! | no | yes | no, or another hop | – | [`Delivery::OnItsWay`]: so says the giver, whom nobody's signature bears out |
//! | no | yes | yes, it is the hop | – | [`Delivery::Contradicted`]: the two cannot both be true |
//! | no | no | – | yes | [`Delivery::HeldBack`]: the peer was there, and the giver has nothing to show |
//! | no | no | yes | no | [`Delivery::NotReceived`]: neither a receipt nor a trace at the addressee |
//! | no | no | no | no | [`Delivery::PeerAway`]: the giver says that it tried and nobody was there |
//!
//! Signed by others are the receipt, the addressee's file and the peer's life, by its own clock: the giver cannot make them
//! up. That the next hop acknowledged, that dials failed and that a link stood is the giver's own word, shown as that, and
//! counts against the giver alone.

use super::receipt::Effect;
use hotline_topology::Time;

/// What the records show of one hand-over.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Shown {
    /// When it was committed to be sent.
    pub offered_at: Time,
    /// When the next hop acknowledged that it is on its disk, as the giver says.
    pub acked_at: Option<Time>,
    /// Whether that hop is the addressee.
    pub hop_is_addressee: bool,
    /// The addressee's signed receipt: when, by its clock, and with what effect.
    pub receipt: Option<(Time, Effect)>,
    /// Up to when a sealed file of the addressee's, whole for this leg, does not hold it.
    pub lacks: Option<Time>,
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
    /// The giver says that the next hop has it on disk; no signature at hand says so.
    OnItsWay {
        /// Since when.
        since: Time,
    },
    /// The giver says that its addressee acknowledged it, whose sealed file has no such thing.
    Contradicted {
        /// When it was acknowledged, as the giver says.
        since: Time,
        /// Up to when the addressee's file reaches.
        lacks: Time,
    },
    /// Nothing signed says that it arrived, and the addressee's sealed file has no such thing.
    NotReceived {
        /// Up to when the addressee's file reaches.
        lacks: Time,
    },
    /// It could not be handed over, as the giver says: nothing signed was heard of the peer since the offer.
    PeerAway {
        /// Dials that failed since.
        tried: usize,
        /// The last one.
        last_try: Option<Time>,
        /// When the link last stood before.
        last_met: Option<Time>,
    },
    /// The peer was there, and the giver has nothing to show.
    HeldBack {
        /// A moment after the offer at which the peer was there.
        seen_at: Time,
        /// Whether the peer's own signature says so, or only the giver's record.
        signed: bool,
    },
}

impl Delivery {
    /// In words, with the reason; no more than is signed, and a word of one side alone is called that.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Self::Receipted { at, effect } => {
                format!(
                    "已送达：收件方签名承认于 {at} 收到（其时钟），{}",
                    effect.label()
                )
            }
            Self::OnItsWay { since } => {
                format!("移交方自述下一站自 {since} 起已收存，无签名；请令下一站出示证据")
            }
            Self::Contradicted { since, lacks } => format!(
                "矛盾：移交方自述收件方于 {since} 已收存，收件方截至 {lacks} 的盖章证据中没有它"
            ),
            Self::NotReceived { lacks } => {
                format!("没有送达的签名；收件方截至 {lacks} 的证据中没有它")
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
                format!("没有送达的签名；移交方自述{tried}，{met}；没有相反的签名")
            }
            Self::HeldBack {
                seen_at,
                signed: true,
            } => format!(
                "没有送达的签名；其间对方仍有签名（{seen_at}，其时钟），移交方没有送达的证明，应作说明"
            ),
            Self::HeldBack {
                seen_at,
                signed: false,
            } => format!(
                "没有送达的签名；移交方自己的记录说链路 {seen_at} 已接通，没有送达的证明，应作说明"
            ),
        }
    }
}

/// Judges.
#[must_use]
pub fn judge(shown: &Shown) -> Delivery {
    if let Some((at, effect)) = shown.receipt {
        return Delivery::Receipted { at, effect };
    }
    match (shown.acked_at, shown.lacks) {
        (Some(since), Some(lacks)) if shown.hop_is_addressee && lacks >= since => {
            return Delivery::Contradicted { since, lacks };
        }
        (Some(since), _) => return Delivery::OnItsWay { since },
        (None, _) => {}
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
    if let Some(lacks) = shown.lacks {
        return Delivery::NotReceived { lacks };
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
            hop_is_addressee: true,
            receipt: None,
            lacks: None,
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
        alive.met.pop();
        alive.lacks = Some(Time(170));
        assert_eq!(judge(&alive), Delivery::NotReceived { lacks: Time(170) });
        alive.acked_at = Some(Time(130));
        let contradicted = Delivery::Contradicted {
            since: Time(130),
            lacks: Time(170),
        };
        assert_eq!(judge(&alive), contradicted);
        // A file that ends before it was acknowledged, and one of whoever is not the hop, contradict nothing.
        for (lacks, hop) in [(129, true), (170, false)] {
            (alive.lacks, alive.hop_is_addressee) = (Some(Time(lacks)), hop);
            assert_eq!(judge(&alive), Delivery::OnItsWay { since: Time(130) });
        }
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
