//! What happens to open connections when material, rules or the time change.

use super::*;

/// Watches the judge's health over the link: a stream that lives as long as the connection.
async fn watch(
    judge: &Judge,
    tls: &Arc<NodeTls>,
) -> tonic::Streaming<tonic_health::pb::HealthCheckResponse> {
    let channel = channel(Arc::clone(tls), TcpDialer, &judge.address, CITY).unwrap();
    let request = HealthCheckRequest {
        service: String::new(),
    };
    let mut stream = HealthClient::new(channel)
        .watch(request)
        .await
        .unwrap()
        .into_inner();
    stream.next().await.unwrap().unwrap();
    stream
}

/// Whether the stream still brings news.
async fn hears(
    judge: &Judge,
    stream: &mut tonic::Streaming<tonic_health::pb::HealthCheckResponse>,
    status: ServingStatus,
) -> bool {
    judge.health.set_service_status("", status).await;
    let news = tokio::time::timeout(PATIENCE, stream.next()).await.unwrap();
    matches!(news, Some(Ok(_)))
}

#[tokio::test]
async fn reload_keeps_streams_and_revocation_cuts_only_the_revoked() {
    let (folder, keeper) = make(3);
    let mut entropy = SeededEntropy::new(33);
    let path = folder.path();
    let first = keeper.issue_node(COUNTY, CITY, NOW, &mut entropy).unwrap();
    let judge = Judge::start::<PeerIdentity>(city(path)).await;
    let (revoked, other) = (node(&first.folder), node(&path.join("province")));
    let mut revoked_stream = watch(&judge, &revoked).await;
    let mut other_stream = watch(&judge, &other).await;
    assert_eq!(judge.tls.live_connections(), 2);

    // A new certificate for the judge: nobody is cut, and new callers see it.
    let renewed = keeper
        .issue_node(CITY, PROVINCE, NOW, &mut entropy)
        .unwrap();
    assert_eq!(
        judge
            .tls
            .reload(Material::load_node(&renewed.folder).unwrap())
            .unwrap(),
        0
    );
    assert_eq!(judge.tls.own().certificate.serial, renewed.serial);
    assert!(hears(&judge, &mut revoked_stream, ServingStatus::NotServing).await);
    assert!(hears(&judge, &mut other_stream, ServingStatus::Serving).await);
    let seen = dial(&other, &TcpDialer, &judge.address, CITY)
        .await
        .unwrap();
    assert_eq!(seen.caller().certificate.serial, renewed.serial);
    drop(seen);

    // The county is revoked: its stream ends, the province's goes on.
    keeper
        .revoke(&first.serial, NOW, Reason::KeyCompromise)
        .unwrap();
    assert_eq!(
        judge
            .tls
            .reload(Material::load_node(&renewed.folder).unwrap())
            .unwrap(),
        1
    );
    assert!(
        tokio::time::timeout(PATIENCE, async {
            while let Some(Ok(_)) = revoked_stream.next().await {}
        })
        .await
        .is_ok()
    );
    assert!(hears(&judge, &mut other_stream, ServingStatus::NotServing).await);

    // It cannot come back under the old certificate, but under a new one.
    let channel_again = channel(Arc::clone(&revoked), TcpDialer, &judge.address, CITY).unwrap();
    let request = HealthCheckRequest {
        service: String::new(),
    };
    assert!(
        HealthClient::new(channel_again)
            .check(request)
            .await
            .is_err()
    );
    assert_eq!(judge.refusals("revoked").await, 1);
    let second = keeper
        .renew(&Subject::Node(COUNTY), LEAF_DAYS, NOW, &mut entropy)
        .unwrap();
    revoked
        .reload(Material::load_node(&second.folder).unwrap())
        .unwrap();
    let mut stream = watch(&judge, &revoked).await;
    assert!(hears(&judge, &mut stream, ServingStatus::Serving).await);
}

