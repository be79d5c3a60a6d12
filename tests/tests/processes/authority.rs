//! An authority comes to its end under load and is renewed in the order that the manual gives: authority, lists, nodes.

use super::wires::{arrived, connected, give};
use super::world::{places, publish, world};
use anyhow::Context as _;
use hotline::clock::{Clock as _, SystemClock};
use hotline::demo::proxy::Wire;
use hotline::entropy::OsEntropy;
use hotline::identity::authority::{Authority, LEAF_DAYS, Signer};
use hotline::identity::profile::Subject;
use hotline_domain::world::DocumentKind;
use hotline_tests::power::preload::{Preload, Switch};
use hotline_tests::processes::{Town, until};
use hotline_topology::{RegionKey, Time};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// A day, in milliseconds.
const DAY: i64 = 86_400_000;
/// How long the authority is good.
const TERM_DAYS: u32 = 60;

/// The two machines, whose clocks show a later day than the true one.
struct Machines {
    preloads: [Preload; 2],
    began: Time,
}

impl Machines {
    /// So many days have passed on both; what their clocks show then.
    fn after(&self, days: i64) -> anyhow::Result<Time> {
        for preload in &self.preloads {
            preload.set(Switch::ClockOff, (days * DAY).cast_unsigned())?;
        }
        Ok(Time(self.began.0 + days * DAY))
    }
}

/// Publishes the lists that are signed then, and waits until the county has them.
async fn lists(
    town: &Town,
    [city, county]: [RegionKey; 2],
    (version, content): (u32, String),
) -> anyhow::Result<()> {
    let kind = DocumentKind::Revocations;
    publish(town, city, kind, version, Time(1), content).await?;
    let below = town.door(county).await?;
    until("the lists are in force below", || async {
        let documents = world(&below).await?.documents;
        Ok(documents.iter().any(|one| {
            one.kind == "revocations" && one.version == version && one.in_force_at_ms > 0
        }))
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_authority_that_ends_is_renewed_under_load_in_the_order_of_the_manual()
-> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let (tree, city, [county, _], _) = places()?;
    let (both, began) = ([city, county], SystemClock::new().now());
    let mut town = Town::laid_out(folder.path(), &both, 1, "").await?;
    let keeper = Authority::open(&town.world.folder.join("certs"))?;
    let authority = Subject::Authority(tree.root());
    keeper.renew(&authority, TERM_DAYS, began, &mut OsEntropy)?;
    for node in both {
        keeper.renew(&Subject::Node(node), LEAF_DAYS, began, &mut OsEntropy)?;
    }
    let machines = Machines {
        preloads: [town.preload(city, false)?, town.preload(county, false)?],
        began,
    };
    town.restart(city).await?;
    town.restart(county).await?;
    let (above, below) = (town.door(city).await?, town.door(county).await?);
    until("the link stands", || connected(&above, true)).await?;
    let done = Arc::new(AtomicBool::new(false));
    let load = tokio::spawn({
        let (above, below, done) = (above.clone(), below.clone(), Arc::clone(&done));
        async move {
            let mut given = 0;
            while !done.load(Ordering::SeqCst) {
                let matter = give(&above, county.as_str()).await?;
                until("it arrives", || arrived(&below, &matter)).await?;
                given += 1;
            }
            anyhow::Ok(given)
        }
    });

    // Ten days before the end: the authority first.
    let now = machines.after(50)?;
    keeper.renew(&authority, 1_000, now, &mut OsEntropy)?;
    // Its list, which everybody must have before anything that it certified is used.
    keeper.refresh_lists(now)?;
    let early = keeper.lists(Signer::Root, now)?;
    anyhow::ensure!(early.ended.is_empty(), "{:?}", early.ended);
    lists(&town, both, (1, early.pem)).await?;
    // Then the nodes.
    for node in both {
        keeper.renew(&Subject::Node(node), LEAF_DAYS, now, &mut OsEntropy)?;
        town.hang_up(node).await?;
    }
    for node in both {
        until("it has read its certificates anew", || async {
            Ok(town.log(node)?.contains("已重新读入"))
        })
        .await?;
    }

    // The former authority has ended. Its list goes down with the others.
    let now = machines.after(i64::from(TERM_DAYS) + 1)?;
    keeper.refresh_lists(now)?;
    let late = keeper.lists(Signer::Root, now)?;
    let (ended, _) = late.ended.first().context("none has ended")?;
    anyhow::ensure!(ended.ends_with("/2") && late.ended.len() == 1, "{ended}");
    lists(&town, both, (2, late.pem)).await?;
    town.wire(county, Wire::Cut);
    until("the cut is noticed", || connected(&above, false)).await?;
    town.wire(county, Wire::Open);
    until("the link stands by the new certificates", || {
        connected(&above, true)
    })
    .await?;
    done.store(true, Ordering::SeqCst);
    let given = load.await??;
    println!("{given} matters went down meanwhile");
    town.stop().await
}
