//! Documents that come down real links: a tree that changes under way, everything rotated under load, a peer revoked.

use super::wires::{arrived, connected, give, receipted};
use anyhow::Context as _;
use hotline::cli::client::Client;
use hotline::clock::{Clock as _, SystemClock};
use hotline::demo::world::OPERATOR;
use hotline::entropy::OsEntropy;
use hotline::identity::authority::{Authority, LEAF_DAYS, Reason, Signer};
use hotline::identity::profile::Subject;
use hotline::identity::revocation::Serial;
use hotline_domain::world::{DocumentKind, Header, Series};
use hotline_proto::operator::v1 as pb;
use hotline_proto::operator::v1::command::Verb;
use hotline_tests::processes::{Town, until};
use hotline_topology::{Endpoint, Federation, Level, RegionKey, Time};

/// One city, its two counties, and a township of the first.
pub(crate) fn places() -> anyhow::Result<(Federation, RegionKey, [RegionKey; 2], RegionKey)> {
    let tree = hotline::demo::world::federation()?;
    let city = tree
        .regions()
        .values()
        .find(|region| region.level == Level::City);
    let city = city.context("a city")?.key;
    let [first, second] = tree.children(city) else {
        anyhow::bail!("two counties");
    };
    let (first, second) = (*first, *second);
    let township = tree.children(first)[0];
    Ok((tree, city, [first, second], township))
}

fn keeper(town: &Town) -> anyhow::Result<Authority> {
    Ok(Authority::open(&town.world.folder.join("certs"))?)
}

/// Signs by the root and hands in.
pub(crate) async fn publish(
    town: &Town,
    at: RegionKey,
    kind: DocumentKind,
    version: u32,
    effective_at: Time,
    content: String,
) -> anyhow::Result<()> {
    let header = Header {
        series: Series {
            kind,
            scope: town.world.federation.root(),
            name: String::new(),
        },
        version,
        effective_at,
    };
    let document = keeper(town)?.seal(Signer::Root, &header, content.into_bytes())?;
    let command = pb::Command {
        key: format!("{kind:?} {version}"),
        verb: Some(Verb::PublishDocument(pb::PublishDocument { document })),
        ..pb::Command::default()
    };
    town.door(at)
        .await?
        .execute(Some(OPERATOR), command)
        .await?;
    Ok(())
}

pub(crate) async fn world(door: &Client) -> anyhow::Result<pb::World> {
    Ok(door
        .get_world(Some(OPERATOR), pb::GetWorldRequest {})
        .await?)
}

pub(crate) async fn linked(door: &Client, to: RegionKey) -> anyhow::Result<bool> {
    let request = pb::ListLinksRequest {};
    let links = door.list_links(Some(OPERATOR), request).await?.links;
    Ok(links
        .iter()
        .any(|link| link.region == to.as_str() && link.connected))
}

