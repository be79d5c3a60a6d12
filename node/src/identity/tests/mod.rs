//! Real TLS over loopback: every example certificate on both sides, reload, cut, and what is old.

mod held;
mod live;
mod ports;

use super::authority::{Authority, LEAF_DAYS, Reason, Signer};
use super::example::Example;
use super::refusals::Side;
use super::*;
use crate::clock::{Clock, ManualClock};
use crate::entropy::SeededEntropy;
use crate::gate::{Budget, Gate};
use crate::net::TcpDialer;
use hotline_topology::{RegionKey, Time};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::{TlsAcceptor, TlsConnector};
use tokio_stream::StreamExt;
use tokio_util::sync::CancellationToken;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;
use tonic_health::{ServingStatus, server::HealthReporter};

const PROVINCE: RegionKey = RegionKey::literal("990000000000");
const CITY: RegionKey = RegionKey::literal("990100000000");
const COUNTY: RegionKey = RegionKey::literal("990101000000");
const OTHER_COUNTY: RegionKey = RegionKey::literal("990102000000");
const NOW: Time = Time(1_767_196_800_000);
const DAY: Duration = Duration::from_secs(86_400);
/// Long enough for a loaded machine; nothing waits for it to pass.
const PATIENCE: Duration = Duration::from_secs(20);

fn profile() -> Example {
    Example::parse(include_str!("../../../../certs-example/profile.toml")).unwrap()
}

fn clock() -> Arc<ManualClock> {
    Arc::new(ManualClock::new(NOW))
}

fn rules(example: &Example, admits: &[RegionKey]) -> Rules {
    let (example, admits) = (example.clone(), admits.to_vec());
    Rules {
        below: Arc::new(move |above, region| example.is_below(above, region)),
        admits: Arc::new(move |region| admits.contains(&region)),
    }
}

/// The example's judge, listening.
struct Judge {
    tls: Arc<NodeTls>,
    address: String,
    health: HealthReporter,
    stop: CancellationToken,
}

impl Judge {
    async fn start<C: tls::Caller>(tls: Arc<NodeTls>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let stop = CancellationToken::new();
        let gate = Gate::new("test", Budget::of(4).federation);
        let callers = incoming::<_, C>(listener, Arc::clone(&tls), gate, stop.clone());
        let (health, service) = tonic_health::server::health_reporter();
        health.set_service_status("", ServingStatus::Serving).await;
        let server = server().add_service(service);
        let stopped = stop.clone().cancelled_owned();
        tokio::spawn(async move {
            server
                .serve_with_incoming_shutdown(callers, stopped)
                .await
                .unwrap();
        });
        Self {
            tls,
            address,
            health,
            stop,
        }
    }

    async fn refusals(&self, reason: &str) -> u64 {
        let refusals = self.tls.refusals();
        let deadline = tokio::time::Instant::now() + PATIENCE;
        while refusals
            .counts()
            .iter()
            .all(|(side, ..)| *side != Side::Incoming)
            && tokio::time::Instant::now() < deadline
        {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        refusals.count(Side::Incoming, reason)
    }
}

impl Drop for Judge {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

fn judge_tls(example: &Example, folder: &Path, clock: Arc<dyn Clock>) -> Arc<NodeTls> {
    let material = Material::load_node(&folder.join("judge")).unwrap();
    let rules = rules(example, &example.judge.admits);
    NodeTls::new(material, example.trust_domain().clone(), rules, clock).unwrap()
}

fn city(folder: &Path) -> Arc<NodeTls> {
    judge_tls(&profile(), folder, clock())
}

/// A node with the example's rules and whatever stands in `folder`, that admits everyone.
fn node(folder: &Path) -> Arc<NodeTls> {
    let example = profile();
    let everyone = Rules {
        admits: Arc::new(|_| true),
        ..rules(&example, &[])
    };
    let material = Material::load_node(folder).unwrap();
    NodeTls::new(material, example.trust_domain().clone(), everyone, clock()).unwrap()
}

fn make(seed: u64) -> (tempfile::TempDir, Authority) {
    let folder = tempfile::tempdir().unwrap();
    let keeper = profile()
        .make(folder.path(), NOW, &mut SeededEntropy::new(seed))
        .unwrap();
    (folder, keeper)
}

/// A stranger believes everybody, so that only the judge judges.
#[derive(Debug)]
struct Gullible;

impl ServerCertVerifier for Gullible {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }
    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &rustls::DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }
    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &rustls::DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }
    fn supported_verify_schemes(&self) -> Vec<rustls::SignatureScheme> {
        vec![
            rustls::SignatureScheme::ED25519,
            rustls::SignatureScheme::ECDSA_NISTP256_SHA256,
        ]
    }
}

