//! A canary in a field that no edge carries is found at its origin and nowhere else: not in the bytes of any other node's
//! folder or log output, and not among the texts that the other node's own keys open.

use hotline::demo::world::{CLERK, DISPATCHER};
use hotline_proto::operator::v1 as pb;
use hotline_proto::operator::v1::command::Verb;
use hotline_tests::processes::{Town, opened_texts, raw_bytes_hold, until};
use hotline_topology::Level;

const CANARY: &str = "金丝雀一三九零零零零七七七七";
const STORY: &str = "村口三盏路灯夜里不亮";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_no_edge_carries_stays_where_it_was_given() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let plan = hotline::demo::world::federation()?;
    let city = *plan
        .regions()
        .iter()
        .find(|(_, region)| region.level == Level::City)
        .expect("a city")
        .0;
    let county = plan.children(city)[0];
    let township = plan.children(county)[0];
    let mut town = Town::start(folder.path(), &[city, county, township]).await?;
    let (origin, below, above) = (
        town.door(county).await?,
        town.door(township).await?,
        town.door(city).await?,
    );

    let text = |field: &str, value: &str| pb::Text {
        field: field.into(),
        value: value.into(),
        erased: false,
    };
    let texts = || {
        vec![
            text("content", STORY),
            text("contact", CANARY),
            text("petitioner_name", CANARY),
        ]
    };
    let take_in = || pb::TakeIn {
        channel: "phone".into(),
        kind: "help".into(),
        category: "0201".into(),
        ..Default::default()
    };
    let mut matters = Vec::new();
    for _ in 0..2 {
        let command = pb::Command {
            texts: texts(),
            verb: Some(Verb::TakeIn(take_in())),
            ..Default::default()
        };
        matters.push(origin.execute(Some(CLERK), command).await?.matter);
    }
    let assign = pb::Assign {
        matter: matters[0].clone(),
        takers: vec![township.to_string()],
        basis: "属地管理".into(),
        ..Default::default()
    };
    origin
        .execute(
            Some(DISPATCHER),
            pb::Command {
                verb: Some(Verb::Assign(assign)),
                ..Default::default()
            },
        )
        .await?;
    let raise = pb::Close {
        matter: matters[1].clone(),
        ground: "beyond-authority".into(),
    };
    // A step stores no text that it has no use for, so none can slip along with it.
    let reason = || vec![text("reason", "超出县级权限")];
    let more = [reason(), vec![text("contact", CANARY)]].concat();
    let raises = |texts| pb::Command {
        texts,
        verb: Some(Verb::Escalate(raise.clone())),
        ..Default::default()
    };
    let refused = origin.execute(Some(DISPATCHER), raises(more)).await;
    let refused = refused.expect_err("no step stores what it has no use for");
    assert!(refused.to_string().contains("contact"), "{refused}");
    origin.execute(Some(DISPATCHER), raises(reason())).await?;

    for (door, matter) in [(&below, &matters[0]), (&above, &matters[1])] {
        until("the story arrives", || async {
            let request = pb::GetTicketRequest {
                ticket: matter.clone(),
                with_texts: true,
                purpose: "办理".to_owned(),
            };
            let detail = door.get_ticket(Some(DISPATCHER), request).await?;
            Ok(detail.texts.iter().any(|text| text.value == STORY))
        })
        .await?;
    }
    let request = pb::GetTicketRequest {
        ticket: matters[0].clone(),
        with_texts: true,
        purpose: "办理".to_owned(),
    };
    let own = origin.get_ticket(Some(DISPATCHER), request).await?;
    assert!(
        own.texts.iter().any(|text| text.value == CANARY),
        "the origin reads what it was told"
    );
    town.stop().await?;

    for other in [city, township] {
        let texts = opened_texts(other, town.folder(other)?)?;
        assert!(
            texts.iter().any(|text| text == STORY),
            "{other} can read what it was given"
        );
        assert!(
            !texts.iter().any(|text| text.contains(CANARY)),
            "{other} holds what no edge carries"
        );
    }
    for node in [city, county, township] {
        assert!(
            !raw_bytes_hold(town.folder(node)?, CANARY.as_bytes())?,
            "{node} wrote it in the clear"
        );
        assert!(
            !raw_bytes_hold(town.folder(node)?, STORY.as_bytes())?,
            "{node} wrote the story in the clear"
        );
    }
    assert!(
        opened_texts(county, town.folder(county)?)?
            .iter()
            .any(|text| text == CANARY)
    );
    Ok(())
}
