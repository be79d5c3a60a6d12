//! One file by itself: are its seal and its signatures good, and did what was handed over arrive?
//!
//! A letter that is shut, or says that it is, says nothing here: see [`hotline_domain::link::Envelope::is_shut`]. Others' letters are examined
//! before the exporter's own, since a receipt counts as a witness only once it is proven itself.

use super::bundle::{ContactKind, File, Letter, Way};
use super::trust::Trusted;
use crate::codec::payload::Codec;
use hotline_domain::evidence::{
    Delivery, Effect, Shown, Signature, judge, merkle, signed_bytes, signed_of,
};
use hotline_domain::id::EnvelopeId;
use hotline_domain::leg::Act;
use hotline_domain::link::{Message, Proof, Wire as _};
use hotline_topology::{RegionKey, Time};
use std::collections::BTreeMap;

/// Whether the exporter stands by the file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Seal {
    /// Its node signed it.
    Good,
    /// Nobody signed it: its claims bind nobody.
    Missing,
    /// The signature is not over this file, or not its node's.
    Broken(String),
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
    /// When somebody else than its author witnessed it; else the author's own time.
    pub witnessed_at: Time,
    /// Whether the author signed it.
    pub proven: Result<(), String>,
}

impl Seen {
    /// Whether it says what it says, and in its author's name.
    #[must_use]
    pub fn speaks(&self) -> bool {
        self.proven.is_ok() && !self.shut
    }
}

/// A file, examined.
pub struct Examined {
    /// Its name, for people.
    pub name: String,
    /// The file.
    pub file: File,
    /// Whether the exporter stands by it.
    pub seal: Seal,
    /// Its letters, in order.
    pub letters: Vec<Seen>,
    /// What became of what its node handed over: letter by position.
    pub deliveries: Vec<(usize, Delivery)>,
    /// What is wrong with it.
    pub faults: Vec<String>,
}

/// Whether the addressee owes a receipt for a message.
#[must_use]
pub fn hands_over(message: Option<&Message>) -> bool {
    matches!(message, Some(Message::Leg { act, .. }) if !matches!(act, Act::Receipt))
}

/// Examines a file. `at` judges every certificate as of one moment instead of its witness.
#[must_use]
pub fn examine(name: String, file: File, trusted: &Trusted, at: Option<Time>) -> Examined {
    let node = file.bundle.node;
    let own = |letter: &Letter| letter.envelope.author == node;
    let mut seen: Vec<Option<Seen>> = file
        .bundle
        .letters
        .iter()
        .map(|letter| {
            let look = || look(&file, letter, letter.at, trusted, at);
            (!own(letter)).then(look)
        })
        .collect();
    let receipts = receipts(&file, &seen);
    for (letter, seen) in file.bundle.letters.iter().zip(&mut seen) {
        let witnessed_at = receipts.first(letter).map_or(letter.at, |(at, _)| at);
        seen.get_or_insert_with(|| look(&file, letter, witnessed_at, trusted, at));
    }
    let letters = seen.into_iter().flatten().collect();
    let seal = seal(&file, trusted, at);
    let mut examined = Examined {
        name,
        seal,
        letters,
        deliveries: Vec::new(),
        faults: Vec::new(),
        file,
    };
    if let Seal::Broken(why) = &examined.seal {
        let node = examined.file.bundle.node;
        examined
            .faults
            .push(format!("文件不是 {node} 盖章时的原样：{why}"));
    }
    for (letter, seen) in examined.file.bundle.letters.iter().zip(&examined.letters) {
        if let Err(why) = &seen.proven {
            let (id, author) = (letter.envelope.id, letter.envelope.author);
            examined
                .faults
                .push(format!("信件 {id}（{author} 所写）的签名不成立：{why}"));
        }
    }
    examined.deliveries = deliveries(&examined, &receipts);
    examined
}

/// What was receipted: an envelope, and its author's statement.
type Receipted = (EnvelopeId, [u8; 32]);

/// Proven receipts by what they are for: who receipted, when, and with what effect.
struct Receipts(BTreeMap<Receipted, Vec<(RegionKey, Time, Effect)>>);

