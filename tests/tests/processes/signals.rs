//! What the operator's machine tells a node while it starts: a node that is stopped at once ends as well as any other.

use hotline_tests::processes::{PATIENCE, Town, until};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_stopped_while_it_starts_ends_well() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let province = hotline::demo::world::federation()?.root();
    let mut town = Town::laid_out(folder.path(), &[province], 1, "").await?;
    for (round, signals) in [&["TERM"][..], &["INT"], &["HUP", "TERM"]]
        .iter()
        .enumerate()
    {
        town.launch(province)?;
        // Its first words: the log is open, the doors are not yet.
        until("it begins", async || {
            Ok(town.log(province)?.matches("关闭；日志").count() == round + 1)
        })
        .await?;
        for name in *signals {
            town.signal(province, name).await?;
        }
        let ended = town.ended(province, PATIENCE).await?;
        let log = town.log(province)?;
        anyhow::ensure!(
            ended.is_some_and(|ended| ended.success()),
            "{signals:?}: {ended:?}: {log}"
        );
        let stops = log.matches("收到停止信号").count();
        anyhow::ensure!(stops == round + 1, "{signals:?}: {log}");
    }
    town.restart(province).await?;
    town.stop().await?;
    let log = town.log(province)?;
    anyhow::ensure!(log.matches("上次正常关闭").count() == 4, "{log}");
    Ok(())
}
