//! What happens besides, in each life its own: accidents that the manual allows. None of them makes a liar.

use super::fed::Fed;
use super::node::empty;
use super::place::{BESIDE, CITY, COUNTY, EDGES, START, TOWN};
use super::story::{Story, progress};
use hotline::store::disk::SimDisk;
use hotline_domain::command::Verb;
use hotline_domain::kernel::{Input, LinkNews};
use hotline_topology::RegionKey;

/// An accident, and whose.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Trouble {
    /// Nothing.
    Plain,
    /// Restored from a backup by the manual.
    Restored(RegionKey),
    /// Restored twice, the second time from before the first.
    Twice(RegionKey),
    /// Rebuilt from nothing.
    Rebuilt(RegionKey),
    /// Its disk was rolled back unnoticed, it worked on, then it was found out and declared.
    Rolled(RegionKey),
    /// Everybody takes a new key in between.
    Rotated,
    /// The first certificates ran out long ago.
    Expired,
    /// Its first certificate was revoked, for it has a newer one.
    Superseded(RegionKey),
    /// Its first key was found stolen, and it has a new one.
    Stolen(RegionKey),
    /// The line to the township is cut in the second half, and stays so.
    Cut,
    /// The county beside refuses every offer by its rules.
    Refused,
    /// The township's key for sealing comes late, so that what is for it waits.
    Waited,
    /// Texts are erased at the petitioner's wish.
    Erased,
}

impl Trouble {
    /// Whether somebody's disk went back in it.
    #[must_use]
    pub fn restarts(self) -> bool {
        matches!(
            self,
            Self::Restored(_) | Self::Twice(_) | Self::Rebuilt(_) | Self::Rolled(_)
        )
    }
}

/// Every life, with its name.
pub const LIVES: [(&str, Trouble); 18] = [
    ("plain", Trouble::Plain),
    ("taker restored", Trouble::Restored(COUNTY)),
    ("giver restored", Trouble::Restored(CITY)),
    ("far taker restored", Trouble::Restored(TOWN)),
    ("rotated", Trouble::Rotated),
    ("superseded", Trouble::Superseded(COUNTY)),
    ("stolen", Trouble::Stolen(COUNTY)),
    ("giver's key stolen", Trouble::Stolen(CITY)),
    ("refused", Trouble::Refused),
    ("expired", Trouble::Expired),
    ("restored twice", Trouble::Twice(COUNTY)),
    ("rebuilt", Trouble::Rebuilt(COUNTY)),
    ("giver rebuilt", Trouble::Rebuilt(CITY)),
    ("rolled back", Trouble::Rolled(COUNTY)),
    ("giver rolled back", Trouble::Rolled(CITY)),
    ("cut", Trouble::Cut),
    ("waited for a key", Trouble::Waited),
    ("erased", Trouble::Erased),
];

/// How much a node does on a disk that was rolled back, before it is found out.
const AGAIN: u32 = 60;

/// What a trouble keeps from the middle to the end.
pub struct Kept(Option<(SimDisk, u64)>);

/// The federation in which it will happen.
#[must_use]
pub fn begin(trouble: Trouble, seed: u64) -> Fed {
    let refuses = (trouble == Trouble::Refused).then_some(BESIDE);
    let late = (trouble == Trouble::Waited).then_some(TOWN);
    Fed::new(seed, refuses, late)
}

/// In the middle.
pub fn middle(trouble: Trouble, fed: &mut Fed) -> Kept {
    match trouble {
        Trouble::Restored(of) | Trouble::Twice(of) | Trouble::Rolled(of) => {
            return Kept(Some(fed.node(of).copy()));
        }
        Trouble::Rotated | Trouble::Expired => {
            fed.days(80);
            [CITY, COUNTY, BESIDE, TOWN]
                .into_iter()
                .for_each(|of| fed.renew(of));
        }
        Trouble::Cut => {
            fed.cut(COUNTY, TOWN, true);
            for (me, peer) in [(COUNTY, TOWN), (TOWN, COUNTY)] {
                let news = LinkNews::DialFailed;
                fed.step(me, Input::Link { peer, news });
            }
        }
        Trouble::Waited => {
            fed.minutes(600);
            fed.late = None;
            fed.keys();
            fed.deliver();
        }
        _ => {}
    }
    Kept(None)
}

