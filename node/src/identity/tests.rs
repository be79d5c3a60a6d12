//! Real TLS over loopback: every example certificate on both sides, reload, cut, and what is old.

use super::authority::{Authority, LEAF_DAYS, Reason, Signer};
use super::example::Example;
use super::refusals::Side;
use super::*;
use crate::clock::{Clock, ManualClock};
use crate::entropy::SeededEntropy;
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
    Example::parse(include_str!("../../../certs-example/profile.toml")).unwrap()
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
        let callers = incoming::<_, C>(listener, Arc::clone(&tls), stop.clone());
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
        vec![rustls::SignatureScheme::ED25519]
    }
}

/// Calls the judge with what stands in `folder`; `true` when the judge kept the connection open.
async fn call(judge: &Judge, folder: &Path, with_certificate: bool) -> bool {
    let builder = rustls::ClientConfig::builder_with_provider(tls::provider())
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
    let config = rustls::ServerConfig::builder_with_provider(tls::provider())
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

/// Watches the judge's health over the link: a stream that lives as long as the connection.
async fn watch(
    judge: &Judge,
    tls: &Arc<NodeTls>,
) -> tonic::Streaming<tonic_health::pb::HealthCheckResponse> {
    let channel = channel(Arc::clone(tls), TcpDialer, &judge.address, CITY).unwrap();
    let request = HealthCheckRequest {
        service: String::new(),
    };
    let mut stream = HealthClient::new(channel)
        .watch(request)
        .await
        .unwrap()
        .into_inner();
    stream.next().await.unwrap().unwrap();
    stream
}

/// Whether the stream still brings news.
async fn hears(
    judge: &Judge,
    stream: &mut tonic::Streaming<tonic_health::pb::HealthCheckResponse>,
    status: ServingStatus,
) -> bool {
    judge.health.set_service_status("", status).await;
    let news = tokio::time::timeout(PATIENCE, stream.next()).await.unwrap();
    matches!(news, Some(Ok(_)))
}

/// Copies the keeper's lists and roots to the judge, as somebody would who brings them over.
fn bring_lists(folder: &Path) {
    for file in ["roots.crt", "crl.pem"] {
        std::fs::copy(
            folder.join("keeper/public").join(file),
            folder.join("judge").join(file),
        )
        .unwrap();
    }
}

#[tokio::test]
async fn reload_keeps_streams_and_revocation_cuts_only_the_revoked() {
    let (folder, keeper) = make(3);
    let mut entropy = SeededEntropy::new(33);
    let path = folder.path();
    let first = keeper.issue_node(COUNTY, CITY, NOW, &mut entropy).unwrap();
    let judge = Judge::start::<PeerIdentity>(city(path)).await;
    let (revoked, other) = (node(&first.folder), node(&path.join("province")));
    let mut revoked_stream = watch(&judge, &revoked).await;
    let mut other_stream = watch(&judge, &other).await;
    assert_eq!(judge.tls.live_connections(), 2);

    // A new certificate for the judge: nobody is cut, and new callers see it.
    let renewed = keeper
        .issue_node(CITY, PROVINCE, NOW, &mut entropy)
        .unwrap();
    assert_eq!(
        judge
            .tls
            .reload(Material::load_node(&renewed.folder).unwrap())
            .unwrap(),
        0
    );
    assert_eq!(judge.tls.own().certificate.serial, renewed.serial);
    assert!(hears(&judge, &mut revoked_stream, ServingStatus::NotServing).await);
    assert!(hears(&judge, &mut other_stream, ServingStatus::Serving).await);
    let seen = dial(&other, &TcpDialer, &judge.address, CITY)
        .await
        .unwrap();
    assert_eq!(seen.caller().certificate.serial, renewed.serial);
    drop(seen);

    // The county is revoked: its stream ends, the province's goes on.
    keeper
        .revoke(&first.serial, NOW, Reason::KeyCompromise)
        .unwrap();
    assert_eq!(
        judge
            .tls
            .reload(Material::load_node(&renewed.folder).unwrap())
            .unwrap(),
        1
    );
    assert!(
        tokio::time::timeout(PATIENCE, async {
            while let Some(Ok(_)) = revoked_stream.next().await {}
        })
        .await
        .is_ok()
    );
    assert!(hears(&judge, &mut other_stream, ServingStatus::NotServing).await);

    // It cannot come back under the old certificate, but under a new one.
    let channel_again = channel(Arc::clone(&revoked), TcpDialer, &judge.address, CITY).unwrap();
    let request = HealthCheckRequest {
        service: String::new(),
    };
    assert!(
        HealthClient::new(channel_again)
            .check(request)
            .await
            .is_err()
    );
    assert_eq!(judge.refusals("revoked").await, 1);
    let second = keeper
        .renew(&Subject::Node(COUNTY), LEAF_DAYS, NOW, &mut entropy)
        .unwrap();
    revoked
        .reload(Material::load_node(&second.folder).unwrap())
        .unwrap();
    let mut stream = watch(&judge, &revoked).await;
    assert!(hears(&judge, &mut stream, ServingStatus::Serving).await);
}

#[tokio::test]
async fn a_caller_cuts_a_server_that_was_revoked() {
    let (folder, keeper) = make(4);
    let mut entropy = SeededEntropy::new(44);
    let server = keeper
        .issue_node(CITY, PROVINCE, NOW, &mut entropy)
        .unwrap();
    let judge = Judge::start::<PeerIdentity>(node(&server.folder)).await;
    let caller = node(&folder.path().join("province"));
    let mut stream = watch(&judge, &caller).await;
    keeper
        .revoke(&server.serial, NOW, Reason::KeyCompromise)
        .unwrap();
    let mut material = Material::load_node(&folder.path().join("province")).unwrap();
    material.lists = Material::load_node(&server.folder).unwrap().lists;
    assert_eq!(caller.reload(material).unwrap(), 1);
    let ended = async { while let Some(Ok(_)) = stream.next().await {} };
    assert!(tokio::time::timeout(PATIENCE, ended).await.is_ok());
    let error = dial(&caller, &TcpDialer, &judge.address, CITY)
        .await
        .unwrap_err();
    assert_eq!(IdentityError::find(&error), Some(&IdentityError::Revoked));
}

#[tokio::test]
async fn old_lists_stay_in_force_and_show_their_age() {
    let (folder, _) = make(5);
    let example = profile();
    let time = clock();
    let tls = judge_tls(&example, folder.path(), time.clone());
    let judge = Judge::start::<PeerIdentity>(tls).await;
    time.advance(DAY * 20);
    let ages = judge.tls.list_ages();
    assert_eq!(ages.len(), 5, "the root and four authorities");
    assert!(
        ages.iter()
            .all(|age| age.age == DAY * 20 && age.overdue == Some(DAY * 13))
    );
    assert!(call(&judge, &folder.path().join("county-by-city"), true).await);
    assert!(!call(&judge, &folder.path().join("revoked"), true).await);
    assert_eq!(judge.refusals("revoked").await, 1);

    let metrics = crate::telemetry::Metrics::new("990100000000").unwrap();
    metrics::register(&metrics.meter(), &judge.tls);
    let text = metrics.text().unwrap();
    for line in [
        r#"hotline_refusals_total{reason="revoked",side="incoming"} 1"#.to_owned(),
        format!(
            "hotline_certificate_ends_seconds {}",
            (NOW.0 + 30 * 86_400_000) / 1000
        ),
    ] {
        assert!(text.contains(&line), "{text}");
    }
    let overdue = "hotline_revocation_list_overdue_seconds{";
    let late: Vec<_> = text
        .lines()
        .filter(|line| line.starts_with(overdue))
        .collect();
    assert_eq!(late.len(), 5, "{text}");
    assert!(
        late.iter()
            .all(|line| line.ends_with(&format!(" {}", 13 * 86_400))),
        "{text}"
    );

    // Material that comes with no newer lists changes nothing about that.
    let mut material = Material::load_node(&folder.path().join("judge")).unwrap();
    material.lists = revocation::RevocationLists::default();
    judge.tls.reload(material).unwrap();
    assert!(!call(&judge, &folder.path().join("revoked"), true).await);
}

#[tokio::test]
async fn a_certificate_that_runs_out_ends_its_connection_at_the_next_sweep() {
    let (folder, _) = make(6);
    let time = clock();
    let judge =
        Judge::start::<PeerIdentity>(judge_tls(&profile(), folder.path(), time.clone())).await;
    let caller = node(&folder.path().join("county-by-city"));
    let mut stream = watch(&judge, &caller).await;
    time.advance(DAY * 29);
    assert_eq!(judge.tls.sweep(), 0);
    assert!(hears(&judge, &mut stream, ServingStatus::NotServing).await);
    time.advance(DAY * 2);
    assert_eq!(judge.tls.sweep(), 1);
    assert_eq!(judge.tls.own_problem().unwrap().reason(), "expired");
}

#[tokio::test]
async fn new_rules_cut_whom_they_no_longer_admit() {
    let (folder, _) = make(7);
    let judge = Judge::start::<PeerIdentity>(city(folder.path())).await;
    let county = node(&folder.path().join("county-by-city"));
    let province = node(&folder.path().join("province"));
    let mut ended = watch(&judge, &county).await;
    let mut stays = watch(&judge, &province).await;
    assert_eq!(
        judge
            .tls
            .set_rules(rules(&profile(), &[PROVINCE, OTHER_COUNTY])),
        1
    );
    let end = async { while let Some(Ok(_)) = ended.next().await {} };
    assert!(tokio::time::timeout(PATIENCE, end).await.is_ok());
    assert!(hears(&judge, &mut stays, ServingStatus::NotServing).await);
}

#[tokio::test]
async fn tls_1_2_is_refused() {
    let (folder, _) = make(8);
    let judge = Judge::start::<PeerIdentity>(city(folder.path())).await;
    // A ClientHello of TLS 1.2: version 3.3, one cipher suite, signature algorithms, no supported_versions.
    let mut hello = vec![0x03, 0x03];
    hello.extend([7; 32]);
    hello.extend([0, 0, 2, 0xc0, 0x2b, 1, 0]);
    let extensions = [
        0x00, 0x0d, 0, 4, 0, 2, 0x04, 0x03, // signature_algorithms
        0x00, 0x0a, 0, 4, 0, 2, 0x00, 0x1d, // supported_groups
        0x00, 0x0b, 0, 2, 1, 0, // ec_point_formats
        0x00, 0x17, 0, 0, // extended_master_secret
    ];
    hello.extend([0, extensions.len() as u8]);
    hello.extend(extensions);
    let mut record = vec![
        0x16,
        0x03,
        0x01,
        0,
        hello.len() as u8 + 4,
        1,
        0,
        0,
        hello.len() as u8,
    ];
    record.extend(hello);
    let mut tcp = TcpStream::connect(&judge.address).await.unwrap();
    tcp.write_all(&record).await.unwrap();
    let mut alert = [0; 7];
    tcp.read_exact(&mut alert).await.unwrap();
    assert_eq!(
        alert,
        [0x15, 3, 3, 0, 2, 2, 70],
        "a fatal alert: protocol_version"
    );
    assert_eq!(judge.refusals("old_protocol").await, 1);
}

#[tokio::test]
async fn silent_callers_hold_nobody_up() {
    let (folder, _) = make(9);
    let judge = Judge::start::<PeerIdentity>(city(folder.path())).await;
    let mut silent = Vec::new();
    for _ in 0..acceptor::HANDSHAKES_MAX - 1 {
        silent.push(TcpStream::connect(&judge.address).await.unwrap());
    }
    let before = tokio::time::Instant::now();
    assert!(call(&judge, &folder.path().join("province"), true).await);
    assert!(before.elapsed() < acceptor::HANDSHAKE_DEADLINE);
    assert!(
        judge.refusals("handshake_timeout").await > 0,
        "the silent are dropped in the end"
    );
}

#[tokio::test]
async fn the_operators_port_is_for_operators_of_this_node() {
    let (folder, keeper) = make(10);
    let mut entropy = SeededEntropy::new(100);
    let judge = Judge::start::<OperatorIdentity>(city(folder.path())).await;
    for (region, by) in [(CITY, PROVINCE), (COUNTY, CITY)] {
        let name = "zhang.wei".parse().unwrap();
        let issued = keeper
            .issue_operator(region, name, by, NOW, &mut entropy)
            .unwrap();
        for kind in ["crt", "key"] {
            let file = |stem: &str| issued.folder.join(format!("{stem}.{kind}"));
            std::fs::rename(file("operator"), file("node")).unwrap();
        }
        assert_eq!(call(&judge, &issued.folder, true).await, region == CITY);
    }
    assert_eq!(judge.refusals("foreign_operator").await, 1);
    assert!(!call(&judge, &folder.path().join("province"), true).await);
    assert_eq!(judge.tls.refusals().count(Side::Incoming, "wrong_kind"), 1);
}

#[tokio::test]
async fn material_that_does_not_fit_is_refused_and_the_old_stays() {
    let (folder, keeper) = make(11);
    let path = folder.path();
    let tls = city(path);
    let foreign = Material::load_node(&path.join("province")).unwrap();
    let error = tls.reload(foreign.clone()).unwrap_err().to_string();
    assert!(
        error.contains("990000000000") && error.contains("990100000000"),
        "{error}"
    );
    let mut mixed = Material::load_node(&path.join("judge")).unwrap();
    mixed.key = foreign.key;
    assert!(matches!(
        tls.reload(mixed),
        Err(MaterialError::Unusable { .. })
    ));
    assert_eq!(tls.own().region, CITY);
    assert_eq!(tls.own_problem(), None);

    // An own certificate that was revoked is shown, and does not stop the node.
    keeper
        .revoke(&tls.own().certificate.serial, NOW, Reason::KeyCompromise)
        .unwrap();
    bring_lists(path);
    assert_eq!(city(path).own_problem(), Some(IdentityError::Revoked));
    let again = keeper.issue_authority(CITY, Signer::Root, NOW, &mut SeededEntropy::new(0));
    assert!(again.is_err(), "the example has made that authority");
}

#[test]
fn the_tree_says_who_may_call_and_who_may_certify_whom() {
    use hotline_topology::{Calendar, Catalogue, EdgePolicies, Endpoint, Level, Parts, Region};
    const ZONE: RegionKey = RegionKey::literal("99030000000A");
    const TOWN: RegionKey = RegionKey::literal("990101001000");
    const OTHER_CITY: RegionKey = RegionKey::literal("990200000000");
    let region = |key: RegionKey, parent, level, node: bool| Region {
        key,
        name: key.to_string(),
        level,
        parent,
        endpoint: node.then(|| Endpoint {
            host: key.host_label(),
            port: 7443,
        }),
        node,
        standard: true,
        units: vec![],
    };
    let regions = vec![
        region(PROVINCE, None, Level::Province, true),
        region(CITY, Some(PROVINCE), Level::City, true),
        region(OTHER_CITY, Some(PROVINCE), Level::City, true),
        region(COUNTY, Some(CITY), Level::County, true),
        // A zone without a node of its own is a unit of its city.
        region(ZONE, Some(CITY), Level::County, false),
        region(TOWN, Some(COUNTY), Level::Township, true),
    ];
    let federation = hotline_topology::Federation::build(Parts {
        trust_domain: "12345.example".into(),
        version: 1,
        effective_from: Time(0),
        regions,
        standards: hotline_topology::new::standards(),
        catalogue: Catalogue::default(),
        edges: EdgePolicies::default(),
        calendar: Calendar::builtin(),
    })
    .unwrap();
    let rules = Rules::of(Arc::new(federation), CITY);
    for (peer, admitted) in [
        (PROVINCE, true),
        (COUNTY, true),
        (TOWN, false),
        (ZONE, false),
        (OTHER_CITY, false),
        (CITY, false),
        (RegionKey::literal("000000000000"), false),
    ] {
        assert_eq!((rules.admits)(peer), admitted, "{peer}");
    }
    assert!((rules.below)(PROVINCE, TOWN) && (rules.below)(CITY, ZONE));
    assert!(!(rules.below)(CITY, CITY) && !(rules.below)(CITY, OTHER_CITY));
}
