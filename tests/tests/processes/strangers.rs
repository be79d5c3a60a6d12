//! Strangers at every door of a node that may open the usual thousand files: silent, slow and half open, from many
//! addresses; meanwhile a neighbour calls anew, people work, and a monitor asks.

use anyhow::Context as _;
use hotline::demo::HeldPort;
use hotline::demo::world::{CLERK, DISPATCHER, OPERATOR, federation};
use hotline_proto::operator::v1 as pb;
use hotline_tests::processes::load::{assign, surely, take_in};
use hotline_tests::processes::{PATIENCE, Town, until};
use hotline_topology::{Level, RegionKey};
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream, UnixStream};
use tokio::time::{Instant, timeout};

/// Longest time for anything honest while strangers knock, on a loaded machine; the bounds that give strangers up are
/// no shorter, so nobody is served by waiting for them.
const ANSWER_MAX: Duration = Duration::from_secs(20);
/// What a node may open.
const DESCRIPTORS: u32 = 1024;
/// From one stranger of an attacker to the next.
const PACE: Duration = Duration::from_millis(2);
/// Strangers that one attacker holds at once.
const HELD: usize = 600;
/// Most that he makes: he stops by himself.
const MADE_MAX: u64 = 40_000;
/// The opening of TLS, of which the rest never comes.
const HALF_HELLO: &[u8] = &[0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3];
/// The opening of HTTP/2 and an empty SETTINGS frame.
const OPENING: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";

/// Somebody who opens connections one after the other, says what he says on each, and keeps the latest open.
struct Attack {
    stop: Arc<AtomicBool>,
    made: Arc<AtomicU64>,
    task: tokio::task::JoinHandle<()>,
}

impl Attack {
    fn begin<S, F>(
        words: &'static [&'static [u8]],
        connect: impl Fn(u64) -> F + Send + 'static,
    ) -> Self
    where
        S: tokio::io::AsyncWrite + Unpin + Send + 'static,
        F: Future<Output = std::io::Result<S>> + Send + 'static,
    {
        let (stop, made) = (Arc::<AtomicBool>::default(), Arc::<AtomicU64>::default());
        let (ended, count) = (Arc::clone(&stop), Arc::clone(&made));
        let task = tokio::spawn(async move {
            let mut held = VecDeque::new();
            while !ended.load(Ordering::Relaxed) && count.load(Ordering::Relaxed) < MADE_MAX {
                let number = count.fetch_add(1, Ordering::Relaxed);
                let connected = timeout(Duration::from_secs(1), connect(number)).await;
                if let Ok(Ok(mut stream)) = connected {
                    let said = words.get(number as usize % words.len());
                    // Whoever was hung up on already says nothing.
                    let _ = stream.write_all(said.copied().unwrap_or_default()).await;
                    held.push_back(stream);
                }
                if held.len() > HELD {
                    held.pop_front();
                }
                // What is tried are the doors, not whether one machine can be strangers and nodes at once.
                tokio::time::sleep(PACE).await;
            }
        });
        Self { stop, made, task }
    }

    /// Over TCP, from two hundred addresses in four networks.
    fn tcp(to: SocketAddr, words: &'static [&'static [u8]]) -> Self {
        Self::begin(words, move |number| async move {
            let [.., low] = (number % 50 + 2).to_be_bytes();
            let [.., net] = (number % 4).to_be_bytes();
            let socket = TcpSocket::new_v4()?;
            socket.bind(SocketAddr::from(([127, 0, net, low], 0)))?;
            socket.connect(to).await
        })
    }

    fn unix(to: PathBuf, words: &'static [&'static [u8]]) -> Self {
        Self::begin(words, move |_| {
            let to = to.clone();
            async move { UnixStream::connect(to).await }
        })
    }

    async fn end(self) -> anyhow::Result<u64> {
        self.stop.store(true, Ordering::Relaxed);
        self.task.await?;
        Ok(self.made.load(Ordering::Relaxed))
    }
}

struct Scene {
    town: Town,
    county: RegionKey,
    township: RegionKey,
    operators: HeldPort,
}

impl Scene {
    async fn start(folder: &std::path::Path) -> anyhow::Result<Self> {
        // The strangers are this process's: it must be able to hold more than the node may.
        hotline::gate::descriptors::ensure(4096).map_err(anyhow::Error::msg)?;
        let plan = federation()?;
        let mut counties = plan.regions().iter();
        let county = *counties
            .find(|(_, region)| region.level == Level::County)
            .context("a county")?
            .0;
        let township = plan.children(county)[0];
        let mut town = Town::laid_out(folder, &[county, township], 1, "").await?;
        let operators = HeldPort::take()?;
        let port = format!("[operator]\nlisten = \"{}\"\n", operators.address());
        town.reconfigure(county, |text| text.replace("[operator]\n", &port))?;
        town.limit_descriptors(county, DESCRIPTORS);
        town.restart(county).await?;
        town.restart(township).await?;
        Ok(Self {
            town,
            county,
            township,
            operators,
        })
    }

