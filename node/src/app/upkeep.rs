//! The background worker that keeps the store in shape: checkpoints from closed segments, never pausing the committer.

use super::handle::NodeHandle;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Between two rounds.
const EVERY: Duration = Duration::from_secs(300);

/// Runs a round now and then until `stop`.
pub(super) async fn run(node: NodeHandle, stop: CancellationToken) {
    loop {
        tokio::select! {
            biased;
            () = stop.cancelled() => return,
            () = tokio::time::sleep(EVERY) => {}
        }
        let Some(upkeep) = node.shared().upkeep() else {
            continue;
        };
        match tokio::task::spawn_blocking(move || upkeep.run()).await {
            Ok(Ok(report)) => tracing::info!("存储维护:{report}"),
            Ok(Err(error)) => tracing::error!("存储维护失败,下一轮再试:{error}"),
            Err(error) => tracing::error!("存储维护异常:{error}"),
        }
    }
}
