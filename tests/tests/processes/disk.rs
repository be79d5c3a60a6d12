//! Bad disks and set clocks under a running node: it refuses in words, loses nothing that it answered, does nothing
//! twice, and goes on by itself when the fault is gone.

use anyhow::Context as _;
use hotline::demo::world::OPERATOR;
use hotline_proto::operator::v1 as pb;
use hotline_proto::operator::v1::command::Verb;
use hotline_tests::power::preload::{ALWAYS, Preload, Switch};
use hotline_tests::processes::alone::{Alone, Tmpfs, in_words, pair};
use hotline_tests::processes::load::{Load, Stamp, ids, settled, surely};
use hotline_tests::processes::{Town, judged, until};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// Longest wait for a county whose disk is good again.
const RECOVERY: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_fault_of_a_disk_is_answered_in_words_and_survived() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let mut alone = Alone::laid_out(folder.path(), "").await?;
    let preload = alone.town.preload(alone.county, false)?;
    alone.town.restart(alone.county).await?;
    alone.try_take_in("first").await?;
    // Name, switch, while the fault lasts, after it, and whether it must be felt at all.
    let table = [
        ("a sync fails once", Switch::SyncsFail, 1, 0, true),
        ("syncs fail for ever", Switch::SyncsFail, ALWAYS, 0, true),
        ("a write fails once", Switch::WritesFail, 1, 0, true),
        ("writes fail for ever", Switch::WritesFail, ALWAYS, 0, true),
        ("the disk is full", Switch::Room, 0, ALWAYS, true),
        (
            "the disk is full in the middle",
            Switch::Room,
            700,
            ALWAYS,
            true,
        ),
        ("the disk is read-only", Switch::ReadOnly, 1, 0, true),
        ("writes are cut short", Switch::ShortWrites, 2, 0, false),
        ("calls are interrupted", Switch::Interrupts, 3, 0, false),
    ];
    for (name, switch, during, after, felt) in table {
        fault(&mut alone, &preload, name, (switch, during, after), felt)
            .await
            .with_context(|| name)?;
    }
    alone.found_whole().await
}

async fn fault(
    alone: &mut Alone,
    preload: &Preload,
    name: &str,
    (switch, during, after): (Switch, u64, u64),
    felt: bool,
) -> anyhow::Result<()> {
    preload.set(switch, during)?;
    let mut failed = None;
    for at in 0..4 {
        if let Err(error) = alone.try_take_in(&format!("{name} {at}")).await {
            in_words(&error);
            failed = Some(at);
            break;
        }
    }
    anyhow::ensure!(failed.is_some() == felt, "felt: {failed:?}");
    if during == ALWAYS || switch == Switch::ReadOnly || switch == Switch::Room {
        // While it lasts nothing is accepted, and the node says so.
        sleep(Duration::from_millis(300)).await;
        let error = alone.try_take_in(&format!("{name} still")).await;
        in_words(&error.err().context("accepted what cannot be kept")?);
    }
    preload.set(switch, after)?;
    if let Some(at) = failed {
        alone.recovers(&format!("{name} {at}"), RECOVERY).await?;
    }
    alone.recovers(&format!("{name} over"), RECOVERY).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_file_system_refuses_and_goes_on_when_there_is_room() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let mut alone = Alone::laid_out(folder.path(), "").await?;
    let data = alone.town.folder(alone.county)?.join("data");
    let Some(_small) = Tmpfs::mount(&data, 6) else {
        println!("left out: no right to mount a small file system here");
        return Ok(());
    };
    alone.town.initialise(alone.county)?;
    alone.town.restart(alone.county).await?;
    alone.try_take_in("first").await?;
    let filler = data.join("filler");
    let mut bytes = 6 << 20;
    while bytes > 0 {
        // What does not fit whole is tried smaller, down to the last byte.
        let mut file = std::fs::File::options()
            .create(true)
            .append(true)
            .open(&filler)?;
        let part = vec![0; bytes];
        if std::io::Write::write_all(&mut file, &part).is_err() {
            bytes /= 2;
        }
    }
    let mut refused = None;
    for at in 0..200 {
        if let Err(error) = alone.try_take_in(&format!("full {at}")).await {
            in_words(&error);
            refused = Some(format!("full {at}"));
            break;
        }
    }
    let refused = refused.context("a full disk took two hundred matters")?;
    std::fs::remove_file(&filler)?;
    alone.recovers(&refused, RECOVERY).await?;
    alone.found_whole().await
}

