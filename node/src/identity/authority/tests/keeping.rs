//! Revoking, renewing and keeping.

use super::*;

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
