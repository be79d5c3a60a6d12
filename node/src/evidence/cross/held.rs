//! What a node signed it must hold, where its own later sealed file claims to be whole.

use super::heads::own_copies;
use super::hex;
use super::voice::{Found, Voice, seal_exhibit};
use crate::evidence::bundle::Way;
use crate::evidence::examine::Examined;
use crate::evidence::hold::{Answer, Held, Matters, answer, claims, received};
use crate::evidence::verdict::{Class, Finding};
use hotline_domain::evidence::Receipted;
use hotline_domain::id::LegId;
use hotline_domain::link::{Message, MessageKind};
use hotline_topology::RegionKey;

/// What a conviction adds that a restart could explain.
const UNLESS: &str = "，除非它出示已有他方见证的纪元申明";

/// Sealed files of a voice's author that claim one of these legs, with how they stand to what it signed.
fn files_of<'a>(
    files: &'a [&'a Examined],
    voice: &Voice<'a>,
    legs: &'a [LegId],
    matters: &'a Matters,
) -> impl Iterator<Item = (&'a Examined, Answer)> {
    let (who, head) = (voice.author(), voice.head());
    files.iter().filter_map(move |file| {
        let concerned = file.node() == who && legs.iter().any(|leg| claims(file, *leg, matters));
        let stands = answer(file.binds()?, &file.file.bundle.restarts, head?);
        concerned.then_some((*file, stands))
    })
}

