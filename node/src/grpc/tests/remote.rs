//! An operator from elsewhere, let in by a certificate.

use super::fixture::{CITY, CLERK, World, take_in};
use crate::clock::{Clock as _, SystemClock};
use crate::demo::HeldPort;
use crate::entropy::SeededEntropy;
use crate::grpc::caller::{PERSON_HEADER, encode};
use crate::identity::{self, Material, OperatorName, Subject};
use hotline_proto::operator::v1 as pb;
use hotline_proto::operator::v1::operator_client::OperatorClient;
use hyper_util::rt::TokioIo;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::{DigitallySignedStruct, SignatureScheme};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Request};

/// A program whose TLS library signs and checks with everything but Ed25519, as most do that are not this one's; of
/// certificates further up it can check such signatures.
#[derive(Debug)]
struct WithoutEd25519(Arc<WebPkiServerVerifier>);

impl ServerCertVerifier for WithoutEd25519 {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        self.0
            .verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.0.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.0.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        let mut schemes = self.0.supported_verify_schemes();
        schemes.retain(|scheme| *scheme != SignatureScheme::ED25519);
        schemes
    }
}

/// A connection as any operator's program makes it.
async fn connect(world: &World, address: SocketAddr) -> Channel {
    let (clock, entropy) = (SystemClock::new(), &mut SeededEntropy::new(8));
    let name: OperatorName = "zhang".parse().unwrap();
    let by = world.federation.root();
    world
        .keeper
        .issue_operator(CITY, name.clone(), by, clock.now(), entropy)
        .unwrap();
    let folder = world
        .keeper
        .folder_of(&Subject::Operator { region: CITY, name });
    for file in std::fs::read_dir(&folder).unwrap() {
        let path = file.unwrap().path();
        let known = path.file_name().unwrap().to_str().unwrap().to_owned();
        if let Some(end) = known.strip_prefix("operator") {
            std::fs::rename(&path, folder.join(format!("node{end}"))).unwrap();
        }
    }
    let material = Material::load_node(&folder).unwrap();
    let mut roots = rustls::RootCertStore::empty();
    for root in material.roots {
        roots.add(root).unwrap();
    }
    let judge = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), identity::provider());
    let mut config = rustls::ClientConfig::builder_with_provider(identity::provider())
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(WithoutEd25519(judge.build().unwrap())))
        .with_client_auth_cert(material.chain, material.key)
        .unwrap();
    config.alpn_protocols = vec![b"h2".to_vec()];
    let tls = TlsConnector::from(Arc::new(config));
    let name = world.keeper.domain().dns_name(CITY);
    let connector = tower::service_fn(move |_| {
        let (tls, name) = (tls.clone(), ServerName::try_from(name.clone()).unwrap());
        async move {
            let io = TcpStream::connect(address).await?;
            tls.connect(name, io).await.map(TokioIo::new)
        }
    });
    let endpoint = Endpoint::from_static("http://operator.invalid");
    endpoint.connect_with_connector(connector).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_certificate_speaks_for_its_own_operator_only() {
    let world = World::make();
    let held = HeldPort::take().unwrap();
    let free = held.address();
    let desk = world.node_with(CITY, None, true, Some(free)).await;
    let mut door = OperatorClient::new(connect(&world, free).await);
    let command = || pb::Command {
        verb: Some(take_in()),
        texts: vec![pb::Text {
            field: "title".to_owned(),
            value: "路灯不亮".to_owned(),
            erased: false,
        }],
        ..pb::Command::default()
    };
    let done = door.execute(command()).await.unwrap().into_inner();
    let detail = desk.show(CLERK, &done.number).await.unwrap();
    assert_eq!(detail.timeline[0].actor, "zhang");
    // The record of a reading says which way the person came.
    let asked = pb::GetTicketRequest {
        ticket: done.number.clone(),
        with_texts: true,
        purpose: "petitioner".to_owned(),
    };
    let read = door.get_ticket(asked).await.unwrap().into_inner();
    let last = read.timeline.last().unwrap();
    assert_eq!(
        (last.actor.as_str(), last.words.as_str()),
        ("zhang", "查阅 标题，目的：本人申请，远程")
    );
    let mut as_another = Request::new(command());
    let name = encode(CLERK).parse().unwrap();
    as_another.metadata_mut().insert(PERSON_HEADER, name);
    let refused = door.execute(as_another).await.unwrap_err();
    assert_eq!(refused.code(), Code::Unauthenticated, "{refused}");
    drop(door);
    desk.running.stop().await.unwrap();
}
