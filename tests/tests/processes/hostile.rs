//! Hostile callers, with a valid certificate and without one, while another node's work goes on.

use anyhow::Context as _;
use hotline::demo::world::{CLERK, DISPATCHER, OPERATOR};
use hotline_domain::leg::Lane;
use hotline_domain::link::{Credit, Frame};
use hotline_proto::link::v1 as link;
use hotline_proto::operator::v1 as pb;
use hotline_proto::operator::v1::command::Verb;
use hotline_tests::processes::hostile::Hostile;
use hotline_tests::processes::load::{assign, surely, take_in};
use hotline_tests::processes::{Town, until};
use hotline_topology::{Level, RegionKey};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::{Instant, sleep};

/// Longest time from giving a matter to its receipt while others attack, on a loaded machine.
const DELIVERY_MAX: Duration = Duration::from_secs(10);

struct Scene {
    town: Town,
    county: RegionKey,
    honest: RegionKey,
    hostile: Hostile,
}

impl Scene {
    async fn start(folder: &std::path::Path) -> anyhow::Result<Self> {
        let plan = hotline::demo::world::federation()?;
        let counties = plan.regions().iter();
        let mut counties = counties.filter(|(_, region)| region.level == Level::County);
        let county = *counties
            .find(|(key, _)| plan.children(**key).len() >= 2)
            .context("a county with two townships")?
            .0;
        let below = plan.children(county);
        let town = Town::start(folder, &[county, below[0]]).await?;
        let certs = town
            .world
            .folder
            .join("certs/nodes")
            .join(below[1].as_str());
        let address = town.world.place(county)?.links;
        let domain = town.world.federation.trust_domain().to_owned();
        let hostile = Hostile::new(&certs, &domain, below[1], county, address)?;
        Ok(Self {
            town,
            county,
            honest: below[0],
            hostile,
        })
    }

    async fn ledger(&self) -> anyhow::Result<pb::Link> {
        let door = self.town.door(self.county).await?;
        let links = door
            .list_links(Some(OPERATOR), pb::ListLinksRequest {})
            .await?;
        let wanted = self.hostile.me.to_string();
        let link = links.links.into_iter().find(|link| link.region == wanted);
        link.context("no such link")
    }

    /// A matter goes to the honest township and its receipt comes back; how long that took.
    async fn work(&self, at: usize) -> anyhow::Result<Duration> {
        let socket = &self.town.world.place(self.county)?.socket;
        let begun = Instant::now();
        let key = |what: &str| format!("{what}-{at}");
        let done = surely(socket, CLERK, &key("in"), content(), take_in()).await?;
        let given = assign(done.matter.clone(), self.honest);
        surely(socket, DISPATCHER, &key("give"), Vec::new(), given).await?;
        let door = self.town.door(self.county).await?;
        until("the receipt comes back", || async {
            let request = pb::GetTicketRequest {
                ticket: done.matter.clone(),
                with_texts: false,
                purpose: String::new(),
            };
            let detail = door.get_ticket(Some(DISPATCHER), request).await?;
            Ok(detail.legs.iter().any(|leg| leg.delivered_at_ms != 0))
        })
        .await?;
        Ok(begun.elapsed())
    }

    async fn forgive(&self, key: &str) -> anyhow::Result<()> {
        let socket = &self.town.world.place(self.county)?.socket;
        let verb = Verb::ForgiveLink(pb::ForgiveLink {
            region: self.hostile.me.to_string(),
        });
        surely(socket, OPERATOR, key, Vec::new(), verb).await?;
        Ok(())
    }
}

/// What every matter needs.
fn content() -> Vec<pb::Text> {
    vec![pb::Text {
        field: "content".into(),
        value: "路灯不亮".into(),
        erased: false,
    }]
}

