//! Why a peer is not who it says, or may not be here. Each reason is one variant, one label and one
//! sentence.

use crate::gate::Crowded;
use hotline_topology::{RegionKey, Time};
use rustls::{CertificateError, Error as TlsError, PeerIncompatible};
use std::error::Error;
use std::io;

/// Why a connection was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdentityError {
    /// The peer showed no certificate.
    #[error("对方没有出示证书")]
    NoCertificate,
    /// A certificate that cannot be read; holds the parser's words.
    #[error("证书无法解析：{0}")]
    Unreadable(String),
    /// The chain does not end at one of our roots.
    #[error("证书不是由本信任域的根证书签发的")]
    UnknownAuthority,
    /// A signature on the chain does not fit.
    #[error("证书链上的签名不符")]
    BadSignature,
    /// A certificate on the chain is past its end.
    #[error("证书已过期（有效期至 {not_after}）；请续期：hotline certs renew")]
    Expired {
        /// The end of its validity.
        not_after: Time,
    },
    /// A certificate on the chain has not begun.
    #[error("证书尚未生效（自 {not_before} 起有效）；请核对两端时钟")]
    NotYetValid {
        /// The beginning of its validity.
        not_before: Time,
    },
    /// A certificate on the chain stands on its issuer's revocation list.
    #[error("证书已被吊销")]
    Revoked,
    /// No revocation list of an issuer on the chain is at hand, so nobody knows.
    #[error("缺少签发机构的吊销列表，无法判断证书是否被吊销；请更新 crl.pem")]
    NoRevocationList,
    /// A revocation list that its issuer did not sign.
    #[error("吊销列表的签名不符；请重新取得 crl.pem")]
    BadRevocationList,
    /// The certificate carries no URI.
    #[error("证书中没有身份 URI")]
    NoUri,
    /// The certificate carries several URIs, so it is nobody's.
    #[error("证书中有多个身份 URI")]
    ManyUris,
    /// The URI belongs to another trust domain.
    #[error("证书身份 {uri} 不属于本信任域 {ours}")]
    ForeignDomain {
        /// The URI in the certificate.
        uri: String,
        /// Our trust domain.
        ours: String,
    },
    /// The URI has none of the known forms.
    #[error("证书身份 {uri} 的写法不符合规范")]
    BadUri {
        /// The URI in the certificate.
        uri: String,
    },
    /// The certificate is for another use, such as an operator's shown on a link between nodes.
    #[error("这里需要{wanted}证书，对方出示的是 {uri}")]
    WrongKind {
        /// The kind that is wanted here.
        wanted: &'static str,
        /// The URI in the certificate.
        uri: String,
    },
    /// A certificate that may not be used on this side, such as an operator's shown by a server.
    #[error("证书的用途不符：它不能用在连接的这一端")]
    WrongPurpose,
    /// The DNS name is not the one made from the URI's region.
    #[error("证书的 DNS 名与身份不一致：应为 {expected}")]
    NameMismatch {
        /// The name made from the URI.
        expected: String,
    },
    /// A sound certificate, but of another region than the one that was called.
    #[error("要连接的是 {expected}，对方却是 {found}")]
    WrongRegion {
        /// The region that was called.
        expected: RegionKey,
        /// Who answered, as far as the certificate tells.
        found: String,
    },
    /// An authority certified a region that does not lie in its own subtree.
    #[error("{authority} 的签发机构无权为 {region} 签发证书：不在其辖区内")]
    OutsideSubtree {
        /// The authority's region.
        authority: RegionKey,
        /// The region that it certified.
        region: RegionKey,
    },
    /// A certificate on the chain that may not certify.
    #[error("证书链中的 {subject} 不是签发机构")]
    NotAuthority {
        /// The subject as written in the certificate.
        subject: String,
    },
    /// A node's or operator's certificate straight from the root, which certifies authorities only.
    #[error("证书由根直接签发；根只给签发机构签发证书")]
    NoAuthority,
    /// More certificates than the tree has levels.
    #[error("证书链过长：{length} 张，最多 {max} 张")]
    ChainTooLong {
        /// How many certificates were shown.
        length: usize,
        /// How many are allowed.
        max: usize,
    },
    /// Who it is is clear, but this node has no link with it.
    #[error("{region} 与本节点没有上下级或协作关系，不接受连接")]
    NotAdmitted {
        /// The peer's region.
        region: RegionKey,
    },
    /// An operator of another region's node.
    #[error("操作员 {uri} 不属于本节点（{ours}），不能操作")]
    ForeignOperator {
        /// The URI in the certificate.
        uri: String,
        /// This node's region.
        ours: RegionKey,
    },
    /// The peer cannot speak TLS 1.3.
    #[error("对方不支持 TLS 1.3")]
    OldProtocol,
    /// The handshake took too long.
    #[error("TLS 握手超时")]
    HandshakeTimeout,
    /// Too many wait to be let in, from there or in all: refused, or ended to make room for somebody later.
    #[error("同时握手的连接过多")]
    TooManyHandshakes,
    /// Too many connections are in.
    #[error("{0}")]
    Crowded(Crowded),
    /// The system gave no connection.
    #[error("接受连接失败：{0}")]
    NotAccepted(String),
    /// The peer broke off, with the alert that it sent: the reason stands in the peer's log.
    #[error("对方中断了握手：{0}")]
    RefusedByPeer(String),
    /// Any other failure of the handshake.
    #[error("TLS 握手失败：{0}")]
    Handshake(String),
}