impl Receipts {
    /// The addressee's own first word on a letter.
    fn first(&self, letter: &Letter) -> Option<(Time, Effect)> {
        let envelope = &letter.envelope;
        if envelope.is_shut() {
            return None;
        }
        let of = self.0.get(&(envelope.id, envelope.statement()))?;
        of.iter()
            .filter(|(by, ..)| *by == envelope.addressee)
            .map(|(_, at, effect)| (*at, *effect))
            .min()
    }
}

/// Each receipt stands for itself: one that is not signed proves nothing beside one that is.
fn receipts(file: &File, seen: &[Option<Seen>]) -> Receipts {
    let mut found = BTreeMap::<_, Vec<_>>::new();
    for (letter, seen) in file.bundle.letters.iter().zip(seen) {
        let Some(seen) = seen.as_ref().filter(|seen| seen.speaks()) else {
            continue;
        };
        if let Some(Message::Receipts(of)) = &seen.message {
            for one in of {
                let entry = found.entry((one.envelope, one.statement)).or_default();
                entry.push((letter.envelope.author, one.at, one.effect));
            }
        }
    }
    Receipts(found)
}

fn look(
    file: &File,
    letter: &Letter,
    witnessed_at: Time,
    trusted: &Trusted,
    at: Option<Time>,
) -> Seen {
    let envelope = &letter.envelope;
    let shut = envelope.is_shut();
    let proven = || -> Result<(), String> {
        let proof = envelope.proof.as_ref().ok_or("没有签名")?;
        let what = signed_of(envelope).ok_or("签名的位置与路径不符")?;
        let (region, chain) = file
            .bundle
            .chain(&proof.certificate)
            .ok_or("文件中没有签名者的证书")?;
        if region != envelope.author {
            return Err(format!("证书属于 {region}"));
        }
        let times = at.map_or((envelope.written_at, witnessed_at), |at| (at, at));
        trusted.verify(envelope.author, times, chain, &what, &signature(proof))
    };
    Seen {
        message: match shut {
            false => Codec.decode(envelope.kind, &envelope.payload).ok(),
            true => None,
        },
        shut,
        statement: envelope.statement(),
        witnessed_at,
        proven: proven(),
    }
}

fn seal(file: &File, trusted: &Trusted, at: Option<Time>) -> Seal {
    let Some(proof) = &file.seal else {
        return Seal::Missing;
    };
    let judged = || -> Result<(), String> {
        let root = merkle::root(&file.statement, proof.index, proof.leaves, &proof.path)
            .ok_or("签名的位置与路径不符")?;
        let head = proof.head.as_ref().ok_or("没有日志链位置")?;
        let (_, chain) = file
            .bundle
            .chain(&proof.certificate)
            .ok_or("文件中没有盖章者的证书")?;
        let when = at.unwrap_or(file.bundle.made_at);
        let what = signed_bytes(&root, head);
        trusted.verify(
            file.bundle.node,
            (when, when),
            chain,
            &what,
            &signature(proof),
        )
    };
    judged().map_or_else(Seal::Broken, |()| Seal::Good)
}

fn signature(proof: &Proof) -> Signature {
    Signature {
        algorithm: proof.algorithm,
        bytes: proof.signature.clone(),
    }
}

fn deliveries(examined: &Examined, receipts: &Receipts) -> Vec<(usize, Delivery)> {
    let bundle = &examined.file.bundle;
    let all = || bundle.letters.iter().zip(&examined.letters);
    let mut found = Vec::new();
    for (at, (letter, seen)) in all().enumerate() {
        let Way::Sent(hop, acked_at) = letter.way else {
            continue;
        };
        let envelope = &letter.envelope;
        if envelope.author != bundle.node || !hands_over(seen.message.as_ref()) {
            continue;
        }
        let signed_by_peer = all()
            .filter(|(of, seen)| {
                let author = of.envelope.author;
                (author == hop || author == envelope.addressee) && seen.speaks()
            })
            .map(|(of, _)| of.envelope.written_at)
            .collect();
        let contacts = |kind: ContactKind| -> Vec<Time> {
            let of = bundle.contacts.iter();
            of.filter(|contact| contact.kind == kind && contact.peer == Some(hop))
                .map(|contact| contact.at)
                .collect()
        };
        let shown = Shown {
            offered_at: letter.at,
            acked_at,
            receipt: receipts.first(letter),
            signed_by_peer,
            met: contacts(ContactKind::Met),
            failed: contacts(ContactKind::DialFailed),
            until: bundle.made_at,
        };
        found.push((at, judge(&shown)));
    }
    found
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
