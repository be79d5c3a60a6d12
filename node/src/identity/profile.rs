//! What a certificate says: one URI, and for a node one DNS name made from the same key.
//!
//! | certificate | URI | DNS name |
//! | --- | --- | --- |
//! | node | `spiffe://<trust domain>/region/<key>` | `r<key>.<trust domain>` |
//! | authority | `spiffe://<trust domain>/authority/<key>` | none |
//! | operator | `spiffe://<trust domain>/operator/<key>/<name>` | none |
//! | operators' port of a node | `spiffe://<trust domain>/door/<key>` | `r<key>.<trust domain>` |
//!
//! The URI is the identity. The DNS name is there because TLS libraries compare names, not URIs.

use super::error::IdentityError;
use hotline_topology::RegionKey;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// Longest operator name, in bytes.
const OPERATOR_NAME_BYTES_MAX: usize = 64;

/// The name under which a federation's certificates are made, such as `12345.example`. It looks
/// like a DNS name and need not exist in the DNS.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TrustDomain(Arc<str>);

/// Text that cannot be a trust domain.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "信任域“{0}”写法不对：应像域名一样由小写字母、数字、连字符和点组成，例如 12345.example，总长不超过 200 字符"
)]
pub struct BadTrustDomain(pub String);

impl TrustDomain {
    /// The domain as it is written in certificates.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The URI that a certificate of `subject` carries.
    #[must_use]
    pub fn uri(&self, subject: &Subject) -> String {
        match subject {
            Subject::Node(region) => format!("spiffe://{self}/region/{region}"),
            Subject::Authority(region) => format!("spiffe://{self}/authority/{region}"),
            Subject::Operator { region, name } => {
                format!("spiffe://{self}/operator/{region}/{name}")
            }
            Subject::Door(region) => format!("spiffe://{self}/door/{region}"),
        }
    }

    /// The DNS name of a region's node. Names do not distinguish case, keys do: where that matters,
    /// the URI decides.
    #[must_use]
    pub fn dns_name(&self, region: RegionKey) -> String {
        format!("{}.{self}", region.host_label())
    }

    /// Reads a certificate's URI.
    ///
    /// # Errors
    /// [`IdentityError::ForeignDomain`] for another trust domain, [`IdentityError::BadUri`] for
    /// anything that is none of the forms above.
    pub fn subject(&self, uri: &str) -> Result<Subject, IdentityError> {
        let bad = || IdentityError::BadUri {
            uri: uri.to_owned(),
        };
        let (domain, path) = uri
            .strip_prefix("spiffe://")
            .and_then(|rest| rest.split_once('/'))
            .ok_or_else(bad)?;
        if domain != self.as_str() {
            return Err(IdentityError::ForeignDomain {
                uri: uri.to_owned(),
                ours: self.to_string(),
            });
        }
        let key = |text: &str| text.parse::<RegionKey>().map_err(|_| bad());
        let mut parts = path.split('/');
        match (parts.next(), parts.next(), parts.next(), parts.next()) {
            (Some("region"), Some(region), None, None) => Ok(Subject::Node(key(region)?)),
            (Some("authority"), Some(region), None, None) => Ok(Subject::Authority(key(region)?)),
            (Some("door"), Some(region), None, None) => Ok(Subject::Door(key(region)?)),
            (Some("operator"), Some(region), Some(name), None) => {
                let name = name.parse().map_err(|_| bad())?;
                Ok(Subject::Operator {
                    region: key(region)?,
                    name,
                })
            }
            _ => Err(bad()),
        }
    }
}

impl FromStr for TrustDomain {
    type Err = BadTrustDomain;

    fn from_str(text: &str) -> Result<Self, BadTrustDomain> {
        let label_fits = |label: &str| {
            (1..=63).contains(&label.len())
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label
                    .bytes()
                    .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        };
        // Room is left for the node's own label within the 253 characters of a DNS name.
        if text.len() > 200 || !text.contains('.') || !text.split('.').all(label_fits) {
            return Err(BadTrustDomain(text.to_owned()));
        }
        Ok(Self(text.into()))
    }
}

