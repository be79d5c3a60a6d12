//! A disk that went back in secret: what a node did in two pasts is listed, and nobody is blamed for it.

use super::honest::story;
use super::net::COUNTY;
use super::tampered::{says, touches, verdict};
use crate::audit::Verdict;
use hotline_domain::exchange::{Missing, MissingKind, Restore};
use hotline_domain::fact::Fact;
use hotline_domain::id::MatterId;
use hotline_domain::leg::Act;
use hotline_topology::Time;

const DIFFERS: &str = "结办情况不一致";

fn restored(until: i64) -> Fact {
    Fact::Restored(Restore {
        id: [1; 16],
        at: Time(1),
        until: Time(until),
        epoch: 2,
    })
}

fn forked(matter: MatterId) -> Fact {
    Fact::Missing(Missing {
        no: 1,
        at: Time(1),
        kind: MissingKind::Forked,
        matter: Some(matter),
        number: String::new(),
        words: String::new(),
    })
}

/// The verdict where the county has rulings as edited, and says more of itself; the matter of the first.
fn where_county(
    edit: fn(&mut Fact) -> bool,
    says: impl Fn(MatterId) -> Vec<Fact>,
) -> (Verdict, bool) {
    let net = story(9);
    let mut logs = net.logs.clone();
    let county = logs.get_mut(&COUNTY).unwrap();
    let mut matter = None;
    for (_, _, facts) in county.iter_mut() {
        facts.retain_mut(|fact| {
            if let Fact::Leg { matter: of, .. } = fact {
                matter = Some(*of);
            }
            !touches(fact, "ruling") || edit(fact)
        });
    }
    county.last_mut().unwrap().2.extend(says(matter.unwrap()));
    let found = verdict(&net, &logs);
    let listed = found.missing.iter().any(|words| words.contains(DIFFERS));
    (found, listed)
}

/// Ruled at another time than the city says.
fn later(fact: &mut Fact) -> bool {
    if let Fact::Leg { happened_at, .. } = fact {
        *happened_at = happened_at.plus_millis(1);
    }
    true
}

#[test]
fn what_was_done_in_two_pasts_has_two_times_and_is_listed() {
    let (found, _) = where_county(later, |_| Vec::new());
    assert!(says(&found, DIFFERS), "{found}");
    let (found, _) = where_county(later, |_| vec![restored(5)]);
    assert!(
        says(&found, DIFFERS),
        "announced, there is one past: {found}"
    );
    let (found, listed) = where_county(later, |_| vec![restored(0)]);
    assert!(!says(&found, DIFFERS) && listed, "{found}");
}

#[test]
fn a_leg_that_a_node_lists_as_having_two_pasts_may_differ_in_how_it_ended() {
    let lost = |_: &mut Fact| false;
    let (found, _) = where_county(lost, |_| vec![restored(0)]);
    assert!(says(&found, DIFFERS), "{found}");
    let (found, _) = where_county(lost, |_| vec![restored(0), forked(MatterId([9; 16]))]);
    assert!(says(&found, DIFFERS), "another matter: {found}");
    let (found, listed) = where_county(lost, |matter| vec![restored(0), forked(matter)]);
    assert!(!says(&found, DIFFERS) && listed, "{found}");
}

#[test]
fn what_was_denied_in_one_past_and_granted_in_the_other_has_ended() {
    let net = story(9);
    let mut logs = net.logs.clone();
    let county = logs.get_mut(&COUNTY).unwrap();
    county[0].2.push(restored(0));
    for (_, _, facts) in county.iter_mut() {
        let mut both = Vec::new();
        for fact in facts.drain(..) {
            if let Fact::Leg {
                act: Act::Ruling { granted: true, .. },
                ..
            } = &fact
            {
                let mut denied = fact.clone();
                if let Fact::Leg {
                    act: Act::Ruling { granted, due, .. },
                    ..
                } = &mut denied
                {
                    (*granted, *due) = (false, None);
                }
                both.push(denied);
            }
            both.push(fact);
        }
        *facts = both;
    }
    let found = verdict(&net, &logs);
    assert_eq!(found.legs_open, 0, "{found}");
    assert!(!says(&found, "仍未结") && !says(&found, DIFFERS), "{found}");
}
