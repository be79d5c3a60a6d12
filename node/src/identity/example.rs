//! The example trust domain of `certs-example/`: made on demand from its profile, good certificates
//! and bad.

use super::authority::{Authority, AuthorityError, Issued, Reason, Signer, Term};
use super::profile::{Subject, TrustDomain};
use crate::clock;
use crate::entropy::Entropy;
use hotline_topology::{RegionKey, Time};
use serde::{Deserialize, Deserializer};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

const DAY: Duration = Duration::from_secs(86_400);
/// Days for which a sound example is valid.
const DAYS: u32 = 30;

/// What is wrong with an example.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fault {
    /// Nothing, unless its issuer had no right to certify it.
    #[default]
    None,
    /// Issued below another root that uses our names.
    ForeignRoot,
    /// The DNS name is another region's.
    WrongName,
    /// The URI is of another trust domain.
    ForeignDomain,
    /// Past its end.
    Expired,
    /// Not begun.
    NotYetValid,
    /// Revoked by its issuer.
    Revoked,
    /// An operator's in place of a node's.
    Operator,
    /// No certificate at all: the folder holds roots and lists only.
    NoCertificate,
}

/// Who signs an example.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// The root.
    Root,
    /// The root that uses our names.
    ForeignRoot,
    /// The authority of a region.
    Region(RegionKey),
}

/// An authority to be made.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuthorityCard {
    /// Whose it is.
    #[serde(deserialize_with = "region")]
    pub region: RegionKey,
    /// Who certifies it.
    #[serde(deserialize_with = "by")]
    pub by: By,
    /// Whether it is revoked once everything is issued.
    #[serde(default)]
    pub revoked: bool,
}

/// A certificate to be made.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CertificateCard {
    /// The folder that it goes into.
    pub folder: String,
    /// Whose it claims to be.
    #[serde(deserialize_with = "region")]
    pub region: RegionKey,
    /// Who certifies it.
    #[serde(deserialize_with = "by")]
    pub by: By,
    /// What is wrong with it.
    #[serde(default)]
    pub fault: Fault,
    /// Whom the judge calls when this one answers, where that is another region.
    #[serde(default, deserialize_with = "maybe_region")]
    pub called: Option<RegionKey>,
    /// The outcome when its holder calls the judge: `admitted` or the label of the refusal.
    pub calling: String,
    /// The outcome when its holder answers the judge; absent where it cannot.
    #[serde(default)]
    pub answering: Option<String>,
}

/// The node that judges all the others.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JudgeCard {
    /// Whose it is.
    #[serde(deserialize_with = "region")]
    pub region: RegionKey,
    /// Who certifies it.
    #[serde(deserialize_with = "by")]
    pub by: By,
    /// Which regions' nodes may call it.
    #[serde(deserialize_with = "regions")]
    pub admits: Vec<RegionKey>,
}

/// An example trust domain.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Example {
    #[serde(deserialize_with = "domain")]
    trust_domain: TrustDomain,
    /// The node that judges all the others.
    pub judge: JudgeCard,
    #[serde(deserialize_with = "tree")]
    below: BTreeMap<RegionKey, Vec<RegionKey>>,
    #[serde(rename = "authority")]
    authorities: Vec<AuthorityCard>,
    /// Everything that is made, in the order of the profile.
    #[serde(rename = "certificate")]
    pub certificates: Vec<CertificateCard>,
}

/// Why an example cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum ExampleError {
    /// The profile is wrong.
    #[error("示例证书清单有误：{0}")]
    Profile(String),
    /// A certificate cannot be made.
    #[error(transparent)]
    Authority(#[from] AuthorityError),
    /// A folder cannot be moved or written.
    #[error("写 {path} 失败：{source}", path = path.display())]
    Files {
        /// The folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
}

impl Example {
    /// Reads a profile.
    ///
    /// # Errors
    /// When it is not as `certs-example/profile.toml` explains; says where.
    pub fn parse(text: &str) -> Result<Self, ExampleError> {
        toml::from_str(text).map_err(|error| ExampleError::Profile(error.to_string()))
    }

    /// The trust domain.
    #[must_use]
    pub fn trust_domain(&self) -> &TrustDomain {
        &self.trust_domain
    }

    /// Whether the second region lies below the first in the example's tree.
    #[must_use]
    pub fn is_below(&self, above: RegionKey, region: RegionKey) -> bool {
        self.below
            .get(&above)
            .is_some_and(|all| all.contains(&region))
    }

    /// Makes every certificate, one folder each, and `judge/`, within `folder`. Returns the
    /// keeper's folder, through which more can be issued, renewed and revoked.
    ///
    /// # Errors
    /// When the profile asks for what cannot be made, or a folder is in use already.
    pub fn make(
        &self,
        folder: &Path,
        now: Time,
        entropy: &mut dyn Entropy,
    ) -> Result<Authority, ExampleError> {
        let ours = Authority::init(&folder.join("keeper"), &self.trust_domain, now, entropy)?;
        let foreign = Authority::init(
            &folder.join("keeper-foreign"),
            &self.trust_domain,
            now,
            entropy,
        )?;
        let mut to_revoke = Vec::new();
        for card in &self.authorities {
            let (keeper, by) = match card.by {
                By::Root => (&ours, Signer::Root),
                By::ForeignRoot => (&foreign, Signer::Root),
                By::Region(region) => (&ours, Signer::Region(region)),
            };
            let issued = keeper.issue_authority(card.region, by, now, entropy)?;
            if card.revoked {
                to_revoke.push(issued.serial);
            }
        }
        let mut folders = vec![folder.join("judge")];
        let judge = Making {
            keeper: &ours,
            fault: Fault::None,
            other: self.judge.region,
        };
        let issued = judge.issue(self.judge.region, self.judge.by, now, entropy)?;
        move_folder(&issued.folder, &folders[0])?;
        for card in &self.certificates {
            let target = folder.join(&card.folder);
            let keeper = if card.fault == Fault::ForeignRoot {
                &foreign
            } else {
                &ours
            };
            if card.fault == Fault::NoCertificate {
                create_folder(&target)?;
            } else {
                let making = Making {
                    keeper,
                    fault: card.fault,
                    other: self.judge.region,
                };
                let issued = making.issue(card.region, card.by, now, entropy)?;
                if card.fault == Fault::Revoked {
                    to_revoke.push(issued.serial);
                }
                move_folder(&issued.folder, &target)?;
                if card.fault == Fault::Operator {
                    rename_operator(&target)?;
                }
            }
            folders.push(target);
        }
        for serial in to_revoke {
            ours.revoke(&serial, now, Reason::KeyCompromise)?;
        }
        for target in folders {
            copy_public(&folder.join("keeper"), &target)?;
        }
        Ok(ours)
    }
}

/// One certificate in the making.
struct Making<'a> {
    keeper: &'a Authority,
    fault: Fault,
    /// A region whose name is used where a wrong one is wanted.
    other: RegionKey,
}

