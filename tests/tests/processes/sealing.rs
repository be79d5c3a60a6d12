//! What a superior tells a node that is not its neighbour passes the level between as ciphertext: that level's disk,
//! log, metrics and backup show nothing of it, and its own keys open nothing. What was erased no longer opens where it
//! was written, nor from a rebuilt view or a checkpoint.

use hotline::demo::world::{CLERK, DISPATCHER, OPERATOR, SUPERVISOR};
use hotline_proto::operator::v1 as pb;
use hotline_proto::operator::v1::command::Verb;
use hotline_tests::processes::{Town, opened_texts, program, raw_bytes_hold, until};
use hotline_topology::{Level, RegionKey};
use std::path::Path;

const ORDER: &str = "金丝雀督办要求三日内修复村口路灯";
const CANARY: &str = "金丝雀一三九零零零零八八八八";
/// Seconds of node time in one of life: a deadline of days passes within the test's patience.
const RATE: u32 = 60_000;

fn command(verb: Verb, texts: &[(&str, &str)]) -> pb::Command {
    let text = |(field, value): &(&str, &str)| pb::Text {
        field: (*field).to_owned(),
        value: (*value).to_owned(),
        erased: false,
    };
    pb::Command {
        texts: texts.iter().map(text).collect(),
        verb: Some(verb),
        ..Default::default()
    }
}

fn take_in() -> Verb {
    Verb::TakeIn(pb::TakeIn {
        channel: "phone".into(),
        kind: "help".into(),
        category: "0201".into(),
        ..Default::default()
    })
}

/// Runs the program on a stopped node's folder.
fn store(args: &[&str]) -> anyhow::Result<String> {
    let done = std::process::Command::new(program())
        .arg("store")
        .args(args)
        .output()?;
    let said = String::from_utf8_lossy(&done.stdout).into_owned();
    anyhow::ensure!(
        done.status.success(),
        "{args:?}: {said}{}",
        String::from_utf8_lossy(&done.stderr)
    );
    Ok(said)
}