fn times(ledger: &pb::Link, offence: &str) -> u64 {
    let found = ledger.misconduct.iter().find(|it| it.offence == offence);
    found.map_or(0, |it| it.times)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hostile_neighbour_harms_only_itself_and_is_shown() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let mut scene = Scene::start(folder.path()).await?;
    scene.work(0).await?;
    let hostile = &scene.hostile;

    // No frame at all.
    let stream = hostile.call().await?;
    stream.say_raw(link::Frame { frame: None }).await;
    stream.ended().await?;
    // A mark of what was never sent.
    let stream = hostile.call().await?;
    stream.say(hostile.hello()).await;
    let forged = Frame::Ack {
        lane: Lane::Bulk,
        upto: 999,
        hash: [7; 32],
    };
    stream.say(forged).await;
    stream.ended().await?;
    until("both are charged", || async {
        let ledger = scene.ledger().await?;
        Ok((times(&ledger, "garbage"), times(&ledger, "contradiction")) == (1, 1))
    })
    .await?;
    let ledger = scene.ledger().await?;
    assert_eq!(ledger.quarantined_until_ms, 0, "twice may be a slip");

    // A flood of frames that say nothing, while the others work.
    let stream = hostile.call().await?;
    stream.say(hostile.hello()).await;
    let flood = async {
        let idle = Frame::Credit([Credit::default(); 3]);
        while stream.say(idle.clone()).await {}
    };
    let (_, took) = tokio::join!(
        tokio::time::timeout(Duration::from_secs(30), flood),
        scene.work(1)
    );
    let took = took?;
    println!("a matter was delivered in {took:?} during the flood");
    assert!(took < DELIVERY_MAX, "{took:?}");
    until("the flood is charged", || async {
        Ok(scene.ledger().await?.quarantined_until_ms != 0)
    })
    .await?;

    // Quarantined: not even a session.
    let refused = hostile.call().await.err().context("taken in quarantine")?;
    assert!(refused.message().contains("隔离"), "{refused}");
    let ledger = scene.ledger().await?;
    assert_eq!((times(&ledger, "flood"), ledger.quarantines), (1, 1));
    scene.work(2).await?;
    // A person looks, and it may try again: messages in another township's name.
    scene.forgive("forgiven").await?;
    let stream = hostile.call().await?;
    stream.say(hostile.hello()).await;
    for frame in hostile.forged(scene.honest, 20) {
        stream.say(frame).await;
    }
    stream.ended().await?;
    until("forgery is charged", || async {
        Ok(scene.ledger().await?.quarantined_until_ms != 0)
    })
    .await?;
    assert!(times(&scene.ledger().await?, "forbidden") >= 10);
    let took = scene.work(3).await?;
    assert!(took < DELIVERY_MAX, "{took:?}");
    scene.town.stop().await
}

/// A connection from another address than the honest ones have.
async fn stranger(to: SocketAddr) -> std::io::Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    socket.bind(SocketAddr::from(([127, 0, 0, 2], 0)))?;
    socket.connect(to).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn strangers_without_a_certificate_hold_nobody_up() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let mut scene = Scene::start(folder.path()).await?;
    let address = scene.town.world.place(scene.county)?.links;
    let mut silent = Vec::new();
    for _ in 0..300 {
        silent.push(stranger(address).await?);
    }
    // The honest link is made anew in the middle of it.
    scene.town.kill(scene.honest).await?;
    let chatter = tokio::spawn(async move {
        for _ in 0..200 {
            let Ok(mut stranger) = stranger(address).await else {
                continue;
            };
            let hello = b"GET / HTTP/1.1\r\n\r\n";
            let _ = tokio::io::AsyncWriteExt::write_all(&mut stranger, hello).await;
            sleep(Duration::from_millis(5)).await;
        }
    });
    scene.town.restart(scene.honest).await?;
    let took = scene.work(0).await?;
    println!("a matter was delivered in {took:?} among strangers");
    chatter.await?;
    drop(silent);
    let took = scene.work(1).await?;
    assert!(took < DELIVERY_MAX, "{took:?}");
    scene.town.stop().await
}