    /// A matter goes to the township and its receipt comes back, everything over connections of its own.
    async fn work(&self, at: usize) -> anyhow::Result<()> {
        let socket = &self.town.world.place(self.county)?.socket;
        let key = |what: &str| format!("{what}-{at}");
        let text = pb::Text {
            field: "content".into(),
            value: "路灯不亮".into(),
            erased: false,
        };
        let done = surely(socket, CLERK, &key("in"), vec![text], take_in()).await?;
        let given = assign(done.matter.clone(), self.township);
        surely(socket, DISPATCHER, &key("give"), Vec::new(), given).await?;
        until("the receipt comes back", || async {
            let request = pb::GetTicketRequest {
                ticket: done.matter.clone(),
                with_texts: false,
                purpose: String::new(),
            };
            let door = self.town.door(self.county).await?;
            let detail = door.get_ticket(Some(DISPATCHER), request).await?;
            Ok(detail.legs.iter().any(|leg| leg.delivered_at_ms != 0))
        })
        .await
    }

    /// A monitor asks whether the node is ready.
    async fn ready(&self) -> anyhow::Result<()> {
        let address = self.town.world.place(self.county)?.http;
        let mut stream = TcpStream::connect(address).await?;
        let request = b"GET /readyz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
        stream.write_all(request).await?;
        let mut page = String::new();
        stream.read_to_string(&mut page).await?;
        anyhow::ensure!(page.starts_with("HTTP/1.1 200"), "{page}");
        Ok(())
    }

    /// The township is killed and calls its county anew; how long until its link stands.
    async fn calls_anew(&mut self) -> anyhow::Result<Duration> {
        self.town.kill(self.township).await?;
        self.town.launch(self.township)?;
        let begun = Instant::now();
        until("the link stands again", || async {
            let door = self.town.door(self.township).await?;
            let links = door
                .list_links(Some(OPERATOR), pb::ListLinksRequest {})
                .await?;
            Ok(links.links.iter().any(|link| link.connected))
        })
        .await?;
        Ok(begun.elapsed())
    }

    async fn metric(&self, line: &str) -> anyhow::Result<u64> {
        let page = self.town.metrics(self.county).await?;
        let lines = page.lines().filter(|found| found.starts_with(line));
        let counts = lines.filter_map(|line| line.rsplit(' ').next()?.parse::<u64>().ok());
        Ok(counts.sum())
    }
}

/// Something honest, within its time.
async fn in_time<T>(
    what: &str,
    doing: impl Future<Output = anyhow::Result<T>>,
) -> anyhow::Result<T> {
    let begun = Instant::now();
    let done = timeout(ANSWER_MAX, doing).await;
    let done = done.with_context(|| format!("{what}: not within {ANSWER_MAX:?}"))?;
    println!("{what}: {:?}", begun.elapsed());
    done.with_context(|| what.to_owned())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_strangers_at_every_door_neighbours_come_in_and_people_work() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let mut scene = Scene::start(folder.path()).await?;
    scene.work(0).await?;
    let place = scene.town.world.place(scene.county)?.clone();
    let attacks = [
        Attack::tcp(
            place.links,
            &[b"", HALF_HELLO, b"GET / HTTP/1.1\r\n\r\n", OPENING],
        ),
        Attack::tcp(scene.operators.address(), &[b"", HALF_HELLO]),
        Attack::tcp(place.http, &[b"", b"GET /metrics HTTP/1.1\r\nHo", b"G"]),
        Attack::unix(place.socket.clone(), &[b"", b"PRI * HT", OPENING]),
    ];
    let knocked = || {
        attacks
            .iter()
            .all(|it| it.made.load(Ordering::Relaxed) > HELD as u64)
    };
    until("all of them knock", async || Ok(knocked())).await?;
    for round in 1..4 {
        in_time("a matter goes down", scene.work(round)).await?;
        in_time("a monitor is answered", scene.ready()).await?;
        let took = scene.calls_anew().await?;
        println!("the link stands again: {took:?}");
        assert!(took < ANSWER_MAX, "{took:?}");
    }
    for attack in attacks {
        println!("{} connections", attack.end().await?);
    }
    let turned_away = scene.metric("hotline_door_turned_away_total").await?;
    assert!(turned_away > 0);
    // Refusals are counted and told in few lines: one a second for those who called, however many they were.
    let log = scene.town.log(scene.county)?;
    let told = log.lines().filter(|line| line.contains("拒绝连接")).count();
    let refused = scene.metric("hotline_refusals_total").await?;
    println!("{refused} refused in {told} lines, {turned_away} turned away");
    assert!(refused > 20 * told as u64, "{refused} in {told} lines");
    assert!(!log.contains("os error 24"), "{log}");
    scene.work(9).await?;
    scene.town.stop().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_may_open_too_little_says_so_and_does_not_start() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let province = federation()?.root();
    let mut town = Town::laid_out(folder.path(), &[province], 1, "").await?;
    town.limit_descriptors(province, 200);
    town.launch(province)?;
    let ended = town.ended(province, PATIENCE).await?.context("it runs")?;
    assert!(!ended.success());
    let log = town.log(province)?;
    assert!(log.contains("LimitNOFILE"), "{log}");
    assert!(!log.contains("已启动"), "{log}");
    Ok(())
}
