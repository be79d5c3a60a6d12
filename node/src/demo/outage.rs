//! What nobody wishes for, in the middle of the day: a wire cut, another slow, a node killed without farewell.

use super::life::Town;
use super::nodes::Nodes;
use super::proxy::Wire;
use super::tell::Teller;
use hotline_show::shown;
use hotline_topology::Level;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::time::sleep;

/// It strikes when so many of a hundred matters are finished.
const AT_PERCENT: usize = 25;
/// How long the wire is cut.
const CUT: Duration = Duration::from_secs(4);
/// How much later everything comes on the slow wire.
const LATE: Duration = Duration::from_millis(120);
/// How long the killed node lies.
const DEAD: Duration = Duration::from_millis(1500);

/// Cuts, slows and kills once enough is under way; mends all before it returns.
///
/// # Errors
/// The killed node does not come back.
pub async fn strike(
    town: &Town,
    nodes: &mut Nodes,
    total: usize,
    teller: &Teller,
) -> anyhow::Result<()> {
    while town.finished.load(Ordering::Relaxed) * 100 < total * AT_PERCENT {
        sleep(Duration::from_millis(20)).await;
    }
    let counties = town.world.of_level(Level::County);
    let towns = town.world.of_level(Level::Township);
    let (Some(killed), Some(cut), Some(slow)) = (counties.last(), counties.first(), towns.first())
    else {
        anyhow::bail!("演示中没有县乡节点");
    };
    let name = |region| town.world.name(region);
    teller.say(shown!(
        "  !! 切断 {} 与上级的链路；{} 的链路变慢；强行终止 {} 节点（SIGKILL）",
        name(*cut),
        name(*slow),
        name(*killed)
    ));
    nodes.wire(*cut, Wire::Cut);
    nodes.wire(*slow, Wire::Slow(LATE));
    nodes.kill(*killed).await?;
    sleep(DEAD).await;
    nodes.restart(town.world.place(*killed)?).await?;
    teller.say(shown!("  !! {} 节点重新启动，从日志恢复", name(*killed)));
    sleep(CUT.saturating_sub(DEAD)).await;
    nodes.wire(*cut, Wire::Open);
    nodes.wire(*slow, Wire::Open);
    teller.say(shown!("  !! {} 的链路恢复，积压的消息补送", name(*cut)));
    Ok(())
}
