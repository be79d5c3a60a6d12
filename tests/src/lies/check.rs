//! The checks of one draw: nobody honest is convicted, no liar goes free, the order of files says nothing, more files take
//! nothing back, and nothing is called delivered without its addressee's signature.

use super::life::truth::{Truth, what};
use super::life::world::{Export, World};
use super::oracle::{Given, Need, need};
use super::scene::{Claim, Scene};
use hotline::evidence::bundle::File;
use hotline::evidence::judge::{Judged, Looked, look, weigh};
use hotline::evidence::rules::Rules;
use hotline::evidence::verdict::{Class, Finding};
use hotline_domain::evidence::Delivery;
use hotline_topology::RegionKey;
use std::collections::BTreeSet;

/// Orders of the same files that are compared.
const ORDERS_MAX: usize = 6;

/// A file with its name.
pub type Named = (String, File);

/// A lie that is told.
pub struct Told<'a> {
    /// Of which life.
    pub world: &'a World,
    /// The liar.
    pub who: RegionKey,
    /// The liar and his accomplices.
    pub liars: BTreeSet<RegionKey>,
    /// What is false.
    pub claims: Vec<Claim>,
    /// What liars hand in, the liar's own file first.
    pub files: Vec<Named>,
}

impl<'a> Told<'a> {
    /// Takes what the scene came to.
    #[must_use]
    pub fn of(scene: &Scene<'a>) -> Self {
        let names = (0..).map(|no| format!("told-{no}"));
        Self {
            world: scene.world,
            who: scene.me(),
            liars: scene.liars.clone(),
            claims: scene.claims.clone(),
            files: names.zip(scene.files()).collect(),
        }
    }
}

/// What came out where some honest files were given beside a lie.
pub struct Outcome {
    /// What must have.
    pub need: Option<Need>,
    /// What did, in a letter.
    pub got: &'static str,
    /// Who was convicted.
    pub convicted: BTreeSet<RegionKey>,
    /// Who was convicted where only the first of the liars' files was given.
    pub by_first: BTreeSet<RegionKey>,
    /// What is wrong with it, in words.
    pub wrong: Vec<String>,
}

/// Judges a lie beside honest files.
#[must_use]
pub fn outcome(told: &Told<'_>, honest: &[&Export], rules: &Rules) -> Outcome {
    let world = told.world;
    let lies = told.files.iter().map(|(_, file)| (file, false));
    let truths = honest.iter().map(|one| (&one.file, true));
    let given = lies.chain(truths);
    let given: Vec<Given<'_>> = given.map(|(file, honest)| Given { file, honest }).collect();
    let need = need(world, told.who, &told.claims, &given);
    let of_liars: Vec<Looked> = told
        .files
        .iter()
        .map(|one| looked(world, one.clone()))
        .collect();
    let of_honest: Vec<Looked> = honest.iter().map(|one| world.looked(one)).collect();
    let all = [&of_liars[..], &of_honest[..]].concat();
    let judged = verdict(world, &all, rules);
    let first = [&of_liars[..1], &of_honest[..]].concat();
    let by_first = match of_liars.len() {
        1 => convicted(&judged),
        _ => convicted(&verdict(world, &first, rules)),
    };
    let found = convicted(&judged);
    let rejected = judged
        .unusable
        .iter()
        .any(|(name, _)| *name == told.files[0].0);
    let enough = match need {
        None => true,
        Some(Need::Open) => judged.exit() != 0,
        Some(Need::Disputed) => judged.exit() == 1,
        Some(Need::Convicted) => found.contains(&told.who) || rejected,
    };
    let mut wrong = Vec::new();
    for honest in found.difference(&told.liars) {
        wrong.push(format!(
            "honest convicted: {honest}: {}",
            by(&judged, *honest)
        ));
    }
    if !enough {
        wrong.push(format!(
            "liar acquitted: {} must be {need:?}, exit {}, found {:?}, claims {:?}",
            told.who,
            judged.exit(),
            rules_of(&judged),
            told.claims
        ));
    }
    wrong.extend(delivered(&world.truth, &judged, &told.liars));
    wrong.extend(orders(world, &all, &judged, rules));
    Outcome {
        need,
        got: got(&judged, told.who),
        convicted: found,
        by_first,
        wrong,
    }
}

