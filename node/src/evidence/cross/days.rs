//! Days: a letter stands in the account of its day, and a day has one account.

use super::heads::{Epochs, two_lives};
use super::hex;
use super::voice::{Found, Voice, seal_exhibit};
use crate::evidence::accounts::stands;
use crate::evidence::bundle::{Letter, Way};
use crate::evidence::examine::Examined;
use crate::evidence::verdict::{Class, Exhibit, Finding};
use hotline_domain::link::{LogHead, Message};
use hotline_domain::tally::Tally;
use hotline_topology::RegionKey;
use std::collections::BTreeMap;

/// What a voice tells of its author's days.
fn told<'a>(voice: &Voice<'a>) -> Option<(&'a Tally, LogHead)> {
    match (voice.message(), voice.head()) {
        (Some(Message::Tally(said)), Some(head)) => Some((said, head)),
        _ => None,
    }
}

/// K15, `two-days`: one day of one past has one account, and the chain of days only grows.
pub(super) fn two_days(
    files: &[&Examined],
    voices: &[Voice<'_>],
    epochs: &Epochs,
    found: &mut Found,
) {
    type Place = (RegionKey, u64, u64);
    let mut days: BTreeMap<Place, BTreeMap<[u8; 32], Exhibit>> = BTreeMap::new();
    for voice in voices {
        let Some((said, head)) = told(voice) else {
            continue;
        };
        let value = said.value();
        let place = (voice.author(), head.epoch, said.day.no);
        let shows = || format!("第 {} 日的账目 {}", said.day.no, hex(&value));
        let signed = days.entry(place).or_default();
        signed
            .entry(value)
            .or_insert_with(|| voice.exhibit(shows()));
    }
    // A sealed file says the same of every day up to its end that was told under its epoch.
    for file in files {
        let (Some(sealed), Some(accounts)) = (file.binds(), &file.file.bundle.accounts) else {
            continue;
        };
        let first = (file.node(), sealed.epoch, accounts.first.saturating_sub(1));
        let last = (file.node(), sealed.epoch, u64::MAX);
        let values = accounts.values();
        for ((_, _, no), signed) in days.range_mut(first..=last) {
            if let Some(value) = values.get(no) {
                let shows = || format!("盖章的证据中第 {no} 日的账目 {}", hex(value));
                signed
                    .entry(*value)
                    .or_insert_with(|| seal_exhibit(file, shows()));
            }
        }
    }
    for ((who, epoch, no), signed) in days {
        if signed.len() > 1 {
            let words = format!("其第 {no} 日的账目签过 {} 种", signed.len());
            let exhibits = signed.into_values().collect();
            found.push(two_lives((epochs, who, epoch), "two-days", words, exhibits));
        }
    }
}

/// K14, `outside-its-day`: what a sealed file shows stands in the account of the day in which its commit lies. The day is
/// folded from the same facts; what was logged before accounts were opened, and since the last one, stands in none.
pub(super) fn outside(files: &[&Examined], voices: &[Voice<'_>], found: &mut Found) {
    for file in files {
        let Some(sealed) = file.binds() else { continue };
        let covered = covered(file, sealed, voices);
        let Some(covered) = covered else { continue };
        let wrong = file.file.bundle.letters.iter().find(|letter| {
            covered.opened < letter.commit
                && letter.commit < covered.to
                && is_entered(file, letter)
                && !stands_in_its_day(file, letter)
        });
        let Some(letter) = wrong else { continue };
        let id = letter.envelope.id;
        let mut exhibits = vec![Exhibit {
            file: file.name.clone(),
            letter: Some(id),
            shows: format!("盖章的证据把它记在第 {} 号提交", letter.commit),
        }];
        exhibits.push(covered.exhibit);
        found.push(Finding {
            class: Class::Lie,
            who: file.node(),
            rule: "outside-its-day",
            words: format!(
                "信件 {id} 记在第 {} 号提交，却不在其时已结的日账里：事后补入或改写",
                letter.commit
            ),
            exhibits,
        });
    }
}

/// Which commits of a log stand in accounts, and what says so.
struct Covered {
    opened: u64,
    to: u64,
    exhibit: Exhibit,
}

/// By the file itself, and by the tallies that its node signed in the same past before it sealed.
fn covered(file: &Examined, sealed: LogHead, voices: &[Voice<'_>]) -> Option<Covered> {
    let own = file.file.bundle.accounts.as_ref();
    let own = own.and_then(|accounts| accounts.day(accounts.last()));
    let own = own.map(|day| Covered {
        opened: day.opened,
        to: day.to,
        exhibit: seal_exhibit(file, format!("日账结到第 {} 号提交", day.to)),
    });
    let of = voices.iter().filter(|voice| voice.author() == file.node());
    let told = of.filter_map(|voice| {
        let (said, head) = told(voice)?;
        let then = head.epoch == sealed.epoch && head.commit < sealed.commit;
        then.then(|| Covered {
            opened: said.day.opened,
            to: said.day.to,
            exhibit: voice.exhibit(format!(
                "{} 签名：第 {} 日的账结到第 {} 号提交",
                file.node(),
                said.day.no,
                said.day.to
            )),
        })
    });
    told.chain(own).max_by_key(|covered| covered.to)
}

/// Whether a letter makes an entry: what was only passed on makes none.
fn is_entered(file: &Examined, letter: &Letter) -> bool {
    match letter.way {
        Way::Sent(..) => letter.envelope.author == file.node(),
        Way::Received(_) => true,
    }
}

fn stands_in_its_day(file: &Examined, letter: &Letter) -> bool {
    let Some(accounts) = &file.file.bundle.accounts else {
        return false;
    };
    let Some(place) = &letter.place else {
        return false;
    };
    let day = accounts.day(place.day);
    day.is_some_and(|day| stands(file.node(), letter, place, day))
}
