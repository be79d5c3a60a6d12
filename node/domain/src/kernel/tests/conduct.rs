//! A neighbour that does what no honest one does harms only itself.

use crate::command::Verb;
use crate::fact::Fact;
use crate::id::LegId;
use crate::kernel::{Action, Input};
use crate::leg::{Act, Lane};
use crate::link::{Conduct, Consumption, Envelope, LinkState, Message, Offence};
use crate::testing::{CITY, Fed, LINGCHUAN, ZEZHOU, node};
use crate::view::Rows;

fn link(fed: &Fed) -> LinkState {
    fed.nodes[&CITY].view.link(ZEZHOU).expect("memory")
}

fn conduct(fed: &Fed) -> Conduct {
    link(fed).conduct.map(|it| *it).unwrap_or_default()
}

fn sign(fed: &Fed) -> Message {
    Message::Leg {
        leg: LegId([9; 16]),
        at: fed.now,
        act: Act::Sign { deemed: false },
    }
}

/// The county writes this so often to the city, as long as the city takes anything of it.
fn forge(fed: &mut Fed, times: usize, change: impl Fn(&mut Envelope)) -> usize {
    for at in 0..times {
        if conduct(fed).quarantined(fed.now) {
            return at;
        }
        let message = sign(fed);
        fed.forge_envelope(ZEZHOU, CITY, &message, &change);
    }
    times
}

#[test]
fn messages_in_others_names_end_in_a_quarantine_that_time_or_people_end() {
    let mut fed = Fed::new();
    let taken = forge(&mut fed, 50, |envelope| envelope.author = LINGCHUAN);
    assert_eq!(taken, 10);
    let found = conduct(&fed);
    assert_eq!(
        (found.quarantines, found.counts[0].offence),
        (1, Offence::Forbidden)
    );
    let alarms = &fed.nodes[&CITY].alarms;
    assert!(
        alarms
            .iter()
            .any(|text| text.contains("hotline link forgive"))
    );

    // Nothing of it is taken, recorded or acknowledged now; what others bring is.
    fed.cut(ZEZHOU, CITY);
    let message = sign(&fed);
    fed.forge_envelope(ZEZHOU, CITY, &message, |_| {});
    let seq = link(&fed).lanes[Lane::Ordinary.index()].received + 1;
    let envelope = Box::new(
        fed.outgoing(ZEZHOU, CITY, Lane::Ordinary, seq)
            .expect("queued"),
    );
    let (before, lane, peer) = (fed.nodes[&CITY].log.len(), Lane::Ordinary, ZEZHOU);
    let actions = fed.input(
        CITY,
        Input::Envelope {
            peer,
            lane,
            seq,
            envelope,
        },
    );
    assert!(
        matches!(&actions[..], [Action::Cut { peer: ZEZHOU, .. }]),
        "{actions:?}"
    );
    assert_eq!(fed.nodes[&CITY].log.len(), before);
    let matter = fed.at(CITY).take_in();
    let leg = fed.at(CITY).assign(matter, [node(LINGCHUAN)]).leg();
    assert!(fed.leg(CITY, leg).delivered_at.is_some());

    // After a minute what waited comes; what is refused then weighs on.
    fed.pass(60_000);
    fed.mend();
    assert!(!conduct(&fed).quarantined(fed.now));
    let more = forge(&mut fed, 50, |envelope| envelope.author = LINGCHUAN);
    assert!(more < 10, "{more}");
    assert_eq!(conduct(&fed).quarantines, 2);

    fed.at(CITY)
        .command(Verb::ForgiveLink { peer: ZEZHOU })
        .done();
    assert_eq!(link(&fed).conduct, None);
    let again = fed.at(CITY).command(Verb::ForgiveLink { peer: ZEZHOU });
    again.fails("link.no-misconduct");
}

#[test]
fn what_others_wrote_is_not_the_neighbours_fault_unless_it_came_the_wrong_way() {
    let mut fed = Fed::new();
    let message = sign(&fed);
    fed.forge_envelope(crate::testing::NANCUN, CITY, &message, |_| {});
    assert_eq!(link(&fed).conduct, None, "refused, but not of its own");
    fed.forge_envelope(ZEZHOU, CITY, &message, |_| {});
    let counts = conduct(&fed).counts;
    assert_eq!((counts.len(), counts[0].offence), (1, Offence::Refused));
}

#[test]
fn what_is_set_aside_is_kept_within_a_bound_and_the_lane_goes_on() {
    let mut fed = Fed::new();
    for _ in 0..300 {
        let message = sign(&fed);
        fed.forge_envelope(ZEZHOU, CITY, &message, |envelope| envelope.kind = 99);
    }
    let found = link(&fed);
    assert_eq!(found.kept, 256);
    assert!(found.kept_bytes > 0);
    assert_eq!(found.lanes[Lane::Ordinary.index()].received, 300);
    let facts = fed.nodes[&CITY].log.iter().flat_map(|(_, facts)| facts);
    let aside = facts.filter(|fact| {
        matches!(
            fact,
            Fact::Consumed {
                outcome: Consumption::SetAside { .. },
                ..
            }
        )
    });
    assert_eq!(aside.count(), 300, "each one's end is on record");
}

#[test]
fn streams_that_break_the_rules_are_charged_as_they_end() {
    let mut fed = Fed::new();
    for offence in [Offence::Garbage, Offence::Contradiction, Offence::Flood] {
        let what = "第一帧就不对".to_owned();
        let peer = ZEZHOU;
        fed.input(
            CITY,
            Input::Misconduct {
                peer,
                offence,
                what,
            },
        );
    }
    assert!(conduct(&fed).quarantined(fed.now));
    assert_eq!(conduct(&fed).counts.len(), 3);
}
