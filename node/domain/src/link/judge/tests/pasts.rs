//! What a node tells of its own past, against what its neighbour keeps of it.

use super::*;
use crate::link::{STARTS_MAX, Shown};

const MANY: u64 = STARTS_MAX as u64;

/// After so many starts, each of which committed ten times; `fork` names another history with the same numbers.
fn past(fork: u8, starts: u64) -> Past {
    let mut past = Past::default();
    for no in 1..=starts {
        past.starts.add([fork, no as u8, 0, 0], past.log_no);
        past.log_no += 10;
    }
    past
}

/// The fifth start's past, put back to that commit and started again.
fn set_back(log_no: u64) -> Past {
    let mut past = past(0, 5);
    past.starts.add([9; 4], log_no);
    past.log_no = 100;
    past
}

fn with(log_no: u64, past: Past) -> Past {
    Past { log_no, ..past }
}

fn judged(own: &Past, link: &LinkState, hello: &Hello) -> Verdict {
    judge(2, own, link, &|lane, seq| Some(hash(0, lane, seq)), hello)
}

#[test]
fn a_past_that_lost_something_speaks_against_its_node_whoever_notices() {
    let shown = past(0, 5).shown();
    for (what, now, found) in [
        ("it goes on", past(0, 5), false),
        ("it started again", past(0, 6), false),
        ("it started again at once", set_back(50), false),
        ("commits are gone", with(49, past(0, 5)), true),
        ("and it started since", with(49, past(0, 6)), true),
        ("and it made others since", set_back(49), true),
        ("starts are gone", with(60, past(0, 4)), true),
        ("another disk", past(1, 1), true),
        ("a copy, started beside it", with(60, past(1, 5)), true),
        ("a copy, started again since", with(60, past(1, 7)), true),
        ("the last that is told", past(1, 4 + MANY), true),
        ("the start is told no more", past(1, 5 + MANY), false),
        ("a release that tells nothing", Past::default(), false),
    ] {
        let [there, here] = [Blame::There, Blame::Here].map(|blamed| match found {
            true => blamed,
            false => Blame::Nobody,
        });
        let known = LinkState {
            shown,
            ..link(ours())
        };
        let says = Hello {
            past: now.clone(),
            ..hello(theirs())
        };
        assert_eq!(blame(&judged(&past(9, 9), &known, &says)), there, "{what}");
        // The same past is this node's own, and a neighbour comes that keeps what it showed.
        let keeps = Hello {
            shown,
            ..hello(theirs())
        };
        assert_eq!(blame(&judged(&now, &link(ours()), &keeps)), here, "{what}");
        // Nobody keeps anything.
        let verdict = judged(&past(9, 9), &link(ours()), &says);
        assert_eq!(verdict, Verdict::Fits, "{what}");
    }
}

#[test]
fn a_restart_that_is_announced_is_not_judged_by_what_was_shown_before() {
    let none = [LaneState::default(); 3];
    let known = LinkState {
        shown: past(0, 5).shown(),
        ..link(ours())
    };
    let announced = Hello {
        epoch: 5,
        restarting: true,
        past: past(0, 2),
        ..hello(none)
    };
    let own = past(9, 4);
    let verdict = judged(&own, &known, &announced);
    assert_eq!(verdict, Verdict::PeerRestarted);
    // A higher epoch that announces nothing shows that the node noticed, and not that people know.
    let secret = Hello {
        restarting: false,
        past: past(0, 2),
        epoch: 5,
        ..hello(theirs())
    };
    assert_eq!(blame(&judged(&own, &known, &secret)), Blame::There);
    // This node restarts, and the peer still keeps what it showed before.
    let restarting = LinkState {
        restarting: true,
        ..link(none)
    };
    let before = Hello {
        shown: past(9, 9).shown(),
        ..hello(theirs())
    };
    let verdict = judge(3, &own, &restarting, &|_, _| None, &before);
    assert_eq!(verdict, Verdict::NotYet);
}

#[test]
fn what_a_past_lost_is_put_into_words() {
    let shown = Some(Shown {
        log_no: 70,
        starts: 5,
        mark: [0, 5, 0, 0],
    });
    let known = LinkState {
        shown,
        ..link(ours())
    };
    for (now, words) in [
        (past(0, 4), "日志只到第 40 次提交，而它曾报过第 70 次；"),
        (past(0, 4), "只记得启动过 4 次，而它曾报过第 5 次启动"),
        (past(1, 7), "所记的第 5 次启动，不是它曾报过的那一次"),
        (set_back(60), "第 6 次启动时日志只到第 60 次提交"),
    ] {
        let says = Hello {
            past: now.clone(),
            ..hello(theirs())
        };
        let there = judged(&Past::default(), &known, &says);
        assert!(matches!(&there, Verdict::PeerRolledBack(why) if why.contains(words)));
        let keeps = Hello {
            shown,
            ..hello(theirs())
        };
        let here = judged(&now, &link(ours()), &keeps);
        assert!(matches!(&here, Verdict::SelfRolledBack(why) if why.contains("本节点")));
    }
}
