//! A log has one head of each number, a commit signs once, and an own letter stands right after the head that its
//! signature names.

use super::hex;
use super::voice::{Found, Voice, seal_exhibit};
use crate::evidence::bundle::{Bundle, Letter, Way};
use crate::evidence::examine::Examined;
use crate::evidence::verdict::{Class, Exhibit, Finding};
use hotline_domain::evidence::signed_of;
use hotline_domain::kernel::COUNTED_BELOW;
use hotline_domain::link::LogHead;
use hotline_topology::RegionKey;
use std::collections::BTreeMap;

/// The highest epoch that each node is seen to have signed under.
pub(super) struct Epochs(BTreeMap<RegionKey, u64>);

impl Epochs {
    pub fn of(files: &[&Examined], signed: &[Voice<'_>]) -> Self {
        let mut highest = BTreeMap::new();
        let heads = signed
            .iter()
            .filter_map(|voice| Some((voice.author(), voice.head()?)));
        let seals = files
            .iter()
            .filter_map(|file| Some((file.node(), file.binds()?)));
        for (who, head) in heads.chain(seals) {
            let known: &mut u64 = highest.entry(who).or_default();
            *known = (*known).max(head.epoch);
        }
        Self(highest)
    }

    /// Whether two logs under this epoch may be two lives of an honest node's disk. One that lost its disk takes a higher
    /// epoch, and before it knows that, it may sign under the old one; a program of before took epochs that could come
    /// twice.
    pub fn may_be_two_lives(&self, who: RegionKey, epoch: u64) -> bool {
        let later = self.0.get(&who).is_some_and(|highest| *highest > epoch);
        later || (epoch > FIRST && epoch < COUNTED_BELOW)
    }
}

/// The first epoch of every log.
const FIRST: u64 = hotline_domain::kernel::FIRST_EPOCH;

/// K4, `forked-log`: heads of one past and number with several hashes; the log only grows. `signed`: also what is shut, for
/// its head is signed all the same.
pub(super) fn forked(
    files: &[&Examined],
    signed: &[Voice<'_>],
    epochs: &Epochs,
    found: &mut Found,
) {
    let mut heads: BTreeMap<(RegionKey, u64, u64), BTreeMap<[u8; 32], Exhibit>> = BTreeMap::new();
    let mut note = |who: RegionKey, head: LogHead, exhibit: &dyn Fn(String) -> Exhibit| {
        let hashes = heads.entry((who, head.epoch, head.commit)).or_default();
        let shows = || format!("第 {} 号之后的链值 {}", head.commit, hex(&head.hash));
        hashes.entry(head.hash).or_insert_with(|| exhibit(shows()));
    };
    for voice in signed {
        if let Some(head) = voice.head() {
            note(voice.author(), head, &|shows| voice.exhibit(shows));
        }
    }
    for file in files {
        if let Some(head) = file.binds() {
            let exhibit = |shows: String| seal_exhibit(file, format!("盖章时{shows}"));
            note(file.node(), head, &exhibit);
            for restart in &file.file.bundle.restarts {
                let exhibit = |shows: String| seal_exhibit(file, format!("恢复前{shows}"));
                note(file.node(), restart.ended, &exhibit);
            }
        }
    }
    for ((who, epoch, commit), hashes) in heads {
        if hashes.len() < 2 {
            continue;
        }
        let several = format!("其日志第 {commit} 号提交之后的链值签过 {} 个", hashes.len());
        found.push(two_lives(
            (epochs, who, epoch),
            "forked-log",
            several,
            hashes.into_values().collect(),
        ));
    }
}

/// A lie, or what an honest node's two lives may show.
pub(super) fn two_lives(
    (epochs, who, epoch): (&Epochs, RegionKey, u64),
    rule: &'static str,
    words: String,
    exhibits: Vec<Exhibit>,
) -> Finding {
    let may_be = epochs.may_be_two_lives(who, epoch);
    Finding {
        class: if may_be {
            Class::Contradiction
        } else {
            Class::Lie
        },
        who,
        rule,
        words: match may_be {
            true => format!("{words}；该节点其后换过纪元，现有签名分不出是数据回退还是改写"),
            false => format!("{words}，除非 {who} 出示已有他方见证的纪元申明"),
        },
        exhibits,
    }
}

/// K3, `two-roots`: what one commit sends has one signature; nothing leaves before the commit is durable.
pub(super) fn two_roots(voices: &[Voice<'_>], epochs: &Epochs, found: &mut Found) {
    type Place = (RegionKey, u64, u64, [u8; 32]);
    let mut roots: BTreeMap<Place, BTreeMap<[u8; 32], Exhibit>> = BTreeMap::new();
    for voice in voices {
        let (Some(head), Some(what)) = (voice.head(), signed_of(&voice.letter.envelope)) else {
            continue;
        };
        let place = (voice.author(), head.epoch, head.commit, head.hash);
        let shows = || format!("第 {} 号提交所签摘要 {}", head.commit + 1, hex(&what));
        let signed = roots.entry(place).or_default();
        signed.entry(what).or_insert_with(|| voice.exhibit(shows()));
    }
    for ((who, epoch, commit, _), signed) in roots {
        if signed.len() < 2 {
            continue;
        }
        let words = format!(
            "其日志的第 {} 号提交签了 {} 次，内容不同",
            commit + 1,
            signed.len()
        );
        let exhibits = signed.into_values().collect();
        found.push(two_lives(
            (epochs, who, epoch),
            "two-roots",
            words,
            exhibits,
        ));
    }
}

/// A letter as its author's file holds it, wherever it stands there.
pub(super) fn own_copies<'a>(
    bundle: &'a Bundle,
    voice: &Voice<'_>,
) -> impl Iterator<Item = &'a Letter> {
    let (id, statement) = (voice.id(), voice.seen.statement);
    bundle.letters.iter().filter(move |letter| {
        let envelope = &letter.envelope;
        envelope.id == id
            && envelope.author == bundle.node
            && matches!(letter.way, Way::Sent(..))
            && !envelope.is_shut()
            && envelope.statement() == statement
    })
}

/// K5, `rewritten-log`: a letter stands in its author's own sealed file elsewhere than its signature says. It is signed
/// before it is appended; what is queued again under its old signature, or signed again for another way, stands in
/// further places besides.
pub(super) fn rewritten(files: &[&Examined], voices: &[Voice<'_>], found: &mut Found) {
    for file in files {
        let Some(sealed) = file.binds() else { continue };
        let bundle = &file.file.bundle;
        for voice in voices.iter().filter(|voice| voice.author() == file.node()) {
            let Some(head) = voice.head() else { continue };
            if head.epoch != sealed.epoch || head.commit >= sealed.commit {
                continue;
            }
            let fits =
                |own: &&Letter| Some(own.commit) == voice.commit() && own.chain_before == head.hash;
            let Some(first) = own_copies(bundle, voice).next() else {
                continue;
            };
            if own_copies(bundle, voice).any(|own| fits(&own)) {
                continue;
            }
            found.push(Finding {
                class: Class::Lie,
                who: file.node(),
                rule: "rewritten-log",
                words: format!(
                    "信件 {} 签名时其日志在第 {} 号之后，其导出的日志却把它记在第 {} 号，链值不符：日志事后被改写",
                    voice.id(),
                    head.commit,
                    first.commit
                ),
                exhibits: vec![
                    voice.exhibit(format!("签名中的链值 {}", hex(&head.hash))),
                    Exhibit {
                        file: file.name.clone(),
                        letter: Some(first.envelope.id),
                        shows: format!("导出日志中的链值 {}", hex(&first.chain_before)),
                    },
                ],
            });
        }
    }
}
