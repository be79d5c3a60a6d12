//! A log has one head of each number, and an own letter stands right after the head that its signature names.

use super::held::own_copy;
use super::{Conviction, Exhibit, Voice, hex};
use crate::evidence::examine::{Examined, Seal};
use hotline_domain::link::LogHead;
use hotline_topology::RegionKey;
use std::collections::BTreeMap;

/// Heads of one epoch and number with several hashes. `signed`: also what is shut, for its head is signed all the same.
pub(super) fn forked(files: &[&Examined], signed: &[Voice<'_>], found: &mut Vec<Conviction>) {
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
    for file in files.iter().filter(|file| file.seal == Seal::Good) {
        if let Some(head) = file.file.seal.as_ref().and_then(|seal| seal.head) {
            note(file.file.bundle.node, head, &|shows| Exhibit {
                file: file.name.clone(),
                letter: None,
                shows: format!("盖章时{shows}"),
            });
        }
    }
    for ((who, _, commit), hashes) in heads {
        if hashes.len() > 1 {
            found.push(Conviction {
                who,
                rule: "forked-log",
                words: format!("其日志第 {commit} 号提交之后的链值签过 {} 个", hashes.len()),
                exhibits: hashes.into_values().collect(),
            });
        }
    }
}

/// A letter stands in its author's own sealed file elsewhere than its signature says.
pub(super) fn rewritten(files: &[&Examined], voices: &[Voice<'_>], found: &mut Vec<Conviction>) {
    for file in files.iter().filter(|file| file.seal == Seal::Good) {
        let bundle = &file.file.bundle;
        for voice in voices.iter().filter(|voice| voice.author() == bundle.node) {
            let (Some(own), Some(head)) = (own_copy(bundle, voice), voice.head()) else {
                continue;
            };
            if own.commit != head.commit + 1 || own.chain_before != head.hash {
                found.push(Conviction {
                    who: bundle.node,
                    rule: "rewritten-log",
                    words: format!(
                        "信件 {} 签名时其日志在第 {} 号之后，其导出的日志却把它记在第 {} 号，链值不符：日志事后被改写",
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