impl IdentityError {
    /// A stable label of the reason, for metrics.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self {
            Self::NoCertificate => "no_certificate",
            Self::Unreadable(_) => "unreadable",
            Self::UnknownAuthority => "unknown_authority",
            Self::BadSignature => "bad_signature",
            Self::Expired { .. } => "expired",
            Self::NotYetValid { .. } => "not_yet_valid",
            Self::Revoked => "revoked",
            Self::NoRevocationList => "no_revocation_list",
            Self::BadRevocationList => "bad_revocation_list",
            Self::NoUri => "no_uri",
            Self::ManyUris => "many_uris",
            Self::ForeignDomain { .. } => "foreign_domain",
            Self::BadUri { .. } => "bad_uri",
            Self::WrongKind { .. } => "wrong_kind",
            Self::WrongPurpose => "wrong_purpose",
            Self::NameMismatch { .. } => "name_mismatch",
            Self::WrongRegion { .. } => "wrong_region",
            Self::OutsideSubtree { .. } => "outside_subtree",
            Self::NotAuthority { .. } => "not_authority",
            Self::NoAuthority => "no_authority",
            Self::ChainTooLong { .. } => "chain_too_long",
            Self::NotAdmitted { .. } => "not_admitted",
            Self::ForeignOperator { .. } => "foreign_operator",
            Self::OldProtocol => "old_protocol",
            Self::TooManyHandshakes => "too_many_handshakes",
            Self::Crowded(_) => "crowded",
            Self::NotAccepted(_) => "not_accepted",
            Self::HandshakeTimeout => "handshake_timeout",
            Self::RefusedByPeer(_) => "refused_by_peer",
            Self::Handshake(_) => "handshake",
        }
    }

    /// The reason inside an error of the handshake, or inside one that a gRPC call returned; `None`
    /// when the chain of causes holds none, as for a network that is down.
    #[must_use]
    pub fn find<'e>(error: &'e (dyn Error + 'static)) -> Option<&'e Self> {
        let mut next = Some(error);
        while let Some(error) = next {
            if let Some(found) = error.downcast_ref::<Self>() {
                return Some(found);
            }
            // An `io::Error` hides what it wraps from `source`, which skips to the cause of the
            // wrapped one.
            let inner = error
                .downcast_ref::<io::Error>()
                .and_then(io::Error::get_ref);
            next = match inner {
                Some(inner) => Some(inner),
                None => error.source(),
            };
        }
        None
    }

    /// The reason for which a handshake failed.
    #[must_use]
    pub fn of_handshake(error: &io::Error) -> Self {
        match error
            .get_ref()
            .and_then(|inner| inner.downcast_ref::<TlsError>())
        {
            Some(tls) => Self::of_tls(tls),
            None => Self::Handshake(error.to_string()),
        }
    }

    /// The reason for which the server that should be `expected` was not accepted.
    #[must_use]
    pub fn of_server(error: &io::Error, expected: RegionKey) -> Self {
        let tls = error
            .get_ref()
            .and_then(|inner| inner.downcast_ref::<TlsError>());
        match tls {
            Some(TlsError::InvalidCertificate(CertificateError::NotValidForNameContext {
                presented,
                ..
            })) => Self::WrongRegion {
                expected,
                found: presented.join("、"),
            },
            _ => Self::of_handshake(error),
        }
    }

    fn of_tls(error: &TlsError) -> Self {
        match error {
            TlsError::NoCertificatesPresented => Self::NoCertificate,
            TlsError::InvalidCertificate(certificate) => Self::of_certificate(certificate),
            TlsError::InvalidCertRevocationList(_) => Self::BadRevocationList,
            TlsError::PeerIncompatible(
                PeerIncompatible::Tls12NotOffered
                | PeerIncompatible::Tls12NotOfferedOrEnabled
                | PeerIncompatible::Tls13RequiredForQuic
                | PeerIncompatible::SupportedVersionsExtensionRequired
                | PeerIncompatible::ServerDoesNotSupportTls12Or13
                | PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig,
            ) => Self::OldProtocol,
            TlsError::AlertReceived(alert) => Self::RefusedByPeer(format!("{alert:?}")),
            other => Self::Handshake(other.to_string()),
        }
    }

    fn of_certificate(error: &CertificateError) -> Self {
        let time = |at: rustls_pki_types::UnixTime| {
            Time(
                i64::try_from(at.as_secs())
                    .unwrap_or(i64::MAX)
                    .saturating_mul(1000),
            )
        };
        match error {
            CertificateError::ExpiredContext { not_after, .. } => Self::Expired {
                not_after: time(*not_after),
            },
            CertificateError::NotValidYetContext { not_before, .. } => Self::NotYetValid {
                not_before: time(*not_before),
            },
            CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => {
                Self::WrongPurpose
            }
            CertificateError::Revoked => Self::Revoked,
            CertificateError::UnknownIssuer => Self::UnknownAuthority,
            CertificateError::UnknownRevocationStatus => Self::NoRevocationList,
            CertificateError::BadSignature => Self::BadSignature,
            CertificateError::BadEncoding => Self::Unreadable("编码有误".to_owned()),
            other => Self::Handshake(other.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reason_is_found_through_layers_of_wrapping() {
        let wrapped = io::Error::other(io::Error::new(
            io::ErrorKind::PermissionDenied,
            IdentityError::Revoked,
        ));
        assert_eq!(IdentityError::find(&wrapped), Some(&IdentityError::Revoked));
        assert_eq!(
            IdentityError::find(&io::Error::from(io::ErrorKind::TimedOut)),
            None
        );
    }
}
