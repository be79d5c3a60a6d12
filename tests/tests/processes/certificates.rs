//! Every certificate of the example domain calls a real node: the good ones are admitted, each bad one is refused for its
//! own reason, which the node's metrics name.

use anyhow::Context as _;
use hotline::clock::{Clock as _, SystemClock};
use hotline::demo::HeldPort;
use hotline::entropy::OsEntropy;
use hotline::identity::example::Example;
use hotline_tests::processes::{Called, PATIENCE, call_with, program, until};
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::process::Command;

const PROFILE: &str = include_str!("../../../certs-example/profile.toml");

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_bad_certificate_is_refused_for_its_own_reason() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let example = Example::parse(PROFILE)?;
    let certs = folder.path().join("certs");
    example.make(&certs, SystemClock::new().now(), &mut OsEntropy)?;
    let held = [HeldPort::take()?, HeldPort::take()?];
    let [links, http] = [held[0].address(), held[1].address()];
    configure(folder.path(), &example, links, http)?;
    let log = std::fs::File::create(folder.path().join("node.log"))?;
    let node = Command::new(program())
        .args(["node", "run", "--init", "--config"])
        .arg(folder.path().join("node.toml"))
        .stderr(log)
        .stdout(Stdio::null())
        .kill_on_drop(true)
        .spawn()?;
    let said = || std::fs::read_to_string(folder.path().join("node.log")).unwrap_or_default();
    until("the node is ready", || async {
        Ok(page(http, "/readyz").await?.starts_with("HTTP/1.1 200"))
    })
    .await
    .with_context(said)?;

    for card in &example.certificates {
        let wanted = card.calling.as_str();
        let before = refusals(http, wanted).await?;
        let called =
            tokio::time::timeout(PATIENCE, call_with(&certs.join(&card.folder), links)).await??;
        if wanted == "admitted" {
            assert_eq!(called, Called::Admitted, "{}: {}", card.folder, said());
        } else {
            assert_eq!(called, Called::Refused, "{}", card.folder);
            until(
                &format!("{} is refused as {wanted}", card.folder),
                || async { Ok(refusals(http, wanted).await? > before) },
            )
            .await?;
        }
    }
    drop(node);
    Ok(())
}

/// The judge's configuration and the example's tree as a federation file.
fn configure(
    folder: &Path,
    example: &Example,
    links: SocketAddr,
    http: SocketAddr,
) -> anyhow::Result<()> {
    let mut tree = format!(
        "trust_domain = \"{}\"\nversion = 1\neffective_from = \"2025-01-01\"\n",
        example.trust_domain()
    );
    let regions = [
        ("990000000000", "province", None),
        ("990100000000", "city", Some("990000000000")),
        ("990200000000", "city", Some("990000000000")),
        ("990101000000", "county", Some("990100000000")),
        ("990102000000", "county", Some("990100000000")),
    ];
    for (at, (key, level, parent)) in regions.into_iter().enumerate() {
        writeln!(
            tree,
            "[[region]]\nkey = \"{key}\"\nname = \"示例{at}\"\nlevel = \"{level}\""
        )?;
        writeln!(tree, "endpoint = \"r{key}.invalid:7443\"\nstandard = false")?;
        if let Some(parent) = parent {
            writeln!(tree, "parent = \"{parent}\"")?;
        }
        writeln!(
            tree,
            "[[region.unit]]\nkey = \"中心\"\nname = \"热线中心\"\nkind = \"centre\""
        )?;
    }
    std::fs::write(folder.join("federation.toml"), tree)?;
    let judge = example.judge.region;
    let config = format!(
        "[node]\nregion = \"{judge}\"\ndata = \"data\"\ntopology = \"federation.toml\"\ncerts = \"certs/judge\"\n\
         [links]\nlisten = \"{links}\"\nparent = \"127.0.0.1:9\"\n[operator]\nsocket = \"door.sock\"\n[http]\nlisten = \"{http}\"\n"
    );
    Ok(std::fs::write(folder.join("node.toml"), config)?)
}

async fn page(http: SocketAddr, path: &str) -> anyhow::Result<String> {
    let mut stream = TcpStream::connect(http).await?;
    let request = format!("GET {path} HTTP/1.1\r\nHost: node\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut text = String::new();
    stream.read_to_string(&mut text).await?;
    Ok(text)
}

/// How many callers the node refused for that reason so far.
async fn refusals(http: SocketAddr, reason: &str) -> anyhow::Result<u64> {
    let text = page(http, "/metrics").await?;
    let line = text
        .lines()
        .filter(|line| line.starts_with("hotline_refusals_total{"));
    let counts = line.filter(|line| line.contains(&format!("reason=\"{reason}\"")));
    Ok(counts
        .filter_map(|line| line.rsplit(' ').next()?.parse::<u64>().ok())
        .sum())
}
