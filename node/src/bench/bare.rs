//! The bare store: log and view alone, fed with the commits that a node makes of the same commands.

use crate::app::{Known, Surroundings};
use crate::codec::commit;
use crate::codec::folder::Folder;
use crate::config::Store as StoreConfig;
use crate::entropy::{Entropy, SeededEntropy};
use crate::store::disk::RealDisk;
use crate::store::{Op, Parts, Store, StoreSettings, machine_boot_id};
use hotline_domain::command::Command;
use hotline_domain::field::SealedField;
use hotline_domain::kernel::{Event, Group, Input, Now};
use hotline_domain::view::MemoryView;
use hotline_topology::{Federation, FieldName, PolicyPack, RegionKey, Time};
use std::path::Path;
use std::sync::Arc;

use super::clock::{Begun, Spent};
use super::pair::taking_in;

/// What so many commands take.
pub(super) fn run(
    folder: &Path,
    world: (&Federation, RegionKey),
    settings: &StoreConfig,
    (matters, in_flight): (usize, usize),
) -> anyhow::Result<Spent> {
    let groups = groups(world, matters, in_flight)?;
    let mut seeded = SeededEntropy::new(1);
    let parts = Parts {
        disk: Arc::new(RealDisk),
        engine: settings.engine.of(settings.cache_mib << 20),
        fold: Arc::new(Folder::new(world.1)),
        random: Box::new(move |out: &mut [u8]| drop(seeded.fill(out))),
    };
    let settings = StoreSettings::new(folder, world.1.as_str(), machine_boot_id());
    let (mut store, _) = Store::open(settings, parts)?;
    let begun = Begun::now();
    for (lasting, ops) in groups {
        store.commit(&lasting, ops)?;
    }
    let spent = begun.spent(matters);
    store.close()?;
    Ok(spent)
}

/// The commits of so many take-ins, encoded ahead.
fn groups(
    (federation, me): (&Federation, RegionKey),
    matters: usize,
    in_flight: usize,
) -> anyhow::Result<Vec<(Vec<u8>, Vec<Op>)>> {
    let known = Known {
        older: Vec::new(),
        federation: federation.clone(),
        packs: vec![PolicyPack::default_pack()],
    };
    let surroundings = Surroundings::new(me, known);
    let known = surroundings.known();
    let mut view = MemoryView::default();
    let mut entropy = SeededEntropy::new(2);
    let (mut groups, mut made) = (Vec::new(), 0);
    while made < matters {
        let now = Now {
            time: Time(1_772_416_800_000 + made as i64),
            monotonic_ms: 0,
        };
        let mut group = Group::new(&view, surroundings.world(&known), now)?;
        for _ in 0..in_flight.min(matters - made) {
            let mut bits = [0; 16];
            entropy.fill(&mut bits)?;
            let command = Box::new(command(&mut entropy)?);
            group.step(Event {
                bits,
                input: Input::Command { ticket: 0, command },
            })?;
            made += 1;
        }
        let commit = group.finish()?;
        let lasting = commit::encode(commit.at, &commit.facts);
        let ops = commit::ops(commit.changes.iter().map(|(key, row)| (key, row.as_ref())));
        view.apply(commit.changes);
        groups.push((lasting, ops));
    }
    Ok(groups)
}

/// A take-in whose sealed fields are as long as real ones.
fn command(entropy: &mut dyn Entropy) -> anyhow::Result<Command> {
    let asked = taking_in(0);
    let mut fields = Vec::new();
    for (name, value) in &asked.texts {
        // Algorithm, nonce, salt and tag come with the value.
        let mut ciphertext = vec![0; value.len() + 57];
        entropy.fill(&mut ciphertext)?;
        let name: FieldName = *name;
        fields.push(SealedField {
            name,
            slot: 1,
            ciphertext,
            hash: [7; 32],
        });
    }
    Ok(Command {
        actor: asked.actor,
        key: None,
        digest: asked.digest,
        seen: None,
        verb: asked.verb,
        fields,
    })
}
