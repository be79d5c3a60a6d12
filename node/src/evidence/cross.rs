//! Several files against each other: whoever says two things is convicted by his own signatures.
//!
//! | rule | what convicts |
//! | --- | --- |
//! | `two-statements` | one envelope id, two contents, both signed by its author |
//! | `two-acts` | one numbered act on a leg (offer, request, ruling, due date, term) with two contents, both signed |
//! | `forked-log` | two log heads of one epoch and number with different hashes, both signed |
//! | `rewritten-log` | an own letter stands in the exporter's log elsewhere than its signature says |
//! | `false-receipt` | a receipt over a content that the author never signed, and the receipter cannot show it either |
//! | `denied-letter` | a letter that its author's own, later, sealed file leaves out |
//! | `denied-receipt` | a receipt whose author's own, later, sealed file leaves out what it receipted |
//! | `closed-and-open` | a leg's giver signed to one that it is closed and to another, later, that it is open |
//!
//! Only a letter whose signature is good speaks, and only a sealed file binds its exporter by what it leaves out. A node
//! whose disk went back and that said so, by a higher epoch, is not convicted of what its old disk knew.

use super::bundle::{Bundle, Letter, Way};
use super::examine::{Examined, Seal, Seen};
use hotline_domain::id::{EnvelopeId, LegId};
use hotline_domain::leg::{Act, RequestKind};
use hotline_domain::link::{LogHead, Message};
use hotline_topology::{RegionKey, Time};
use std::collections::BTreeMap;

/// A signed thing that convicts: which, and in which file it lies.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Exhibit {
    /// The file's name.
    pub file: String,
    /// The letter; `None` for the file's seal.
    pub letter: Option<EnvelopeId>,
    /// What it shows, in words.
    pub shows: String,
}

/// Somebody is convicted by his own signatures.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Conviction {
    /// Who.
    pub who: RegionKey,
    /// By which rule of the table above.
    pub rule: &'static str,
    /// In words.
    pub words: String,
    /// The proof.
    pub exhibits: Vec<Exhibit>,
}

/// A letter that speaks.
#[derive(Clone, Copy)]
struct Voice<'a> {
    file: &'a Examined,
    letter: &'a Letter,
    seen: &'a Seen,
}

impl Voice<'_> {
    fn author(&self) -> RegionKey {
        self.letter.envelope.author
    }

    fn id(&self) -> EnvelopeId {
        self.letter.envelope.id
    }

    fn head(&self) -> Option<LogHead> {
        self.letter.envelope.proof.as_ref()?.head
    }

    fn exhibit(&self, shows: String) -> Exhibit {
        Exhibit {
            file: self.file.name.clone(),
            letter: Some(self.id()),
            shows,
        }
    }
}

/// Convicts.
#[must_use]
pub fn cross(files: &[Examined]) -> Vec<Conviction> {
    let voices: Vec<Voice<'_>> = files
        .iter()
        .flat_map(|file| {
            let letters = file.file.bundle.letters.iter().zip(&file.letters);
            letters
                .filter(|(_, seen)| seen.proven.is_ok())
                .map(move |(letter, seen)| Voice { file, letter, seen })
        })
        .collect();
    let mut found = Vec::new();
    two_statements(&voices, &mut found);
    two_acts(&voices, &mut found);
    heads(files, &voices, &mut found);
    receipts(files, &voices, &mut found);
    denied(files, &voices, &mut found);
    closed_and_open(files, &voices, &mut found);
    found.dedup();
    found
}

fn two_statements(voices: &[Voice<'_>], found: &mut Vec<Conviction>) {
    let mut first: BTreeMap<EnvelopeId, Voice<'_>> = BTreeMap::new();
    for voice in voices {
        let known = *first.entry(voice.id()).or_insert(*voice);
        if known.seen.statement != voice.seen.statement && known.author() == voice.author() {
            let shows = |voice: &Voice<'_>| {
                voice.exhibit(format!(
                    "{} 签名的内容摘要 {}",
                    voice.author(),
                    hex(&voice.seen.statement)
                ))
            };
            found.push(Conviction {
                who: voice.author(),
                rule: "two-statements",
                words: format!("同一信件 {} 签了两种内容", voice.id()),
                exhibits: vec![shows(&known), shows(voice)],
            });
        }
    }
}

