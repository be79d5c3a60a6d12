//! Ten rounds of SIGKILL under load: what was confirmed is there, once, and the logs agree.

use hotline::cli::client::{CallError, Client};
use hotline::demo::world::{CLERK, DISPATCHER};
use hotline_domain::id::MatterId;
use hotline_proto::operator::v1 as pb;
use hotline_proto::operator::v1::command::Verb;
use hotline_tests::processes::{LOOK_EVERY, Town, judged, until};
use hotline_topology::{Level, RegionKey};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::time::sleep;

const ROUNDS: usize = 10;
const WORKERS: usize = 6;
/// Figures are reported after a minute of node time.
const RATE: u32 = 120;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_sigkills_under_load_lose_and_double_nothing() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let plan = hotline::demo::world::federation()?;
    let county = first_of(&plan, Level::County);
    let township = plan.children(county)[0];
    let mut town = Town::at_rate(folder.path(), &[county, township], RATE).await?;
    let stop = Arc::new(AtomicBool::new(false));
    let confirmed: Arc<Mutex<Vec<String>>> = Arc::default();
    let workers: Vec<_> = (0..WORKERS)
        .map(|worker| {
            let socket = town.world.place(county).map(|place| place.socket.clone());
            let (stop, confirmed) = (Arc::clone(&stop), Arc::clone(&confirmed));
            tokio::spawn(async move { load(worker, socket?, township, &stop, &confirmed).await })
        })
        .collect();
    for round in 0..ROUNDS {
        sleep(Duration::from_millis(400)).await;
        let victim = if round % 2 == 0 { county } else { township };
        town.kill(victim).await?;
        town.restart(victim).await?;
    }
    stop.store(true, Ordering::SeqCst);
    for worker in workers {
        worker.await??;
    }
    let matters: Vec<String> = confirmed.lock().expect("no panic").clone();
    assert!(matters.len() > ROUNDS, "hardly any load: {}", matters.len());
    let door = town.door(county).await?;
    for matter in &matters {
        until("every confirmed matter is delivered", || {
            delivered(&door, matter)
        })
        .await?;
    }
    until("the queues are empty and the figures reported", || {
        quiet(&town, county, township, matters.len())
    })
    .await?;
    town.stop().await?;
    let ids = matters
        .iter()
        .map(|matter| matter.parse())
        .collect::<Result<Vec<MatterId>, _>>()?;
    let nodes = [
        (county, town.folder(county)?),
        (township, town.folder(township)?),
    ];
    let verdict = judged(&nodes, &town.world.federation, &ids)?;
    assert!(verdict.is_clean(), "{verdict}");
    Ok(())
}

fn first_of(federation: &hotline_topology::Federation, level: Level) -> RegionKey {
    *federation
        .regions()
        .iter()
        .find(|(_, region)| region.level == level)
        .expect("a region")
        .0
}

/// Takes matters in and gives them on, each under its own keys, through every death of the node.
async fn load(
    worker: usize,
    socket: PathBuf,
    township: RegionKey,
    stop: &AtomicBool,
    confirmed: &Mutex<Vec<String>>,
) -> anyhow::Result<()> {
    for at in 0.. {
        if stop.load(Ordering::SeqCst) {
            break;
        }
        let texts = vec![pb::Text {
            field: "content".into(),
            value: format!("路灯不亮 {worker}-{at}"),
            erased: false,
        }];
        let take_in = Verb::TakeIn(pb::TakeIn {
            channel: "phone".into(),
            kind: "help".into(),
            category: "0201".into(),
            ..pb::TakeIn::default()
        });
        let done = surely(&socket, CLERK, &format!("in-{worker}-{at}"), texts, take_in).await?;
        confirmed
            .lock()
            .expect("no panic")
            .push(done.matter.clone());
        let assign = Verb::Assign(pb::Assign {
            matter: done.matter,
            takers: vec![township.to_string()],
            basis: "属地管理".into(),
            ..pb::Assign::default()
        });
        surely(
            &socket,
            DISPATCHER,
            &format!("give-{worker}-{at}"),
            Vec::new(),
            assign,
        )
        .await?;
    }
    Ok(())
}

/// Asks under one key until there is an answer, whatever happens to the node meanwhile.
async fn surely(
    socket: &std::path::Path,
    person: &str,
    key: &str,
    texts: Vec<pb::Text>,
    verb: Verb,
) -> anyhow::Result<pb::Done> {
    loop {
        let command = pb::Command {
            key: key.into(),
            seen: 0,
            texts: texts.clone(),
            verb: Some(verb.clone()),
        };
        let asked: Result<pb::Done, CallError> = match Client::connect(socket).await {
            Ok(door) => door.execute(Some(person), command).await,
            Err(error) => Err(error),
        };
        match asked {
            Ok(done) => return Ok(done),
            Err(error) if error.rule.is_some() => anyhow::bail!("refused: {error}"),
            Err(_) => sleep(LOOK_EVERY).await,
        }
    }
}

async fn delivered(door: &Client, matter: &str) -> anyhow::Result<bool> {
    let request = pb::GetTicketRequest {
        ticket: matter.into(),
        with_texts: false,
    };
    let detail = door.get_ticket(Some(DISPATCHER), request).await?;
    Ok(detail.legs.iter().any(|leg| leg.delivered_at_ms != 0))
}

/// Nothing waits on the link, and the county has the township's figures.
async fn quiet(
    town: &Town,
    county: RegionKey,
    township: RegionKey,
    matters: usize,
) -> anyhow::Result<bool> {
    for (at, peer) in [(county, township), (township, county)] {
        let request = pb::ListQueueRequest {
            region: peer.to_string(),
            limit: 1,
        };
        let door = town.door(at).await?;
        let waiting = door.list_queue(Some(DISPATCHER), request).await?;
        if !waiting.envelopes.is_empty() {
            return Ok(false);
        }
    }
    let request = pb::GetFiguresRequest {
        table: "legs".into(),
        ..Default::default()
    };
    let door = town.door(county).await?;
    let figures = door.get_figures(Some(DISPATCHER), request).await?;
    let at = figures.measures.iter().position(|name| name == "taken-in");
    let taken = at.and_then(|at| figures.total.as_ref()?.counts.get(at).copied());
    Ok(taken == i64::try_from(matters).ok())
}
