//! Damage in every file of a store's folder: a flipped bit, a cut end, a sector of zeroes, a missing file. Each is
//! refused in words that name the file and say what to do, or the store opens with exactly what it held. Nothing
//! panics, and nothing wrong is ever read as if it were right.

use hotline::attachment::{FOLDER, Shelf, ShelfError};
use hotline::store::disk::{Disk, RealDisk};
use hotline::store::keys::{Opened, Sealed};
use hotline::store::view::{
    Direction, Engine, FjallEngine, KeyRange, SledEngine, decode_redo, encode_redo,
};
use hotline::store::{
    CommitNo, Fold, Op, OpenReport, Parts, Rows, Store, StoreError, StoreSettings, Tree, tool,
};
use hotline_tests::power::{copy, quick_folder};
use hotline_tests::sim::rng::Rng;
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use zeroize::Zeroizing;

const LAYOUT: u32 = 7;
const NODE: &str = "990101000000";
/// Commits before and after the last round of upkeep.
const COMMITS: (u32, u32) = (120, 40);
/// Places damaged in a file, besides its ends.
const PLACES: u64 = 6;
const WORDS: &[u8] = b"whose";

/// Records that are their own changes.
struct Plain;

impl Fold for Plain {
    fn layout(&self) -> u32 {
        LAYOUT
    }

    fn fold(&self, _: &dyn Rows, _: CommitNo, lasting: &[u8]) -> Result<Vec<Op>, String> {
        decode_redo(lasting.get(8..).unwrap_or_default())
            .map(|(_, ops)| ops)
            .map_err(|error| format!("{error:?}"))
    }

    fn slots(&self, lasting: &[u8]) -> u64 {
        slots(lasting)
    }
}

/// How many slots of the key file were handed out, before the changes.
fn slots(lasting: &[u8]) -> u64 {
    lasting
        .first_chunk()
        .map_or(0, |first| u64::from_be_bytes(*first))
}

type State = BTreeMap<(u8, Vec<u8>), Vec<u8>>;

/// A store that was left, and all that it held after each commit.
struct Left {
    folder: tempfile::TempDir,
    engine: Arc<dyn Engine>,
    states: Vec<State>,
    sealed: Vec<(Sealed, Vec<u8>)>,
}

fn open(dir: &Path, engine: &Arc<dyn Engine>) -> Result<(Store, OpenReport), StoreError> {
    let settings = StoreSettings {
        segment_bytes_max: 8 << 10,
        key_batch: 8,
        verify_whole_log: false,
        ..StoreSettings::new(dir, NODE, Some("this boot".to_owned()))
    };
    let mut drawn = 0_u8;
    let parts = Parts {
        disk: Arc::new(RealDisk),
        engine: Arc::clone(engine),
        fold: Arc::new(Plain),
        random: Box::new(move |out| {
            drawn = drawn.wrapping_add(1);
            out.fill(drawn);
        }),
    };
    Store::open(settings, parts)
}

fn leave(engine: Arc<dyn Engine>, clean: bool) -> Left {
    let folder = quick_folder().expect("a folder");
    let (mut store, _) = open(folder.path(), &engine).expect("a new store");
    let (mut rng, mut sealed) = (Rng::new(3), Vec::new());
    let mut states = vec![State::new()];
    for at in 0..COMMITS.0 + COMMITS.1 {
        let mut state = states.last().cloned().unwrap_or_default();
        let ops: Vec<Op> = (0..3)
            .map(|_| {
                let tree = *rng.pick(&Tree::ALL);
                let key = format!("key {}", rng.below(90)).into_bytes();
                if rng.percent(20) {
                    state.remove(&(tree as u8, key.clone()));
                    return Op::del(tree, key);
                }
                let value: Vec<u8> = (0..rng.below(200)).map(|_| rng.draw() as u8).collect();
                state.insert((tree as u8, key.clone()), value.clone());
                Op::put(tree, key, value)
            })
            .collect();
        let mut lasting = store.keys().handed_out().to_be_bytes().to_vec();
        lasting.extend(encode_redo(LAYOUT, &ops));
        store.commit(&lasting, ops).expect("a commit");
        states.push(state);
        if at % 10 == 0 {
            let keys = store.keys();
            let (slot, value) = (keys.new_slot().expect("a slot"), at.to_be_bytes());
            sealed.push((
                keys.seal(slot, &value, WORDS).expect("sealed"),
                value.to_vec(),
            ));
        }
        if at == COMMITS.0 / 2 || at == COMMITS.0 {
            store.upkeep().run().expect("upkeep");
        }
    }
    if clean {
        store.close().expect("closed");
    } else {
        drop(store);
    }
    Left {
        folder,
        engine,
        states,
        sealed,
    }
}