/// What can be said once on a leg: who says it, and its name.
fn slot(leg: LegId, act: &Act) -> Option<(LegId, &'static str, u32)> {
    Some(match act {
        Act::Offer(_) => (leg, "offer", 0),
        Act::Request { no, .. } => (leg, "request", *no),
        Act::Ruling { request, .. } => (leg, "ruling", *request),
        Act::NewDue { no, .. } => (leg, "new-due", *no),
        Act::NameLead { term, .. } => (leg, "name-lead", *term),
        _ => return None,
    })
}

fn two_acts(voices: &[Voice<'_>], found: &mut Vec<Conviction>) {
    let mut first = BTreeMap::new();
    for voice in voices {
        let Some(Message::Leg { leg, act, .. }) = &voice.seen.message else {
            continue;
        };
        let Some(slot) = slot(*leg, act) else {
            continue;
        };
        let (known, said) = *first.entry((voice.author(), slot)).or_insert((*voice, act));
        let went_back = match (known.head(), voice.head()) {
            (Some(one), Some(other)) => one.epoch != other.epoch,
            _ => true,
        };
        if said != act && !went_back && known.id() != voice.id() {
            let shows = |voice: &Voice<'_>| {
                voice.exhibit(format!("内容摘要 {}", hex(&voice.seen.statement)))
            };
            found.push(Conviction {
                who: voice.author(),
                rule: "two-acts",
                words: format!(
                    "对交办 {leg} 的「{}」(第 {} 号)先后签了两种内容",
                    act.label(),
                    slot.2
                ),
                exhibits: vec![shows(&known), shows(voice)],
            });
        }
    }
}

