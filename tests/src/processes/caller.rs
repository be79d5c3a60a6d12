//! Callers of a node's federation port: one that trusts everybody and shows whatever certificate it was given, and one
//! that calls as a node of this world would.

use super::Town;
use hotline::clock::SystemClock;
use hotline::identity::{self, Material, NodeTls, Rules, provider};
use hotline::net::TcpDialer;
use hotline_topology::RegionKey;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, SignatureScheme};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tonic::transport::Channel;

/// How a call ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Called {
    /// The node talks to the caller.
    Admitted,
    /// The node hung up or sent an alert.
    Refused,
}

/// Calls a node's federation port with the certificate in a folder; an empty folder: with none.
///
/// # Errors
/// The port cannot be reached, or the material is no certificate at all.
pub async fn call_with(folder: &Path, address: SocketAddr) -> anyhow::Result<Called> {
    let builder = ClientConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Trusting));
    let mut config = if folder.join("node.crt").exists() {
        let material = Material::load_node(folder)?;
        builder.with_client_auth_cert(material.chain, material.key)?
    } else {
        builder.with_no_client_auth()
    };
    config.alpn_protocols = vec![b"h2".to_vec()];
    let tcp = TcpStream::connect(address).await?;
    let name = ServerName::try_from("node.invalid")?;
    let Ok(mut tls) = TlsConnector::from(Arc::new(config))
        .connect(name, tcp)
        .await
    else {
        return Ok(Called::Refused);
    };
    // With TLS 1.3 a refusal comes with the first read, not with the handshake. The preface of HTTP/2 with empty settings
    // makes an admitting server answer with its own.
    let hello = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00";
    if tls.write_all(hello).await.is_err() || tls.flush().await.is_err() {
        return Ok(Called::Refused);
    }
    let mut first = [0; 1];
    Ok(match tls.read(&mut first).await {
        Ok(1) => Called::Admitted,
        _ => Called::Refused,
    })
}

/// A channel to a node with the certificate of another of the same world.
///
/// # Errors
/// One of the two is none of this world, or its certificate cannot be read.
pub fn calls_as(town: &Town, who: RegionKey, to: RegionKey) -> anyhow::Result<Channel> {
    let certs = town.world.folder.join("certs/nodes").join(who.as_str());
    let tree = town.world.federation.clone();
    let domain = tree.trust_domain().parse()?;
    let rules = Rules {
        below: Arc::new(move |above, below| tree.is_below(below, above)),
        admits: Arc::new(|_| true),
    };
    let clock = Arc::new(SystemClock::new());
    let tls = NodeTls::new(Material::load_node(&certs)?, domain, rules, clock)?;
    let address = town.world.place(to)?.links.to_string();
    Ok(identity::channel(tls, TcpDialer, &address, to)?)
}

#[derive(Debug)]
struct Trusting;

impl ServerCertVerifier for Trusting {
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
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        vec![
            SignatureScheme::ED25519,
            SignatureScheme::ECDSA_NISTP256_SHA256,
        ]
    }
}