fn rows(store: &Store) -> Result<State, String> {
    let mut state = State::new();
    for tree in Tree::ALL {
        let view = store.view();
        view.scan(
            tree,
            KeyRange::ALL,
            Direction::Up,
            usize::MAX,
            &mut |key, value| {
                state.insert((tree as u8, key.to_vec()), value.to_vec());
                ControlFlow::Continue(())
            },
        )
        .map_err(|error| error.to_string())?;
    }
    Ok(state)
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            all.extend(files(&path));
        } else {
            all.push(path);
        }
    }
    all.sort();
    all
}

#[derive(Debug, Clone, Copy)]
enum Damage {
    Flip(u64, u8),
    Cut(u64),
    Zeroes(u64),
    Gone,
}

fn damages(len: u64, rng: &mut Rng) -> Vec<Damage> {
    let mut all = vec![Damage::Gone];
    if len == 0 {
        return all;
    }
    let mut places = vec![0, 9, len / 2, len - 1];
    places.extend((0..PLACES).map(|_| rng.below(len)));
    for place in places.into_iter().filter(|place| *place < len) {
        all.push(Damage::Flip(place, 1 << rng.below(8)));
        if rng.percent(50) {
            all.push(Damage::Cut(place));
        }
    }
    all.push(Damage::Zeroes(rng.below(len) / 512 * 512));
    all
}

fn hurt(path: &Path, damage: Damage) {
    if let Damage::Gone = damage {
        std::fs::remove_file(path).expect("removed");
        return;
    }
    let mut bytes = std::fs::read(path).expect("read");
    match damage {
        Damage::Flip(at, bit) => bytes[at as usize] ^= bit,
        Damage::Cut(at) => bytes.truncate(at as usize),
        Damage::Zeroes(at) => {
            let end = bytes.len().min(at as usize + 512);
            bytes[at as usize..end].fill(0);
        }
        Damage::Gone => {}
    }
    std::fs::write(path, bytes).expect("written");
}

/// Opens it once nobody else has it: a process that another test is just starting holds all locks of this one until it
/// runs its own program.
fn open_free(copy: &Path, engine: &Arc<dyn Engine>) -> Result<(Store, OpenReport), StoreError> {
    for _ in 0..200 {
        match open(copy, engine) {
            Err(StoreError::Locked { .. }) => std::thread::sleep(Duration::from_millis(10)),
            opened => return opened,
        }
    }
    open(copy, engine)
}

/// What became of a damaged copy; the error says what is wrong with that.
fn judge(left: &Left, copy: &Path, file: &Path, damage: Damage) -> Result<&'static str, String> {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let disk: Arc<dyn Disk> = Arc::new(RealDisk);
    let checked = tool::verify_with(&disk, copy, slots).map(|report| report.is_sound());
    let (store, report) = match open_free(copy, &left.engine) {
        Ok(opened) => opened,
        Err(error) => {
            let words = error.to_string();
            if checked.is_ok_and(|sound| sound) && !words.contains("CLEAN") {
                return Err(format!(
                    "refused, though `store verify` finds nothing: {words}"
                ));
            }
            let advised = ["请", "备份"].iter().any(|word| words.contains(word));
            // A missing segment is named by its neighbour; a lost end by the mark that knew it.
            let named = words.contains(&*name) || words.contains("CLEAN") || words.contains(".seg");
            return match named && advised {
                true => Ok("refused"),
                false => Err(format!("refused without file or advice: {words}")),
            };
        }
    };
    let last = store.last_commit();
    let whole = left.states.len() as u64 - 1;
    let told = report.log.torn.is_some() || report.view_was_ahead.is_some();
    if last < whole && !told {
        return Err(format!("commits after {last} of {whole} are silently gone"));
    }
    if rows(&store)? != left.states[usize::try_from(last).unwrap_or(0)] {
        return Err(format!("the view at {last} is not what it was: {report}"));
    }
    for (sealed, value) in &left.sealed {
        match store.keys().open_sealed(sealed, WORDS) {
            Ok(Opened::Clear { value: found, .. }) if found.as_slice() == value.as_slice() => {}
            Ok(_) => return Err("a sealed value opens as something else".to_owned()),
            // A slot that is damaged is told; one that is cut off is never missed in silence.
            Err(_) if file.ends_with("keys.dat") && !matches!(damage, Damage::Cut(_)) => {
                if report.keys.damaged.is_empty() {
                    return Err("a damaged slot is not told".to_owned());
                }
            }
            Err(error) => return Err(format!("a sealed value does not open: {error}")),
        }
    }
    match store.upkeep().scrub() {
        Err(error) if error.to_string().contains(&*name) => Ok("found by the scrub"),
        Err(error) => Err(format!("the scrub blames another: {error}")),
        Ok(_) if last < whole => Ok("told as a torn end"),
        Ok(_) => Ok("whole"),
    }
}