impl fmt::Display for TrustDomain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for TrustDomain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TrustDomain({self})")
    }
}

/// An operator's account name as it stands in a certificate: lower-case letters, digits, `.`, `-`,
/// `_`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OperatorName(Arc<str>);

/// Text that cannot be an operator's name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("操作员名“{0}”写法不对：只能用小写字母、数字和 . - _，以字母或数字开头，不超过 64 字符")]
pub struct BadOperatorName(pub String);

impl OperatorName {
    /// The name as written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for OperatorName {
    type Err = BadOperatorName;

    fn from_str(text: &str) -> Result<Self, BadOperatorName> {
        let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
        let starts_plain = text.bytes().next().is_some_and(plain);
        if !starts_plain
            || text.len() > OPERATOR_NAME_BYTES_MAX
            || !text.bytes().all(|b| plain(b) || b".-_".contains(&b))
        {
            return Err(BadOperatorName(text.to_owned()));
        }
        Ok(Self(text.into()))
    }
}

impl fmt::Display for OperatorName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// Whom or what a certificate stands for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subject {
    /// The node of a region.
    Node(RegionKey),
    /// The certificate authority of a region: certifies that region and what lies below it.
    Authority(RegionKey),
    /// A person who operates the node of a region from afar.
    Operator {
        /// The region whose node the person operates.
        region: RegionKey,
        /// The account name.
        name: OperatorName,
    },
    /// The port of a region's node where programs of people call from afar. It proves nothing anywhere else, so that it
    /// may have a key of the kind that every such program knows.
    Door(RegionKey),
}

impl Subject {
    /// The region that the subject belongs to.
    #[must_use]
    pub fn region(&self) -> RegionKey {
        match self {
            Self::Node(region)
            | Self::Authority(region)
            | Self::Operator { region, .. }
            | Self::Door(region) => *region,
        }
    }

    /// What kind of certificate this is, for people.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Node(_) => "节点",
            Self::Authority(_) => "签发机构",
            Self::Operator { .. } => "操作员",
            Self::Door(_) => "操作端口",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COUNTY: RegionKey = RegionKey::literal("210111000000");

    fn domain() -> TrustDomain {
        "12345.example".parse().unwrap()
    }

    #[test]
    fn every_uri_reads_back() {
        for subject in [
            Subject::Node(COUNTY),
            Subject::Authority(COUNTY),
            Subject::Door(COUNTY),
            Subject::Operator {
                region: COUNTY,
                name: "wang.fang-2".parse().unwrap(),
            },
        ] {
            assert_eq!(domain().subject(&domain().uri(&subject)), Ok(subject));
        }
        assert_eq!(domain().dns_name(COUNTY), "r210111000000.12345.example");
    }

    #[test]
    fn uris_of_no_known_form_are_refused() {
        for uri in [
            "https://12345.example/region/210111000000",
            "spiffe://12345.example",
            "spiffe://12345.example/region/",
            "spiffe://12345.example/region/2101110000001",
            "spiffe://12345.example/region/210111000000/",
            "spiffe://12345.example/region/210111000000/x",
            "spiffe://12345.example/Region/210111000000",
            "spiffe://12345.example/operator/210111000000",
            "spiffe://12345.example/door/210111000000/x",
            "spiffe://12345.example/operator/210111000000/王芳",
        ] {
            assert_eq!(
                domain().subject(uri),
                Err(IdentityError::BadUri {
                    uri: uri.to_owned()
                })
            );
        }
        let foreign = "spiffe://12345.example.org/region/210111000000";
        assert!(matches!(
            domain().subject(foreign),
            Err(IdentityError::ForeignDomain { .. })
        ));
    }

    #[test]
    fn trust_domains_look_like_dns_names() {
        for bad in [
            "",
            "hotline",
            "12345.",
            "12345..example",
            "A.example",
            "-a.example",
            "a_b.example",
            "a.ex/ample",
        ] {
            assert_eq!(
                bad.parse::<TrustDomain>(),
                Err(BadTrustDomain(bad.to_owned()))
            );
        }
        assert!(
            format!("{}.example", "a".repeat(64))
                .parse::<TrustDomain>()
                .is_err()
        );
    }
}
