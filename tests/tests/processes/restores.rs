//! A machine dies: its node comes back from last night's backup, or from nothing, with what its neighbours know.

use hotline::cli::client::Client;
use hotline::demo::world::{CLERK, DISPATCHER, OPERATOR};
use hotline_proto::operator::v1 as pb;
use hotline_proto::operator::v1::command::Verb;
use hotline_tests::power::copy;
use hotline_tests::processes::{Town, program, until};
use hotline_topology::{Level, RegionKey};
use std::path::Path;

/// Minutes of node time pass in seconds: what does not answer is given up after ten of them.
const RATE: u32 = 120;

fn command(verb: Verb, texts: &[(&str, &str)]) -> pb::Command {
    let text = |(field, value): &(&str, &str)| pb::Text {
        field: (*field).to_owned(),
        value: (*value).to_owned(),
        erased: false,
    };
    pb::Command {
        texts: texts.iter().map(text).collect(),
        verb: Some(verb),
        ..Default::default()
    }
}

async fn take_in(door: &Client) -> anyhow::Result<String> {
    let verb = Verb::TakeIn(pb::TakeIn {
        channel: "phone".into(),
        kind: "help".into(),
        category: "0201".into(),
        ..Default::default()
    });
    let texts = [("content", "路灯不亮")];
    Ok(door
        .execute(Some(CLERK), command(verb, &texts))
        .await?
        .matter)
}

/// Takes a matter in and gives it on: the matter and the leg.
async fn give(door: &Client, to: RegionKey) -> anyhow::Result<(String, String)> {
    let matter = take_in(door).await?;
    let verb = Verb::Assign(pb::Assign {
        matter: matter.clone(),
        takers: vec![to.to_string()],
        basis: "属地管理".into(),
        ..Default::default()
    });
    let done = door.execute(Some(DISPATCHER), command(verb, &[])).await?;
    let leg = done.legs.first().cloned().unwrap_or_default();
    Ok((matter, leg))
}

async fn sign(door: &Client, leg: &str) -> anyhow::Result<()> {
    let verb = Verb::Sign(pb::OnLeg { leg: leg.into() });
    door.execute(Some(DISPATCHER), command(verb, &[])).await?;
    Ok(())
}

async fn leg_of(door: &Client, (matter, leg): &(String, String)) -> anyhow::Result<pb::Leg> {
    let request = pb::GetTicketRequest {
        ticket: matter.clone(),
        with_texts: false,
        purpose: String::new(),
    };
    let detail = door.get_ticket(Some(DISPATCHER), request).await?;
    let found = detail.legs.into_iter().find(|known| known.id == *leg);
    found.ok_or_else(|| anyhow::anyhow!("{matter} has no leg {leg} here"))
}

/// Waits until every leg is signed, as this door has it on record.
async fn all_signed(door: &Client, given: &[(String, String)]) -> anyhow::Result<()> {
    for one in given {
        until("the leg is signed on both sides' records", || async {
            Ok(leg_of(door, one).await?.signed_at_ms != 0)
        })
        .await?;
    }
    Ok(())
}

/// Waits for a neighbour's answers; the nodes that do not run here are given up, as an operator gives them up.
async fn answered(door: &Client, by: RegionKey) -> anyhow::Result<()> {
    let by = by.to_string();
    until(&format!("{by} has answered"), || async {
        Ok(!status(door).await?.exchanging.contains(&by))
    })
    .await?;
    for region in status(door).await?.exchanging {
        // Not before they had time to answer.
        until(&format!("{region} is given up"), || async {
            let region = region.clone();
            let verb = Verb::ReopenLink(pb::ReopenLink { region });
            door.execute(Some(OPERATOR), command(verb, &[])).await?;
            Ok(true)
        })
        .await?;
    }
    Ok(())
}

async fn status(door: &Client) -> anyhow::Result<pb::NodeStatus> {
    let request = pb::GetStatusRequest {};
    Ok(door.get_status(Some(OPERATOR), request).await?)
}

fn store(args: &[&Path]) -> anyhow::Result<String> {
    let done = std::process::Command::new(program())
        .arg("store")
        .args(args)
        .output()?;
    let said = String::from_utf8_lossy(&done.stderr);
    anyhow::ensure!(done.status.success(), "{args:?}: {said}");
    Ok(String::from_utf8_lossy(&done.stdout).into_owned())
}

