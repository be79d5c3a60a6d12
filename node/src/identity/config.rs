//! The settings of the TLS library, in one place.

use super::material::Material;
use super::revocation::RevocationLists;
use crate::clock::Clock;
use rustls::client::{Resumption, WebPkiServerVerifier};
use rustls::crypto::CryptoProvider;
use rustls::server::{NoServerSessionStorage, WebPkiClientVerifier};
use rustls::time_provider::TimeProvider;
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, UnixTime};
use std::sync::Arc;

/// The cryptography in use: ring's.
#[must_use]
pub fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

/// Node time as the TLS library asks for it.
#[derive(Debug)]
struct NodeTime(Arc<dyn Clock>);

impl TimeProvider for NodeTime {
    fn current_time(&self) -> Option<UnixTime> {
        let seconds = u64::try_from(self.0.now().0.div_euclid(1000)).ok()?;
        Some(UnixTime::since_unix_epoch(std::time::Duration::from_secs(
            seconds,
        )))
    }
}

/// What of TLS is made from one node's material.
pub(super) struct Made {
    /// What other nodes call.
    pub server: ServerConfig,
    /// What people's programs call from afar.
    pub door: ServerConfig,
    /// What this node calls others with.
    pub client: ClientConfig,
}

/// The sides of TLS made from one node's material.
///
/// # Errors
/// When the parts do not fit together, in the library's words.
pub(super) fn all(
    material: &Material,
    clock: &Arc<dyn Clock>,
) -> Result<Made, Box<dyn std::error::Error>> {
    let mut roots = RootCertStore::empty();
    for root in &material.roots {
        roots.add(root.clone())?;
    }
    let roots = Arc::new(roots);
    let time: Arc<dyn TimeProvider> = Arc::new(NodeTime(Arc::clone(clock)));
    let lists = |lists: &RevocationLists| lists.ders().collect::<Vec<_>>();

    let callers = WebPkiClientVerifier::builder_with_provider(Arc::clone(&roots), provider())
        .with_crls(lists(&material.lists))
        .build()?;
    let serve = |chain: &[CertificateDer<'static>], key: &PrivateKeyDer<'static>| {
        let mut server = ServerConfig::builder_with_details(provider(), Arc::clone(&time))
            .with_protocol_versions(&[&rustls::version::TLS13])?
            .with_client_cert_verifier(Arc::clone(&callers))
            .with_single_cert(chain.to_vec(), key.clone_key())?;
        server.alpn_protocols = vec![b"h2".to_vec()];
        server.session_storage = Arc::new(NoServerSessionStorage {});
        server.send_tls13_tickets = 0;
        Ok::<_, rustls::Error>(server)
    };
    let server = serve(&material.chain, &material.key)?;
    let door = match &material.door {
        Some(own) => serve(&own.chain, &own.key)?,
        None => server.clone(),
    };

    let answerers = WebPkiServerVerifier::builder_with_provider(roots, provider())
        .with_crls(lists(&material.lists))
        .build()?;
    let mut client = ClientConfig::builder_with_details(provider(), time)
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .with_webpki_verifier(answerers)
        .with_client_auth_cert(material.chain.clone(), material.key.clone_key())?;
    client.alpn_protocols = vec![b"h2".to_vec()];
    client.resumption = Resumption::disabled();
    Ok(Made {
        server,
        door,
        client,
    })
}