/// K7 and K8, `denied-receipt` and `false-receipt`: what a node receipted lies in its log, in the same commit.
pub(super) fn receipts(
    files: &[&Examined],
    voices: &[Voice<'_>],
    matters: &Matters,
    found: &mut Found,
) {
    for voice in voices {
        let Some(Message::Receipts(of)) = voice.message() else {
            continue;
        };
        for receipt in of {
            let legs: Vec<LegId> = receipt.leg.into_iter().collect();
            for (file, stands) in files_of(files, voice, &legs, matters) {
                if stands == Answer::Owes {
                    found.extend(of_receipt(voice, receipt, file));
                }
            }
        }
    }
}

fn of_receipt(voice: &Voice<'_>, receipt: &Receipted, file: &Examined) -> Option<Finding> {
    let (who, id) = (voice.author(), receipt.envelope);
    let (rule, words, shows) = match received(&file.file.bundle, id, &receipt.statement) {
        Held::This(effects) if effects.contains(&receipt.effect) => return None,
        Held::This(effects) => (
            "false-receipt",
            format!("信件 {id} 的回执所称效果与其自己所存的不同"),
            format!(
                "盖章的证据中是「{}」",
                effects.first().map_or("", |effect| effect.label())
            ),
        ),
        Held::Other => (
            "false-receipt",
            format!("信件 {id} 的回执所称内容，与其自己所存的不同"),
            "盖章的证据中是另一内容".to_owned(),
        ),
        Held::Unopened => (
            "false-receipt",
            format!("签了信件 {id} 的回执，自己的证据却说没有启封"),
            "盖章的证据列为未启封".to_owned(),
        ),
        Held::Nothing => (
            "denied-receipt",
            format!("签了信件 {id} 的回执，自己的证据里却没有收到它{UNLESS}"),
            "盖章的证据中没有这封信".to_owned(),
        ),
    };
    let claims = voice.exhibit(format!(
        "{who} 的回执：信件 {id}，内容摘要 {}，收于 {}，{}",
        hex(&receipt.statement),
        receipt.at,
        receipt.effect.label()
    ));
    Some(Finding {
        class: Class::Lie,
        who,
        rule,
        words,
        exhibits: vec![claims, seal_exhibit(file, shows)],
    })
}

/// Kinds of letters that a file must hold for the legs that it claims.
fn is_kept(kind: u32) -> bool {
    [
        MessageKind::Leg,
        MessageKind::Refused,
        MessageKind::Receipts,
    ]
    .map(|kind| kind as u32)
    .contains(&kind)
}

/// K6, `denied-letter`: what a node sent lies in its log. Of a disk that was lost, as its node says: its signature stands,
/// and the denial counts for nothing, unless the act is in its file again.
pub(super) fn letters(
    files: &[&Examined],
    voices: &[Voice<'_>],
    matters: &Matters,
    found: &mut Found,
) {
    for voice in voices {
        if !is_kept(voice.letter.envelope.kind) {
            continue;
        }
        let who = voice.author();
        let legs = voice.legs();
        // Who shows another content of its own under that id is convicted of having signed two.
        let shows_another = |file: &Examined| {
            let mut others = voices.iter().filter(|other| {
                std::ptr::eq(other.file, file) && (other.author(), other.id()) == (who, voice.id())
            });
            others.any(|other| own_copies(&file.file.bundle, other).next().is_some())
        };
        for (file, stands) in files_of(files, voice, &legs, matters) {
            let held = own_copies(&file.file.bundle, voice).next().is_some();
            if held || shows_another(file) {
                continue;
            }
            let (class, words) = match stands {
                Answer::Before => continue,
                Answer::Owes => (
                    Class::Lie,
                    format!("签发了信件 {}，自己的证据里却没有它{UNLESS}", voice.id()),
                ),
                Answer::Lost if is_back(file, voice) => continue,
                Answer::Lost => (
                    Class::VoidDenial,
                    format!(
                        "{who} 称数据回退，证据里没有它签发的信件 {}；其原签名仍有效，不能凭此否认",
                        voice.id()
                    ),
                ),
            };
            let signed = format!("{who} 签名，内容摘要 {}", hex(&voice.seen.statement));
            found.push(Finding {
                class,
                who,
                rule: "denied-letter",
                words,
                exhibits: vec![
                    voice.exhibit(signed),
                    seal_exhibit(file, "盖章的证据中没有送出这封信".to_owned()),
                ],
            });
        }
    }
}

/// Whether what its author lost came back to it: told by another, with its own letter or as an equal act. What is told back
/// by nobody (receipts, refusals) is no denial.
fn is_back(file: &Examined, voice: &Voice<'_>) -> bool {
    let Some(Message::Leg { leg, act, .. }) = voice.message() else {
        return true;
    };
    file.seen().any(|(letter, seen)| {
        let told = match (&seen.message, letter.way) {
            (Some(Message::Past(past)), Way::Received(_)) => past,
            _ => return false,
        };
        let shown = told.letter.as_ref().map(|letter| letter.envelope.id);
        told.leg == *leg && (shown == Some(voice.id()) || told.act == *act)
    })
}

/// A file that ends before what its node signed elsewhere on the legs that it claims does not say that there is no such
/// thing: `too-old`. Only the common past is compared.
pub(super) fn too_old(
    files: &[&Examined],
    voices: &[Voice<'_>],
    matters: &Matters,
    found: &mut Found,
) {
    for file in files {
        let Some(sealed) = file.binds() else { continue };
        let after = voices.iter().filter(|voice| {
            let legs = voice.legs();
            let restarts = &file.file.bundle.restarts;
            let before = |head| answer(sealed, restarts, head) == Answer::Before;
            voice.author() == file.node()
                && is_kept(voice.letter.envelope.kind)
                && voice.head().is_some_and(before)
                && legs.iter().any(|leg| claims(file, *leg, matters))
        });
        let Some(last) = after.max_by_key(|voice| (voice.commit(), voice.id())) else {
            continue;
        };
        let who = file.node();
        found.push(Finding {
            class: Class::TooOld,
            who,
            rule: "too-old",
            words: format!(
                "{} 截至第 {} 号提交，早于 {who} 在别的文件中的签名（第 {} 号提交），不能据以说没有；请令 {who} 以 --answers 重新导出",
                file.name,
                sealed.commit,
                last.commit().unwrap_or_default()
            ),
            exhibits: vec![last.exhibit(format!("{who} 签名，写于 {}", last.letter.envelope.written_at))],
        });
    }
}

/// What a node leaves open: `unanswered`, where it gave sealed files and others show its signatures on legs that none of them
/// claims; its silence is no denial. And K11, `short-answer`: a file that names another as answered is whole for every leg on
/// which that one shows its node's signatures, and ends before none of them; `evidence export --answers` makes no other.
pub(super) fn unanswered(
    files: &[&Examined],
    voices: &[Voice<'_>],
    matters: &Matters,
    found: &mut Found,
) {
    for file in files {
        let Some(sealed) = file.binds() else { continue };
        let bundle = &file.file.bundle;
        let answered = voices.iter().filter(|voice| {
            voice.author() == file.node() && bundle.answers.contains(&voice.file.file.statement)
        });
        let short = answered.filter(|voice| {
            let legs = voice.legs();
            let open = |leg: &LegId| !claims(file, *leg, matters);
            let before = |head| answer(sealed, &bundle.restarts, head) == Answer::Before;
            legs.iter().any(open) || voice.head().is_some_and(before)
        });
        if let Some(voice) = short.min_by_key(|voice| (voice.commit(), voice.id())) {
            found.push(Finding {
                class: Class::Lie,
                who: file.node(),
                rule: "short-answer",
                words: format!(
                    "自称答复了 {}，却没有答复其中它自己签发的信件 {}",
                    voice.file.name,
                    voice.id()
                ),
                exhibits: vec![
                    voice.exhibit(format!("{} 签名", file.node())),
                    seal_exhibit(file, "盖章的证据自称答复了它".to_owned()),
                ],
            });
        }
    }
    let mut said: Vec<RegionKey> = Vec::new();
    for voice in voices
        .iter()
        .filter(|voice| is_kept(voice.letter.envelope.kind))
    {
        let (who, legs) = (voice.author(), voice.legs());
        let mut own = files
            .iter()
            .filter(|file| file.node() == who && file.binds().is_some());
        let answers = |file: &&&Examined| legs.iter().any(|leg| claims(file, *leg, matters));
        if legs.is_empty() || said.contains(&who) || own.clone().next().is_none() {
            continue;
        }
        if own.any(|file| answers(&file)) {
            continue;
        }
        said.push(who);
        found.push(Finding {
            class: Class::TooOld,
            who,
            rule: "unanswered",
            words: format!(
                "{who} 交来的文件都不含交办 {}，别的文件中却有它在其上的签名；未提交不是否认，请令 {who} 以 --answers 重新导出",
                legs.first().map(ToString::to_string).unwrap_or_default()
            ),
            exhibits: vec![voice.exhibit(format!("{who} 签名"))],
        });
    }
}
