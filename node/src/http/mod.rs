//! The port for machines that watch the node: is it alive, is it ready, what are its figures. It
//! shows nothing about any matter, and listens on the loopback address unless configured otherwise.

use crate::clock::Clock;
use crate::telemetry::Metrics;
use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

mod serve;
#[cfg(test)]
mod tests;

pub use serve::{HEADERS_DEADLINE, LIFE_MAX, serve};

/// How long applying may stand still while something waits to be applied.
pub const STALLED_AFTER: Duration = Duration::from_secs(10);
/// The media type of Prometheus' text format.
const METRICS_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// How far the node has come with what it was given. Both only ever grow.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Progress {
    /// Commands and messages taken in.
    pub accepted: u64,
    /// Those of them that have taken effect, or were refused.
    pub applied: u64,
}

/// What a node says about itself here.
pub trait Status: Send + Sync + 'static {
    /// Whether the node takes in work.
    ///
    /// # Errors
    /// Why not, in a sentence for its operator.
    fn ready(&self) -> Result<(), String>;

    /// Accepted and applied.
    fn progress(&self) -> Progress;
}

struct Watch {
    status: Arc<dyn Status>,
    metrics: Metrics,
    clock: Arc<dyn Clock>,
    /// While something waits: how much had been applied when that was first seen, and when.
    waiting: Mutex<Option<(u64, Duration)>>,
}

impl Watch {
    /// Ready when the node says so and what was accepted is being applied. A backlog alone is no
    /// fault: a node that works it off is ready. One that stands still is not.
    fn ready(&self, progress: Progress) -> Result<(), String> {
        self.status.ready()?;
        let now = self.clock.monotonic();
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let moved = waiting.is_none_or(|(applied, _)| applied != progress.applied);
        if progress.accepted <= progress.applied {
            *waiting = None;
        } else if moved {
            *waiting = Some((progress.applied, now));
        }
        let stood = waiting.map_or(Duration::ZERO, |(_, since)| now.saturating_sub(since));
        if stood < STALLED_AFTER {
            return Ok(());
        }
        let waiting = progress.accepted.saturating_sub(progress.applied);
        Err(format!(
            "已接收的 {waiting} 条没有处理，停滞 {} 秒",
            stood.as_secs()
        ))
    }
}

/// The port's routes: `/healthz` (200 while the process answers), `/readyz` (200 or 503, with the
/// reason) and `/metrics`.
pub fn router(status: Arc<dyn Status>, metrics: Metrics, clock: Arc<dyn Clock>) -> Router {
    let watch = Arc::new(Watch {
        status,
        metrics,
        clock,
        waiting: Mutex::new(None),
    });
    Router::new()
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(readyz))
        .route("/metrics", get(figures))
        .with_state(watch)
}

async fn readyz(State(watch): State<Arc<Watch>>) -> Response {
    let progress = watch.status.progress();
    let ready = watch.ready(progress);
    let status = if ready.is_ok() {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    let body = hotline_show::json(
        &serde_json::json!({
            "ready": ready.is_ok(),
            "reason": ready.err(),
            "accepted": progress.accepted,
            "applied": progress.applied,
        })
        .to_string(),
    );
    (
        status,
        [(header::CONTENT_TYPE, "application/json")],
        format!("{body}\n"),
    )
        .into_response()
}

async fn figures(State(watch): State<Arc<Watch>>) -> Response {
    match watch.metrics.text() {
        Ok(text) => ([(header::CONTENT_TYPE, METRICS_TYPE)], text).into_response(),
        Err(error) => (
            StatusCode::INTERNAL_SERVER_ERROR,
            format!("{}\n", hotline_show::line(&error.to_string())),
        )
            .into_response(),
    }
}
