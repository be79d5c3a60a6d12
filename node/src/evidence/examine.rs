//! One file by itself: whose are its seal and its signatures?
//!
//! A letter that is shut, or says that it is, says nothing here: see [`hotline_domain::link::Envelope::is_shut`]. What a
//! signature counts for depends on all files together, see `witness.rs`; until that is asked nothing counts.

use super::bundle::{FORM, File, Letter, Way, seal_bytes};
use super::mark::{Mark, State};
use super::trust::Trusted;
use crate::codec::payload::Codec;
use hotline_domain::evidence::{Effect, Signature, signed_of};
use hotline_domain::id::LegId;
use hotline_domain::leg::Act;
use hotline_domain::link::{LogHead, Message, Proof, Wire as _};
use hotline_topology::{RegionKey, Time};

/// A file's seal.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Seal {
    /// Nobody signed it: its claims bind nobody, its letters speak.
    Missing,
    /// A program of before sealed it, which left out what it had not to: it is asked for anew, and bound by nothing.
    Former,
    /// Somebody did, under this head of his log.
    Made(Mark, LogHead),
    /// What stands for a seal fits no bytes at all, in words.
    Malformed(String),
}

/// One letter, examined.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Seen {
    /// What it says, where it lies in the clear and this program understands it.
    pub message: Option<Message>,
    /// Only its addressee could tell what it says: of its signature nothing but the log head speaks.
    pub shut: bool,
    /// The author's statement; of a shut letter whatever the file says.
    pub statement: [u8; 32],
    /// Its signature by itself.
    pub mark: Mark,
    /// What its signature counts for.
    pub state: State,
    /// Whether its date is that of the commit which signed it. What goes to a far node may have waited for its key, or was
    /// sent again, under the date when it was written.
    pub dated: bool,
    /// The first that another node says to have seen of it.
    pub seen_at: Option<Time>,
}

impl Seen {
    /// Whether it says what it says, and in its author's name.
    #[must_use]
    pub fn speaks(&self) -> bool {
        self.state.is_good() && !self.shut
    }

    /// Whether it can convict: with a list past its promised renewal the robbed would be taken for the thief.
    #[must_use]
    pub fn convicts(&self) -> bool {
        self.state.is_good() && matches!(&self.mark, Mark::Signed(key) if key.lists_current)
    }
}

/// A file, examined.
#[derive(Clone, Debug)]
pub struct Examined {
    /// Its name, for people.
    pub name: String,
    /// The file.
    pub file: File,
    /// Its seal by itself.
    pub seal: Seal,
    /// What its seal counts for.
    pub sealed: State,
    /// Its letters, in order.
    pub letters: Vec<Seen>,
}

impl Examined {
    /// Whose log it shows.
    #[must_use]
    pub fn node(&self) -> RegionKey {
        self.file.bundle.node
    }

    /// Where the log stood, where its node stands by the file.
    #[must_use]
    pub fn head(&self) -> Option<LogHead> {
        match (&self.seal, &self.sealed) {
            (Seal::Made(_, head), State::Good) => Some(*head),
            _ => None,
        }
    }

    /// The same, where nothing is open about the lists that it is judged by.
    #[must_use]
    pub fn binds(&self) -> Option<LogHead> {
        match &self.seal {
            Seal::Made(Mark::Signed(key), _) if key.lists_current => self.head(),
            _ => None,
        }
    }

    /// Letters with what was found of each.
    pub fn seen(&self) -> impl Iterator<Item = (&Letter, &Seen)> {
        self.file.bundle.letters.iter().zip(&self.letters)
    }

    /// Why the file counts as not given: it is not as its node sealed it, or shows under nobody's seal what its author
    /// never signed.
    #[must_use]
    pub fn unusable(&self) -> Option<String> {
        let node = self.node();
        match &self.seal {
            Seal::Malformed(why) | Seal::Made(Mark::Forged(why), _) => {
                return Some(format!("不是 {node} 盖章时的原样：{why}"));
            }
            Seal::Made(Mark::Signed(_), _) => return None,
            Seal::Missing | Seal::Former | Seal::Made(Mark::Foreign(_), _) => {}
        }
        self.seen().find_map(|(letter, seen)| match &seen.mark {
            Mark::Forged(why) if self.answers_for(letter) => {
                let (id, author) = (letter.envelope.id, letter.envelope.author);
                Some(format!("信件 {id}（{author} 所写）与其签名不符：{why}"))
            }
            _ => None,
        })
    }

