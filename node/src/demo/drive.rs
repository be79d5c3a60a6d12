//! Feeds the messages in: each lives one story, some dozens at a time.

use super::life::{Life, STORIES, Town, story};
use super::messages::Message;
use super::tell::Teller;
use futures::StreamExt as _;
use hotline_domain::id::MatterId;
use hotline_show::shown;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// What the driver saw; what counts is in the logs.
#[derive(Debug, Default)]
pub struct Told {
    /// Messages brought to a desk.
    pub brought: usize,
    /// Matters whose intake a node confirmed.
    pub confirmed: Vec<MatterId>,
    /// Stories that went to their end.
    pub ended: usize,
    /// Names of the stories told.
    pub stories: BTreeSet<&'static str>,
    /// What did not go as it must, in words.
    pub troubles: Vec<String>,
    /// Steps sent again because a node did not answer.
    pub retried: u64,
}

/// How one story went.
struct Ended {
    no: usize,
    matter: Option<MatterId>,
    trouble: Option<String>,
}

/// Lives all stories, so many at a time.
pub async fn drive(
    town: &Arc<Town>,
    messages: &[Message],
    total: usize,
    in_flight: usize,
    teller: &Teller,
) -> Told {
    teller.begin(total as u64);
    let mut told = Told::default();
    let lives = messages.iter().cycle().take(total).cloned().enumerate();
    let begun = lives.map(|(no, message)| {
        let town = Arc::clone(town);
        async move {
            let seed = town.seed;
            let living = tokio::spawn(live(Life::new(town, no, message)));
            living.await.unwrap_or_else(|error| Ended {
                no,
                matter: None,
                trouble: Some(format!("{}（种子 {seed}）：{error}", story(seed, no).name)),
            })
        }
    });
    let mut ends = futures::stream::iter(begun).buffer_unordered(in_flight);
    while let Some(end) = ends.next().await {
        take(&mut told, end, town, teller);
    }
    teller.end();
    told.retried = town.retried.load(Ordering::Relaxed);
    told
}

fn take(told: &mut Told, end: Ended, town: &Town, teller: &Teller) {
    let story = story(town.seed, end.no);
    told.brought += 1;
    told.confirmed.extend(end.matter);
    teller.one_more();
    town.finished.fetch_add(1, Ordering::Relaxed);
    match end.trouble {
        Some(words) => {
            teller.say(shown!("  ✗ {}：{words}", story.name));
            told.troubles.push(format!("{}：{words}", story.name));
        }
        None => {
            told.ended += 1;
            // Each kind of story is told once; the rest is numbers.
            if told.stories.insert(story.name) {
                let (at, all) = (told.stories.len(), STORIES.len());
                teller.say(shown!("  {at:>2}/{all} {}：{}", story.name, story.about));
            }
        }
    }
}

async fn live(mut life: Life) -> Ended {
    let story = story(life.town.seed, life.no);
    let outcome = (story.live)(&mut life).await;
    Ended {
        no: life.no,
        matter: life.matter.parse().ok(),
        trouble: outcome.err().map(|trouble| trouble.words),
    }
}
