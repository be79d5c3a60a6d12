//! From a chain of certificates to the one it stands for: the check that both sides make after
//! every handshake, and that an auditor repeats years later on the certificates he finds in a log.
//!
//! The TLS library has by then built a path of its own from what the peer sent. This check does not
//! trust that the order sent is that path: it follows the signatures itself, from the first
//! certificate to a root, and takes no certificate that is not on the way. Otherwise a stray
//! authority certificate slipped into the chain could lend its region to a leaf that it never
//! signed.

use super::error::IdentityError;
use super::profile::{OperatorName, Subject, TrustDomain};
use super::revocation::{CertificateId, RevocationLists, instant};
use hotline_topology::{RegionKey, Time};
use rustls_pki_types::{CertificateDer, CertificateRevocationListDer};
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::FromDer;
use x509_parser::revocation_list::CertificateRevocationList;

/// Most certificates in a chain without its root: a node and an authority for each of four levels,
/// and one to spare.
pub const CHAIN_LENGTH_MAX: usize = 6;

/// What a chain is judged by. Whoever judges a receipt later fills in what held then.
#[derive(Clone, Copy)]
pub struct Trust<'a> {
    /// The federation's trust domain.
    pub domain: &'a TrustDomain,
    /// The roots, in DER.
    pub roots: &'a [CertificateDer<'static>],
    /// The revocation lists. Every issuer on a chain must have one. For a judgement about the past,
    /// see [`RevocationLists::as_of`].
    pub lists: &'a RevocationLists,
    /// Whether the second region lies below the first in the tree, at any depth.
    pub below: &'a dyn Fn(RegionKey, RegionKey) -> bool,
    /// The instant at which everything must be valid.
    pub now: Time,
}

/// A peer node, proven by its certificates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeerIdentity {
    /// The region whose node this is: all authority comes from it and the topology.
    pub region: RegionKey,
    /// The URI in the certificate, for logs and receipts.
    pub uri: String,
    /// The node's certificate as a revocation list would name it.
    pub certificate: CertificateId,
    /// The end of the certificate's validity.
    pub not_after: Time,
}

/// A person who operates a node from afar, proven by certificates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OperatorIdentity {
    /// The region whose node the person may operate.
    pub region: RegionKey,
    /// The account name.
    pub name: OperatorName,
    /// The URI in the certificate, for logs.
    pub uri: String,
    /// The certificate as a revocation list would name it.
    pub certificate: CertificateId,
    /// The end of the certificate's validity.
    pub not_after: Time,
}