    /// Whether the exporter could see what it shows: its own, and what it opened as its addressee; not what it passed on.
    #[must_use]
    pub fn answers_for(&self, letter: &Letter) -> bool {
        let opened = matches!(letter.way, Way::Received(_)) && !letter.envelope.is_shut();
        letter.envelope.author == self.node() || opened
    }
}

/// Whether the addressee owes a receipt for a message.
#[must_use]
pub fn hands_over(message: Option<&Message>) -> bool {
    matches!(message, Some(Message::Leg { act, .. }) if !matches!(act, Act::Receipt))
}

/// The legs that a letter is about.
#[must_use]
pub fn legs_of(letter: &Letter, message: Option<&Message>) -> Vec<LegId> {
    match message {
        Some(Message::Receipts(of)) => of.iter().filter_map(|one| one.leg).collect(),
        Some(Message::Leg { leg, .. }) => vec![*leg],
        _ => letter.envelope.leg.into_iter().collect(),
    }
}

/// Examines a file, as of `now`.
#[must_use]
pub fn examine(name: String, file: File, trusted: &Trusted, now: Time) -> Examined {
    let letters = file.bundle.letters.iter();
    let letters = letters
        .map(|letter| look(&file, letter, trusted, now))
        .collect();
    Examined {
        name,
        seal: seal(&file, trusted, now),
        sealed: nothing_yet(),
        letters,
        file,
    }
}

fn nothing_yet() -> State {
    State::Nothing("尚未核对".to_owned())
}

fn look(file: &File, letter: &Letter, trusted: &Trusted, now: Time) -> Seen {
    let envelope = &letter.envelope;
    let shut = envelope.is_shut();
    let mark = || -> Result<Mark, Mark> {
        let foreign = |why: &str| Mark::Foreign(why.to_owned());
        let proof = envelope.proof.as_ref().ok_or(foreign("没有签名"))?;
        let what = signed_of(envelope);
        let what = what.ok_or(Mark::Forged("签名的位置与路径不符".to_owned()))?;
        let (_, chain) = file
            .bundle
            .chain(&proof.certificate)
            .ok_or(foreign("文件中没有签名者的证书"))?;
        let named = (envelope.author, Some(envelope.topology));
        Ok(trusted.mark(named, chain, &what, &signature(proof), now))
    };
    let (topology, author, addressee) = (envelope.topology, envelope.author, envelope.addressee);
    Seen {
        message: match shut {
            false => Codec.decode(envelope.kind, &envelope.payload).ok(),
            true => None,
        },
        shut,
        statement: envelope.statement(),
        mark: mark().unwrap_or_else(|mark| mark),
        state: nothing_yet(),
        dated: trusted.are_neighbours(topology, author, addressee),
        seen_at: None,
    }
}

fn seal(file: &File, trusted: &Trusted, now: Time) -> Seal {
    let Some(proof) = &file.seal else {
        return Seal::Missing;
    };
    if file.bundle.form < FORM {
        return Seal::Former;
    }
    let Some(head) = proof.head else {
        return Seal::Malformed("没有日志链位置".to_owned());
    };
    let mark = match file.bundle.chain(&proof.certificate) {
        None => Mark::Foreign("文件中没有盖章者的证书".to_owned()),
        Some((_, chain)) => {
            let what = seal_bytes(&file.statement, &head);
            let named = (file.bundle.node, None);
            trusted.mark(named, chain, &what, &signature(proof), now)
        }
    };
    Seal::Made(mark, head)
}

fn signature(proof: &Proof) -> Signature {
    Signature {
        algorithm: proof.algorithm,
        bytes: proof.signature.clone(),
    }
}

/// The word for what a letter hands over.
#[must_use]
pub fn label(seen: &Seen) -> String {
    if seen.shut {
        return "封装内容，只有收件方能开启".to_owned();
    }
    match &seen.message {
        Some(Message::Leg { act, .. }) => act.label().to_owned(),
        Some(Message::Sight { .. }) => "告知进展".to_owned(),
        Some(Message::Notice(_)) => "异常通报".to_owned(),
        Some(Message::Refused { rule, .. }) => format!("拒绝（{rule}）"),
        Some(Message::Past(past)) => format!("恢复后补送「{}」", past.act.label()),
        Some(Message::Receipts(of)) => {
            let late = of.iter().filter(|one| one.effect != Effect::Applied);
            match late.count() {
                0 => format!("回执 {} 项", of.len()),
                other => format!("回执 {} 项，其中 {other} 项未生效", of.len()),
            }
        }
        Some(_) => "其他".to_owned(),
        None => "本程序不认识的内容".to_owned(),
    }
}
