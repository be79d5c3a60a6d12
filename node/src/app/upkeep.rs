//! The background worker that keeps the store in shape: checkpoints from closed segments, never pausing the committer.

use super::handle::NodeHandle;
use crate::attachment::Attachments;
use crate::store::Upkeep;
use std::time::Duration;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// How often the worker does what.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pace {
    /// Between two rounds of upkeep.
    pub every: Duration,
    /// Between two readings of the whole log, the first one so long after the start.
    pub scrub_every: Duration,
}

/// Runs a round every so often until `stop`, and now and then reads the whole log and every attachment.
pub(super) async fn run(
    node: NodeHandle,
    attachments: Attachments,
    pace: Pace,
    stop: CancellationToken,
) {
    let mut scrubbed = Instant::now();
    loop {
        tokio::select! {
            biased;
            () = stop.cancelled() => return,
            () = tokio::time::sleep(pace.every) => {}
        }
        let Some(upkeep) = node.shared().upkeep() else {
            continue;
        };
        if scrubbed.elapsed() >= pace.scrub_every {
            scrubbed = Instant::now();
            scrub(&node, upkeep.clone()).await;
            attachments.scrub().await;
        }
        match tokio::task::spawn_blocking(move || upkeep.run()).await {
            Ok(Ok(report)) => tracing::info!("存储维护：{report}"),
            Ok(Err(error)) => tracing::error!("存储维护失败，下一轮再试：{error}"),
            Err(error) => tracing::error!("存储维护异常：{error}"),
        }
    }
}

/// Old segments are not read when the store is opened: damage in them must be found while a backup still has the bytes.
async fn scrub(node: &NodeHandle, upkeep: Upkeep) {
    let keys = upkeep.clone();
    match tokio::task::spawn_blocking(move || upkeep.scrub()).await {
        Ok(Ok(records)) => tracing::info!("日志全部读过一遍：{records} 条记录完好"),
        Ok(Err(error)) => node.shared().alarm(&format!("日志校验发现损坏：{error}")),
        Err(error) => tracing::error!("日志校验异常：{error}"),
    }
    match tokio::task::spawn_blocking(move || keys.scrub_keys()).await {
        Ok(Ok(report)) => {
            tracing::info!("密钥文件读过一遍：{report}");
            node.shared().look_over_keys(&report);
        }
        Ok(Err(error)) => node
            .shared()
            .alarm(&format!("密钥文件校验发现损坏：{error}")),
        Err(error) => tracing::error!("密钥文件校验异常：{error}"),
    }
}
