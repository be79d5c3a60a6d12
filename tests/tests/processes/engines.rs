//! A full disk and a failing one under either view engine: whatever the engine's own threads make of it, commands are
//! answered, the node is open again soon after the fault, and it ends when it is told to.
//!
//! The matters are long. sled writes large values beside its log; when that write fails it waits for it ever after.

use anyhow::Context as _;
use hotline_tests::power::preload::{ALWAYS, Switch};
use hotline_tests::processes::alone::{Alone, Tmpfs, in_words};
use std::path::Path;
use std::time::Duration;
use tokio::time::{sleep, timeout};

/// Longest until a command is answered while the disk is bad.
const ANSWER: Duration = Duration::from_secs(2);
/// Longest until the node is open again after the fault is gone: a second between its tries, and the try itself.
const RECOVERY: Duration = Duration::from_secs(2);
/// The same where the engine never came back and the view is made anew; what waits for it is bounded.
const REBUILT: Duration = Duration::from_secs(8);
/// Longest until the process has ended after SIGTERM.
const END: Duration = Duration::from_secs(5);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sled_on_a_full_disk_answers_and_goes_on_when_there_is_room() -> anyhow::Result<()> {
    full("sled").await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fjall_on_a_full_disk_answers_and_goes_on_when_there_is_room() -> anyhow::Result<()> {
    full("fjall").await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sled_on_a_failing_disk_answers_and_goes_on_when_it_is_mended() -> anyhow::Result<()> {
    failing("sled").await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fjall_on_a_failing_disk_answers_and_goes_on_when_it_is_mended() -> anyhow::Result<()> {
    failing("fjall").await
}

async fn county(folder: &Path, engine: &str) -> anyhow::Result<Alone> {
    let more = format!("[store]\nengine = \"{engine}\"\n");
    let mut alone = Alone::laid_out(folder, &more).await?;
    alone.says("灯".repeat(15_000));
    Ok(alone)
}

/// Takes matters in until one is refused, in words; the key of that one.
async fn until_refused(alone: &mut Alone, name: &str) -> anyhow::Result<String> {
    for at in 0..400 {
        let key = format!("{name} {at}");
        let answer = timeout(ANSWER, alone.try_take_in(&key)).await;
        if let Err(error) = answer.with_context(|| format!("{name}: no answer"))? {
            in_words(&error);
            assert!(!error.message.contains("后重新启动"), "{error}");
            return Ok(key);
        }
    }
    anyhow::bail!("{name}: nothing was refused")
}

/// While the fault lasts nothing is accepted, and each command is answered soon.
async fn still_refused(alone: &mut Alone, name: &str) -> anyhow::Result<()> {
    for at in 0..4 {
        let asked = timeout(ANSWER, alone.try_take_in(&format!("{name} still {at}"))).await;
        let error = asked.with_context(|| format!("{name}: no answer while it lasts"))?;
        in_words(&error.err().context("accepted what cannot be kept")?);
        sleep(Duration::from_millis(200)).await;
    }
    Ok(())
}

async fn ends(alone: &mut Alone, name: &str) -> anyhow::Result<()> {
    alone.town.signal(alone.county, "TERM").await?;
    let ended = alone.town.ended(alone.county, END).await?;
    let status = ended.with_context(|| format!("{name}: SIGTERM does not end it"))?;
    anyhow::ensure!(status.code().is_some(), "{name}: ended with {status}");
    Ok(())
}

async fn full(engine: &str) -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let mut alone = county(folder.path(), engine).await?;
    let data = alone.town.folder(alone.county)?.join("data");
    let Some(small) = Tmpfs::mount(&data, 12) else {
        println!("left out: no right to mount a small file system here");
        return Ok(());
    };
    alone.town.initialise(alone.county)?;
    alone.town.restart(alone.county).await?;
    let refused = until_refused(&mut alone, "full").await?;
    println!("{engine}: {} taken in until full", alone.confirmed.len());
    still_refused(&mut alone, "full").await?;
    small.remount("size=40m")?;
    alone.recovers(&refused, RECOVERY).await?;
    // Somebody else fills the disk to the last byte: there is no room that could have been kept.
    let filler = data.join("filler");
    fill(&filler)?;
    let refused = until_refused(&mut alone, "filled").await?;
    still_refused(&mut alone, "filled").await?;
    std::fs::remove_file(&filler)?;
    alone.recovers(&refused, RECOVERY).await?;
    alone.holds_all().await?;
    ends(&mut alone, "full").await?;
    alone.town.restart(alone.county).await?;
    alone.found_whole().await
}

/// Writes until nothing more fits.
fn fill(path: &Path) -> anyhow::Result<()> {
    let mut file = std::fs::File::create(path)?;
    let mut bytes = 1 << 20;
    while bytes > 0 {
        if std::io::Write::write_all(&mut file, &vec![0; bytes]).is_err() {
            bytes /= 2;
        }
    }
    Ok(())
}

async fn failing(engine: &str) -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let mut alone = county(folder.path(), engine).await?;
    let preload = alone.town.preload(alone.county, false)?;
    alone.town.restart(alone.county).await?;
    // Syncs, writes, and the room for them, which ends in the middle of whatever is written then.
    let table = [
        ("syncs fail", Switch::SyncsFail, ALWAYS, 0),
        ("writes fail", Switch::WritesFail, ALWAYS, 0),
        ("no room", Switch::Room, 2_000_000, ALWAYS),
    ];
    for (name, switch, during, after) in table {
        for at in 0..4 {
            alone.try_take_in(&format!("{name} before {at}")).await?;
        }
        preload.set(switch, during)?;
        let refused = until_refused(&mut alone, name).await?;
        still_refused(&mut alone, name).await?;
        preload.set(switch, after)?;
        alone.recovers(&refused, REBUILT).await?;
    }
    alone.holds_all().await?;
    // It ends while the disk is bad, too.
    preload.set(Switch::WritesFail, ALWAYS)?;
    until_refused(&mut alone, "last").await?;
    ends(&mut alone, "failing").await?;
    preload.set(Switch::WritesFail, 0)?;
    alone.town.restart(alone.county).await?;
    alone.found_whole().await
}