/// Opens a store in a process of its own.
fn opened_apart(folder: &Path, engine: &str) {
    let own = std::env::current_exe().expect("the test's own path");
    let opened = std::process::Command::new(own)
        .args(["--exact", "damage::a_store_is_opened_apart"])
        .env("HOTLINE_DAMAGED", folder)
        .env("HOTLINE_ENGINE", engine)
        .output();
    opened.expect("a process");
}

/// Does nothing but for [`opened_apart`].
#[test]
fn a_store_is_opened_apart() {
    let Some(folder) = std::env::var_os("HOTLINE_DAMAGED") else {
        return;
    };
    let fjall = std::env::var("HOTLINE_ENGINE").is_ok_and(|name| name == "fjall");
    let engine: Arc<dyn Engine> = if fjall {
        Arc::new(FjallEngine::default())
    } else {
        Arc::new(SledEngine::default())
    };
    drop(open(Path::new(&folder), &engine));
}

fn every_damage(engine: Arc<dyn Engine>, clean: bool) {
    let left = leave(engine, clean);
    let (mut rng, mut tally) = (Rng::new(11), BTreeMap::new());
    let mut wrong = Vec::new();
    let work = quick_folder().expect("a folder");
    for file in files(left.folder.path()) {
        let relative = file.strip_prefix(left.folder.path()).expect("inside");
        let len = std::fs::metadata(&file).expect("there").len();
        for damage in damages(len, &mut rng) {
            let damaged = work.path().join("data");
            let _ = std::fs::remove_dir_all(&damaged);
            copy(left.folder.path(), &damaged).expect("a copy");
            hurt(&damaged.join(relative), damage);
            // What ends the process does so in one of its own; the next start must be well.
            if relative.starts_with("view-1") || relative.starts_with("view-2") {
                opened_apart(&damaged, left.engine.name());
            }
            let judged = catch_unwind(AssertUnwindSafe(|| {
                judge(&left, &damaged, relative, damage)
            }));
            let place = format!("{} {damage:?}", relative.display());
            match judged {
                Ok(Ok(outcome)) => *tally.entry(outcome).or_insert(0) += 1,
                Ok(Err(why)) => wrong.push(format!("{place}: {why}")),
                Err(_) => wrong.push(format!("{place}: panicked")),
            }
        }
    }
    println!("{} clean={clean}: {tally:?}", left.engine.name());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(tally["refused"] > 20 && tally["whole"] > 20, "{tally:?}");
}

#[test]
fn damage_is_named_or_harmless_with_sled() {
    every_damage(Arc::new(SledEngine::default()), true);
    every_damage(Arc::new(SledEngine::default()), false);
}

#[test]
fn damage_is_named_or_harmless_with_fjall() {
    every_damage(Arc::new(FjallEngine::default()), true);
    every_damage(Arc::new(FjallEngine::default()), false);
}

/// Bytes of the attachments that are damaged: none, one chunk, three.
const ATTACHED: [usize; 3] = [0, 5, 600 << 10];

#[test]
fn a_damaged_attachment_is_named_and_never_given() {
    let folder = quick_folder().expect("a folder");
    let disk: Arc<dyn Disk> = Arc::new(RealDisk);
    let shelf = Shelf::open(Arc::clone(&disk), folder.path()).expect("a shelf");
    let (mut rng, mut tally) = (Rng::new(5), BTreeMap::new());
    for (at, bytes) in ATTACHED.into_iter().enumerate() {
        let key = Zeroizing::new([at as u8; 32]);
        let mut incoming = shelf.begin("up", &key).expect("begun");
        incoming.write(&vec![7; bytes]).expect("written");
        let (id, _) = incoming.finish().expect("finished");
        let path = folder.path().join(FOLDER).join(id.to_string());
        let good = std::fs::read(&path).expect("read");
        for damage in damages(good.len() as u64, &mut rng) {
            hurt(&path, damage);
            let changed = std::fs::read(&path).map_or(true, |bytes| bytes != good);
            let outcome = match shelf.check(id) {
                Ok(()) => "whole",
                Err(ShelfError::Damaged(of)) if of == id => "damaged",
                Err(ShelfError::Missing(of)) if of == id => "missing",
                Err(error) => panic!("{bytes} bytes, {damage:?}: {error}"),
            };
            assert_eq!(outcome != "whole", changed, "{bytes} bytes, {damage:?}");
            *tally.entry(outcome).or_insert(0) += 1;
            std::fs::write(&path, &good).expect("mended");
        }
    }
    println!("attachments: {tally:?}");
    assert!(tally["damaged"] > 20 && tally["missing"] == 3, "{tally:?}");
}
