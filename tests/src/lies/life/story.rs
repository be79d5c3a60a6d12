//! What happens in every life: a matter that goes down two levels, with requests, rulings and dates on the way, and an order
//! of the city to the far township; one that is recalled; one that is raised twice and comes down again.

use super::fed::Fed;
use super::place::{BESIDE, CITY, COUNTY, START, TOWN};
use hotline_domain::body::Body;
use hotline_domain::command::Verb;
use hotline_domain::id::{LegId, MatterId, OrderId};
use hotline_topology::{Kind, RegionKey, Urgency};

/// A leg of the story.
#[derive(Clone, Copy, Debug)]
pub struct Handed {
    /// The leg.
    pub leg: LegId,
    /// Its matter.
    pub matter: MatterId,
    /// Who gives.
    pub giver: RegionKey,
    /// Who takes.
    pub taker: RegionKey,
}

/// The legs, by what they are in the story.
#[derive(Clone, Copy, Debug)]
pub struct Story {
    /// From the city to the county, and open at the end.
    pub down: Handed,
    /// On from the county to the township, closed by an accepted result.
    pub on: Handed,
    /// From the city to the county beside, recalled.
    pub beside: Handed,
    /// Raised by the township to the county.
    pub raised: Handed,
    /// Raised on to the city.
    pub raised_on: Handed,
    /// From the city down again.
    pub again: Handed,
    /// The city's order to the township, through the county.
    pub order: Option<OrderId>,
}

impl Story {
    /// All legs.
    #[must_use]
    pub fn legs(&self) -> [Handed; 6] {
        [
            self.down,
            self.on,
            self.beside,
            self.raised,
            self.raised_on,
            self.again,
        ]
    }
}

/// A matter is taken in.
pub fn take_in(fed: &mut Fed, at: RegionKey) -> MatterId {
    let verb = Verb::TakeIn {
        channel: "phone".into(),
        kind: Kind::Help,
        category: "0201".into(),
        urgency: Urgency::Normal,
        place: None,
        happened_at: None,
    };
    fed.go(at, verb).matter.unwrap_or(MatterId([0; 16]))
}

/// It is given to another node.
pub fn give(fed: &mut Fed, matter: MatterId, giver: RegionKey, taker: RegionKey) -> Handed {
    let verb = Verb::Assign {
        matter,
        takers: vec![Body::Node(taker)],
        lead: None,
        basis: "属地管理".into(),
        due: None,
        determination: None,
    };
    let leg = fed
        .go(giver, verb)
        .legs
        .first()
        .copied()
        .unwrap_or(LegId([0; 16]));
    Handed {
        leg,
        matter,
        giver,
        taker,
    }
}

fn raise(fed: &mut Fed, matter: MatterId, giver: RegionKey, taker: RegionKey) -> Handed {
    let ground = "beyond-authority".to_owned();
    let done = fed.go(giver, Verb::Escalate { matter, ground });
    Handed {
        leg: done.legs.first().copied().unwrap_or(LegId([0; 16])),
        matter,
        giver,
        taker,
    }
}

/// The taker is at work.
pub fn progress(fed: &mut Fed, of: Handed, stage: &str) {
    let stage = stage.to_owned();
    let _ = fed.try_ask(of.taker, Verb::Progress { leg: of.leg, stage });
    fed.deliver();
    fed.minutes(7);
}

/// The first half: everything is given, signed for, and something is asked.
pub fn first(fed: &mut Fed) -> Story {
    let matter = take_in(fed, CITY);
    let down = give(fed, matter, CITY, COUNTY);
    fed.go(COUNTY, Verb::Sign { leg: down.leg });
    let on = give(fed, matter, COUNTY, TOWN);
    fed.go(TOWN, Verb::Sign { leg: on.leg });
    progress(fed, on, "contacted");
    let matter = take_in(fed, CITY);
    let beside = give(fed, matter, CITY, BESIDE);
    // Whoever refuses offers has nothing to sign for.
    if fed.try_ask(BESIDE, Verb::Sign { leg: beside.leg }).is_ok() {
        fed.deliver();
        progress(fed, beside, "contacted");
    }
    let matter = take_in(fed, TOWN);
    let raised = raise(fed, matter, TOWN, COUNTY);
    let raised_on = raise(fed, matter, COUNTY, CITY);
    let again = give(fed, matter, CITY, COUNTY);
    let order = fed.try_ask(
        CITY,
        Verb::Supervise {
            leg: on.leg,
            trigger: "other".into(),
            reply_by: None,
        },
    );
    fed.deliver();
    let order = order.ok().and_then(|done| done.order);
    Story {
        down,
        on,
        beside,
        raised,
        raised_on,
        again,
        order,
    }
}

/// The second half: requests and rulings, dates, results, a recall.
pub fn second(fed: &mut Fed, story: &Story) {
    let Story {
        down,
        on,
        beside,
        again,
        order,
        ..
    } = *story;
    let _ = fed.try_ask(COUNTY, Verb::Sign { leg: again.leg });
    fed.deliver();
    if let Some(order) = order {
        let _ = fed.try_ask(TOWN, Verb::ReplyOrder { leg: on.leg, order });
        fed.deliver();
        fed.minutes(11);
        let _ = fed.try_ask(CITY, Verb::Remind { order });
        fed.deliver();
    }
    for stage in ["contacted", "on-site"] {
        let stage = stage.to_owned();
        let _ = fed.try_ask(
            COUNTY,
            Verb::Progress {
                leg: again.leg,
                stage,
            },
        );
        fed.deliver();
        fed.minutes(11);
    }
    set_due(fed, down, 6);
    set_due(fed, on, 5);
    let _ = fed.try_ask(
        TOWN,
        Verb::AskReturn {
            leg: on.leg,
            ground: "not-our-duty".into(),
            basis: "三定方案".into(),
        },
    );
    fed.deliver();
    rule(fed, on, false);
    progress(fed, on, "on-site");
    submit(fed, on);
    rule(fed, on, true);
    progress(fed, down, "working");
    submit(fed, down);
    rule(fed, down, false);
    let _ = fed.try_ask(CITY, Verb::Recall { leg: beside.leg });
    fed.deliver();
    fed.minutes(5);
}

/// The taker reports a result.
pub fn submit(fed: &mut Fed, of: Handed) {
    let ground = "solved".to_owned();
    let _ = fed.try_ask(
        of.taker,
        Verb::SubmitResult {
            leg: of.leg,
            ground,
        },
    );
    fed.deliver();
    fed.minutes(3);
}

/// The giver rules on what is asked, where anything has reached it.
pub fn rule(fed: &mut Fed, of: Handed, granted: bool) {
    let Some(request) = fed.request(of.giver, of.leg) else {
        return;
    };
    let verb = Verb::Rule {
        leg: of.leg,
        request,
        granted,
        basis: "审核意见".into(),
    };
    let _ = fed.try_ask(of.giver, verb);
    fed.deliver();
    fed.minutes(3);
}

/// The giver sets a date, so many days after the beginning.
fn set_due(fed: &mut Fed, of: Handed, days: i64) {
    let due = START.plus_millis(days * 86_400_000);
    let _ = fed.try_ask(of.giver, Verb::SetDue { leg: of.leg, due });
    fed.deliver();
    fed.minutes(3);
}