/// Calls the judge with what stands in `folder`; `true` when the judge kept the connection open.
async fn call(judge: &Judge, folder: &Path, with_certificate: bool) -> bool {
    let builder = rustls::ClientConfig::builder_with_provider(config::provider())
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Gullible));
    let mut config = if with_certificate {
        let material = Material::load_node(folder).unwrap();
        builder
            .with_client_auth_cert(material.chain, material.key)
            .unwrap()
    } else {
        builder.with_no_client_auth()
    };
    config.alpn_protocols = vec![b"h2".to_vec()];
    let tcp = TcpStream::connect(&judge.address).await.unwrap();
    let name = ServerName::try_from("judge.example").unwrap();
    let connector = TlsConnector::from(Arc::new(config));
    let Ok(mut io) = connector.connect(name, tcp).await else {
        return false;
    };
    // The opening words of HTTP/2, an empty SETTINGS frame: an admitted caller is answered.
    if io
        .write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0")
        .await
        .is_err()
    {
        return false;
    }
    let mut answer = [0; 9];
    let answered = tokio::time::timeout(PATIENCE, io.read_exact(&mut answer))
        .await
        .unwrap();
    answered.is_ok() && answer[3] == 4
}

/// Answers one call with what stands in `folder`, whoever calls.
async fn answer_once(folder: &Path) -> String {
    let material = Material::load_node(folder).unwrap();
    let config = rustls::ServerConfig::builder_with_provider(config::provider())
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(material.chain, material.key)
        .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move {
        let (tcp, _) = listener.accept().await.unwrap();
        if let Ok(mut io) = TlsAcceptor::from(Arc::new(config)).accept(tcp).await {
            let _ = io.read(&mut [0; 1]).await;
        }
    });
    address
}

#[tokio::test]
async fn every_example_that_calls_is_judged_as_the_profile_says() {
    let (folder, _) = make(1);
    let example = profile();
    for card in &example.certificates {
        let judge = Judge::start::<PeerIdentity>(city(folder.path())).await;
        let with_certificate = card.fault != example::Fault::NoCertificate;
        let admitted = call(&judge, &folder.path().join(&card.folder), with_certificate).await;
        if card.calling == "admitted" {
            assert!(
                admitted,
                "{}: {:?}",
                card.folder,
                judge.tls.refusals().counts()
            );
            assert_eq!(judge.tls.refusals().counts(), [], "{}", card.folder);
        } else {
            assert!(!admitted, "{}", card.folder);
            let count = judge.refusals(&card.calling).await;
            assert_eq!(
                count,
                1,
                "{}: {:?}",
                card.folder,
                judge.tls.refusals().counts()
            );
        }
    }
}

#[tokio::test]
async fn every_example_that_answers_is_judged_as_the_profile_says() {
    let (folder, _) = make(2);
    let example = profile();
    for card in &example.certificates {
        let Some(expected) = &card.answering else {
            continue;
        };
        let address = answer_once(&folder.path().join(&card.folder)).await;
        let tls = city(folder.path());
        let called = card.called.unwrap_or(card.region);
        let result = dial(&tls, &TcpDialer, &address, called).await;
        let outcome = match &result {
            Ok(_) => "admitted",
            Err(error) => IdentityError::find(error).unwrap().reason(),
        };
        assert_eq!(outcome, expected, "{}: {result:?}", card.folder);
        assert_eq!(
            tls.refusals().count(Side::Outgoing, expected),
            u64::from(outcome != "admitted")
        );
    }
}
