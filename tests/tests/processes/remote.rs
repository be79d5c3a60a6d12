//! Programs that call a node's operators' port from afar with a certificate, each with the TLS library of its own world:
//! Python's grpcio (`HOTLINE_PYTHON`), Node's @grpc/grpc-js (`HOTLINE_NODE`, a folder where it is installed), openssl.

use anyhow::Context as _;
use hotline::demo::HeldPort;
use hotline::demo::world::federation;
use hotline_tests::processes::{Town, program};
use hotline_topology::{Level, RegionKey};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use tokio::process::Command;

/// The operator, as certificate and configuration name him.
const OPERATOR: &str = "zhang";

struct Scene {
    town: Town,
    county: RegionKey,
    port: HeldPort,
    /// Where the operator's certificate is.
    certs: PathBuf,
    server_name: String,
}

impl Scene {
    async fn start(folder: &Path) -> anyhow::Result<Self> {
        let plan = federation()?;
        let mut counties = plan.regions().iter();
        let county = *counties
            .find(|(_, region)| region.level == Level::County)
            .context("a county")?
            .0;
        let mut town = Town::laid_out(folder, &[county], 1, "").await?;
        let port = HeldPort::take()?;
        let door = format!("[operator]\nlisten = \"{}\"\n", port.address());
        let person = format!(
            "\n[[operator.person]]\nname = \"{OPERATOR}\"\nroles = [\"clerk\", \"dispatcher\"]\n"
        );
        town.reconfigure(county, |text| text.replace("[operator]\n", &door) + &person)?;
        let keeper = town.world.folder.join("certs");
        let issued = Command::new(program())
            .args(["certs", "issue", "operator", "--name", OPERATOR])
            .args(["--region", county.as_str(), "--by", plan.root().as_str()])
            .arg("--dir")
            .arg(&keeper)
            .output()
            .await?;
        anyhow::ensure!(issued.status.success(), "{issued:?}");
        town.restart(county).await?;
        Ok(Self {
            certs: keeper
                .join("operators")
                .join(county.as_str())
                .join(OPERATOR),
            server_name: format!("{}.{}", county.host_label(), plan.trust_domain()),
            town,
            county,
            port,
        })
    }

    /// Runs a client with the proto folder, the address, the server's name, the certificates and a child to give to.
    async fn client(&self, command: &mut Command) -> anyhow::Result<String> {
        let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let ran = command
            .arg(repository.join("proto"))
            .arg(self.port.address().to_string())
            .arg(&self.server_name)
            .arg(&self.certs)
            .arg(federation()?.children(self.county)[0].to_string())
            .output()
            .await?;
        let said = [ran.stdout, ran.stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
        let said = said.concat();
        anyhow::ensure!(
            ran.status.success(),
            "{said}{}",
            self.town.log(self.county)?
        );
        Ok(said)
    }
}

fn named(variable: &str) -> Option<OsString> {
    let named = std::env::var_os(variable).filter(|name| !name.is_empty());
    if named.is_none() {
        println!("left out: {variable} names nothing");
    }
    named
}

fn script(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn grpcio_delegates_from_afar() -> anyhow::Result<()> {
    let Some(python) = named("HOTLINE_PYTHON") else {
        return Ok(());
    };
    let folder = tempfile::tempdir()?;
    let mut scene = Scene::start(folder.path()).await?;
    let mut command = Command::new(python);
    let said = scene
        .client(command.arg(script("python/remote.py")))
        .await?;
    assert!(said.contains("leg.offer"), "{said}");
    scene.town.stop().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn grpc_js_delegates_from_afar() -> anyhow::Result<()> {
    let Some(installed) = named("HOTLINE_NODE") else {
        return Ok(());
    };
    let folder = tempfile::tempdir()?;
    let mut scene = Scene::start(folder.path()).await?;
    let mut command = Command::new("node");
    command.env("NODE_PATH", Path::new(&installed).join("node_modules"));
    let said = scene.client(command.arg(script("js/remote.js"))).await?;
    assert!(said.contains("leg.offer"), "{said}");
    scene.town.stop().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn openssl_finds_a_sound_certificate_of_the_usual_kind() -> anyhow::Result<()> {
    if Command::new("openssl")
        .arg("version")
        .output()
        .await
        .is_err()
    {
        println!("left out: there is no openssl");
        return Ok(());
    }
    let folder = tempfile::tempdir()?;
    let mut scene = Scene::start(folder.path()).await?;
    let certificate = scene.certs.join("operator.crt");
    let ran = Command::new("openssl")
        .args(["s_client", "-brief", "-verify_return_error", "-alpn", "h2"])
        .args(["-sigalgs", "ECDSA+SHA256"])
        .args(["-connect", &scene.port.address().to_string()])
        .args(["-servername", &scene.server_name])
        .args(["-verify_hostname", &scene.server_name])
        .arg("-CAfile")
        .arg(scene.certs.join("roots.crt"))
        .arg("-cert")
        .arg(&certificate)
        .arg("-cert_chain")
        .arg(&certificate)
        .arg("-key")
        .arg(scene.certs.join("operator.key"))
        .stdin(std::process::Stdio::null())
        .output()
        .await?;
    let said = [ran.stdout, ran.stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
    let said = said.concat();
    // Which end hangs up first says nothing about the certificate.
    assert!(said.contains("Verification: OK"), "{said}");
    assert!(said.contains("TLSv1.3") && said.contains("ECDSA"), "{said}");
    scene.town.stop().await
}
