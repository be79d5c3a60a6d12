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
    // A second earlier the authority, made in the same moment, is not valid either; the node is named first.
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

#[test]
fn a_revoked_node_is_refused_and_was_good_before() {
    let mut keeper = Keeper::new();
    let serial = keeper.node(CITY, PROVINCE).serial;
    let later = clock::after(NOW, DAY);
    let entry = keeper
        .authority
        .revoke(&serial, later, Reason::KeyCompromise)
        .unwrap();
    assert_eq!(entry.issuer, "authorities/210000000000/1");
    assert_eq!(keeper.judge(CITY, later), Err(IdentityError::Revoked));
    // Whoever judges what was signed the day before finds it good.
    let mut material =
        Material::load_node(&keeper.authority.folder_of(&Subject::Node(CITY))).unwrap();
    material.lists = material.lists.as_of(NOW);
    assert!(keeper.judge_material(&material, NOW).is_ok());
    let unknown = revocation::Serial::from_hex("0123").unwrap();
    let error = keeper
        .authority
        .revoke(&unknown, later, Reason::Withdrawn)
        .unwrap_err();
    assert!(matches!(error, AuthorityError::UnknownSerial(_)), "{error}");
}

#[test]
fn a_revoked_authority_takes_everything_it_certified_along() {
    let mut keeper = Keeper::new();
    let by = Signer::Region(PROVINCE);
    let city = keeper
        .authority
        .issue_authority(CITY, by, NOW, &mut keeper.entropy)
        .unwrap();
    keeper.node(COUNTY, CITY);
    keeper
        .authority
        .revoke(&city.serial, NOW, Reason::Withdrawn)
        .unwrap();
    assert_eq!(keeper.judge(COUNTY, NOW), Err(IdentityError::Revoked));
}

#[test]
fn renewal_overlaps_for_nodes_and_for_authorities() {
    let mut keeper = Keeper::new();
    let first = keeper.node(CITY, PROVINCE);
    let folder = keeper.authority.folder_of(&Subject::Node(CITY));
    let before = Material::load_node(&folder).unwrap();
    let later = clock::after(NOW, DAY * 60);
    let (entropy, authority) = (&mut keeper.entropy, &keeper.authority);
    authority
        .renew(
            &Subject::Authority(PROVINCE),
            AUTHORITY_DAYS,
            later,
            entropy,
        )
        .unwrap();
    let second = authority
        .renew(&Subject::Node(CITY), LEAF_DAYS, later, entropy)
        .unwrap();
    assert_ne!(first.serial, second.serial);

    let after = Material::load_node(&folder).unwrap();
    assert_ne!(
        before.chain[1], after.chain[1],
        "the renewed authority signs"
    );
    for chain in [before.chain, after.chain.clone()] {
        let both = Material {
            chain,
            ..after.clone()
        };
        assert!(keeper.judge_material(&both, later).is_ok());
    }
    let previous = folder.join("previous/node.key");
    assert_eq!(
        fs::metadata(previous).unwrap().permissions().mode() & 0o777,
        0o600
    );

    // The old generation of the authority still revokes what it certified.
    let entry = keeper
        .authority
        .revoke(&first.serial, later, Reason::Superseded)
        .unwrap();
    assert_eq!(entry.issuer, "authorities/210000000000/1");
    assert!(keeper.judge(CITY, later).is_ok());
}

#[test]
fn a_renewed_root_is_trusted_beside_the_old_one() {
    let mut keeper = Keeper::new();
    keeper.node(CITY, PROVINCE);
    keeper
        .authority
        .renew_root(NOW, &mut keeper.entropy)
        .unwrap();
    let (entropy, authority) = (&mut keeper.entropy, &keeper.authority);
    authority
        .renew(&Subject::Authority(PROVINCE), AUTHORITY_DAYS, NOW, entropy)
        .unwrap();
    keeper.node(OTHER_CITY, PROVINCE);
    assert!(keeper.judge(CITY, NOW).is_ok() && keeper.judge(OTHER_CITY, NOW).is_ok());
}

#[test]
fn operators_are_no_nodes_and_nodes_no_operators() {
    let mut keeper = Keeper::new();
    let name: OperatorName = "wang.fang".parse().unwrap();
    keeper.node(CITY, PROVINCE);
    let issued = keeper
        .authority
        .issue_operator(CITY, name.clone(), PROVINCE, NOW, &mut keeper.entropy)
        .unwrap();
    let operator = Material::load_operator(&issued.folder).unwrap();
    let trust = keeper.trust(&operator, NOW);
    let identity = verify_operator_chain(&operator.chain, &trust).unwrap();
    assert_eq!((identity.region, identity.name), (CITY, name));
    assert_eq!(
        verify_chain(&operator.chain, &trust).unwrap_err().reason(),
        "wrong_kind"
    );

    let node = Material::load_node(&keeper.authority.folder_of(&Subject::Node(CITY))).unwrap();
    assert_eq!(
        verify_operator_chain(&node.chain, &trust)
            .unwrap_err()
            .reason(),
        "wrong_kind"
    );
}

