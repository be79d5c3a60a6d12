//! Commits and times go one way: within one past a node's time never runs backwards.
//!
//! Dated are letters to neighbours, which are signed in the commit that writes them, and seals, which bear the time of the
//! log's last commit. Nothing else is: what goes to a far node may have waited for its key.

use super::heads::{Epochs, two_lives};
use super::voice::{Found, Voice, seal_exhibit};
use crate::evidence::bundle::Way;
use crate::evidence::examine::Examined;
use crate::evidence::verdict::{Class, Exhibit, Finding};
use hotline_topology::{RegionKey, Time};
use std::collections::BTreeMap;

/// A commit of a node with its time, as the node signed it.
struct Dated<'a> {
    commit: u64,
    at: Time,
    exhibit: Box<dyn Fn() -> Exhibit + 'a>,
}

/// K9, `time-turned`: of two statements of one past the later commit bears the earlier time. This finds who dates back,
/// and who seals an old log today to leave out what came since.
pub(super) fn turned(
    files: &[&Examined],
    voices: &[Voice<'_>],
    epochs: &Epochs,
    found: &mut Found,
) {
    let mut pasts: BTreeMap<(RegionKey, u64), Vec<Dated<'_>>> = BTreeMap::new();
    for voice in voices.iter().filter(|voice| voice.seen.dated) {
        let (Some(head), Some(commit)) = (voice.head(), voice.commit()) else {
            continue;
        };
        let at = voice.letter.envelope.written_at;
        let shows = move || format!("第 {commit} 号提交签名，写于 {at}");
        pasts
            .entry((voice.author(), head.epoch))
            .or_default()
            .push(Dated {
                commit,
                at,
                exhibit: Box::new(move || voice.exhibit(shows())),
            });
    }
    for file in files {
        let Some(head) = file.binds() else { continue };
        let at = file.file.bundle.made_at;
        let shows = move || format!("盖章：日志到第 {} 号提交为止，时间 {at}", head.commit);
        pasts
            .entry((file.node(), head.epoch))
            .or_default()
            .push(Dated {
                commit: head.commit,
                at,
                exhibit: Box::new(move || seal_exhibit(file, shows())),
            });
    }
    for ((who, epoch), mut dated) in pasts {
        dated.sort_by_key(|one| (one.commit, one.at));
        let mut latest: Option<&Dated<'_>> = None;
        let mut before: Option<&Dated<'_>> = None;
        for one in &dated {
            // The latest of all commits before this one.
            if before.is_some_and(|before| before.commit < one.commit)
                && before.is_some_and(|before| latest.is_none_or(|latest| latest.at < before.at))
            {
                latest = before;
            }
            if let Some(earlier) = latest.filter(|earlier| earlier.at > one.at) {
                let words = format!(
                    "其日志第 {} 号提交的时间 {} 晚于其后第 {} 号提交的 {}：或倒填日期，或用旧日志盖新章",
                    earlier.commit, earlier.at, one.commit, one.at
                );
                let exhibits = vec![(earlier.exhibit)(), (one.exhibit)()];
                let life = (epochs, who, epoch);
                found.push(two_lives(life, "time-turned", words, exhibits));
                break;
            }
            before = Some(one);
        }
    }
}

/// K9, `moved-times`: in its own sealed file a letter stands at another time than it bears; signed dates do not move along.
pub(super) fn moved(files: &[&Examined], voices: &[Voice<'_>], found: &mut Found) {
    for file in files {
        let Some(sealed) = file.binds() else { continue };
        let own = voices.iter().filter(|voice| {
            std::ptr::eq(voice.file, *file) && voice.author() == file.node() && voice.seen.dated
        });
        for voice in own {
            let (letter, head) = (voice.letter, voice.head());
            let first = matches!(letter.way, Way::Sent(..))
                && head.is_some_and(|head| head.epoch == sealed.epoch)
                && Some(letter.commit) == voice.commit();
            if first && letter.at != letter.envelope.written_at {
                found.push(Finding {
                    class: Class::Lie,
                    who: file.node(),
                    rule: "moved-times",
                    words: format!(
                        "信件 {} 签名时写于 {}，其盖章的日志却把同一次提交记在 {}",
                        voice.id(),
                        letter.envelope.written_at,
                        letter.at
                    ),
                    exhibits: vec![
                        voice.exhibit(format!("签名的时间 {}", letter.envelope.written_at)),
                        seal_exhibit(file, format!("盖章的提交时间 {}", letter.at)),
                    ],
                });
                break;
            }
        }
        let mut commits: Vec<(u64, Time)> = file
            .file
            .bundle
            .letters
            .iter()
            .map(|letter| (letter.commit, letter.at))
            .collect();
        commits.push((sealed.commit, file.file.bundle.made_at));
        commits.sort_unstable();
        let back = commits
            .windows(2)
            .find(|two| two[0].1 > two[1].1 || (two[0].0 == two[1].0 && two[0].1 != two[1].1));
        if let Some(two) = back {
            found.push(Finding {
                class: Class::Lie,
                who: file.node(),
                rule: "moved-times",
                words: format!(
                    "其盖章的日志中，第 {} 号提交在 {}，第 {} 号提交却在 {}",
                    two[0].0, two[0].1, two[1].0, two[1].1
                ),
                exhibits: vec![seal_exhibit(file, "盖章的提交时间前后颠倒".to_owned())],
            });
        }
    }
}