/// What is wrong where honest files alone are given: convictions, files that count as not given, deliveries that were not.
#[must_use]
pub fn honest_alone(world: &World, honest: &[&Export], rules: &Rules) -> Vec<String> {
    let all: Vec<Looked> = honest.iter().map(|one| world.looked(one)).collect();
    let judged = verdict(world, &all, rules);
    let mut wrong = Vec::new();
    for who in convicted(&judged) {
        wrong.push(format!("honest convicted: {who}: {}", by(&judged, who)));
    }
    for (name, why) in &judged.unusable {
        wrong.push(format!("honest file unusable: {name}: {why}"));
    }
    wrong.extend(delivered(&world.truth, &judged, &BTreeSet::new()));
    wrong
}

fn looked(world: &World, (name, file): Named) -> Looked {
    look((name, Ok(file)), &world.trusted, world.now)
}

fn verdict(world: &World, files: &[Looked], rules: &Rules) -> Judged {
    weigh(files.to_vec(), &world.trusted, world.now, rules)
}

fn convicted(judged: &Judged) -> BTreeSet<RegionKey> {
    let lies = judged.findings.iter().filter(|one| one.class == Class::Lie);
    lies.map(|one| one.who).collect()
}

/// By which rules somebody is convicted, and the first of the reasons.
fn by(judged: &Judged, who: RegionKey) -> String {
    let of_who = |one: &&Finding| one.class == Class::Lie && one.who == who;
    let lies: Vec<&Finding> = judged.findings.iter().filter(of_who).collect();
    let rules: BTreeSet<&str> = lies.iter().map(|one| one.rule).collect();
    let first = lies.first().map(|one| (&one.words, &one.exhibits));
    format!("{rules:?}, first {first:?}")
}

fn rules_of(judged: &Judged) -> Vec<(Class, RegionKey, &'static str)> {
    judged
        .findings
        .iter()
        .map(|one| (one.class, one.who, one.rule))
        .collect()
}

fn got(judged: &Judged, who: RegionKey) -> &'static str {
    let of_liar =
        |one: &&hotline::evidence::verdict::Finding| one.class != Class::Lie || one.who == who;
    let strongest = judged
        .findings
        .iter()
        .filter(of_liar)
        .map(|one| one.class)
        .min();
    match strongest {
        Some(Class::Lie) => "C",
        Some(Class::Contradiction) => "X",
        Some(Class::VoidDenial) => "V",
        _ if !judged.unusable.is_empty() => "U",
        Some(Class::Unusable) => "U",
        Some(Class::TooOld) => "O",
        Some(Class::Unproven) => "N",
        None => "–",
    }
}

/// Nothing is delivered by a signature that its addressee never made.
fn delivered(truth: &Truth, judged: &Judged, liars: &BTreeSet<RegionKey>) -> Vec<String> {
    let mut wrong = Vec::new();
    for (file, deliveries) in judged.files.iter().zip(&judged.deliveries) {
        for (at, delivery) in deliveries {
            let Some(letter) = file.file.bundle.letters.get(*at) else {
                continue;
            };
            let to = letter.envelope.addressee;
            let receipted = matches!(delivery, Delivery::Receipted { .. });
            if !receipted || liars.contains(&to) {
                continue;
            }
            let of = what(&letter.envelope);
            if !truth.receipts(&of).any(|(row, ..)| row.node == to) {
                wrong.push(format!(
                    "called delivered without a signature of {to}: {}",
                    of.1
                ));
            }
        }
    }
    wrong
}

/// Whatever the order, one verdict.
fn orders(world: &World, files: &[Looked], judged: &Judged, rules: &Rules) -> Option<String> {
    let mut orders: Vec<Vec<Looked>> = Vec::new();
    for turn in 0..files.len() {
        let mut turned = files.to_vec();
        turned.rotate_left(turn);
        orders.push(turned.clone());
        turned.reverse();
        orders.push(turned);
    }
    // The first is the order that was judged.
    for order in orders.into_iter().skip(1).take(ORDERS_MAX) {
        let other = verdict(world, &order, rules);
        if other.findings != judged.findings || other.unusable != judged.unusable {
            return Some("the order of files changes the verdict".to_owned());
        }
    }
    None
}