fn p(text: &str) -> &Path {
    Path::new(text)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_node_comes_back_from_its_backup_and_then_from_nothing() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let plan = hotline::demo::world::federation()?;
    let county = *plan
        .regions()
        .iter()
        .find(|(_, region)| region.level == Level::County)
        .ok_or_else(|| anyhow::anyhow!("no county"))?
        .0;
    let township = plan.children(county)[0];
    let mut town = Town::at_rate(folder.path(), &[county, township], RATE).await?;
    let (data, backup) = (
        town.folder(county)?.join("data"),
        folder.path().join("backup"),
    );
    let door = town.door(county).await?;
    let below = town.door(township).await?;
    let mut given = Vec::new();
    for _ in 0..6 {
        given.push(give(&door, township).await?);
    }
    // Beside the running node, more than once into one folder.
    for _ in 0..2 {
        store(&[p("backup"), &data, p("--to"), &backup])?;
    }
    store(&[p("verify-backup"), &backup])?;
    for _ in 0..6 {
        given.push(give(&door, township).await?);
    }
    let never_left = take_in(&door).await?;
    for one in &given {
        until("the leg arrives", || async {
            Ok(leg_of(&below, one).await.is_ok())
        })
        .await?;
        sign(&below, &one.1).await?;
    }
    all_signed(&door, &given).await?;

    // The disk is gone, and with it everything since the backup.
    town.kill(county).await?;
    std::fs::rename(&data, folder.path().join("lost"))?;
    store(&[p("restore"), p("--from"), &backup, p("--data"), &data])?;
    town.restart(county).await?;
    let door = town.door(county).await?;
    answered(&door, township).await?;
    all_signed(&door, &given).await?;
    let gone = leg_of(&door, &(never_left, String::new())).await;
    assert!(gone.is_err(), "only the lost disk knew it");
    let listed = door
        .list_missing(
            Some(OPERATOR),
            pb::ListMissingRequest {
                after: 0,
                limit: 50,
            },
        )
        .await?;
    let kinds: Vec<_> = listed
        .things
        .iter()
        .map(|thing| thing.kind.as_str())
        .collect();
    assert!(kinds.contains(&"span"), "{kinds:?}");
    assert_eq!(
        kinds.iter().filter(|kind| **kind == "petitioner").count(),
        6
    );
    let again = give(&door, township).await?;
    until("life goes on", || async {
        Ok(leg_of(&below, &again).await.is_ok())
    })
    .await?;

    // The township's machine burns down, and nobody had made a backup.
    town.kill(township).await?;
    let data = town.folder(township)?.join("data");
    std::fs::remove_dir_all(&data)?;
    store(&[p("init"), p("--rebuild"), p("--data"), &data])?;
    town.restart(township).await?;
    let below = town.door(township).await?;
    answered(&below, county).await?;
    all_signed(&below, &given).await?;
    sign(&below, &again.1).await?;
    all_signed(&door, &[again]).await?;
    town.stop().await?;
    for region in [county, township] {
        store(&[p("verify"), &town.folder(region)?.join("data")])?;
    }
    // Both were restored by the manual, and both signed what their own disk forgot: nobody is convicted of anything.
    for (_, leg) in [&given[0], &given[6], &given[11]] {
        nobody_is_convicted(&town, folder.path(), [county, township], leg)?;
    }
    Ok(())
}

/// Both ends export and seal what they have of the leg, and an outsider compares the two.
fn nobody_is_convicted(
    town: &Town,
    world: &Path,
    ends: [RegionKey; 2],
    leg: &str,
) -> anyhow::Result<()> {
    let mut files = Vec::new();
    for region in ends {
        let out = world.join(format!("{region}-{leg}.evidence"));
        let done = std::process::Command::new(program())
            .args(["evidence", "export", leg])
            .arg("--data")
            .arg(town.folder(region)?.join("data"))
            .arg("--certs")
            .arg(world.join("certs/nodes").join(region.as_str()))
            .arg("--out")
            .arg(&out)
            .output()?;
        let said = String::from_utf8_lossy(&done.stderr);
        anyhow::ensure!(done.status.success(), "export at {region}: {said}");
        files.push(out);
    }
    let verified = std::process::Command::new(program())
        .args(["evidence", "verify", "--trust"])
        .arg(world.join("certs/public"))
        .arg("--topology")
        .arg(world.join("federation.toml"))
        .args(&files)
        .output()?;
    let said = String::from_utf8_lossy(&verified.stdout);
    anyhow::ensure!(
        verified.status.success() && said.contains("已盖章") && !said.contains("判定"),
        "{leg}: {said}"
    );
    Ok(())
}

/// More rounds: `cargo run --release -p hotline-tests -- restores --rounds 50`.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restored_county_is_taken_up_by_all_three_neighbours() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let figures = hotline_tests::processes::restoring::drill(folder.path(), 2).await?;
    println!("{figures}");
    Ok(())
}