/// At the end.
pub fn end(trouble: Trouble, fed: &mut Fed, story: &Story, kept: Kept) {
    match (trouble, kept.0) {
        (Trouble::Restored(of), Some(disk)) => {
            restore(fed, of, disk, 1);
            go_on(fed, story);
        }
        (Trouble::Twice(of), Some(disk)) => {
            let again = (disk.0.copy(), disk.1);
            restore(fed, of, disk, 1);
            progress(fed, story.down, "verified");
            restore(fed, of, again, 2);
            go_on(fed, story);
        }
        (Trouble::Rebuilt(of), _) => {
            restore(fed, of, empty(), 1);
            go_on(fed, story);
        }
        (Trouble::Rolled(of), Some(disk)) => roll_back(fed, of, disk, story),
        (Trouble::Expired, _) => {
            fed.days(400);
            [CITY, COUNTY, BESIDE, TOWN]
                .into_iter()
                .for_each(|of| fed.renew(of));
            meet_all(fed);
        }
        (Trouble::Superseded(of), _) => revoke(fed, of, false),
        (Trouble::Stolen(of), _) => revoke(fed, of, true),
        (Trouble::Erased, _) => {
            let (matter, ground) = (story.beside.matter, "solved".to_owned());
            let _ = fed.try_ask(CITY, Verb::Close { matter, ground });
            for at in [CITY, BESIDE] {
                let verb = Verb::Erase {
                    matter,
                    reason: "诉求人请求删除".into(),
                    oldest_backup: Some(START),
                };
                let _ = fed.try_ask(at, verb);
            }
            fed.deliver();
        }
        _ => {}
    }
}

/// The line to every neighbour comes to stand again.
pub fn meet_all(fed: &mut Fed) {
    for (upper, lower) in EDGES {
        fed.meet(upper, lower);
    }
    fed.deliver();
}

fn go_on(fed: &mut Fed, story: &Story) {
    fed.days(1);
    let stage = "checked".to_owned();
    let _ = fed.try_ask(
        COUNTY,
        Verb::Progress {
            leg: story.down.leg,
            stage,
        },
    );
    fed.deliver();
}

fn revoke(fed: &mut Fed, of: RegionKey, stolen: bool) {
    fed.days(1);
    let now = fed.now();
    fed.keeper.revoke(of, now, stolen);
    fed.renew(of);
    fed.minutes(5);
    fed.keys();
    meet_all(fed);
}

/// By the manual: the disk of the backup, a start, a higher epoch, and all neighbours compare.
pub fn restore(fed: &mut Fed, of: RegionKey, disk: (SimDisk, u64), no: u8) {
    fed.days(1);
    let mut truth = std::mem::take(&mut fed.truth);
    fed.node_mut(of).put_back(disk, &mut truth);
    fed.truth = truth;
    fed.step(of, Input::Restored { id: [no; 16] });
    fed.step(of, Input::Start);
    fed.keys();
    compare(fed, of);
}

/// A node that took a higher epoch meets its neighbours, and they compare.
fn compare(fed: &mut Fed, of: RegionKey) {
    let epoch = fed.epoch(of);
    for peer in fed.neighbours(of) {
        let news = LinkNews::PeerRestarted { epoch };
        fed.step(peer, Input::Link { peer: of, news });
        fed.meet(of, peer);
    }
    fed.deliver();
    fed.minutes(2);
}

/// In secret, with all lines down: it works on, until the neighbours' hellos show it.
fn roll_back(fed: &mut Fed, of: RegionKey, disk: (SimDisk, u64), story: &Story) {
    fed.days(1);
    let seen_epoch = fed.epoch(of);
    let mut truth = std::mem::take(&mut fed.truth);
    fed.node_mut(of).put_back(disk, &mut truth);
    fed.truth = truth;
    fed.step(of, Input::Start);
    fed.minutes(3);
    let mut lines = EDGES
        .into_iter()
        .filter(|(upper, lower)| *upper == of || *lower == of);
    let lines: Vec<_> = lines.by_ref().collect();
    lines
        .iter()
        .for_each(|(upper, lower)| fed.cut(*upper, *lower, true));
    // It decides again what it decided before, otherwise, and later in its log.
    for no in 0..AGAIN {
        let stage = format!("again-{no}");
        let _ = fed.try_ask(
            of,
            Verb::Progress {
                leg: story.down.leg,
                stage,
            },
        );
        fed.minutes(1);
    }
    let due = START.plus_millis(4 * 86_400_000);
    for leg in [story.down.leg, story.on.leg] {
        let _ = fed.try_ask(of, Verb::SetDue { leg, due });
        fed.minutes(2);
    }
    lines
        .iter()
        .for_each(|(upper, lower)| fed.cut(*upper, *lower, false));
    for peer in fed.neighbours(of) {
        let why = || "对方记得更多".to_owned();
        let news = LinkNews::SelfRolledBack {
            why: why(),
            seen_epoch,
        };
        fed.step(of, Input::Link { peer, news });
        let news = LinkNews::PeerRolledBack { why: why() };
        fed.step(peer, Input::Link { peer: of, news });
    }
    for peer in fed.neighbours(of) {
        let _ = fed.try_ask(of, Verb::ReopenLink { peer });
        let _ = fed.try_ask(peer, Verb::ReopenLink { peer: of });
    }
    compare(fed, of);
    go_on(fed, story);
}