/// A log has one head of each number; and an own letter stands right after the head that its signature names.
fn heads(files: &[Examined], voices: &[Voice<'_>], found: &mut Vec<Conviction>) {
    let mut first: BTreeMap<(RegionKey, u64, u64), ([u8; 32], Exhibit)> = BTreeMap::new();
    let mut note = |who: RegionKey, head: LogHead, exhibit: Exhibit| {
        let at = (who, head.epoch, head.commit);
        let (hash, known) = first.entry(at).or_insert((head.hash, exhibit.clone()));
        (*hash != head.hash).then(|| Conviction {
            who,
            rule: "forked-log",
            words: format!("其日志第 {} 号提交之后的链值签过两个", head.commit),
            exhibits: vec![known.clone(), exhibit],
        })
    };
    for voice in voices {
        if let Some(head) = voice.head() {
            let exhibit = voice.exhibit(format!(
                "第 {} 号之后的链值 {}",
                head.commit,
                hex(&head.hash)
            ));
            found.extend(note(voice.author(), head, exhibit));
        }
    }
    for file in files.iter().filter(|file| file.seal == Seal::Good) {
        let bundle = &file.file.bundle;
        if let Some(head) = file.file.seal.as_ref().and_then(|seal| seal.head) {
            let exhibit = Exhibit {
                file: file.name.clone(),
                letter: None,
                shows: format!("盖章时第 {} 号之后的链值 {}", head.commit, hex(&head.hash)),
            };
            found.extend(note(bundle.node, head, exhibit));
        }
        for voice in voices.iter().filter(|voice| voice.author() == bundle.node) {
            let own = own_copy(bundle, voice.id());
            let (Some(own), Some(head)) = (own, voice.head()) else {
                continue;
            };
            if own.commit != head.commit + 1 || own.chain_before != head.hash {
                found.push(Conviction {
                    who: bundle.node,
                    rule: "rewritten-log",
                    words: format!(
                        "信件 {} 签名时其日志在第 {} 号之后,其导出的日志却把它记在第 {} 号,链值不符:日志事后被改写",
                        voice.id(),
                        head.commit,
                        own.commit
                    ),
                    exhibits: vec![
                        voice.exhibit(format!("签名中的链值 {}", hex(&head.hash))),
                        Exhibit {
                            file: file.name.clone(),
                            letter: Some(own.envelope.id),
                            shows: format!("导出日志中的链值 {}", hex(&own.chain_before)),
                        },
                    ],
                });
            }
        }
    }
}

fn own_copy(bundle: &Bundle, id: EnvelopeId) -> Option<&Letter> {
    bundle.letters.iter().find(|letter| {
        letter.envelope.id == id
            && letter.envelope.author == bundle.node
            && matches!(letter.way, Way::Sent(..))
    })
}

/// Sealed files of a node that must hold what it signed under this head on these legs.
fn answerable(
    files: &[Examined],
    who: RegionKey,
    leg: Option<LegId>,
    head: Option<LogHead>,
) -> impl Iterator<Item = &Examined> {
    files.iter().filter(move |file| {
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

fn receipts(files: &[Examined], voices: &[Voice<'_>], found: &mut Vec<Conviction>) {
    for voice in voices {
        let Some(Message::Receipts(of)) = &voice.seen.message else {
            continue;
        };
        let who = voice.author();
        for receipt in of {
            let claims = voice.exhibit(format!(
                "{who} 的回执:信件 {},内容摘要 {},收于 {}",
                receipt.envelope,
                hex(&receipt.statement),
                receipt.at
            ));
            for file in answerable(files, who, receipt.leg, voice.head()) {
                let held = file.file.bundle.letters.iter().find(|letter| {
                    letter.envelope.id == receipt.envelope && matches!(letter.way, Way::Received(_))
                });
                let shows = |shows: &str| Exhibit {
                    file: file.name.clone(),
                    letter: None,
                    shows: shows.to_owned(),
                };
                match held {
                    None => found.push(Conviction {
                        who,
                        rule: "denied-receipt",
                        words: format!(
                            "签了信件 {} 的回执,自己的证据里却没有收到它",
                            receipt.envelope
                        ),
                        exhibits: vec![claims.clone(), shows("盖章的证据中没有这封信")],
                    }),
                    Some(held) if held.envelope.statement() != receipt.statement => {
                        found.push(Conviction {
                            who,
                            rule: "false-receipt",
                            words: format!(
                                "信件 {} 的回执所称内容,与其自己所存的不同",
                                receipt.envelope
                            ),
                            exhibits: vec![claims.clone(), shows("盖章的证据中是另一内容")],
                        });
                    }
                    Some(_) => {}
                }
            }
        }
    }
}

fn denied(files: &[Examined], voices: &[Voice<'_>], found: &mut Vec<Conviction>) {
    for voice in voices {
        let who = voice.author();
        let leg = voice.letter.envelope.leg;
        if matches!(
            voice.seen.message,
            Some(Message::Sight { .. } | Message::Notice(_))
        ) {
            continue;
        }
        for file in answerable(files, who, leg, voice.head()) {
            if own_copy(&file.file.bundle, voice.id()).is_none() {
                found.push(Conviction {
                    who,
                    rule: "denied-letter",
                    words: format!("签发了信件 {},自己的证据里却没有它", voice.id()),
                    exhibits: vec![
                        voice.exhibit(format!(
                            "{who} 签名,内容摘要 {}",
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

fn closed_and_open(files: &[Examined], voices: &[Voice<'_>], found: &mut Vec<Conviction>) {
    for voice in voices {
        let Some((leg, closed_at)) = voice.seen.message.as_ref().and_then(closing) else {
            continue;
        };
        let who = voice.author();
        let closed = voice.exhibit(format!("{who} 签名:交办 {leg} 自 {closed_at} 起已结束"));
        let mut convict = |open: Exhibit| {
            found.push(Conviction {
                who,
                rule: "closed-and-open",
                words: format!("对交办 {leg},向一方说已结束,向另一方说未结束"),
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
                    "{who} 签名:{} 时仍为「{}」",
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

/// Bytes for people.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
