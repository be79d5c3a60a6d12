//! What people may bring and take.

use super::*;
use crate::grpc::tests::fixture::{
    CITY, CLERK, DISPATCHER, HANDLER, OPERATOR, OTHER_HANDLER, assign,
};
use hotline_domain::attachment::CHUNK_BYTES;
use hotline_proto::operator::v1::command::Verb;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_comes_back_as_it_went_and_only_to_those_concerned() {
    let world = World::make();
    let city = world.node(CITY, None, true).await;
    let number = city.take_in().await.number;
    let number = number.as_str();
    let content = picture(2 * CHUNK_BYTES + 77);
    let made = city
        .attach(
            CLERK,
            head(number, "C:\\现场\\路灯.jpg", content.len()),
            &content,
        )
        .await
        .unwrap();
    assert_eq!((made.taken, made.id.len()), (content.len() as u64, 64));
    let [file] = &city.files(CLERK, number).await[..] else {
        panic!("one file");
    };
    assert_eq!(
        (file.name.as_str(), file.media.as_str(), file.kind.as_str()),
        ("路灯.jpg", "image/jpeg", "picture")
    );
    assert!(file.here && file.actor == CLERK && file.source.is_empty());
    let (what, bytes) = city
        .take_out(DISPATCHER, number, &made.id[..8])
        .await
        .unwrap();
    assert!(what.name == "路灯.jpg" && bytes == content);

    // Another unit's people see nothing of it, nor do they of a ticket that is nobody's yet.
    for handler in [HANDLER, OTHER_HANDLER] {
        let refused = city.take_out(handler, number, &made.id).await.unwrap_err();
        assert_eq!(refused.code, tonic::Code::PermissionDenied);
    }
    let [unit, _] = world.units(CITY);
    city.done(DISPATCHER, assign(number, &unit), &[]).await;
    assert_eq!(
        city.take_out(HANDLER, number, &made.id).await.unwrap().1,
        content
    );
    assert!(
        city.take_out(OTHER_HANDLER, number, &made.id)
            .await
            .is_err()
    );
    let refused = city
        .attach(OTHER_HANDLER, head(number, "b.jpg", 9), &picture(9))
        .await;
    assert_eq!(refused.unwrap_err().code, tonic::Code::PermissionDenied);

    let detail = city.show(DISPATCHER, number).await.unwrap();
    let said = |what: &str| {
        detail
            .timeline
            .iter()
            .filter(|entry| entry.what == what)
            .count()
    };
    assert_eq!((said("ticket.attached"), said("reading.file")), (1, 2));
    let shown = format!("{detail:?}");
    assert!(shown.contains("路灯.jpg"), "the name is shown");
    let key = detail.timeline.iter().flat_map(|entry| &entry.texts);
    let leaked = key
        .filter(|text| text.field == "attachment" && text.value.len() > 20)
        .count();
    assert_eq!(leaked, 0, "the key is not");
    city.running.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_name_without_an_ending_or_of_the_longest_kind_is_taken() {
    let mut world = World::make();
    world.more = "[attachments]\nfile_mib = 1".to_owned();
    let city = world.node(CITY, None, true).await;
    let number = city.take_in().await.number;
    let png: Vec<u8> = [&b"\x89PNG\r\n\x1a\n"[..], &[7; 90]].concat();
    let long = format!("{}.jpg", "长".repeat(84));
    for (name, content, media) in [
        ("现场照片", &png, "image/png"),
        ("第1.2版", &"路灯不亮".into(), "text/plain"),
        (long.as_str(), &picture(300_000), "image/jpeg"),
    ] {
        let head = head(&number, name, content.len());
        city.attach(CLERK, head, content).await.unwrap();
        let files = city.files(CLERK, &number).await;
        let file = files.iter().find(|file| file.name == name).expect(name);
        assert_eq!(file.media, media, "{name}");
    }
    city.running.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_may_not_be_attached_is_refused_by_its_rule_and_leaves_nothing() {
    let mut world = World::make();
    world.more = "[attachments]\nfile_mib = 1".to_owned();
    let city = world.node(CITY, None, true).await;
    let number = city.take_in().await.number;
    let number = number.as_str();
    let rule = |head: Head, content: Vec<u8>| {
        let city = &city;
        async move {
            let refused = city.attach(CLERK, head, &content).await.unwrap_err();
            refused.rule.unwrap_or_default()
        }
    };
    let of = |name: &str, size| head(number, name, size);
    let png = |head: Head| Head {
        media: "image/png".to_owned(),
        ..head
    };
    assert_eq!(
        rule(of("a.jpg", 2 << 20), picture(9)).await,
        "attachment.file-size"
    );
    assert_eq!(rule(of("a.jpg", 0), vec![]).await, "attachment.empty");
    assert_eq!(rule(of("a.exe", 9), picture(9)).await, "request.media");
    assert_eq!(rule(of("..", 9), picture(9)).await, "request.name");
    assert_eq!(
        rule(png(of("a.jpg", 9)), picture(9)).await,
        "attachment.not-that-media"
    );
    let large = 300_000;
    assert_eq!(
        rule(png(of("a", large)), picture(large)).await,
        "attachment.not-that-media"
    );
    assert_eq!(
        rule(of("a.jpg", 10), picture(9)).await,
        "attachment.not-that-size"
    );
    assert_eq!(
        rule(of("a.jpg", 8), picture(9)).await,
        "attachment.not-that-size"
    );
    assert_eq!(
        rule(of("a", 9), b"\0\x01nothing".into()).await,
        "request.media"
    );
    let long = format!("{}.jpg", "长".repeat(252));
    assert_eq!(rule(of(&long, 9), picture(9)).await, "request.name");
    let unknown = head("0".repeat(32).as_str(), "a.jpg", 9);
    let refused = city.attach(CLERK, unknown, &picture(9)).await.unwrap_err();
    assert_eq!(refused.code, tonic::Code::NotFound);
    assert!(city.files(CLERK, number).await.is_empty());
    let folder = world
        .folder
        .path()
        .join(CITY.as_str())
        .join("data")
        .join(FOLDER);
    assert_eq!(std::fs::read_dir(folder).unwrap().count(), 0);
    city.running.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_repeated_upload_under_its_key_is_one_attachment() {
    let world = World::make();
    let city = world.node(CITY, None, true).await;
    let number = city.take_in().await.number;
    let keyed = |content: &[u8]| Head {
        key: "k1".to_owned(),
        ..head(&number, "a.jpg", content.len())
    };
    let content = picture(50);
    let first = city.attach(CLERK, keyed(&content), &content).await.unwrap();
    let again = city.attach(CLERK, keyed(&content), &content).await.unwrap();
    assert_eq!((again.id.as_str(), again.done), ("", first.done));
    let other = picture(51);
    let refused = city.attach(CLERK, keyed(&other), &other).await.unwrap_err();
    assert_eq!(refused.rule.as_deref(), Some("command.key-reused"));
    let whole = city.running.attachments().shelf().list().unwrap().whole;
    assert_eq!(whole, [first.id.parse().unwrap()], "the copies are gone");
    city.running.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn orphans_go_and_losses_are_found() {
    let world = World::make();
    let city = world.node(CITY, None, true).await;
    let number = city.take_in().await.number;
    let kept = city
        .attach(CLERK, head(&number, "a.jpg", 50), &picture(50))
        .await
        .unwrap();
    let kept: AttachmentId = kept.id.parse().unwrap();
    let attachments = city.running.attachments();
    let mut stray = attachments
        .shelf()
        .begin("stray", &zeroize::Zeroizing::new([1; 32]))
        .unwrap();
    stray.write(b"nobody's").unwrap();
    let (stray, _) = stray.finish().unwrap();

    let first = attachments.round(&Default::default()).await;
    assert!(first.contains(&stray) && !first.contains(&kept));
    assert!(
        attachments.shelf().has(stray).unwrap(),
        "a commit may be under way"
    );
    attachments.round(&first).await;
    assert!(!attachments.shelf().has(stray).unwrap());
    assert!(attachments.shelf().has(kept).unwrap());
    attachments.shelf().remove(kept).unwrap();
    assert!(attachments.find().unwrap().lost.contains(&kept));
    let alarms = || {
        let shared = city.running.handle().shared();
        shared.alarms.load(std::sync::atomic::Ordering::Relaxed)
    };
    let before = alarms();
    for _ in 0..2 {
        attachments.look_at_start().await;
    }
    assert_eq!(alarms(), before + 1, "told once");
    let lost = &attachments.counts().lost;
    assert_eq!(lost.load(std::sync::atomic::Ordering::Relaxed), 1);
    let refused = city
        .take_out(CLERK, &number, &kept.to_string())
        .await
        .unwrap_err();
    assert!(refused.message.contains("从备份恢复"), "{refused}");
    city.running.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_erased_is_neither_lost_nor_wanted_again() {
    let world = World::make();
    let city = world.node(CITY, None, true).await;
    let number = city.take_in().await.number;
    let made = city
        .attach(CLERK, head(&number, "a.jpg", 50), &picture(50))
        .await
        .unwrap();
    let id: AttachmentId = made.id.parse().unwrap();
    let on = || pb::OnMatter {
        matter: number.clone(),
    };
    let answer = [("answer", "请携证件办理")];
    city.done(CLERK, Verb::AnswerDirectly(on()), &answer).await;
    let (matter, reason) = (number.clone(), "依本人申请".to_owned());
    let erase = Verb::Erase(pb::Erase { matter, reason });
    city.done(OPERATOR, erase, &[]).await;
    let refused = city.take_out(CLERK, &number, &made.id).await.unwrap_err();
    assert_eq!(refused.rule.as_deref(), Some("attachment.erased"));

    let attachments = city.running.attachments();
    assert!(attachments.find().unwrap().erased.contains(&id));
    attachments.round(&Default::default()).await;
    assert!(!attachments.shelf().has(id).unwrap(), "the file went");
    let after = attachments.find().unwrap();
    assert_eq!(after, crate::attachment::upkeep::Found::default());
    city.running.stop().await.unwrap();
}