fn text_of(path: &Path) -> &str {
    path.to_str().expect("a path of the test's own")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_level_between_relays_what_it_cannot_read() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let plan = hotline::demo::world::federation()?;
    let city = *plan
        .regions()
        .iter()
        .find(|(_, region)| region.level == Level::City)
        .expect("a city")
        .0;
    let province = plan.parent(city).expect("a province");
    let county = plan.children(city)[0];
    let township = plan.children(county)[0];
    let all = [province, city, county, township];
    let mut town = Town::at_rate(folder.path(), &all, RATE).await?;

    let origin = town.door(county).await?;
    let matter = origin
        .execute(Some(CLERK), command(take_in(), &[("content", "路灯不亮")]))
        .await?
        .matter;
    let assign = Verb::Assign(pb::Assign {
        matter: matter.clone(),
        takers: vec![township.to_string()],
        basis: "属地管理".into(),
        ..Default::default()
    });
    let done = origin
        .execute(Some(DISPATCHER), command(assign, &[]))
        .await?;
    let leg = done.legs[0].clone();
    // The township lets the deadline pass; the province learns of it and orders.
    let above = town.door(province).await?;
    until("the province is told", || async {
        let request = pb::ListNoticesRequest::default();
        let told = above.list_notices(Some(SUPERVISOR), request).await?;
        Ok(told.notices.iter().any(|notice| notice.leg == leg))
    })
    .await?;
    let supervise = Verb::Supervise(pb::Supervise {
        leg: leg.clone(),
        trigger: "overdue".into(),
        reply_by_ms: 0,
    });
    above
        .execute(
            Some(SUPERVISOR),
            command(supervise, &[("instruction", ORDER)]),
        )
        .await?;
    for (door, name) in [
        (&origin, "county"),
        (&town.door(township).await?, "township"),
    ] {
        until(&format!("the order reaches the {name}"), || async {
            let request = pb::GetTicketRequest {
                ticket: matter.clone(),
                with_texts: true,
                purpose: "办理".to_owned(),
            };
            let detail = door.get_ticket(Some(DISPATCHER), request).await?;
            let mut texts = detail.timeline.iter().flat_map(|entry| &entry.texts);
            Ok(texts.any(|text| text.value == ORDER))
        })
        .await?;
    }
    // The province's copy goes when the county has said that the order arrived.
    until("the order is confirmed", || async {
        let request = pb::ListKeysRequest::default();
        let keys = above.list_keys(Some(OPERATOR), request).await?;
        Ok(keys.waiting.is_empty() && keys.known.len() == all.len())
    })
    .await?;
    for region in all {
        let page = town.metrics(region).await?;
        assert!(!page.contains("金丝雀"), "{region}: {page}");
    }
    let backup = folder.path().join("city-backup");
    town.stop().await?;

    let data = town.folder(city)?.join("data");
    store(&["backup", text_of(&data), "--to", text_of(&backup)])?;
    for place in [town.folder(city)?, &backup] {
        assert!(
            !raw_bytes_hold(place, ORDER.as_bytes())?,
            "{} shows the order",
            place.display()
        );
    }
    let opens = |region: RegionKey| -> anyhow::Result<bool> {
        let texts = opened_texts(region, town.folder(region)?)?;
        Ok(texts.iter().any(|text| text == ORDER))
    };
    assert!(!opens(city)?, "the city can read what it only relayed");
    for region in [province, county, township] {
        assert!(opens(region)?, "{region} cannot read what it was told");
        assert!(!raw_bytes_hold(town.folder(region)?, ORDER.as_bytes())?);
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_erased_opens_nowhere_at_its_node() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let plan = hotline::demo::world::federation()?;
    let province = plan.root();
    let mut town = Town::start(folder.path(), &[province]).await?;
    let door = town.door(province).await?;
    let texts = [("content", "咨询医保"), ("contact", CANARY)];
    let mut matters = Vec::new();
    for _ in 0..2 {
        let made = door
            .execute(Some(CLERK), command(take_in(), &texts))
            .await?;
        let answer = Verb::AnswerDirectly(pb::OnMatter {
            matter: made.matter.clone(),
        });
        door.execute(Some(CLERK), command(answer, &[("answer", "请携证件办理")]))
            .await?;
        matters.push(made.matter);
    }
    let data = town.folder(province)?.join("data");
    let backup = folder.path().join("backup");
    store(&["backup", text_of(&data), "--to", text_of(&backup)])?;
    let erase = || {
        let (matter, reason) = (matters[0].clone(), "依本人申请".to_owned());
        command(Verb::Erase(pb::Erase { matter, reason }), &[])
    };
    let refused = door.execute(Some(CLERK), erase()).await.unwrap_err();
    assert_eq!(refused.rule.as_deref(), Some("authority.role"));
    door.execute(Some(OPERATOR), erase()).await?;
    let erased = async |town: &Town| -> anyhow::Result<bool> {
        let request = pb::GetTicketRequest {
            ticket: matters[0].clone(),
            with_texts: true,
            purpose: "办理".to_owned(),
        };
        let door = town.door(province).await?;
        let detail = door.get_ticket(Some(CLERK), request).await?;
        let written = detail.timeline.iter().flat_map(|entry| &entry.texts);
        let mut all = detail.texts.iter().chain(written).peekable();
        anyhow::ensure!(all.peek().is_some(), "the marks are gone, too");
        Ok(all.all(|text| text.erased && text.value.is_empty()))
    };
    assert!(erased(&town).await?);
    let request = pb::ListKeysRequest::default();
    let keys = door.list_keys(Some(OPERATOR), request).await?;
    let record = &keys.destroyed[0];
    assert_eq!(
        (
            record.matter.as_str(),
            record.actor.as_str(),
            record.reason.as_str()
        ),
        (matters[0].as_str(), OPERATOR, "依本人申请")
    );
    assert!(record.oldest_backup_ms > 0, "the backup is named");
    // Killed at once: what was answered is on the disk.
    town.kill(province).await?;
    town.restart(province).await?;
    assert!(erased(&town).await?);
    town.stop().await?;
    let canaries = opened_texts(province, town.folder(province)?)?;
    let canaries = canaries.iter().filter(|text| *text == CANARY).count();
    // Still there for the other matter, under another key.
    assert!(canaries > 0, "the other matter was erased, too");
    store(&["rebuild", text_of(&data)])?;
    town.restart(province).await?;
    assert!(erased(&town).await?, "a rebuilt view opens it again");
    let (matter, reason) = (matters[1].clone(), "依本人申请".to_owned());
    let other = command(Verb::Erase(pb::Erase { matter, reason }), &[]);
    town.door(province)
        .await?
        .execute(Some(OPERATOR), other)
        .await?;
    town.stop().await?;
    let texts = opened_texts(province, town.folder(province)?)?;
    assert!(!texts.iter().any(|text| text == CANARY), "{texts:?}");
    Ok(())
}
