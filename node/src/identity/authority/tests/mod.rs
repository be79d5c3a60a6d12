//! What a chain proves, and how its keeper keeps it.

mod keeping;

use super::*;
use crate::clock;
use crate::entropy::SeededEntropy;
use crate::identity::material::{Material, MaterialError, read_key};
use crate::identity::{IdentityError, chain, revocation};
use crate::identity::{PeerIdentity, verify_chain, verify_operator_chain};
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

const PROVINCE: RegionKey = RegionKey::literal("210000000000");
const CITY: RegionKey = RegionKey::literal("210100000000");
const COUNTY: RegionKey = RegionKey::literal("210111000000");
const OTHER_CITY: RegionKey = RegionKey::literal("210200000000");
const NOW: Time = Time(1_767_196_800_000);
const DAY: Duration = Duration::from_secs(86_400);

/// province > city > county, province > other city.
fn below(above: RegionKey, region: RegionKey) -> bool {
    [
        (PROVINCE, CITY),
        (PROVINCE, COUNTY),
        (PROVINCE, OTHER_CITY),
        (CITY, COUNTY),
    ]
    .contains(&(above, region))
}

struct Keeper {
    folder: tempfile::TempDir,
    authority: Authority,
    entropy: SeededEntropy,
}

impl Keeper {
    /// A keeper with a root and the province's authority.
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut entropy = SeededEntropy::new(1);
        let domain = "12345.example".parse().unwrap();
        let authority = Authority::init(folder.path(), &domain, NOW, &mut entropy).unwrap();
        authority
            .issue_authority(PROVINCE, Signer::Root, NOW, &mut entropy)
            .unwrap();
        Self {
            folder,
            authority,
            entropy,
        }
    }

    fn node(&mut self, region: RegionKey, by: RegionKey) -> Issued {
        self.authority
            .issue_node(region, by, NOW, &mut self.entropy)
            .unwrap()
    }

    fn judge(&self, region: RegionKey, now: Time) -> Result<PeerIdentity, IdentityError> {
        let folder = self.authority.folder_of(&Subject::Node(region));
        self.judge_material(&Material::load_node(&folder).unwrap(), now)
    }

    fn judge_material(
        &self,
        material: &Material,
        now: Time,
    ) -> Result<PeerIdentity, IdentityError> {
        verify_chain(&material.chain, &self.trust(material, now))
    }

    fn trust<'a>(&'a self, material: &'a Material, now: Time) -> chain::Trust<'a> {
        chain::Trust {
            domain: self.authority.domain(),
            roots: &material.roots,
            lists: &material.lists,
            below: &below,
            now,
        }
    }
}

#[test]
fn a_county_certified_through_two_authorities_is_itself() {
    let mut keeper = Keeper::new();
    let by = Signer::Region(PROVINCE);
    keeper
        .authority
        .issue_authority(CITY, by, NOW, &mut keeper.entropy)
        .unwrap();
    let issued = keeper.node(COUNTY, CITY);
    let peer = keeper.judge(COUNTY, NOW).unwrap();
    assert_eq!(
        (peer.region, peer.certificate.serial),
        (COUNTY, issued.serial)
    );
    assert_eq!(peer.uri, "spiffe://12345.example/region/210111000000");
    assert_eq!(peer.not_after, issued.term.not_after);
}

#[test]
fn an_authority_may_not_certify_a_sibling_nor_what_is_above_it() {
    let mut keeper = Keeper::new();
    let by = Signer::Region(PROVINCE);
    keeper
        .authority
        .issue_authority(CITY, by, NOW, &mut keeper.entropy)
        .unwrap();
    for region in [OTHER_CITY, PROVINCE] {
        keeper.node(region, CITY);
        let refusal = IdentityError::OutsideSubtree {
            authority: CITY,
            region,
        };
        assert_eq!(keeper.judge(region, NOW), Err(refusal));
    }
}

#[test]
fn an_authority_under_an_authority_must_lie_in_its_subtree_too() {
    let mut keeper = Keeper::new();
    let (entropy, authority) = (&mut keeper.entropy, &keeper.authority);
    authority
        .issue_authority(CITY, Signer::Region(PROVINCE), NOW, entropy)
        .unwrap();
    authority
        .issue_authority(OTHER_CITY, Signer::Region(CITY), NOW, entropy)
        .unwrap();
    keeper.node(OTHER_CITY, OTHER_CITY);
    let refusal = IdentityError::OutsideSubtree {
        authority: CITY,
        region: OTHER_CITY,
    };
    assert_eq!(keeper.judge(OTHER_CITY, NOW), Err(refusal));
}

#[test]
fn a_stray_authority_in_the_chain_lends_nothing() {
    let mut keeper = Keeper::new();
    let (entropy, authority) = (&mut keeper.entropy, &keeper.authority);
    authority
        .issue_authority(CITY, Signer::Root, NOW, entropy)
        .unwrap();
    keeper.node(OTHER_CITY, CITY);
    keeper.node(COUNTY, PROVINCE);
    let folder = |region| keeper.authority.folder_of(&Subject::Node(region));
    let mut forged = Material::load_node(&folder(OTHER_CITY)).unwrap();
    let province = Material::load_node(&folder(COUNTY))
        .unwrap()
        .chain
        .remove(1);
    forged.chain.insert(1, province);
    assert_eq!(
        keeper.judge_material(&forged, NOW),
        Err(IdentityError::BadSignature)
    );
}

#[test]
fn validity_is_judged_at_the_time_given() {
    let mut keeper = Keeper::new();
    let term = keeper.node(CITY, PROVINCE).term;
    let (first, last) = (term.not_before, term.not_after);
    assert!(keeper.judge(CITY, first).is_ok() && keeper.judge(CITY, last).is_ok());
    assert_eq!(
        keeper.judge(CITY, Time(last.0 + 1)),
        Err(IdentityError::Expired { not_after: last })
    );
    // A second earlier the authority, made in the same moment, is not valid either; the node is
    // named first.
    assert_eq!(
        keeper.judge(CITY, Time(first.0 - 1)),
        Err(IdentityError::NotYetValid { not_before: first })
    );
}

#[test]
fn no_certificate_outlives_its_issuer() {
    let mut keeper = Keeper::new();
    let authority_ends = keeper.authority.list().unwrap()[0].record.not_after();
    let term = Term::days(NOW, 100_000);
    let by = Signer::Region(PROVINCE);
    let issued = keeper
        .authority
        .issue(&Subject::Node(CITY), by, term, NOW, &mut keeper.entropy)
        .unwrap();
    assert_eq!(issued.term.not_after, authority_ends);
    let late = clock::after(authority_ends, DAY);
    let error = keeper
        .authority
        .issue_node(COUNTY, PROVINCE, late, &mut keeper.entropy)
        .unwrap_err();
    assert!(
        matches!(error, AuthorityError::IssuerExpired { .. }),
        "{error}"
    );
}
