//! All files given, judged together.

use super::bundle::{File, Unusable};
use super::cross::cross;
use super::delivery::{Delivered, deliveries};
use super::examine::{Examined, Seal, examine};
use super::mark::{Mark, State};
use super::rules::Rules;
use super::trust::Trusted;
use super::verdict::{Class, Exhibit, Finding};
use super::witness::settle;
use hotline_domain::evidence::Delivery;
use hotline_domain::leg::Act;
use hotline_domain::link::Message;
use hotline_topology::{RegionKey, Time};
use std::collections::BTreeSet;

/// A file as it was given: its name, and what could be read of it.
pub type Given = (String, Result<File, Unusable>);

/// What came out.
pub struct Judged {
    /// The files that count, in an order of their own.
    pub files: Vec<Examined>,
    /// What became of what each of them handed over.
    pub deliveries: Vec<Vec<Delivered>>,
    /// What was found, the strongest first.
    pub findings: Vec<Finding>,
    /// Files that count as not given, and why.
    pub unusable: Vec<(String, String)>,
    /// Ends of the legs shown that gave no sealed file.
    pub absent: Vec<RegionKey>,
    /// Whether there was a tree to check authorities' subtrees by.
    pub knows_tree: bool,
}

impl Judged {
    /// The exit code: 1 before 2 before 3 before 0. See [`Class::exit`].
    #[must_use]
    pub fn exit(&self) -> u8 {
        let unusable = (!self.unusable.is_empty()).then_some(Class::Unusable.exit());
        let found = super::verdict::exit(&self.findings);
        [unusable.unwrap_or(0), found]
            .into_iter()
            .filter(|code| *code > 0)
            .min()
            .unwrap_or(0)
    }
}

/// A file that counts, or name and reason of one that counts as not given.
pub type Looked = Result<Examined, (String, String)>;

/// Judges, as of `now`. The order in which files are given says nothing, nor do their names but for being named.
#[must_use]
pub fn judge(given: Vec<Given>, trusted: &Trusted, now: Time) -> Judged {
    let looked = given.into_iter().map(|given| look(given, trusted, now));
    weigh(looked.collect(), trusted, now, &Rules::all())
}

/// Looks at one file by itself.
///
/// # Errors
/// It counts as not given.
pub fn look((name, file): Given, trusted: &Trusted, now: Time) -> Looked {
    let file = file.map_err(|why| (name.clone(), why.to_string()))?;
    let examined = examine(name.clone(), file, trusted, now);
    match examined.unusable() {
        None => Ok(examined),
        Some(why) => Err((name, why)),
    }
}

/// Weighs files against each other that were looked at as of `now`.
#[must_use]
pub fn weigh(looked: Vec<Looked>, trusted: &Trusted, now: Time, rules: &Rules) -> Judged {
    let (mut files, mut unusable) = (Vec::new(), Vec::new());
    for one in looked {
        match one {
            Ok(examined) => files.push(examined),
            Err(why) => unusable.push(why),
        }
    }
    files.sort_by(|one, other| {
        let key = |file: &Examined| (file.node(), file.file.bundle.made_at, file.file.statement);
        (key(one), &one.name).cmp(&(key(other), &other.name))
    });
    unusable.sort();
    settle(&mut files, now);
    let usable: Vec<&Examined> = files.iter().collect();
    let mut findings = cross(&usable, rules);
    let deliveries = deliveries(&usable);
    contradicted(&usable, &deliveries, &mut findings);
    for file in &usable {
        unproven(file, &mut findings);
    }
    findings.sort();
    findings.dedup();
    let absent = absent(&usable);
    Judged {
        files,
        deliveries,
        findings,
        unusable,
        absent,
        knows_tree: trusted.knows_tree(),
    }
}

/// A giver's sealed word against its addressee's sealed file.
fn contradicted(files: &[&Examined], deliveries: &[Vec<Delivered>], found: &mut Vec<Finding>) {
    for (file, delivered) in files.iter().zip(deliveries) {
        for (at, delivery) in delivered {
            let Some((letter, _)) = file.seen().nth(*at) else {
                continue;
            };
            if !matches!(delivery, Delivery::Contradicted { .. }) || file.head().is_none() {
                continue;
            }
            let id = letter.envelope.id;
            found.push(Finding {
                class: Class::Contradiction,
                who: file.node(),
                rule: "said-and-lacking",
                words: format!(
                    "{} 与 {} 关于信件 {id} 的说法不能同真，现有签名分不出是谁",
                    file.node(),
                    letter.envelope.addressee
                ),
                exhibits: vec![Exhibit {
                    file: file.name.clone(),
                    letter: Some(id),
                    shows: delivery.words(),
                }],
            });
        }
    }
}

/// Signatures that count neither for nor against anybody, once a file with how many there are.
fn unproven(file: &Examined, found: &mut Vec<Finding>) {
    let mut say = |rule: &'static str, words: String, exhibits: Vec<Exhibit>| {
        found.push(Finding {
            class: Class::Unproven,
            who: file.node(),
            rule,
            words,
            exhibits,
        });
    };
    let name = &file.name;
    match (&file.seal, &file.sealed) {
        (Seal::Former, State::Nothing(why)) => {
            say(
                "seal",
                format!("{name} 的盖章不能证明其完整：{why}"),
                Vec::new(),
            );
        }
        (Seal::Made(..), State::Unproven(why) | State::Nothing(why)) => {
            say("seal", format!("{name} 的盖章不能证明：{why}"), Vec::new());
        }
        _ => {}
    }
    let open: Vec<_> = file
        .seen()
        .filter_map(|(letter, seen)| match &seen.state {
            State::Unproven(why) | State::Nothing(why) => Some((letter.envelope.id, why)),
            State::Good => None,
        })
        .collect();
    if let Some((id, why)) = open.first() {
        let exhibit = Exhibit {
            file: name.clone(),
            letter: Some(*id),
            shows: (*why).clone(),
        };
        let words = format!("{name} 中有 {} 封信的签名不能证明：{why}", open.len());
        say("letters", words, vec![exhibit]);
    }
    let old = |mark: &Mark| matches!(mark, Mark::Signed(key) if !key.lists_current);
    let seal = matches!(&file.seal, Seal::Made(mark, _) if old(mark));
    if seal || file.letters.iter().any(|seen| old(&seen.mark)) {
        let words = format!(
            "判断 {name} 所用的吊销列表已过签发机构约定的更新时间，不据以判定任何一方；请用最新的 crl.pem 再核验"
        );
        say("lists", words, Vec::new());
    }
}

/// Givers and takers of the legs shown that gave no file which they stand by.
fn absent(files: &[&Examined]) -> Vec<RegionKey> {
    let mut ends = BTreeSet::new();
    for (_, seen) in files.iter().flat_map(|file| file.seen()) {
        if let Some(Message::Leg {
            act: Act::Offer(offer),
            ..
        }) = seen.message.as_ref().filter(|_| seen.speaks())
        {
            ends.extend([offer.giver, offer.taker.region()]);
        }
    }
    for file in files.iter().filter(|file| file.head().is_some()) {
        ends.remove(&file.node());
    }
    ends.into_iter().collect()
}
