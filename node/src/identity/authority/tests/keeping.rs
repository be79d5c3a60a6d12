//! Revoking, renewing and keeping.

use super::*;
use rustls_pki_types::pem::PemObject as _;
use x509_parser::prelude::FromDer as _;
use x509_parser::revocation_list::CertificateRevocationList;

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
    assert!(folder.join("previous/node.crt").exists());
    assert!(!folder.join("previous/node.key").exists());

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

/// What a list says of a certificate.
fn said(keeper: &Keeper, id: &revocation::CertificateId) -> Option<revocation::Revoked> {
    let public = keeper.folder.path().join("public/crl.pem");
    material::read_lists(&public).unwrap().revoked(id)
}

fn stolen(since: Option<Time>) -> Ground {
    Ground {
        reason: Reason::KeyCompromise,
        stolen_since: since,
    }
}

#[test]
fn a_key_found_stolen_years_later_is_listed_with_reason_and_date() {
    let mut keeper = Keeper::new();
    let serial = keeper.node(CITY, PROVINCE).serial;
    let id = keeper.judge(CITY, NOW).unwrap().certificate;
    let day = |days: u32| clock::after(NOW, DAY * days);
    // It ran out after ninety days, and its issuer was renewed and has ended.
    let (entropy, authority) = (&mut keeper.entropy, &keeper.authority);
    let issuer = Subject::Authority(PROVINCE);
    authority
        .renew(&issuer, 2_000, day(1_000), entropy)
        .unwrap();
    authority.refresh_lists(day(1_200)).unwrap();
    authority
        .revoke(&serial, day(1_200), Reason::Superseded)
        .unwrap();
    let first = said(&keeper, &id).unwrap();
    assert_eq!((first.since, first.stolen_since), (day(1_200), None));
    // What is learnt later is added, and nothing said before is lost.
    for (at, ground, since) in [
        (1_300, stolen(Some(day(70))), 70),
        (1_301, stolen(Some(day(80))), 70),
        (1_302, stolen(None), 70),
        (1_303, Reason::Cessation.into(), 70),
        (1_304, stolen(Some(day(60))), 60),
    ] {
        keeper.authority.revoke(&serial, day(at), ground).unwrap();
        let now = said(&keeper, &id).unwrap();
        assert_eq!(now.since, day(1_200), "{at}");
        assert_eq!(now.stolen_since, Some(day(since)), "{at}");
    }
    // The list itself, as any other program reads it.
    let pem = fs::read(
        keeper
            .folder
            .path()
            .join("authorities/210000000000/1/crl.pem"),
    )
    .unwrap();
    let der = rustls_pki_types::CertificateRevocationListDer::from_pem_slice(&pem).unwrap();
    let (_, list) = CertificateRevocationList::from_der(&der).unwrap();
    let entry = list.iter_revoked_certificates().next().unwrap();
    let (_, reason) = entry.reason_code().unwrap();
    assert_eq!(reason, x509_parser::x509::ReasonCode::KeyCompromise);
    let (_, invalid) = entry.invalidity_date().unwrap();
    assert_eq!(revocation::instant(invalid), day(60));
    // Signed anew and again, by whatever generation, it still names it.
    let (entropy, authority) = (&mut keeper.entropy, &keeper.authority);
    authority
        .renew(&issuer, 2_000, day(1_400), entropy)
        .unwrap();
    authority.refresh_lists(day(1_500)).unwrap();
    assert_eq!(said(&keeper, &id).unwrap().stolen_since, Some(day(60)));
}

#[test]
fn an_edition_that_lacks_something_drops_nothing() {
    let mut keeper = Keeper::new();
    let serial = keeper.node(CITY, PROVINCE).serial;
    let id = keeper.judge(CITY, NOW).unwrap().certificate;
    // The keeper's folder is put back as it was before the revocation.
    let (ledger, backup) = (
        keeper
            .folder
            .path()
            .join("authorities/210000000000/1/issued.toml"),
        keeper.folder.path().join("backup.toml"),
    );
    fs::copy(&ledger, &backup).unwrap();
    let (monday, tuesday) = (clock::after(NOW, DAY), clock::after(NOW, DAY * 2));
    let ground = stolen(Some(NOW));
    keeper.authority.revoke(&serial, monday, ground).unwrap();
    let public = keeper.folder.path().join("public/crl.pem");
    let former = material::read_lists(&public).unwrap();
    fs::copy(&backup, &ledger).unwrap();
    keeper.authority.refresh_lists(tuesday).unwrap();
    let newer = material::read_lists(&public).unwrap();
    assert_eq!(newer.revoked(&id), None, "the newer edition lacks it");
    for (mut lists, other) in [(former.clone(), &newer), (newer.clone(), &former)] {
        lists.merge(other);
        let revoked = lists.revoked(&id).unwrap();
        assert_eq!(revoked.stolen_since, Some(NOW));
        let oldest = lists.ages(tuesday).remove(0);
        assert_eq!(oldest.signed_at, tuesday, "the newer edition is in force");
    }
}

#[test]
fn a_region_is_revoked_with_what_it_used_since_and_all_of_it_where_asked() {
    let mut keeper = Keeper::new();
    keeper.node(CITY, PROVINCE);
    let subject = Subject::Node(CITY);
    let day = |days: u32| clock::after(NOW, DAY * days);
    for days in [80, 160, 240] {
        let (entropy, authority) = (&mut keeper.entropy, &keeper.authority);
        authority
            .renew(&subject, LEAF_DAYS, day(days), entropy)
            .unwrap();
    }
    // Four certificates, to days 90, 170, 250 and 330, and their ports'.
    let count = |ground: Ground, which| {
        let revoked = keeper
            .authority
            .revoke_subject(&subject, day(245), ground, which);
        revoked.map_or(0, |entries| entries.len())
    };
    assert_eq!(count(stolen(Some(day(100))), Which::InUse), 6);
    assert_eq!(
        count(stolen(Some(day(100))), Which::InUse),
        0,
        "nothing new"
    );
    assert_eq!(
        count(Reason::Cessation.into(), Which::All),
        2,
        "the first pair"
    );
    assert_eq!(count(stolen(Some(day(50))), Which::All), 8);
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
