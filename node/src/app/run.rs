//! `hotline node run`: one node in this process, until SIGTERM.

use super::init;
use super::prepare::Ready;
use super::signals::{Said, Signals};
use super::start::Running;
use crate::clock::SystemClock;
use crate::config::{Config, Format};
use crate::out;
use crate::telemetry::{self, LogFormat, LogOptions};
use hotline_show::shown;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// Runs the node of a configuration file until SIGTERM or SIGINT; SIGHUP reads certificates, topology, packs and people
/// anew. `new`: what [`init`] makes is made first.
///
/// # Errors
/// All faults of configuration, data folder and ports, before anything is made; or what hindered start or stop.
pub async fn run(file: &Path, demo: bool, new: bool) -> anyhow::Result<()> {
    let (asked, _) = Config::read(file)?;
    anyhow::ensure!(
        demo || asked.node.demo_clock.is_none(),
        "node.demo_clock 只用于演示：正式运行请删去这一节"
    );
    if new {
        // A start does not depend on who reads what it made.
        init::init(file, |step| drop(out::print(&shown!("{step}"))))?;
    }
    let ready = Ready::check(file)?;
    let config = ready.config();
    let options = LogOptions {
        node: config.node.region.clone(),
        format: match config.log.format {
            Format::Text => LogFormat::Text,
            Format::Json => LogFormat::Json,
        },
        filter: Some(config.log.filter.clone()),
    };
    let drain = Duration::from_secs(config.node.drain_seconds);
    telemetry::install(&options, Arc::new(SystemClock::new()))?;
    // Before the start: who sees the door open may stop the node at once.
    let mut signals = Signals::take()?;
    let running = ready.start().await?;
    announce(&running);
    let stopped = until_stopped(&running, &mut signals, file).await;
    tracing::info!("{stopped}，正在收尾（至多 {} 秒）", drain.as_secs());
    let drained = tokio::time::timeout(drain, running.stop()).await;
    match drained {
        Ok(closed) => closed,
        Err(_) => anyhow::bail!(
            "{} 秒内没有收尾完毕，强行停止；下次启动会自行修复",
            drain.as_secs()
        ),
    }
}

fn announce(running: &Running) {
    let shared = running.handle().shared();
    let me = shared.surroundings.me();
    let known = shared.surroundings.known();
    let name = known
        .federation
        .region(me)
        .map_or("", |region| region.name.as_str());
    let pack = shared.surroundings.world(&known).pack();
    tracing::info!(
        "节点 {me} {name} 已启动：拓扑第 {} 版，规则包 {} 第 {} 版",
        known.federation.version(),
        pack.id,
        pack.version
    );
    if let Some(address) = running.federation_address {
        tracing::info!("联动端口 {address}");
    }
    if let Some(address) = running.http_address {
        tracing::info!("监控端口 {address}");
    }
    for open in pack.open_limits() {
        tracing::warn!(
            "规则包未定「{}」（{}）的办理期限（{}），由{}确定之前不受理此类",
            open.kind.label(),
            open.urgency.label(),
            open.article,
            open.left_to.as_deref().unwrap_or("本级主管部门")
        );
    }
}

/// Waits for the end; reloads meanwhile.
async fn until_stopped(running: &Running, signals: &mut Signals, file: &Path) -> String {
    loop {
        let said = tokio::select! {
            biased;
            () = running.ended() => return "提交线程已结束，本进程不能再打开存储".to_owned(),
            said = signals.next() => said,
        };
        match said {
            Said::Stop(name) => return format!("收到停止信号 {name}"),
            Said::Reload => {
                if let Err(error) = running.reload(file).await {
                    tracing::error!("重新读入失败，沿用原有设置：{error:#}");
                }
            }
        }
    }
}
