//! Signed documents of the world as bytes: made by whoever keeps the root or a region's authority, examined by every
//! node before anything of them counts. Which kinds there are and who signs them: [`hotline_domain::world`].
//!
//! Signed is SHA-256 over [`CONTEXT`], the header's bytes and the hash of the content; the key is that of the root or
//! of the authority, whose certificates come along.

use super::chain::{self, CHAIN_LENGTH_MAX, Trust};
use super::error::IdentityError;
use super::revocation::{BadList, RevocationLists};
use super::signing::{self, Signature, SignatureError};
use crate::codec::Malformed;
use crate::codec::world as codec;
use hotline_domain::world::{DocumentKind, Examined, Header};
use hotline_proto::Bytes as _;
use hotline_proto::world::v1 as pb;
use hotline_topology::{Calendar, Fault, Federation, PolicyPack, RegionKey, Time};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, CertificateRevocationListDer, PrivateKeyDer};
use sha2::{Digest, Sha256};

/// Set before what is signed, so that a signature made for one purpose never fits another.
const CONTEXT: &[u8] = b"hotline world document 1\0";

/// Whose signature a document bears.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sealer {
    /// A root.
    Root,
    /// The authority of a region.
    Region(RegionKey),
}

/// Why a document is refused.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// The bytes are no document.
    #[error("不是签署过的文件：{0}")]
    Form(#[from] Malformed),
    /// Not even one signature.
    #[error("文件没有签名")]
    Unsigned,
    /// The chain of certificates beside the signature is none.
    #[error("签名的证书链不成立：{0}")]
    Chain(#[from] IdentityError),
    /// The signature is not over these bytes.
    #[error("文件的签名不符：{0}")]
    Signature(#[from] SignatureError),
    /// The signer may not sign this.
    #[error("{signer} 无权签署 {what}：{rule}")]
    Scope {
        /// Who signed.
        signer: String,
        /// What.
        what: String,
        /// Who may.
        rule: &'static str,
    },
    /// The content is not whole, or not what the header says.
    #[error("{0}")]
    Content(String),
}

/// A key that signs documents.
#[derive(Debug)]
pub struct SealKey {
    /// The signer's certificate and its issuers up to, but without, the root; a root's alone.
    pub chain: Vec<CertificateDer<'static>>,
    /// The key of the first.
    pub key: PrivateKeyDer<'static>,
}

/// Signs a document with each key and gives its bytes; one signature that is believed is enough.
///
/// # Errors
/// A key is of no known kind.
pub fn seal(
    header: &Header,
    content: Vec<u8>,
    keys: &[SealKey],
) -> Result<Vec<u8>, SignatureError> {
    let statement = statement(header, &content);
    let sealed = |SealKey { chain, key }: &SealKey| {
        let Signature { algorithm, bytes } = signing::sign(key, &statement)?;
        Ok(pb::Seal {
            algorithm: u32::from(algorithm),
            signature: bytes,
            chain: chain.iter().map(|one| one.to_vec()).collect(),
        })
    };
    let document = pb::Document {
        header: Some(codec::header(header)),
        seals: keys
            .iter()
            .map(sealed)
            .collect::<Result<_, SignatureError>>()?,
        content,
    };
    Ok(document.to_bytes())
}

fn statement(header: &Header, content: &[u8]) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(CONTEXT);
    hash.update(codec::header(header).to_bytes());
    hash.update(Sha256::digest(content));
    hash.finalize().into()
}

/// A document's header and content, unexamined.
///
/// # Errors
/// The bytes are no document.
pub fn read(bytes: &[u8]) -> Result<(Header, Vec<u8>), SealError> {
    let (header, document) = codec::document(bytes)?;
    Ok((header, document.content))
}

/// Examines a document: who signed it, whether that one may, and whether the content is whole.
///
/// # Errors
/// Why it is refused.
pub fn examine(
    bytes: &[u8],
    trust: &Trust<'_>,
    federation: &Federation,
) -> Result<Examined, SealError> {
    let (header, document) = codec::document(bytes)?;
    let statement = statement(&header, &document.content);
    let mut last = SealError::Unsigned;
    for seal in &document.seals {
        let judged = signer(seal, &statement, trust)
            .and_then(|signer| permit(signer, &header, federation).map(|()| signer));
        match judged {
            Ok(signer) => {
                let lists_at = check(&header, &document.content, signer, trust)?;
                return Ok(Examined { header, lists_at });
            }
            Err(error) => last = error,
        }
    }
    Err(last)
}

/// Whose key made a seal.
fn signer(seal: &pb::Seal, statement: &[u8], trust: &Trust<'_>) -> Result<Sealer, SealError> {
    let chain: Vec<CertificateDer<'_>> = seal
        .chain
        .iter()
        .take(CHAIN_LENGTH_MAX + 1)
        .map(|der| CertificateDer::from(der.as_slice()))
        .collect();
    let first = chain.first().ok_or(IdentityError::NoCertificate)?;
    let signer = if chain.len() == 1 && trust.roots.iter().any(|root| root == first) {
        chain::check_valid(first, trust.now)?;
        Sealer::Root
    } else {
        Sealer::Region(chain::verify_authority_chain(&chain, trust)?)
    };
    let signature = Signature {
        algorithm: u16::try_from(seal.algorithm).unwrap_or_default(),
        bytes: seal.signature.clone(),
    };
    signing::verify(first, statement, &signature)?;
    Ok(signer)
}

fn permit(signer: Sealer, header: &Header, federation: &Federation) -> Result<(), SealError> {
    let scope = header.series.scope;
    let (fits, rule) = match (header.series.kind, signer) {
        (_, Sealer::Root) => return Ok(()),
        (DocumentKind::Pack | DocumentKind::Revocations, Sealer::Region(region)) => (
            region == scope || federation.is_below(scope, region),
            "签发机构只能签署本区划及其下级的文件",
        ),
        (_, Sealer::Region(_)) => (false, "拓扑、日历和信任根只能由根签署"),
    };
    if fits {
        return Ok(());
    }
    let signer = match signer {
        Sealer::Root => "根".to_owned(),
        Sealer::Region(region) => format!("{region} 的签发机构"),
    };
    Err(SealError::Scope {
        signer,
        what: header.series.to_string(),
        rule,
    })
}

/// Checks the content as a whole; of revocation lists, gives when the oldest was signed.
fn check(
    header: &Header,
    content: &[u8],
    signer: Sealer,
    trust: &Trust<'_>,
) -> Result<Option<Time>, SealError> {
    let name = file_name(header);
    let differs = |what: &str| SealError::Content(format!("{name} 的{what}与签署的不一致"));
    match header.series.kind {
        DocumentKind::Topology => {
            let tree = Federation::parse(&name, text(content)?).map_err(|found| faults(&found))?;
            if tree.version() != header.version || tree.effective_from() != header.effective_at {
                return Err(differs("版本或生效时间"));
            }
            if tree.root() != header.series.scope || tree.trust_domain() != trust.domain.as_str() {
                return Err(differs("最上级区划或信任域"));
            }
        }
        DocumentKind::Calendar => {
            let calendar =
                Calendar::parse(&name, text(content)?).map_err(|found| faults(&found))?;
            if calendar.version() != header.version {
                return Err(differs("版本"));
            }
        }
        DocumentKind::Pack => {
            let pack = PolicyPack::parse(&name, text(content)?).map_err(|found| faults(&found))?;
            if pack.version != header.version || pack.effective_from != header.effective_at {
                return Err(differs("版本或生效时间"));
            }
            if pack.id != header.series.name || pack.issuer != Some(header.series.scope) {
                return Err(differs("名称或发布者"));
            }
        }
        DocumentKind::Trust => {
            for root in certificates(content)? {
                chain::check_root(&root)?;
            }
        }
        DocumentKind::Revocations => return lists(header, content, signer, trust).map(Some),
    }
    Ok(None)
}

/// Every list is its issuer's, and the issuer is the root or an authority that the signer may speak for. The root speaks
/// for all: also for one whose region stands in the tree no more, or that was revoked itself. What these certified is
/// judged for years, and one of them must not keep the others' lists from being taken.
fn lists(
    header: &Header,
    content: &[u8],
    signer: Sealer,
    trust: &Trust<'_>,
) -> Result<Time, SealError> {
    let bad = |why: String| SealError::Content(format!("吊销列表：{why}"));
    let ders = crl_ders(content)?;
    let fresh = RevocationLists::parse(ders.clone()).map_err(|BadList(why)| bad(why))?;
    let mut known = trust.lists.clone();
    known.merge(&fresh);
    let anywhere = |_, _| true;
    let below = match signer {
        Sealer::Root => &anywhere,
        Sealer::Region(_) => trust.below,
    };
    if signer == Sealer::Root {
        known = known.as_of(Time(i64::MIN));
    }
    let trust = Trust {
        lists: &known,
        below,
        ..*trust
    };
    let authorities: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(content)
        .filter_map(Result::ok)
        .collect();
    for der in &ders {
        if chain::root_of_list(der, trust.roots)? {
            if signer != Sealer::Root {
                return Err(bad("根的吊销列表只能由根签署".to_owned()));
            }
            continue;
        }
        let chain = chain::chain_of_list(der, &authorities)?;
        let region = issuer(&chain, &trust)?;
        let scope = header.series.scope;
        if signer != Sealer::Root && region != scope && !(trust.below)(scope, region) {
            return Err(bad(format!("{region} 不在 {scope} 之内")));
        }
    }
    let ages = fresh.ages(trust.now);
    let oldest = ages.first().map(|list| list.signed_at);
    oldest.ok_or_else(|| bad("一份也没有".to_owned()))
}

/// Whose authority a list's chain stands for. One that has run out, as an authority's does that was renewed, is judged as
/// of its last moment: its list says nothing about what is still valid, and must not keep the others from being taken.
fn issuer(chain: &[CertificateDer<'_>], trust: &Trust<'_>) -> Result<RegionKey, IdentityError> {
    match chain::verify_authority_chain(chain, trust) {
        Err(IdentityError::Expired { .. }) => {
            let ended = chain::ends(chain)?.unwrap_or(trust.now).min(trust.now);
            let then = Trust {
                now: ended,
                ..*trust
            };
            chain::verify_authority_chain(chain, &then)
        }
        judged => judged,
    }
}

/// The revocation lists of a document's content.
///
/// # Errors
/// Broken PEM.
pub fn crl_ders(content: &[u8]) -> Result<Vec<CertificateRevocationListDer<'static>>, SealError> {
    CertificateRevocationListDer::pem_slice_iter(content)
        .collect::<Result<_, _>>()
        .map_err(|error| SealError::Content(format!("吊销列表不可读：{error}")))
}

/// The certificates of a document's content, at least one.
///
/// # Errors
/// None, or broken PEM.
pub fn certificates(content: &[u8]) -> Result<Vec<CertificateDer<'static>>, SealError> {
    let bad = |why: String| SealError::Content(format!("根证书不可读：{why}"));
    let all: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(content)
        .collect::<Result<_, _>>()
        .map_err(|error| bad(error.to_string()))?;
    if all.is_empty() {
        return Err(bad("一张也没有".to_owned()));
    }
    Ok(all)
}

/// How a document is named in faults.
#[must_use]
pub fn file_name(header: &Header) -> String {
    format!("{} 第 {} 版", header.series, header.version)
}

/// A content that is text.
///
/// # Errors
/// It is none.
pub fn text(content: &[u8]) -> Result<&str, SealError> {
    std::str::from_utf8(content).map_err(|_| SealError::Content("内容不是 UTF-8 文本".to_owned()))
}

fn faults(found: &[Fault]) -> SealError {
    let words: Vec<_> = found.iter().map(ToString::to_string).collect();
    SealError::Content(words.join("；"))
}

#[cfg(test)]
mod tests;
