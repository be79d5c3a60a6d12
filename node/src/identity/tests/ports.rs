//! Who gets in at all, and what a node is started with.

use super::*;

/// Copies the keeper's lists and roots to the judge, as somebody would who brings them over.
fn bring_lists(folder: &Path) {
    for file in ["roots.crt", "crl.pem"] {
        std::fs::copy(
            folder.join("keeper/public").join(file),
            folder.join("judge").join(file),
        )
        .unwrap();
    }
}

#[tokio::test]
async fn tls_1_2_is_refused() {
    let (folder, _) = make(8);
    let judge = Judge::start::<PeerIdentity>(city(folder.path())).await;
    // A ClientHello of TLS 1.2: version 3.3, one cipher suite, signature algorithms, no
    // supported_versions.
    let mut hello = vec![0x03, 0x03];
    hello.extend([7; 32]);
    hello.extend([0, 0, 2, 0xc0, 0x2b, 1, 0]);
    let extensions = [
        0x00, 0x0d, 0, 4, 0, 2, 0x04, 0x03, // signature_algorithms
        0x00, 0x0a, 0, 4, 0, 2, 0x00, 0x1d, // supported_groups
        0x00, 0x0b, 0, 2, 1, 0, // ec_point_formats
        0x00, 0x17, 0, 0, // extended_master_secret
    ];
    hello.extend([0, extensions.len() as u8]);
    hello.extend(extensions);
    let mut record = vec![
        0x16,
        0x03,
        0x01,
        0,
        hello.len() as u8 + 4,
        1,
        0,
        0,
        hello.len() as u8,
    ];
    record.extend(hello);
    let mut tcp = TcpStream::connect(&judge.address).await.unwrap();
    tcp.write_all(&record).await.unwrap();
    let mut alert = [0; 7];
    tcp.read_exact(&mut alert).await.unwrap();
    assert_eq!(
        alert,
        [0x15, 3, 3, 0, 2, 2, 70],
        "a fatal alert: protocol_version"
    );
    assert_eq!(judge.refusals("old_protocol").await, 1);
}

#[tokio::test]
async fn silent_callers_hold_nobody_up() {
    let (folder, _) = make(9);
    let judge = Judge::start::<PeerIdentity>(city(folder.path())).await;
    let mut silent = Vec::new();
    for _ in 0..Budget::of(4).federation.waiting_per_source - 1 {
        silent.push(TcpStream::connect(&judge.address).await.unwrap());
    }
    let before = tokio::time::Instant::now();
    assert!(call(&judge, &folder.path().join("province"), true).await);
    assert!(before.elapsed() < acceptor::HANDSHAKE_DEADLINE);
    assert!(
        judge.refusals("handshake_timeout").await > 0,
        "the silent are dropped in the end"
    );
}

#[tokio::test]
async fn an_address_that_takes_all_its_handshakes_leaves_room_for_others() {
    let (folder, _) = make(9);
    let judge = Judge::start::<PeerIdentity>(city(folder.path())).await;
    let mut silent = Vec::new();
    for _ in 0..2 * Budget::of(4).federation.waiting {
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.2:0".parse().unwrap()).unwrap();
        let address = judge.address.parse().unwrap();
        silent.push(socket.connect(address).await.unwrap());
    }
    let before = tokio::time::Instant::now();
    assert!(call(&judge, &folder.path().join("province"), true).await);
    assert!(before.elapsed() < acceptor::HANDSHAKE_DEADLINE);
    assert!(judge.refusals("too_many_handshakes").await > 0);
}

