//! One draw: a life, a file of it, a lie or two told in it, and what comes out beside more and more honest files.

use super::check::{Outcome, Told, honest_alone, outcome};
use super::life::troubles::LIVES;
use super::life::world::{Export, Subject, World, world};
use super::oracle::Need;
use super::scene::Scene;
use super::tell::{KINDS, Kind};
use crate::sim::rng::Rng;
use hotline::evidence::rules::Rules;
use hotline_topology::RegionKey;

/// How often a scene is sought in which a kind of lie can be told.
const TRIES: usize = 400;

/// What a draw came to.
pub struct Drawn {
    /// The kind told, by its place in the table.
    pub kind: usize,
    /// A second one told with it.
    pub second: Option<usize>,
    /// The life.
    pub life: &'static str,
    /// By how many honest files of others were given: none, the other end's, and a third's.
    pub columns: Vec<Outcome>,
    /// What is wrong, in words.
    pub wrong: Vec<String>,
}

/// Draws by a seed; nothing where the kind could not be told in any scene that was tried.
#[must_use]
pub fn draw(seed: u64, rules: &Rules) -> Option<Drawn> {
    let mut rng = Rng::new(seed);
    let kind = usize::try_from(seed).unwrap_or(0) % KINDS.len();
    let mut scene = scene(&KINDS[kind], &mut rng)?;
    let second = rng.percent(30).then(|| rng.below(KINDS.len() as u64));
    let second = second.and_then(|at| usize::try_from(at).ok());
    let second = second.filter(|at| tells(&KINDS[*at], &mut scene));
    let told = Told::of(&scene);
    let others = honest(&scene, &mut rng);
    let mut drawn = Drawn {
        kind,
        second,
        life: scene.world.name,
        columns: Vec::new(),
        wrong: Vec::new(),
    };
    let mut before = None;
    for count in 0..3 {
        let given: &[&Export] = others.get(..count).unwrap_or(&others);
        let found = outcome(&told, given, rules);
        drawn.wrong.extend(
            found
                .wrong
                .iter()
                .map(|wrong| format!("beside {count}: {wrong}")),
        );
        let convicted = &found.convicted;
        if let Some(before) = before.replace(convicted.clone())
            && !convicted.is_superset(&before)
            && !scene.world.trouble.restarts()
        {
            let words =
                format!("an honest file took a conviction back: {before:?}, then {convicted:?}");
            drawn.wrong.push(words);
        }
        if !convicted.is_superset(&found.by_first) {
            let fewer = &found.by_first;
            let words =
                format!("a liar's file took a conviction back: {fewer:?}, then {convicted:?}");
            drawn.wrong.push(words);
        }
        drawn.columns.push(found);
    }
    let wrong = honest_alone(scene.world, &others, rules);
    drawn.wrong.extend(wrong);
    Some(drawn)
}

/// A second kind on the same scene: it fits, or leaves the scene as it was.
fn tells(kind: &Kind, scene: &mut Scene<'_>) -> bool {
    let before = (scene.bundle.clone(), scene.head, scene.claims.clone());
    let beside = scene.beside.len();
    let (liars, replaced, robbed) = (
        scene.liars.clone(),
        scene.replaced.clone(),
        scene.robbed.clone(),
    );
    if (kind.tell)(scene).is_some() {
        return true;
    }
    (scene.bundle, scene.head, scene.claims) = before;
    scene.beside.truncate(beside);
    (scene.liars, scene.replaced, scene.robbed) = (liars, replaced, robbed);
    false
}

/// A scene in which the kind can be told, with it told.
fn scene(kind: &Kind, rng: &mut Rng) -> Option<Scene<'static>> {
    for _ in 0..TRIES {
        let no = usize::try_from(rng.below(LIVES.len() as u64)).unwrap_or(0);
        let world: &World = world(no);
        let subjects = world.subjects();
        let subject = *rng.pick(&subjects);
        let legs = world.legs.iter().filter(|one| match subject {
            Subject::Leg(leg) => one.leg == leg,
            Subject::Matter(matter) => one.matter == matter,
        });
        let ends: Vec<(RegionKey, RegionKey)> = legs
            .flat_map(|one| [(one.giver, one.taker), (one.taker, one.giver)])
            .collect();
        let (liar, other) = *rng.pick(&ends);
        let Some(base) = world.export(liar, subject, true) else {
            continue;
        };
        let mut scene = Scene::new(world, base, other, rng.fork());
        if !base.bundle.letters.is_empty() && (kind.tell)(&mut scene).is_some() {
            return Some(scene);
        }
    }
    None
}

/// Honest files beside it: the other end's first, then others'; now and then of an earlier day.
fn honest(scene: &Scene<'static>, rng: &mut Rng) -> Vec<&'static Export> {
    let mut nodes: Vec<RegionKey> = super::life::place::ALL.to_vec();
    nodes.sort_by_key(|node| *node != scene.other);
    nodes.retain(|node| !scene.liars.contains(node) && !scene.replaced.contains(node));
    if nodes.len() > 2 && rng.percent(50) {
        nodes[1..].rotate_left(1);
    }
    let early = rng.percent(15);
    let files = nodes.into_iter().enumerate().filter_map(|(at, node)| {
        let late = at == 0 || !early;
        scene.world.export(node, scene.base.subject, late)
    });
    files.take(2).collect()
}

/// Whether an outcome is what a kind's row wants at least once.
#[must_use]
pub fn meets(found: &Outcome, wanted: super::tell::Wanted) -> bool {
    use super::tell::Wanted;
    match wanted {
        Wanted::Convicted => found.need == Some(Need::Convicted) && found.got == "C",
        Wanted::Disputed => {
            found.need == Some(Need::Disputed) && matches!(found.got, "C" | "X" | "V")
        }
        Wanted::Open => found.need == Some(Need::Open) && found.got != "–",
        Wanted::Unseen => found.need.is_none(),
    }
}