/// As a machine comes up after its file system was found damaged.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_read_only_file_system_is_named_at_the_start_and_harms_nothing() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let mut alone = Alone::laid_out(folder.path(), "").await?;
    let data = alone.town.folder(alone.county)?.join("data");
    let Some(small) = Tmpfs::mount(&data, 6) else {
        println!("left out: no right to mount a small file system here");
        return Ok(());
    };
    alone.town.initialise(alone.county)?;
    alone.town.restart(alone.county).await?;
    alone.try_take_in("first").await?;
    alone.town.kill(alone.county).await?;
    small.remount("ro")?;
    let refused = alone.town.restart(alone.county).await.err();
    let words = refused.context("it started")?.to_string();
    assert!(
        words.contains("文件系统只读") && words.contains("重新挂载"),
        "{words}"
    );
    small.remount("rw")?;
    alone.town.restart(alone.county).await?;
    alone.try_take_in("second").await?;
    alone.found_whole().await
}

/// How long a process stands still.
const STOPPED: Duration = Duration::from_secs(30);
/// Figures are reported after a minute of node time.
const RATE: u32 = 60;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_that_stood_for_thirty_seconds_was_noticed_and_goes_on() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let (county, township) = pair()?;
    let mut town = Town::at_rate(folder.path(), &[county, township], RATE).await?;
    let door = town.door(county).await?;
    let linked = |wanted: bool| {
        let door = &door;
        move || async move {
            let links = door
                .list_links(Some(OPERATOR), pb::ListLinksRequest {})
                .await?;
            let region = township.to_string();
            let link = links.links.iter().find(|link| link.region == region);
            Ok(link.is_some_and(|link| link.connected) == wanted)
        }
    };
    until("the link stands", linked(true)).await?;
    let still = || Stamp::default();
    let mut load = Load::start(&town, county, township, Arc::new(still))?;
    sleep(Duration::from_millis(500)).await;
    let before = load.stamped().len();
    town.signal(township, "STOP").await?;
    let stopped = Instant::now();
    until("the silence is noticed", linked(false)).await?;
    let noticed = stopped.elapsed();
    println!("a stopped process is noticed after {noticed:?}");
    assert!(noticed < STOPPED, "{noticed:?}");
    sleep(STOPPED.saturating_sub(stopped.elapsed())).await;
    let meanwhile = load.stamped().len() - before;
    assert!(meanwhile > 0, "the node above stood still with it");
    town.signal(township, "CONT").await?;
    until("the link stands again", linked(true)).await?;
    let matters = load.finish().await?;
    settled(&town, county, township, &matters).await?;
    town.stop().await?;
    let nodes = [
        (county, town.folder(county)?),
        (township, town.folder(township)?),
    ];
    let verdict = judged(&nodes, &town.world.federation, &ids(&matters)?)?;
    assert!(verdict.is_clean(), "{verdict}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clock_set_back_is_noticed_and_intake_goes_on() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let mut alone = Alone::laid_out(folder.path(), "").await?;
    alone.town.reconfigure(alone.county, |text| {
        // The demonstration's clock does not follow the machine's.
        let (before, rest) = text.split_once("[node.demo_clock]").unwrap_or((&text, ""));
        let links = rest.find("[links]").unwrap_or(0);
        format!("{before}{}", &rest[links..])
    })?;
    let preload = alone.town.preload(alone.county, false)?;
    alone.town.restart(alone.county).await?;
    alone.try_take_in("before").await?;
    let door = alone.town.door(alone.county).await?;
    let back: i64 = -22 * 3_600_000;
    preload.set(Switch::ClockOff, back.cast_unsigned())?;
    let held = || async {
        let status = door
            .get_status(Some(OPERATOR), pb::GetStatusRequest {})
            .await?;
        Ok(!status.clock_held.is_empty())
    };
    // No neighbour is there to say who is right: a minute passes first.
    until("the jump is noticed", held).await?;
    alone.try_take_in("while it is held").await?;
    let confirm = Verb::ConfirmClock(pb::ConfirmClock {});
    surely(&alone.socket, OPERATOR, "confirm", Vec::new(), confirm).await?;
    assert!(!held().await?, "confirmed");
    alone.try_take_in("after it").await?;
    alone.found_whole().await
}