#[tokio::test]
async fn a_caller_cuts_a_server_that_was_revoked() {
    let (folder, keeper) = make(4);
    let mut entropy = SeededEntropy::new(44);
    let server = keeper
        .issue_node(CITY, PROVINCE, NOW, &mut entropy)
        .unwrap();
    let judge = Judge::start::<PeerIdentity>(node(&server.folder)).await;
    let caller = node(&folder.path().join("province"));
    let mut stream = watch(&judge, &caller).await;
    keeper
        .revoke(&server.serial, NOW, Reason::KeyCompromise)
        .unwrap();
    let mut material = Material::load_node(&folder.path().join("province")).unwrap();
    material.lists = Material::load_node(&server.folder).unwrap().lists;
    assert_eq!(caller.reload(material).unwrap(), 1);
    let ended = async { while let Some(Ok(_)) = stream.next().await {} };
    assert!(tokio::time::timeout(PATIENCE, ended).await.is_ok());
    let error = dial(&caller, &TcpDialer, &judge.address, CITY)
        .await
        .unwrap_err();
    assert_eq!(IdentityError::find(&error), Some(&IdentityError::Revoked));
}

#[tokio::test]
async fn old_lists_stay_in_force_and_show_their_age() {
    let (folder, _) = make(5);
    let example = profile();
    let time = clock();
    let tls = judge_tls(&example, folder.path(), time.clone());
    let judge = Judge::start::<PeerIdentity>(tls).await;
    time.advance(DAY * 20);
    let ages = judge.tls.list_ages();
    assert_eq!(ages.len(), 5, "the root and four authorities");
    assert!(
        ages.iter()
            .all(|age| age.age == DAY * 20 && age.overdue == Some(DAY * 13))
    );
    assert!(call(&judge, &folder.path().join("county-by-city"), true).await);
    assert!(!call(&judge, &folder.path().join("revoked"), true).await);
    assert_eq!(judge.refusals("revoked").await, 1);

    let metrics = crate::telemetry::Metrics::new("990100000000").unwrap();
    metrics::register(&metrics.meter(), &judge.tls);
    let text = metrics.text().unwrap();
    for line in [
        r#"hotline_refusals_total{reason="revoked",side="incoming"} 1"#.to_owned(),
        format!(
            "hotline_certificate_ends_seconds {}",
            (NOW.0 + 30 * 86_400_000) / 1000
        ),
    ] {
        assert!(text.contains(&line), "{text}");
    }
    let overdue = "hotline_revocation_list_overdue_seconds{";
    let late: Vec<_> = text
        .lines()
        .filter(|line| line.starts_with(overdue))
        .collect();
    assert_eq!(late.len(), 5, "{text}");
    assert!(
        late.iter()
            .all(|line| line.ends_with(&format!(" {}", 13 * 86_400))),
        "{text}"
    );

    // Material that comes with no newer lists changes nothing about that.
    let mut material = Material::load_node(&folder.path().join("judge")).unwrap();
    material.lists = revocation::RevocationLists::default();
    judge.tls.reload(material).unwrap();
    assert!(!call(&judge, &folder.path().join("revoked"), true).await);
}

#[tokio::test]
async fn a_certificate_that_runs_out_ends_its_connection_at_the_next_sweep() {
    let (folder, _) = make(6);
    let time = clock();
    let judge =
        Judge::start::<PeerIdentity>(judge_tls(&profile(), folder.path(), time.clone())).await;
    let caller = node(&folder.path().join("county-by-city"));
    let mut stream = watch(&judge, &caller).await;
    time.advance(DAY * 29);
    assert_eq!(judge.tls.sweep(), 0);
    assert!(hears(&judge, &mut stream, ServingStatus::NotServing).await);
    time.advance(DAY * 2);
    assert_eq!(judge.tls.sweep(), 1);
    assert_eq!(judge.tls.own_problem().unwrap().reason(), "expired");
}

#[tokio::test]
async fn new_rules_cut_whom_they_no_longer_admit() {
    let (folder, _) = make(7);
    let judge = Judge::start::<PeerIdentity>(city(folder.path())).await;
    let county = node(&folder.path().join("county-by-city"));
    let province = node(&folder.path().join("province"));
    let mut ended = watch(&judge, &county).await;
    let mut stays = watch(&judge, &province).await;
    assert_eq!(
        judge
            .tls
            .set_rules(rules(&profile(), &[PROVINCE, OTHER_COUNTY])),
        1
    );
    let end = async { while let Some(Ok(_)) = ended.next().await {} };
    assert!(tokio::time::timeout(PATIENCE, end).await.is_ok());
    assert!(hears(&judge, &mut stays, ServingStatus::NotServing).await);
}