/// Judges a node's chain: the node's certificate first, then its issuer, and so on up to, but
/// without, the root.
///
/// # Errors
/// The first thing that is wrong with it; see [`IdentityError`].
pub fn verify_chain(
    chain: &[CertificateDer<'_>],
    trust: &Trust<'_>,
) -> Result<PeerIdentity, IdentityError> {
    let leaf = judge(chain, trust)?;
    let Subject::Node(region) = leaf.subject else {
        return Err(IdentityError::WrongKind {
            wanted: "节点",
            uri: leaf.uri,
        });
    };
    let expected = trust.domain.dns_name(region);
    if leaf.dns_names != [expected.as_str()] {
        return Err(IdentityError::NameMismatch { expected });
    }
    Ok(PeerIdentity {
        region,
        uri: leaf.uri,
        certificate: leaf.id,
        not_after: leaf.not_after,
    })
}

/// Judges an operator's chain, ordered like a node's.
///
/// # Errors
/// The first thing that is wrong with it; see [`IdentityError`].
pub fn verify_operator_chain(
    chain: &[CertificateDer<'_>],
    trust: &Trust<'_>,
) -> Result<OperatorIdentity, IdentityError> {
    let leaf = judge(chain, trust)?;
    match leaf.subject {
        Subject::Operator { region, name } => Ok(OperatorIdentity {
            region,
            name,
            uri: leaf.uri,
            certificate: leaf.id,
            not_after: leaf.not_after,
        }),
        Subject::Node(_) | Subject::Authority(_) | Subject::Door(_) => {
            Err(IdentityError::WrongKind {
                wanted: "操作员",
                uri: leaf.uri,
            })
        }
    }
}

/// Judges the chain of a node's operators' port, ordered like a node's; gives its region.
///
/// # Errors
/// The first thing that is wrong with it; see [`IdentityError`].
pub fn verify_door_chain(
    chain: &[CertificateDer<'_>],
    trust: &Trust<'_>,
) -> Result<RegionKey, IdentityError> {
    let leaf = judge(chain, trust)?;
    let Subject::Door(region) = leaf.subject else {
        return Err(IdentityError::WrongKind {
            wanted: "操作端口",
            uri: leaf.uri,
        });
    };
    let expected = trust.domain.dns_name(region);
    if leaf.dns_names != [expected.as_str()] {
        return Err(IdentityError::NameMismatch { expected });
    }
    Ok(region)
}

/// Judges an authority's chain, ordered like a node's; gives its region.
///
/// # Errors
/// The first thing that is wrong with it; see [`IdentityError`].
pub fn verify_authority_chain(
    chain: &[CertificateDer<'_>],
    trust: &Trust<'_>,
) -> Result<RegionKey, IdentityError> {
    let leaf = judge(chain, trust)?;
    match leaf.subject {
        Subject::Authority(region) => Ok(region),
        Subject::Node(_) | Subject::Operator { .. } | Subject::Door(_) => {
            Err(IdentityError::WrongKind {
                wanted: "签发机构",
                uri: leaf.uri,
            })
        }
    }
}

/// What a node's certificate claims, without judging it: for a node that looks at its own.
///
/// # Errors
/// When it cannot be read, or is not a node's.
pub fn claimed_identity(
    certificate: &CertificateDer<'_>,
    domain: &TrustDomain,
) -> Result<PeerIdentity, IdentityError> {
    let certificate = parse(certificate)?;
    let (uri, subject) = subject(&certificate, domain)?;
    let Subject::Node(region) = subject else {
        return Err(IdentityError::WrongKind {
            wanted: "节点",
            uri,
        });
    };
    let not_after = instant(certificate.validity().not_after);
    Ok(PeerIdentity {
        region,
        uri,
        certificate: CertificateId::of(&certificate),
        not_after,
    })
}

/// The region whose operators' port a certificate claims to be, without judging it.
///
/// # Errors
/// When it cannot be read, or is none of a port.
pub fn claimed_door(
    certificate: &CertificateDer<'_>,
    domain: &TrustDomain,
) -> Result<RegionKey, IdentityError> {
    match subject(&parse(certificate)?, domain)? {
        (_, Subject::Door(region)) => Ok(region),
        (uri, _) => Err(IdentityError::WrongKind {
            wanted: "操作端口",
            uri,
        }),
    }
}

/// The trust domain that a certificate's URI names, unjudged: for one who knows a domain by its roots alone.
#[must_use]
pub fn trust_domain_of(certificate: &CertificateDer<'_>) -> Option<TrustDomain> {
    let certificate = parse(certificate).ok()?;
    let uris = names(&certificate, |name| match name {
        GeneralName::URI(uri) => Some((*uri).to_owned()),
        _ => None,
    });
    let uri = uris.ok()?.into_iter().next()?;
    let rest = uri.strip_prefix("spiffe://")?;
    rest.split('/').next()?.parse().ok()
}

/// From when to when every certificate of a chain and its root are valid; unjudged otherwise. No such time where the first
/// is after the second.
///
/// # Errors
/// A certificate cannot be read, or the chain ends under none of the roots.
pub fn term(
    chain: &[CertificateDer<'_>],
    roots: &[CertificateDer<'static>],
) -> Result<(Time, Time), IdentityError> {
    let chain = chain.iter().map(parse).collect::<Result<Vec<_>, _>>()?;
    let root = anchor(chain.last().ok_or(IdentityError::NoCertificate)?, roots)?;
    let terms = chain.iter().chain(std::iter::once(&root)).map(|one| {
        let validity = one.validity();
        (instant(validity.not_before), instant(validity.not_after))
    });
    let all = (Time(i64::MIN), Time(i64::MAX));
    Ok(terms.fold(all, |(from, until), (starts, ends)| {
        (from.max(starts), until.min(ends))
    }))
}

/// What the first certificate of a sound chain says.
struct Leaf {
    subject: Subject,
    uri: String,
    dns_names: Vec<String>,
    id: CertificateId,
    not_after: Time,
}

/// Everything that holds for every kind of chain.
fn judge(chain: &[CertificateDer<'_>], trust: &Trust<'_>) -> Result<Leaf, IdentityError> {
    if chain.len() > CHAIN_LENGTH_MAX {
        return Err(IdentityError::ChainTooLong {
            length: chain.len(),
            max: CHAIN_LENGTH_MAX,
        });
    }
    let chain = chain.iter().map(parse).collect::<Result<Vec<_>, _>>()?;
    let (leaf, authorities) = chain.split_first().ok_or(IdentityError::NoCertificate)?;
    let root = anchor(chain.last().unwrap_or(leaf), trust.roots)?;

    for (at, certificate) in chain.iter().enumerate() {
        let issuer = chain.get(at + 1).unwrap_or(&root);
        check_issued(certificate, issuer)?;
        check_time(certificate, trust.now)?;
        match trust.lists.is_revoked(&CertificateId::of(certificate)) {
            Some(false) => {}
            Some(true) => return Err(IdentityError::Revoked),
            None => return Err(IdentityError::NoRevocationList),
        }
    }
    check_time(&root, trust.now)?;

    let (uri, subject) = subject(leaf, trust.domain)?;
    if authorities.is_empty() && !matches!(subject, Subject::Authority(_)) {
        return Err(IdentityError::NoAuthority);
    }
    let mut certified = subject.region();
    for authority in authorities {
        certified = check_authority(authority, certified, trust)?;
    }
    Ok(Leaf {
        subject,
        uri,
        dns_names: dns_names(leaf)?,
        id: CertificateId::of(leaf),
        not_after: instant(leaf.validity().not_after),
    })
}

fn parse<'a>(der: &'a CertificateDer<'_>) -> Result<X509Certificate<'a>, IdentityError> {
    match X509Certificate::from_der(der) {
        Ok(([], certificate)) => Ok(certificate),
        Ok(_) => Err(IdentityError::Unreadable("证书后有多余的数据".to_owned())),
        Err(error) => Err(IdentityError::Unreadable(error.to_string())),
    }
}

/// The root whose name and signature stand on the last certificate of the chain.
fn anchor<'r>(
    last: &X509Certificate<'_>,
    roots: &'r [CertificateDer<'static>],
) -> Result<X509Certificate<'r>, IdentityError> {
    for root in roots {
        let root = parse(root)?;
        let named = last.issuer().as_raw() == root.subject().as_raw();
        if named && last.verify_signature(Some(root.public_key())).is_ok() {
            return Ok(root);
        }
    }
    Err(IdentityError::UnknownAuthority)
}

/// `issuer` may sign certificates, is named as issuer and did sign.
fn check_issued(
    certificate: &X509Certificate<'_>,
    issuer: &X509Certificate<'_>,
) -> Result<(), IdentityError> {
    let may_sign = issuer
        .key_usage()
        .ok()
        .flatten()
        .is_some_and(|usage| usage.value.key_cert_sign());
    if !issuer.is_ca() || !may_sign {
        return Err(IdentityError::NotAuthority {
            subject: issuer.subject().to_string(),
        });
    }
    let named = certificate.issuer().as_raw() == issuer.subject().as_raw();
    if !named
        || certificate
            .verify_signature(Some(issuer.public_key()))
            .is_err()
    {
        return Err(IdentityError::BadSignature);
    }
    Ok(())
}

fn check_time(certificate: &X509Certificate<'_>, now: Time) -> Result<(), IdentityError> {
    let validity = certificate.validity();
    let (not_before, not_after) = (instant(validity.not_before), instant(validity.not_after));
    if now < not_before {
        return Err(IdentityError::NotYetValid { not_before });
    }
    if now > not_after {
        return Err(IdentityError::Expired { not_after });
    }
    Ok(())
}

/// `authority` belongs to a region, and `certified` is that region or lies below it. Returns the
/// authority's region.
fn check_authority(
    authority: &X509Certificate<'_>,
    certified: RegionKey,
    trust: &Trust<'_>,
) -> Result<RegionKey, IdentityError> {
    let (uri, subject) = subject(authority, trust.domain)?;
    let Subject::Authority(region) = subject else {
        return Err(IdentityError::WrongKind {
            wanted: "签发机构",
            uri,
        });
    };
    if region == certified || (trust.below)(region, certified) {
        return Ok(region);
    }
    Err(IdentityError::OutsideSubtree {
        authority: region,
        region: certified,
    })
}

/// The one URI of a certificate, and whom it names.
fn subject(
    certificate: &X509Certificate<'_>,
    domain: &TrustDomain,
) -> Result<(String, Subject), IdentityError> {
    let uris = names(certificate, |name| match name {
        GeneralName::URI(uri) => Some((*uri).to_owned()),
        _ => None,
    })?;
    match <[String; 1]>::try_from(uris) {
        Ok([uri]) => domain.subject(&uri).map(|subject| (uri, subject)),
        Err(none) if none.is_empty() => Err(IdentityError::NoUri),
        Err(_) => Err(IdentityError::ManyUris),
    }
}

fn dns_names(certificate: &X509Certificate<'_>) -> Result<Vec<String>, IdentityError> {
    names(certificate, |name| match name {
        GeneralName::DNSName(dns) => Some((*dns).to_owned()),
        _ => None,
    })
}

/// The alternative names that `pick` takes, in their order.
fn names(
    certificate: &X509Certificate<'_>,
    pick: impl Fn(&GeneralName<'_>) -> Option<String>,
) -> Result<Vec<String>, IdentityError> {
    let extension = certificate
        .subject_alternative_name()
        .map_err(|error| IdentityError::Unreadable(error.to_string()))?;
    Ok(extension.map_or_else(Vec::new, |names| {
        names.value.general_names.iter().filter_map(pick).collect()
    }))
}

/// What the keeper of certificates wants to know about one of his own.
pub(super) struct Facts {
    /// The subject's distinguished name in DER.
    pub subject_name: Vec<u8>,
    pub id: CertificateId,
    pub not_before: Time,
    pub not_after: Time,
}

/// The certificate is valid at that instant.
pub(super) fn check_valid(der: &CertificateDer<'_>, now: Time) -> Result<(), IdentityError> {
    check_time(&parse(der)?, now)
}

/// When the first certificate of a chain runs out.
pub(super) fn ends(chain: &[CertificateDer<'_>]) -> Result<Option<Time>, IdentityError> {
    let ends = chain.iter().map(|der| Ok(facts(der)?.not_after));
    Ok(ends
        .collect::<Result<Vec<_>, IdentityError>>()?
        .into_iter()
        .min())
}

/// The certificate can be a root: an authority that signed itself.
pub(super) fn check_root(der: &CertificateDer<'_>) -> Result<(), IdentityError> {
    let root = parse(der)?;
    check_issued(&root, &root)
}

/// Whether a revocation list is a root's; one that bears a root's name must bear its signature.
pub(super) fn root_of_list(
    list: &CertificateRevocationListDer<'_>,
    roots: &[CertificateDer<'static>],
) -> Result<bool, IdentityError> {
    let list = parse_list(list)?;
    for root in roots {
        let root = parse(root)?;
        if list.issuer().as_raw() == root.subject().as_raw() {
            let signed = list.verify_signature(root.public_key());
            return signed
                .map(|()| true)
                .map_err(|_| IdentityError::BadRevocationList);
        }
    }
    Ok(false)
}

/// The chain of the authority that signed a revocation list, made of `certificates`: the authority first.
pub(super) fn chain_of_list(
    list: &CertificateRevocationListDer<'_>,
    certificates: &[CertificateDer<'static>],
) -> Result<Vec<CertificateDer<'static>>, IdentityError> {
    let list = parse_list(list)?;
    // A root is no part of a chain, though it may stand among the certificates.
    let fits = |der: &CertificateDer<'_>, name: &[u8]| {
        facts(der).is_ok_and(|facts| facts.subject_name == name && facts.id.issuer != name)
    };
    let named = |name: &[u8]| certificates.iter().find(|der| fits(der, name));
    let first = named(list.issuer().as_raw()).ok_or(IdentityError::UnknownAuthority)?;
    let issuer = parse(first)?;
    list.verify_signature(issuer.public_key())
        .map_err(|_| IdentityError::BadRevocationList)?;
    let mut chain = vec![first.clone()];
    while chain.len() <= CHAIN_LENGTH_MAX {
        let above = chain.last().map(facts).transpose()?;
        match above.and_then(|facts| named(&facts.id.issuer)) {
            Some(above) => chain.push(above.clone()),
            None => break,
        }
    }
    Ok(chain)
}

fn parse_list<'a>(
    der: &'a CertificateRevocationListDer<'_>,
) -> Result<CertificateRevocationList<'a>, IdentityError> {
    CertificateRevocationList::from_der(der)
        .map(|(_, list)| list)
        .map_err(|error| IdentityError::Unreadable(error.to_string()))
}

/// Reads one certificate without judging it.
pub(super) fn facts(der: &CertificateDer<'_>) -> Result<Facts, IdentityError> {
    let certificate = parse(der)?;
    Ok(Facts {
        subject_name: certificate.subject().as_raw().to_vec(),
        id: CertificateId::of(&certificate),
        not_before: instant(certificate.validity().not_before),
        not_after: instant(certificate.validity().not_after),
    })
}

/// The raw public key of a certificate, and whether it is an Ed25519 key.
pub(super) fn public_key(der: &CertificateDer<'_>) -> Result<(Vec<u8>, bool), IdentityError> {
    let certificate = parse(der)?;
    let info = certificate.public_key();
    let of_ed25519 = info.algorithm.algorithm == x509_parser::oid_registry::OID_SIG_ED25519;
    Ok((info.subject_public_key.data.to_vec(), of_ed25519))
}
