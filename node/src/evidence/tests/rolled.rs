//! A disk that was put back in secret: its node works on, decides anew what it decided before, and says so once it is found
//! out. Both lives bind it; neither makes it a liar.

use super::disputes::{others, who};
use super::pair::{CITY, COUNTY, Pair};
use crate::evidence::verdict::Class;
use hotline_domain::command::Verb;
use hotline_domain::kernel::{Input, LinkNews};

/// The giver sets a date, and closes the leg; its disk goes back, it sets another date later in its log, and is found out.
#[test]
fn what_a_node_decided_in_two_lives_convicts_nobody_once_it_has_said_so() {
    let mut pair = Pair::new();
    let (_, leg) = pair.give();
    pair.deliver();
    let backup = pair.commits(0);
    let due = |pair: &Pair, days: i64| pair.now().plus_millis(days * 86_400_000);
    let first = due(&pair, 3);
    pair.ask(0, Verb::SetDue { leg, due: first });
    pair.deliver();
    pair.ask(0, Verb::Recall { leg });
    pair.deliver();
    pair.days(1);
    pair.put_back(0, backup);
    pair.step(0, Input::Start);
    // More than before, so that its later dates stand behind earlier ones.
    for _ in 0..4 {
        pair.meet(0);
        pair.step(0, Input::Start);
    }
    let second = due(&pair, 1);
    pair.ask(0, Verb::SetDue { leg, due: second });
    let why = "对方记得更多".to_owned();
    let news = LinkNews::SelfRolledBack { why, seen_epoch: 1 };
    pair.step(0, Input::Link { peer: COUNTY, news });
    pair.ask(0, Verb::ReopenLink { peer: COUNTY });
    pair.compare(0);
    pair.days(1);
    pair.meet(0);
    let files = [0, 1].map(|at| pair.file(at, &leg.to_string()));
    let judged = pair.judge(&[("city", &files[0]), ("county", &files[1])]);
    assert_eq!(judged.unusable, []);
    assert_eq!(who(&judged), []);
    let open = others(&judged);
    let both = |rule| open.contains(&(Class::Contradiction, rule));
    assert!(both("two-acts"), "both dates bind it: {open:?}");
    assert!(
        judged.findings.iter().all(|one| one.who == CITY),
        "{open:?}"
    );
    assert_eq!(judged.exit(), 1);
}