#[test]
fn keys_are_for_their_owner_alone() {
    let mut keeper = Keeper::new();
    keeper.node(CITY, PROVINCE);
    let folder = keeper.authority.folder_of(&Subject::Node(CITY));
    let key = folder.join("node.key");
    assert_eq!(
        fs::metadata(&key).unwrap().permissions().mode() & 0o777,
        0o600
    );
    for mode in [0o640, 0o604, 0o660] {
        fs::set_permissions(&key, fs::Permissions::from_mode(mode)).unwrap();
        let message = Material::load_node(&folder).unwrap_err().to_string();
        assert!(
            message.contains(&format!("chmod 600 {}", key.display())),
            "{message}"
        );
    }
    fs::set_permissions(&key, fs::Permissions::from_mode(0o400)).unwrap();
    assert!(read_key(&key).is_ok());

    // The same holds for the keys that sign.
    let root = keeper.folder.path().join("root/1/ca.key");
    fs::set_permissions(&root, fs::Permissions::from_mode(0o644)).unwrap();
    let error = keeper
        .authority
        .issue_authority(CITY, Signer::Root, NOW, &mut keeper.entropy)
        .unwrap_err();
    assert!(
        matches!(
            error,
            AuthorityError::Material(MaterialError::KeyMode { .. })
        ),
        "{error}"
    );
}

#[test]
fn what_exists_is_not_overwritten_and_what_is_missing_is_named() {
    let mut keeper = Keeper::new();
    keeper.node(CITY, PROVINCE);
    let (entropy, authority) = (&mut keeper.entropy, &keeper.authority);
    let again = authority
        .issue_node(CITY, PROVINCE, NOW, entropy)
        .unwrap_err();
    assert!(matches!(again, AuthorityError::AlreadyIssued(_)), "{again}");
    let nobody = authority
        .issue_node(COUNTY, OTHER_CITY, NOW, entropy)
        .unwrap_err();
    assert!(nobody.to_string().contains("210200000000"), "{nobody}");
    let nothing = authority
        .renew(&Subject::Node(COUNTY), LEAF_DAYS, NOW, entropy)
        .unwrap_err();
    assert!(matches!(nothing, AuthorityError::NotIssued(_)), "{nothing}");
    let twice =
        Authority::init(keeper.folder.path(), authority.domain(), NOW, entropy).unwrap_err();
    assert!(
        matches!(twice, AuthorityError::AlreadyInitialised(_)),
        "{twice}"
    );
    let none = Authority::open(&keeper.folder.path().join("root")).unwrap_err();
    assert!(matches!(none, AuthorityError::NotInitialised(_)), "{none}");
    let reopened = Authority::open(keeper.folder.path()).unwrap();
    assert_eq!(reopened.list().unwrap(), authority.list().unwrap());
}

#[test]
fn lists_do_not_go_back_and_show_their_age() {
    let mut keeper = Keeper::new();
    let serial = keeper.node(CITY, PROVINCE).serial;
    let folder = keeper.authority.folder_of(&Subject::Node(CITY));
    let old = Material::load_node(&folder).unwrap();
    let id = keeper.judge(CITY, NOW).unwrap().certificate;
    let later = clock::after(NOW, DAY);
    keeper
        .authority
        .revoke(&serial, later, Reason::KeyCompromise)
        .unwrap();

    let mut lists = Material::load_node(&folder).unwrap().lists;
    assert_eq!(lists.is_revoked(&id), Some(true));
    lists.merge(&old.lists);
    assert_eq!(
        lists.is_revoked(&id),
        Some(true),
        "an older edition changes nothing"
    );
    lists.merge(&revocation::RevocationLists::default());
    assert_eq!(
        lists.is_revoked(&id),
        Some(true),
        "a list that is missing stays in force"
    );

    let ages = lists.ages(clock::after(NOW, DAY * 9));
    let summary: Vec<_> = ages.iter().map(|age| (age.age, age.overdue)).collect();
    assert_eq!(summary, [(DAY * 9, Some(DAY * 2)), (DAY * 8, Some(DAY))]);
    assert!(
        ages[0].issuer.contains("hotline root"),
        "{}",
        ages[0].issuer
    );
    keeper
        .authority
        .refresh_lists(clock::after(NOW, DAY * 9))
        .unwrap();
    lists.merge(&Material::load_node(&folder).unwrap().lists);
    assert_eq!(lists.ages(clock::after(NOW, DAY * 9))[0].overdue, None);
    assert_eq!(lists.is_revoked(&id), Some(true));
}

#[test]
fn an_issuer_without_a_list_is_refused() {
    let mut keeper = Keeper::new();
    keeper.node(CITY, PROVINCE);
    let mut material =
        Material::load_node(&keeper.authority.folder_of(&Subject::Node(CITY))).unwrap();
    let root_only = fs::read(keeper.folder.path().join("root/1/crl.pem")).unwrap();
    fs::write(material.folder.join("crl.pem"), root_only).unwrap();
    material.lists = Material::load_node(&material.folder).unwrap().lists;
    assert_eq!(
        keeper.judge_material(&material, NOW),
        Err(IdentityError::NoRevocationList)
    );
}