/// The next version of the tree: a node has another parent, which is told where it listens.
pub(crate) fn moved(
    town: &Town,
    tree: Federation,
    node: RegionKey,
    below: RegionKey,
) -> anyhow::Result<Federation> {
    let port = town.world.place(below)?.links.port();
    let mut parts = tree.into_parts();
    parts.version += 1;
    for region in &mut parts.regions {
        if region.key == node {
            region.parent = Some(below);
        }
        if region.key == below {
            region.endpoint = Some(Endpoint {
                host: "127.0.0.1".to_owned(),
                port,
            });
        }
    }
    Federation::build(parts).map_err(|faults| anyhow::anyhow!("{faults:?}"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_township_gets_another_county_without_a_restart() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let (tree, city, [first, second], township) = places()?;
    let mut town = Town::start(folder.path(), &[city, first, second, township]).await?;
    let (above, below) = (town.door(first).await?, town.door(township).await?);
    until("the link stands", || connected(&below, true)).await?;
    let matter = give(&above, township.as_str()).await?;
    until("the leg arrives", || arrived(&below, &matter)).await?;

    let next = moved(&town, tree, township, second)?;
    let (from, text) = (next.effective_from(), next.to_toml());
    // The old parent dies while the version is under way, and the township as it takes it in.
    town.kill(first).await?;
    publish(&town, city, DocumentKind::Topology, 2, from, text).await?;
    town.restart(first).await?;
    town.kill(township).await?;
    town.restart(township).await?;
    let below = town.door(township).await?;
    until("the version is in force below", || async {
        Ok(world(&below).await?.topology_version == 2)
    })
    .await?;
    until("the new parent is dialled", || linked(&below, second)).await?;
    anyhow::ensure!(!linked(&below, first).await?, "the old link ended");

    // The leg goes on between the same two, by the new way.
    let above = town.door(first).await?;
    until("the receipt is there", || receipted(&above, &matter)).await?;
    let other = give(&town.door(second).await?, township.as_str()).await?;
    until("the new parent gives", || arrived(&below, &other)).await?;
    let waiting = || async {
        let request = pb::GetWorldRequest {};
        let world = town
            .door(city)
            .await?
            .get_world(Some(OPERATOR), request)
            .await?;
        Ok(world
            .neighbours
            .iter()
            .filter(|near| near.topology_version == 2)
            .count()
            == 2)
    };
    until("the city knows that both counties have it", waiting).await?;
    town.stop().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_is_rotated_under_load_and_a_revoked_peer_is_cut() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let (_, city, [county, _], _) = places()?;
    let mut town = Town::start(folder.path(), &[city, county]).await?;
    let (above, below) = (town.door(city).await?, town.door(county).await?);
    until("the link stands", || connected(&above, true)).await?;
    let (now, past) = (SystemClock::new().now(), Time(1));
    let authority = keeper(&town)?;

    let load = tokio::spawn({
        let (above, below) = (above.clone(), below.clone());
        async move {
            for _ in 0..60 {
                let matter = give(&above, county.as_str()).await?;
                until("it arrives", || arrived(&below, &matter)).await?;
            }
            anyhow::Ok(())
        }
    });
    // A new root and a new authority under it, known everywhere before anything of them is used; then new
    // certificates and keys for both nodes.
    authority.renew_root(now, &mut OsEntropy)?;
    publish(
        &town,
        city,
        DocumentKind::Trust,
        1,
        past,
        authority.roots_pem()?,
    )
    .await?;
    let root = town.world.federation.root();
    authority.renew(&Subject::Authority(root), 365, now, &mut OsEntropy)?;
    let lists = authority.lists(Signer::Root, now)?.pem;
    publish(&town, city, DocumentKind::Revocations, 1, past, lists).await?;
    let both = || async {
        let there = world(&below).await?;
        let in_force = there.documents.iter().filter(|one| one.in_force_at_ms > 0);
        Ok(in_force.count() == 2 && there.lists.len() >= 4)
    };
    until("roots and lists are in force below", both).await?;
    for node in [city, county] {
        authority.renew(&Subject::Node(node), LEAF_DAYS, now, &mut OsEntropy)?;
        town.hang_up(node).await?;
    }
    load.await??;
    for node in [city, county] {
        let log = std::fs::read_to_string(town.folder(node)?.join("node.log"))?;
        anyhow::ensure!(
            log.contains("已重新读入"),
            "{node} read its certificates anew: {log}"
        );
        let met = log.matches("链路已接通").count();
        anyhow::ensure!(met == 1, "{node}: {met} streams, one was dropped: {log}");
    }
    // The next stream is made with the new certificates.
    town.wire(county, hotline::demo::proxy::Wire::Cut);
    until("the cut is noticed", || connected(&above, false)).await?;
    town.wire(county, hotline::demo::proxy::Wire::Open);
    until("the link stands again", || connected(&above, true)).await?;

    let uri = format!("/region/{county}");
    let entries = authority.list()?;
    for entry in entries
        .iter()
        .filter(|entry| entry.record.uri.ends_with(&uri))
    {
        let serial = Serial::from_hex(entry.record.serial()).context("a serial")?;
        authority.revoke(&serial, now, Reason::KeyCompromise)?;
    }
    let lists = authority.lists(Signer::Root, now)?.pem;
    publish(&town, city, DocumentKind::Revocations, 2, past, lists).await?;
    until("the revoked peer is cut", || connected(&above, false)).await?;
    let log = std::fs::read_to_string(town.folder(city)?.join("node.log"))?;
    anyhow::ensure!(log.contains("证书已被吊销"), "{log}");
    let matter = give(&above, county.as_str()).await?;
    anyhow::ensure!(
        !arrived(&below, &matter).await?,
        "nothing reaches it any more"
    );
    town.stop().await
}
