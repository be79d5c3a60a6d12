//! What somebody was shown is on record, whatever happens to the machine a moment later.

use hotline::cli::client::Client;
use hotline::demo::world::{CLERK, DISPATCHER, OPERATOR, SUPERVISOR};
use hotline_domain::policy::purpose::Purpose;
use hotline_domain::reading::{Opened, Reading};
use hotline_proto::operator::v1 as pb;
use hotline_tests::processes::load::take_in;
use hotline_tests::processes::{Town, program, readings};
use hotline_topology::FieldName;

/// Kills, each right behind an answer.
const KILLS: usize = 4;
const NAME: &str = "金丝雀某某";

async fn take_one_in(door: &Client) -> anyhow::Result<String> {
    let text = |field: &str, value: &str| pb::Text {
        field: field.to_owned(),
        value: value.to_owned(),
        erased: false,
    };
    let command = pb::Command {
        texts: vec![text("content", "路灯不亮"), text("petitioner_name", NAME)],
        verb: Some(take_in()),
        ..Default::default()
    };
    Ok(door.execute(Some(CLERK), command).await?.matter)
}

async fn read(
    door: &Client,
    person: &str,
    matter: &str,
    purpose: &str,
) -> anyhow::Result<pb::TicketDetail> {
    let request = pb::GetTicketRequest {
        ticket: matter.to_owned(),
        with_texts: true,
        purpose: purpose.to_owned(),
    };
    Ok(door.get_ticket(Some(person), request).await?)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_shown_before_a_kill_is_on_record_after_it() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let city = hotline::demo::world::federation()?.root();
    let mut town = Town::start(folder.path(), &[city]).await?;
    let door = town.door(city).await?;
    let matter = take_one_in(&door).await?;
    assert!(read(&door, DISPATCHER, &matter, "").await.is_err());
    assert!(read(&door, SUPERVISOR, &matter, "办理").await.is_err());
    assert!(read(&door, OPERATOR, &matter, "audit").await.is_err());
    let mut shown = Vec::new();
    for no in 0..KILLS {
        let (person, purpose, word) = match no % 2 {
            0 => (DISPATCHER, Purpose::Petitioner, "本人申请"),
            _ => (SUPERVISOR, Purpose::Audit, "audit"),
        };
        let detail = read(&town.door(city).await?, person, &matter, word).await?;
        assert!(!detail.texts.is_empty());
        town.kill(city).await?;
        let named = detail.texts.iter().any(|text| text.value == NAME);
        assert_eq!(named, person == DISPATCHER);
        shown.push((person.to_owned(), purpose, named));
        let on_record: Vec<_> = readings(town.folder(city)?)?.iter().map(told).collect();
        assert_eq!(on_record, shown, "kill {no}");
        town.restart(city).await?;
    }
    // The view was folded from the log meanwhile: the timeline and the list say the same.
    let door = town.door(city).await?;
    let request = pb::ListReadingsRequest {
        ticket: matter.clone(),
        ..Default::default()
    };
    let listed = door.list_readings(Some(SUPERVISOR), request).await?;
    let people: Vec<_> = listed.readings.iter().rev().map(|one| &one.who).collect();
    let expected: Vec<_> = shown.iter().map(|(person, ..)| person).collect();
    assert_eq!(people, expected);
    town.stop().await?;
    let data = town.folder(city)?.join("data");
    for work in ["verify", "rebuild"] {
        let done = std::process::Command::new(program())
            .args(["store", work])
            .arg(&data)
            .output()?;
        assert!(done.status.success(), "{work}: {done:?}");
    }
    town.restart(city).await?;
    let request = pb::ListReadingsRequest {
        ticket: matter,
        limit: 2,
        ..Default::default()
    };
    let door = town.door(city).await?;
    let page = door.list_readings(Some(DISPATCHER), request).await?;
    assert_eq!((page.readings.len(), page.cursor.is_empty()), (2, false));
    town.stop().await?;
    Ok(())
}

/// Who read, what for, and whether the petitioner's name was among it.
fn told(reading: &Reading) -> (String, Purpose, bool) {
    let named = match &reading.opened {
        Opened::Texts { fields } => fields.contains(&FieldName::PetitionerName),
        Opened::File(_) | Opened::Order(_) => false,
    };
    (reading.who.clone(), reading.purpose, named)
}
