//! From node to node: with the leg, by relay, through cuts, and to nobody else.

use super::*;
use crate::attachment::part::Part as Came;
use crate::grpc::tests::fixture::{CITY, CLERK, COUNTY, DISPATCHER, assign};
use futures::StreamExt as _;
use hotline_domain::attachment::{CHUNK_BYTES, Manifest, TAG_BYTES};
use hotline_domain::id::LegId;
use hotline_proto::attachment::v1::Ask;
use hotline_proto::operator::v1::command::Verb;
use hotline_topology::RegionKey;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

const TOWN: RegionKey = RegionKey::literal("140525100000");
const OTHER: RegionKey = RegionKey::literal("140524000000");

fn sealed(size: usize) -> u64 {
    (size + size.div_ceil(CHUNK_BYTES) * TAG_BYTES) as u64
}

async fn give(city: &Desk, taker: &str, content: &[u8]) -> (String, String, String) {
    let number = city.take_in().await.number;
    let made = city
        .attach(CLERK, head(&number, "现场.jpg", content.len()), content)
        .await;
    let made = made.unwrap();
    let leg = city
        .done(DISPATCHER, assign(&number, taker), &[])
        .await
        .legs[0]
        .clone();
    (number, leg, made.id)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn down_with_the_leg_and_up_with_the_result() {
    let world = World::make();
    let city = world.node(CITY, None, true).await;
    let county = world
        .node(COUNTY, city.running.federation_address, true)
        .await;
    let content = picture(3 * CHUNK_BYTES - 5);
    let (number, leg, id) = give(&city, COUNTY.as_str(), &content).await;
    let number = number.as_str();
    county.until(number, |detail| detail.ticket.is_some()).await;
    let there = county.until_here(DISPATCHER, number, 1).await;
    assert_eq!(
        (there[0].source.as_str(), there[0].name.as_str()),
        (CITY.as_str(), "现场.jpg")
    );
    let (_, bytes) = county.take_out(DISPATCHER, number, &id).await.unwrap();
    assert!(bytes == content);

    let answer = picture(CHUNK_BYTES + 1);
    let sign = Verb::Sign(pb::OnLeg { leg: leg.clone() });
    county.done(DISPATCHER, sign, &[]).await;
    let made = county
        .attach(
            DISPATCHER,
            head(number, "修好了.jpg", answer.len()),
            &answer,
        )
        .await
        .unwrap();
    assert_eq!(made.done.unwrap().legs, [leg]);
    city.until_here(DISPATCHER, number, 2).await;
    let (what, bytes) = city.take_out(DISPATCHER, number, &made.id).await.unwrap();
    assert!(what.name == "修好了.jpg" && bytes == answer);
    let origin = city.show(DISPATCHER, number).await.unwrap();
    let fetched = |entry: &&pb::TimelineEntry| entry.what == "ticket.attachment-fetched";
    assert_eq!(
        origin.timeline.iter().filter(fetched).count(),
        1,
        "by the county"
    );
    county.running.stop().await.unwrap();
    city.running.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_between_passes_the_ask_and_the_holder_judges_it() {
    let world = World::of(&[CITY, COUNTY, TOWN]);
    let city = world.node(CITY, None, true).await;
    let county = world
        .node(COUNTY, city.running.federation_address, true)
        .await;
    let town = world
        .node(TOWN, county.running.federation_address, true)
        .await;
    let (number, leg, id) = give(&city, COUNTY.as_str(), &picture(1000)).await;
    county.until_here(DISPATCHER, &number, 1).await;
    let (leg, id): (LegId, AttachmentId) = (leg.parse().unwrap(), id.parse().unwrap());
    assert_eq!(
        says(&town, COUNTY, ask(id, leg, TOWN, CITY)).await,
        "attachment.not-a-party"
    );
    let refused = |desk: &Desk| {
        desk.running
            .attachments()
            .counts()
            .refused
            .load(Ordering::Relaxed)
    };
    assert_eq!(
        (refused(&city), refused(&county)),
        (1, 0),
        "the city refused it"
    );
    // Downward too, on the streams that the lower ones hold open.
    assert_eq!(
        says(&city, COUNTY, ask(id, leg, CITY, TOWN)).await,
        "attachment.unknown"
    );
    assert_eq!(
        (refused(&town), refused(&county)),
        (1, 0),
        "the town refused it"
    );
    for desk in [town, county, city] {
        desk.running.stop().await.unwrap();
    }
}

fn ask(id: AttachmentId, leg: LegId, asker: RegionKey, holder: RegionKey) -> Ask {
    Ask {
        id: id.0.to_vec(),
        leg: leg.0.to_vec(),
        asker: asker.to_string(),
        holder: holder.to_string(),
        ..Ask::default()
    }
}

/// What comes of an ask to a neighbour: a part, or the rule that refused.
async fn says(from: &Desk, to: RegionKey, ask: Ask) -> String {
    let attachments = from.running.attachments();
    // The stream between the two may still be on its way up.
    for _ in 0..600 {
        let part = match attachments.0.peers.ask(to, ask.clone()).await {
            Ok(mut parts) => parts.next().await.unwrap(),
            Err(refused) => Err(refused),
        };
        match part {
            Ok(_) => return "given".to_owned(),
            Err(refused) if refused.rule == "attachment.peer-away" => {}
            Err(refused) => return refused.rule,
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    "attachment.peer-away".to_owned()
}

/// Passes connections on, each until so many bytes came from the far side.
async fn cutting(to: SocketAddr, after: u64) -> (SocketAddr, Arc<AtomicU64>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (address, cuts) = (listener.local_addr().unwrap(), Arc::new(AtomicU64::new(0)));
    let counted = Arc::clone(&cuts);
    tokio::spawn(async move {
        while let Ok((near, _)) = listener.accept().await {
            let cuts = Arc::clone(&counted);
            tokio::spawn(async move {
                let Ok(far) = TcpStream::connect(to).await else {
                    return;
                };
                let ((mut up, mut back), (mut from, mut on)) =
                    (near.into_split(), far.into_split());
                let forth = tokio::spawn(async move { tokio::io::copy(&mut up, &mut on).await });
                let (mut passed, mut buffer) = (0, vec![0; 16 << 10]);
                while let Ok(read @ 1..) = from.read(&mut buffer).await {
                    passed += read as u64;
                    if passed > after {
                        cuts.fetch_add(1, Ordering::Relaxed);
                        break;
                    }
                    if back.write_all(&buffer[..read]).await.is_err() {
                        break;
                    }
                }
                forth.abort();
            });
        }
    });
    (address, cuts)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cuts_cost_no_chunk_that_was_kept() {
    let world = World::make();
    let city = world.node(CITY, None, true).await;
    let chunk = CHUNK_BYTES as u64;
    let (address, cuts) = cutting(city.running.federation_address.unwrap(), 3 * chunk).await;
    let county = world.node(COUNTY, Some(address), true).await;
    let content = picture(8 * CHUNK_BYTES + 9);
    let (number, ..) = give(&city, COUNTY.as_str(), &content).await;
    county
        .until(&number, |detail| detail.ticket.is_some())
        .await;
    let there = county.until_here(DISPATCHER, &number, 1).await;
    let (_, bytes) = county
        .take_out(DISPATCHER, &number, &there[0].id)
        .await
        .unwrap();
    assert!(bytes == content);
    assert!(cuts.load(Ordering::Relaxed) >= 2, "it was cut");
    let kept = &county.running.attachments().counts().received_bytes;
    assert_eq!(
        kept.load(Ordering::Relaxed),
        sealed(content.len()),
        "each chunk once"
    );
    county.running.stop().await.unwrap();
    city.running.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_else_gets_a_chunk() {
    let world = World::of(&[CITY, COUNTY, OTHER]);
    let city = world.node(CITY, None, true).await;
    let county = world
        .node(COUNTY, city.running.federation_address, true)
        .await;
    let other = world
        .node(OTHER, city.running.federation_address, true)
        .await;
    let content = picture(1000);
    let (number, leg, id) = give(&city, COUNTY.as_str(), &content).await;
    county
        .until(&number, |detail| detail.ticket.is_some())
        .await;
    county.until_here(DISPATCHER, &number, 1).await;
    let (leg, id): (LegId, AttachmentId) = (leg.parse().unwrap(), id.parse().unwrap());
    assert_eq!(
        says(&county, CITY, ask(id, leg, COUNTY, CITY)).await,
        "given"
    );
    assert_eq!(
        says(&other, CITY, ask(id, leg, OTHER, CITY)).await,
        "attachment.not-a-party"
    );
    assert_eq!(
        says(&other, CITY, ask(id, leg, COUNTY, CITY)).await,
        "authority.not-on-that-side"
    );
    assert_eq!(
        says(&county, CITY, ask(id, LegId([9; 16]), COUNTY, CITY)).await,
        "attachment.unknown"
    );
    let stray = AttachmentId([9; 32]);
    assert_eq!(
        says(&county, CITY, ask(stray, leg, COUNTY, CITY)).await,
        "attachment.unknown"
    );
    assert_eq!(
        says(&county, CITY, Ask::default()).await,
        "attachment.malformed"
    );
    assert_eq!(
        city.running
            .attachments()
            .counts()
            .refused
            .load(Ordering::Relaxed),
        5
    );
    for desk in [other, county, city] {
        desk.running.stop().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_what_its_id_says_is_dropped() {
    let world = World::make();
    let city = world.node(CITY, None, true).await;
    let number = city.take_in().await;
    let made = city
        .attach(
            CLERK,
            head(&number.number, "a.jpg", 700_000),
            &picture(700_000),
        )
        .await
        .unwrap();
    let attachments = city.running.attachments();
    let stored = attachments.shelf().read(made.id.parse().unwrap()).unwrap();
    let manifest = stored.manifest().clone();
    let rows = city.running.handle().shared().rows();
    let attached = hotline_domain::view::Rows::attachment(
        &*rows,
        number.matter.parse().unwrap(),
        manifest.id(),
    );
    let attached = attached.unwrap().unwrap();
    // Another manifest than the one asked for.
    let lie = Manifest::new(700_000, vec![[0; 32]; 3]).unwrap();
    let mut parts = futures::stream::iter([Ok(Came::Head(lie))]).boxed();
    assert!(
        attachments
            .head(&attached, COUNTY, &mut parts)
            .await
            .is_err()
    );
    // Right chunks, and one with a flipped bit, at every place.
    let (tell, progress) = tokio::sync::watch::channel(Progress::default());
    attachments.shelf().remove(manifest.id()).unwrap();
    for bad in 0..3 {
        let partial = attachments.shelf().resume(manifest.clone()).unwrap();
        assert_eq!(partial.have(), bad, "what was good is kept");
        let chunks: Vec<_> = (bad..3)
            .map(|no| {
                let mut sealed = stored.chunk(no).unwrap();
                if no == bad + 1 {
                    sealed[17] ^= 1;
                }
                Ok(Came::Chunk(sealed))
            })
            .collect();
        let parts = futures::stream::iter(chunks).boxed();
        let kept = attachments.keep(partial, COUNTY, parts, &tell).await;
        assert_eq!(kept.is_ok(), bad == 2, "{bad}: {kept:?}");
    }
    assert_eq!(progress.borrow().have, 3);
    assert_eq!(attachments.counts().wrong_chunks.load(Ordering::Relaxed), 3);
    let taken = city
        .take_out(CLERK, &number.number, &made.id)
        .await
        .unwrap();
    assert!(taken.1 == picture(700_000));
    city.running.stop().await.unwrap();
}