impl Making<'_> {
    fn issue(
        &self,
        region: RegionKey,
        by: By,
        now: Time,
        entropy: &mut dyn Entropy,
    ) -> Result<Issued, ExampleError> {
        let by = match by {
            By::Root | By::ForeignRoot => Signer::Root,
            By::Region(region) => Signer::Region(region),
        };
        let sound = Term::days(now, DAYS);
        let term = match self.fault {
            Fault::Expired => Term {
                not_before: clock::before(now, DAY * 30),
                not_after: clock::before(now, DAY),
            },
            Fault::NotYetValid => Term {
                not_before: clock::after(now, DAY),
                ..sound
            },
            _ => sound,
        };
        let wrong_name = self.keeper.domain().dns_name(self.other);
        let dns_name = (self.fault == Fault::WrongName).then_some(wrong_name.as_str());
        let subject = if self.fault == Fault::Operator {
            let name = "example"
                .parse()
                .map_err(|error| ExampleError::Profile(format!("{error}")))?;
            Subject::Operator { region, name }
        } else {
            Subject::Node(region)
        };
        if self.fault == Fault::ForeignDomain {
            let elsewhere: TrustDomain = format!("elsewhere.{}", self.keeper.domain())
                .parse()
                .map_err(|error| ExampleError::Profile(format!("{error}")))?;
            let keeper = self.keeper.speaking_for(elsewhere);
            return Ok(keeper.issue_named(&subject, by, dns_name, term, now, entropy)?);
        }
        Ok(self
            .keeper
            .issue_named(&subject, by, dns_name, term, now, entropy)?)
    }
}

fn move_folder(from: &Path, to: &Path) -> Result<(), ExampleError> {
    fs::rename(from, to).map_err(|source| ExampleError::Files {
        path: to.to_owned(),
        source,
    })
}

fn create_folder(path: &Path) -> Result<(), ExampleError> {
    fs::create_dir(path).map_err(|source| ExampleError::Files {
        path: path.to_owned(),
        source,
    })
}

/// An operator's certificate under a node's file names, as somebody would misuse it.
fn rename_operator(folder: &Path) -> Result<(), ExampleError> {
    move_folder(&folder.join("operator.crt"), &folder.join("node.crt"))?;
    move_folder(&folder.join("operator.key"), &folder.join("node.key"))
}

fn copy_public(keeper: &Path, folder: &Path) -> Result<(), ExampleError> {
    for file in ["roots.crt", "crl.pem"] {
        let path = folder.join(file);
        fs::copy(keeper.join("public").join(file), &path)
            .map_err(|source| ExampleError::Files { path, source })?;
    }
    Ok(())
}

fn parsed<'de, D, T>(text: &str) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: std::str::FromStr,
    T::Err: std::fmt::Display,
{
    text.parse().map_err(serde::de::Error::custom)
}

fn domain<'de, D: Deserializer<'de>>(deserializer: D) -> Result<TrustDomain, D::Error> {
    parsed::<D, _>(&String::deserialize(deserializer)?)
}

fn region<'de, D: Deserializer<'de>>(deserializer: D) -> Result<RegionKey, D::Error> {
    parsed::<D, _>(&String::deserialize(deserializer)?)
}

fn maybe_region<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<RegionKey>, D::Error> {
    region(deserializer).map(Some)
}

fn regions<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<RegionKey>, D::Error> {
    Vec::<String>::deserialize(deserializer)?
        .iter()
        .map(|text| parsed::<D, _>(text))
        .collect()
}

fn tree<'de, D>(deserializer: D) -> Result<BTreeMap<RegionKey, Vec<RegionKey>>, D::Error>
where
    D: Deserializer<'de>,
{
    let read = |(above, all): (String, Vec<String>)| {
        let all = all
            .iter()
            .map(|text| parsed::<D, _>(text))
            .collect::<Result<_, _>>()?;
        Ok((parsed::<D, _>(&above)?, all))
    };
    BTreeMap::<String, Vec<String>>::deserialize(deserializer)?
        .into_iter()
        .map(read)
        .collect()
}

fn by<'de, D: Deserializer<'de>>(deserializer: D) -> Result<By, D::Error> {
    let text = String::deserialize(deserializer)?;
    Ok(match text.as_str() {
        "root" => By::Root,
        "foreign-root" => By::ForeignRoot,
        region => By::Region(parsed::<D, _>(region)?),
    })
}