#[tokio::test]
async fn of_one_callers_connections_the_newest_stay() {
    let (folder, _) = make(9);
    let judge = Judge::start::<PeerIdentity>(city(folder.path())).await;
    let (province, mut held) = (node(&folder.path().join("province")), Vec::new());
    for _ in 0..3 * Budget::of(4).federation.inside_per_holder {
        let connected = dial(&province, &crate::net::TcpDialer, &judge.address, CITY);
        held.push(connected.await.unwrap());
    }
    // An empty SETTINGS frame after the opening words: whoever is still there is answered.
    let newest = held.last_mut().unwrap();
    let words = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
    newest.write_all(words).await.unwrap();
    newest.read_exact(&mut [0; 1]).await.unwrap();
    let mut rest = Vec::new();
    held[0].read_to_end(&mut rest).await.ok();
    let deadline = tokio::time::Instant::now() + PATIENCE;
    while judge.tls.live_connections() > Budget::of(4).federation.inside_per_holder {
        assert!(
            tokio::time::Instant::now() < deadline,
            "the oldest stay open"
        );
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn the_operators_port_is_for_operators_of_this_node() {
    let (folder, keeper) = make(10);
    let mut entropy = SeededEntropy::new(100);
    let judge = Judge::start::<OperatorIdentity>(city(folder.path())).await;
    for (region, by) in [(CITY, PROVINCE), (COUNTY, CITY)] {
        let name = "zhang.wei".parse().unwrap();
        let issued = keeper
            .issue_operator(region, name, by, NOW, &mut entropy)
            .unwrap();
        for kind in ["crt", "key"] {
            let file = |stem: &str| issued.folder.join(format!("{stem}.{kind}"));
            std::fs::rename(file("operator"), file("node")).unwrap();
        }
        assert_eq!(call(&judge, &issued.folder, true).await, region == CITY);
    }
    assert_eq!(judge.refusals("foreign_operator").await, 1);
    assert!(!call(&judge, &folder.path().join("province"), true).await);
    assert_eq!(judge.tls.refusals().count(Side::Incoming, "wrong_kind"), 1);
}

#[tokio::test]
async fn material_that_does_not_fit_is_refused_and_the_old_stays() {
    let (folder, keeper) = make(11);
    let path = folder.path();
    let tls = city(path);
    let foreign = Material::load_node(&path.join("province")).unwrap();
    let error = tls.reload(foreign.clone()).unwrap_err().to_string();
    assert!(
        error.contains("990000000000") && error.contains("990100000000"),
        "{error}"
    );
    let mut mixed = Material::load_node(&path.join("judge")).unwrap();
    mixed.key = foreign.key;
    assert!(matches!(
        tls.reload(mixed),
        Err(MaterialError::Unusable { .. })
    ));
    assert_eq!(tls.own().region, CITY);
    assert_eq!(tls.own_problem(), None);

    // An own certificate that was revoked is shown, and does not stop the node.
    keeper
        .revoke(&tls.own().certificate.serial, NOW, Reason::KeyCompromise)
        .unwrap();
    bring_lists(path);
    assert_eq!(city(path).own_problem(), Some(IdentityError::Revoked));
    let again = keeper.issue_authority(CITY, Signer::Root, NOW, &mut SeededEntropy::new(0));
    assert!(again.is_err(), "the example has made that authority");
}

#[test]
fn the_tree_says_who_may_call_and_who_may_certify_whom() {
    use hotline_topology::{Calendar, Catalogue, EdgePolicies, Endpoint, Level, Parts, Region};
    const ZONE: RegionKey = RegionKey::literal("99030000000A");
    const TOWN: RegionKey = RegionKey::literal("990101001000");
    const OTHER_CITY: RegionKey = RegionKey::literal("990200000000");
    let region = |key: RegionKey, parent, level, node: bool| Region {
        key,
        name: key.to_string(),
        level,
        parent,
        endpoint: node.then(|| Endpoint {
            host: key.host_label(),
            port: 7443,
        }),
        node,
        standard: true,
        succeeds: Vec::new(),
        units: vec![],
    };
    let regions = vec![
        region(PROVINCE, None, Level::Province, true),
        region(CITY, Some(PROVINCE), Level::City, true),
        region(OTHER_CITY, Some(PROVINCE), Level::City, true),
        region(COUNTY, Some(CITY), Level::County, true),
        // A zone without a node of its own is a unit of its city.
        region(ZONE, Some(CITY), Level::County, false),
        region(TOWN, Some(COUNTY), Level::Township, true),
    ];
    let federation = hotline_topology::Federation::build(Parts {
        trust_domain: "12345.example".into(),
        version: 1,
        effective_from: Time(0),
        regions,
        standards: hotline_topology::new::standards(),
        catalogue: Catalogue::default(),
        edges: EdgePolicies::default(),
        calendar: Calendar::builtin(),
    })
    .unwrap();
    let rules = Rules::of(Arc::new(federation), CITY);
    for (peer, admitted) in [
        (PROVINCE, true),
        (COUNTY, true),
        (TOWN, false),
        (ZONE, false),
        (OTHER_CITY, false),
        (CITY, false),
        (RegionKey::literal("000000000000"), false),
    ] {
        assert_eq!((rules.admits)(peer), admitted, "{peer}");
    }
    assert!((rules.below)(PROVINCE, TOWN) && (rules.below)(CITY, ZONE));
    assert!(!(rules.below)(CITY, CITY) && !(rules.below)(CITY, OTHER_CITY));
}

#[tokio::test]
async fn the_operators_port_has_a_key_of_its_own_which_opens_nothing_else() {
    let (folder, keeper) = make(12);
    let path = folder.path();
    let door = Material::load_node(&path.join("judge"))
        .unwrap()
        .door
        .unwrap();
    let trusted = |chain: &[CertificateDer<'_>], tls: &NodeTls| {
        tls.with_standing(|standing| chain::verify_door_chain(chain, &standing.trust))
    };
    let tls = city(path);
    assert_eq!(trusted(&door.chain, &tls), Ok(CITY));
    // It is no node's: neither a link nor a letter rests on it.
    assert!(matches!(
        tls.judge(&door.chain, None),
        Err(IdentityError::WrongKind { .. })
    ));
    assert!(signing::sign(&door.key, b"x").is_err());
    // Under a node's file names it starts nothing.
    let material = Material {
        chain: door.chain.clone(),
        key: door.key.clone_key(),
        ..Material::load_node(&path.join("judge")).unwrap()
    };
    let rules = rules(&profile(), &[]);
    let domain = profile().trust_domain().clone();
    assert!(NodeTls::new(material, domain, rules, clock()).is_err());
    // Another node's is refused before it is shown to anybody; a folder from before there were any goes on.
    let foreign = Material::load_node(&path.join("province")).unwrap().door;
    let mut mixed = Material::load_node(&path.join("judge")).unwrap();
    mixed.door = foreign;
    let error = tls.reload(mixed).unwrap_err().to_string();
    assert!(error.contains("door.crt"), "{error}");
    let mut older = Material::load_node(&path.join("judge")).unwrap();
    older.door = None;
    assert!(tls.reload(older).is_ok());
    // Issuing and renewing a node does it for its port, too.
    let (before, entropy) = (keeper.list().unwrap().len(), &mut SeededEntropy::new(3));
    let issued = keeper.issue_node(COUNTY, CITY, NOW, entropy).unwrap();
    let shown = || std::fs::read(issued.folder.join("door.crt")).unwrap();
    let first = shown();
    assert_eq!(keeper.list().unwrap().len(), before + 2);
    let county = Subject::Node(COUNTY);
    keeper.renew(&county, LEAF_DAYS, NOW, entropy).unwrap();
    assert_eq!(keeper.list().unwrap().len(), before + 4);
    assert_ne!(shown(), first);
}
