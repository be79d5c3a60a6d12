//! The federation port as a third party's scanner sees it (sslyze): TLS 1.3 and nothing older, no weak suite, no
//! compression or renegotiation, and nobody without a certificate.
//!
//! `HOTLINE_SSLYZE` names the program; without it this test says that it was left out.

use anyhow::Context as _;
use hotline_tests::processes::Town;
use hotline_topology::Level;
use serde_json::Value;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::{TcpListener, TcpSocket};

/// What must be refused altogether.
const OLD: [&str; 5] = ["ssl_2_0", "ssl_3_0", "tls_1_0", "tls_1_1", "tls_1_2"];
/// The suites of TLS 1.3 (RFC 8446, appendix B.4) that have no known weakness.
const STRONG: [&str; 3] = [
    "TLS_AES_256_GCM_SHA384",
    "TLS_AES_128_GCM_SHA256",
    "TLS_CHACHA20_POLY1305_SHA256",
];

/// What must not be found.
const WEAKNESSES: [(&str, &str); 5] = [
    ("tls_compression", "supports_compression"),
    ("tls_1_3_early_data", "supports_early_data"),
    ("heartbleed", "is_vulnerable_to_heartbleed"),
    ("openssl_ccs_injection", "is_vulnerable_to_ccs_injection"),
    (
        "session_renegotiation",
        "is_vulnerable_to_client_renegotiation_dos",
    ),
];

/// From one call of the scanner to the next: a node hangs up on most of hundreds of failing handshakes a second, and a
/// scanner would take that for an answer.
const PACE: Duration = Duration::from_millis(10);

/// A door to the port that calls it from many networks, one call after the other.
async fn from_many_addresses(to: SocketAddr) -> anyhow::Result<SocketAddr> {
    let door = TcpListener::bind("127.0.0.1:0").await?;
    let address = door.local_addr()?;
    tokio::spawn(async move {
        for number in 0_u32.. {
            let Ok((mut caller, _)) = door.accept().await else {
                return;
            };
            tokio::time::sleep(PACE).await;
            tokio::spawn(async move {
                let [_, _, high, low] = (number % 50_000 + 256).to_be_bytes();
                let socket = TcpSocket::new_v4()?;
                socket.bind(SocketAddr::from(([127, low, high, 2], 0)))?;
                let mut node = socket.connect(to).await?;
                tokio::io::copy_bidirectional(&mut caller, &mut node).await
            });
        }
    });
    Ok(address)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_scanner_finds_tls_1_3_only_and_client_certificates_required() -> anyhow::Result<()> {
    let named = std::env::var_os("HOTLINE_SSLYZE").filter(|name| !name.is_empty());
    let Some(scanner) = named else {
        println!("left out: HOTLINE_SSLYZE names no sslyze");
        return Ok(());
    };
    let folder = tempfile::tempdir()?;
    let plan = hotline::demo::world::federation()?;
    let mut regions = plan.regions().iter();
    let county = *regions
        .find(|(_, region)| region.level == Level::County)
        .context("a county")?
        .0;
    let mut town = Town::start(folder.path(), &[county]).await?;
    let address = from_many_addresses(town.world.place(county)?.links).await?;
    let report = folder.path().join("scan.json");
    let output = tokio::process::Command::new(scanner)
        .args(["--sslv2", "--sslv3", "--tlsv1", "--tlsv1_1", "--tlsv1_2"])
        .args(["--tlsv1_3", "--compression", "--reneg", "--early_data"])
        .args(["--heartbleed", "--openssl_ccs", "--robot"])
        .arg(format!("--json_out={}", report.display()))
        .arg(address.to_string())
        .output()
        .await?;
    let text = std::fs::read_to_string(&report)
        .with_context(|| String::from_utf8_lossy(&output.stderr).into_owned())?;
    let whole: Value = serde_json::from_str(&text)?;
    let scan = &whole["server_scan_results"][0];
    let accepted = |version: &str| -> Option<Vec<&str>> {
        let result = &scan["scan_result"][format!("{version}_cipher_suites")]["result"];
        let suites = result["accepted_cipher_suites"].as_array()?.iter();
        suites
            .map(|suite| suite["cipher_suite"]["name"].as_str())
            .collect()
    };
    for version in OLD {
        assert_eq!(accepted(version), Some(Vec::new()), "{version}: {text}");
    }
    // Something is accepted in the same scan: what was refused above was not hung up on for another reason.
    let suites = accepted("tls_1_3").context("no answer for TLS 1.3")?;
    assert!(!suites.is_empty(), "{text}");
    assert!(
        suites.iter().all(|suite| STRONG.contains(suite)),
        "{suites:?}"
    );
    let required = &scan["connectivity_result"]["client_auth_requirement"];
    assert_eq!(required, "REQUIRED", "{text}");
    // Where a server speaks nothing older there is often nothing to try: then there is no answer, and no weakness.
    for (attempt, weakness) in WEAKNESSES {
        let found = &scan["scan_result"][attempt]["result"][weakness];
        assert_ne!(found, true, "{attempt}: {text}");
    }
    println!("{address}: {suites:?}, client certificate {required}");
    town.stop().await
}