/// A county, one of its townships, and their doors; the two are linked.
async fn linked(folder: &Path) -> anyhow::Result<(Town, [RegionKey; 2], [Client; 2])> {
    let plan = hotline::demo::world::federation()?;
    let county = *plan
        .regions()
        .iter()
        .find(|(_, region)| region.level == Level::County)
        .ok_or_else(|| anyhow::anyhow!("no county"))?
        .0;
    let township = plan.children(county)[0];
    let town = Town::start(folder, &[county, township]).await?;
    let doors = [town.door(county).await?, town.door(township).await?];
    until("they have met", || met(&doors[1])).await?;
    Ok((town, [county, township], doors))
}

/// Whether the node's one link stands.
async fn met(door: &Client) -> anyhow::Result<bool> {
    let request = pb::ListLinksRequest {};
    let links = door.list_links(Some(OPERATOR), request).await?.links;
    Ok(links.iter().any(|link| link.connected))
}

/// When `door`'s node last heard of `peer`, by its clock.
async fn heard(door: &Client, peer: RegionKey) -> anyhow::Result<i64> {
    let request = pb::ListLinksRequest {};
    let links = door.list_links(Some(OPERATOR), request).await?.links;
    let peer = peer.to_string();
    let link = links.into_iter().find(|link| link.region == peer);
    Ok(link.map(|link| link.heard_at_ms).unwrap_or_default())
}

/// Why `door`'s node refuses its link with `peer`; empty while it does not.
async fn blocked(door: &Client, peer: RegionKey) -> anyhow::Result<String> {
    let links = door
        .list_links(Some(OPERATOR), pb::ListLinksRequest {})
        .await?
        .links;
    let peer = peer.to_string();
    let link = links.into_iter().find(|link| link.region == peer);
    Ok(link.map(|link| link.blocked).unwrap_or_default())
}

/// A copied folder takes the place of the node's own, and the node starts.
async fn put_back(town: &mut Town, node: RegionKey, copied: &Path) -> anyhow::Result<Client> {
    town.kill(node).await?;
    let data = town.folder(node)?.join("data");
    std::fs::remove_dir_all(&data)?;
    copy(copied, &data)?;
    town.restart(node).await?;
    town.door(node).await
}

/// Waits until both ends, each with its door, refuse the link between them.
async fn both_refuse(
    (above, below_it): (&Client, RegionKey),
    (below, above_it): (&Client, RegionKey),
) -> anyhow::Result<()> {
    until("both ends refuse the link", || async {
        Ok(!blocked(above, below_it).await?.is_empty()
            && !blocked(below, above_it).await?.is_empty())
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_folder_put_back_in_secret_is_noticed_by_its_starts() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let (mut town, [county, township], [above, below]) = linked(folder.path()).await?;
    let given = give(&above, township).await?;
    until("the leg arrives", || async {
        Ok(leg_of(&below, &given).await.is_ok())
    })
    .await?;
    sign(&below, &given.1).await?;
    all_signed(&above, std::slice::from_ref(&given)).await?;

    // Copied in a stop; the node comes back and is met.
    let data = town.folder(township)?.join("data");
    let copied = folder.path().join("copied");
    town.kill(township).await?;
    copy(&data, &copied)?;
    town.restart(township).await?;
    let below = town.door(township).await?;
    until("they have met", || met(&below)).await?;
    // The copy takes its place, and starts by itself.
    let below = put_back(&mut town, township, &copied).await?;
    both_refuse((&above, township), (&below, county)).await?;
    let why = blocked(&above, township).await?;
    anyhow::ensure!(why.contains("次启动"), "{why}");

    // One person settles it, at the node whose folder it was.
    let region = county.to_string();
    let verb = Verb::ReopenLink(pb::ReopenLink { region });
    below.execute(Some(OPERATOR), command(verb, &[])).await?;
    let again = give(&above, township).await?;
    until("life goes on", || async {
        Ok(leg_of(&below, &again).await.is_ok())
    })
    .await?;
    town.stop().await
}

/// As a virtual machine that is set back to a snapshot: what was lost never left the node, and no start came between.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_machine_set_back_to_a_snapshot_is_noticed_by_its_heartbeats() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let (mut town, [county, township], [above, below]) = linked(folder.path()).await?;
    let data = town.folder(township)?.join("data");
    let copied = folder.path().join("copied");
    town.signal(township, "STOP").await?;
    copy(&data, &copied)?;
    town.signal(township, "CONT").await?;
    for _ in 0..3 {
        take_in(&below).await?;
    }
    // Longer than from one heartbeat to the next.
    let since = heard(&above, township).await?;
    until("it is heard of", || async {
        Ok(heard(&above, township).await? > since + 7_000)
    })
    .await?;
    let below = put_back(&mut town, township, &copied).await?;
    both_refuse((&above, township), (&below, county)).await?;
    let why = blocked(&below, county).await?;
    anyhow::ensure!(why.contains("次提交"), "{why}");
    town.stop().await
}
