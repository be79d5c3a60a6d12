//! Waiting for calm: every queue empty, and the province's figures complete, fresh and still.

use super::life::Town;
use super::world::{DISPATCHER, OPERATOR};
use crate::cli::client::CallError;
use anyhow::Context as _;
use hotline_proto::operator::v1 as pb;
use hotline_topology::RegionKey;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// Longest wait.
const CALM_MAX: Duration = Duration::from_secs(60);
/// Between two looks.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// What the province said in the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settled {
    /// Matters taken in, in the whole area.
    pub total: i64,
    /// Whether everybody has reported.
    pub complete: bool,
}

/// Waits until nothing is under way any more.
///
/// # Errors
/// It does not become calm in time; says what still waits.
pub async fn settle(town: &Town) -> anyhow::Result<Settled> {
    let begun = Instant::now();
    let root = town.world.federation.root();
    let mut waiting;
    // Everything reported must be younger than the moment at which all queues were seen empty.
    let since = loop {
        waiting = queued(town).await?;
        if waiting.is_empty() {
            break node_time(town, root).await?;
        }
        anyhow::ensure!(
            begun.elapsed() < CALM_MAX,
            "队列 {} 秒内没有排空：{}",
            CALM_MAX.as_secs(),
            waiting.join(",")
        );
        sleep(LOOK_EVERY).await;
    };
    let mut last = None;
    loop {
        let figures = figures(town, root, "matters", "whole").await?;
        let fresh = figures.reported.iter().all(|mark| mark.as_of_ms >= since);
        let settled = Settled {
            total: count(&figures, figures.total.as_ref(), "taken-in"),
            complete: figures.complete,
        };
        if settled.complete && fresh && last.as_ref() == Some(&settled) {
            return Ok(settled);
        }
        if begun.elapsed() >= CALM_MAX {
            // The judge says what is missing.
            return Ok(settled);
        }
        last = Some(settled);
        sleep(LOOK_EVERY).await;
    }
}

/// One measure of a line of figures.
#[must_use]
pub fn count(figures: &pb::Figures, line: Option<&pb::FiguresLine>, measure: &str) -> i64 {
    let at = figures.measures.iter().position(|known| known == measure);
    let counts = line.map(|line| line.counts.as_slice()).unwrap_or_default();
    at.and_then(|at| counts.get(at)).copied().unwrap_or(0)
}

/// Figures of a node's area.
///
/// # Errors
/// The node does not answer.
pub async fn figures(
    town: &Town,
    at: RegionKey,
    table: &str,
    by: &str,
) -> anyhow::Result<pb::Figures> {
    let request = pb::GetFiguresRequest {
        table: table.to_owned(),
        by: by.to_owned(),
        ..pb::GetFiguresRequest::default()
    };
    let door = town.doors.get(&at).context("没有操作口")?;
    Ok(door.get_figures(Some(DISPATCHER), request).await?)
}

async fn node_time(town: &Town, at: RegionKey) -> anyhow::Result<i64> {
    let door = town.doors.get(&at).context("没有操作口")?;
    let request = pb::GetStatusRequest {};
    Ok(door.get_status(Some(OPERATOR), request).await?.time_ms)
}

/// What waits on any link, in words.
async fn queued(town: &Town) -> Result<Vec<String>, CallError> {
    let mut waiting = Vec::new();
    for place in &town.world.places {
        let Some(door) = town.doors.get(&place.region) else {
            continue;
        };
        let children = town.world.federation.children(place.region);
        for peer in children.iter().copied().chain(place.parent) {
            let request = pb::ListQueueRequest {
                region: peer.to_string(),
                limit: 500,
            };
            let queue = door.list_queue(Some(OPERATOR), request).await?;
            // Reports of figures go for ever; what they bring is looked at by itself.
            let matters = queue.envelopes.iter().filter(|e| e.lane != "bulk").count();
            if matters > 0 {
                let (from, to) = (&place.name, town.world.name(peer));
                waiting.push(format!("{from}→{to} {matters} 封"));
            }
        }
    }
    Ok(waiting)
}
