//! What a node signed it must hold, where its own later file claims to be whole.

use super::{Conviction, Exhibit, Voice, hex};
use crate::evidence::bundle::{Bundle, Letter, Way};
use crate::evidence::examine::{Examined, Seal};
use hotline_domain::evidence::Receipted;
use hotline_domain::id::LegId;
use hotline_domain::link::{LogHead, Message};
use hotline_topology::RegionKey;

/// A letter as its author's file holds it: by author, id and statement, in the clear.
pub(super) fn own_copy<'a>(bundle: &'a Bundle, voice: &Voice<'_>) -> Option<&'a Letter> {
    bundle.letters.iter().find(|letter| {
        let envelope = &letter.envelope;
        envelope.id == voice.id()
            && envelope.author == bundle.node
            && matches!(letter.way, Way::Sent(..))
            && !envelope.is_shut()
            && envelope.statement() == voice.seen.statement
    })
}

/// What a file holds of what its node receipted.
enum Held {
    /// What was receipted.
    This,
    /// Something else under that id.
    Other,
    /// Nothing under that id.
    Nothing,
}

fn received(bundle: &Bundle, receipt: &Receipted) -> Held {
    let mut held = Held::Nothing;
    for letter in &bundle.letters {
        let envelope = &letter.envelope;
        if envelope.id != receipt.envelope
            || !matches!(letter.way, Way::Received(_))
            || envelope.is_shut()
        {
            continue;
        }
        if envelope.statement() == receipt.statement {
            return Held::This;
        }
        held = Held::Other;
    }
    held
}

/// Sealed files of a node that must hold what it signed under this head on these legs.
pub(super) fn answerable<'a>(
    files: &'a [&'a Examined],
    who: RegionKey,
    leg: Option<LegId>,
    head: Option<LogHead>,
) -> impl Iterator<Item = &'a Examined> {
    files.iter().copied().filter(move |file| {
        let bundle = &file.file.bundle;
        let later = match (head, file.file.seal.as_ref().and_then(|seal| seal.head)) {
            (Some(then), Some(now)) => now.epoch == then.epoch && now.commit > then.commit,
            _ => false,
        };
        bundle.node == who
            && file.seal == Seal::Good
            && later
            && leg.is_some_and(|leg| bundle.legs.contains(&leg))
    })
}

pub(super) fn receipts(files: &[&Examined], voices: &[Voice<'_>], found: &mut Vec<Conviction>) {
    for voice in voices {
        let Some(Message::Receipts(of)) = &voice.seen.message else {
            continue;
        };
        let who = voice.author();
        for receipt in of {
            let claims = voice.exhibit(format!(
                "{who} 的回执：信件 {}，内容摘要 {}，收于 {}",
                receipt.envelope,
                hex(&receipt.statement),
                receipt.at
            ));
            for file in answerable(files, who, receipt.leg, voice.head()) {
                let shows = |shows: &str| Exhibit {
                    file: file.name.clone(),
                    letter: None,
                    shows: shows.to_owned(),
                };
                match received(&file.file.bundle, receipt) {
                    Held::Nothing => found.push(Conviction {
                        who,
                        rule: "denied-receipt",
                        words: format!(
                            "签了信件 {} 的回执，自己的证据里却没有收到它",
                            receipt.envelope
                        ),
                        exhibits: vec![claims.clone(), shows("盖章的证据中没有这封信")],
                    }),
                    Held::Other => {
                        found.push(Conviction {
                            who,
                            rule: "false-receipt",
                            words: format!(
                                "信件 {} 的回执所称内容，与其自己所存的不同",
                                receipt.envelope
                            ),
                            exhibits: vec![claims.clone(), shows("盖章的证据中是另一内容")],
                        });
                    }
                    Held::This => {}
                }
            }
        }
    }
}

pub(super) fn letters(files: &[&Examined], voices: &[Voice<'_>], found: &mut Vec<Conviction>) {
    for voice in voices {
        let who = voice.author();
        let leg = voice.letter.envelope.leg;
        if matches!(
            voice.seen.message,
            Some(Message::Sight { .. } | Message::Notice(_))
        ) {
            continue;
        }
        // Who shows another content of its own under that id is convicted of having signed two.
        let shows_another = |file: &Examined| {
            let mut others = voices.iter().filter(|other| {
                std::ptr::eq(other.file, file) && (other.author(), other.id()) == (who, voice.id())
            });
            others.any(|other| own_copy(&file.file.bundle, other).is_some())
        };
        for file in answerable(files, who, leg, voice.head()) {
            if own_copy(&file.file.bundle, voice).is_none() && !shows_another(file) {
                found.push(Conviction {
                    who,
                    rule: "denied-letter",
                    words: format!("签发了信件 {}，自己的证据里却没有它", voice.id()),
                    exhibits: vec![
                        voice.exhibit(format!(
                            "{who} 签名，内容摘要 {}",
                            hex(&voice.seen.statement)
                        )),
                        Exhibit {
                            file: file.name.clone(),
                            letter: None,
                            shows: "盖章的证据中没有送出这封信".to_owned(),
                        },
                    ],
                });
            }
        }
    }
}
