//! Explores every interleaving of two sides.
//!
//! Both sides choose freely among all that [`check`] allows them; each direction delivers in order, at its own pace;
//! due dates pass at any moment, and a superior may send an order to the taker. In every world one party answers for
//! the leg; in every quiet one, where nothing is under way, both records agree.
//!
//! Worlds are memoised, so each is judged once however it came about. Records and messages are interned, so that a
//! world is a few numbers and the rules run once for each record and message.

use super::world::{Incident, LegNo, Mix, NOTHING, Queue, Superior, World};
use super::*;
use std::collections::{HashMap, HashSet};
use std::hash::BuildHasherDefault;
use std::rc::Rc;

/// What an act makes of a record, and what it sends to the other side.
#[derive(Clone, Copy)]
struct Reaction {
    after: LegNo,
    sends: Queue,
}

/// What a side may do now: each with the number of its message.
type Choices = Rc<[(Reaction, u8)]>;

/// What the sides of a scenario may try.
#[derive(Clone)]
pub(super) struct Scenario {
    pub(super) offer: Offer,
    pub(super) tries: fn(&Leg, Party) -> Vec<Act>,
    /// Due dates that may pass.
    pub(super) clock_max: u8,
    pub(super) messages_max: u8,
    pub(super) incident: Incident,
    /// Whether a superior of the giver takes part.
    pub(super) superior: bool,
    /// The rules: the product's own, or broken ones to show that the net holds.
    pub(super) receive: fn(&Leg, Party, Time, &Act) -> Reception,
}

pub(super) struct Explorer {
    scenario: Scenario,
    legs: Vec<Leg>,
    leg_numbers: HashMap<(Face, bool), LegNo>,
    /// Interned messages; number 0 is none.
    messages: Vec<(Time, Act)>,
    own: HashMap<(LegNo, Time), Choices>,
    arriving: HashMap<(LegNo, u8), Reaction>,
    seen: HashSet<World, BuildHasherDefault<Mix>>,
    quiet: usize,
    /// Acts that were void and yet would have changed the record.
    false_voids: Vec<String>,
}

/// What was looked at.
pub(super) struct Explored {
    pub(super) worlds: usize,
    /// Worlds with nothing under way.
    pub(super) quiet: usize,
    /// Acts that were void and yet would have changed the record.
    pub(super) false_voids: Vec<String>,
}

/// A broken promise and how it came about, last step first.
pub(super) type Violation = Vec<String>;

impl Explorer {
    pub(super) fn new(scenario: Scenario) -> Self {
        Self {
            scenario,
            legs: Vec::new(),
            leg_numbers: HashMap::new(),
            messages: vec![(START, Act::Receipt)],
            own: HashMap::new(),
            arriving: HashMap::new(),
            seen: HashSet::default(),
            quiet: 0,
            false_voids: Vec::new(),
        }
    }

    /// Explores everything.
    pub(super) fn run(mut self) -> Result<Explored, Violation> {
        let offer = self.scenario.offer.clone();
        let giver = self.intern(Leg::open(LEG, Side::Giver, offer.clone(), START));
        let mut down = Queue::default();
        down.push(self.message(START, Act::Offer(Box::new(offer))));
        let start = World {
            giver,
            taker: NOTHING,
            down,
            up: Queue::default(),
            orders: Queue::default(),
            superior: Superior::Idle,
            chosen: 1,
            clock: 0,
            struck: false,
            arrived_down: Queue::default(),
            arrived_up: Queue::default(),
        };
        self.explore(start)?;
        Ok(Explored {
            worlds: self.seen.len(),
            quiet: self.quiet,
            false_voids: self.false_voids,
        })
    }

    fn explore(&mut self, world: World) -> Result<(), Violation> {
        if !self.seen.insert(world) {
            return Ok(());
        }
        self.judge(world).map_err(|broken| vec![broken])?;
        self.deliver(world)?;
        if world.clock < self.scenario.clock_max {
            let later = World {
                clock: world.clock + 1,
                ..world
            };
            self.explore(later).map_err(step("a due date passes"))?;
        }
        if world.chosen < self.scenario.messages_max {
            self.choose(world)?;
        }
        if !world.struck {
            for after in self.strike(world) {
                self.explore(after).map_err(step("the incident"))?;
            }
        }
        Ok(())
    }

    fn deliver(&mut self, world: World) -> Result<(), Violation> {
        let mut after = world;
        if let Some(message) = after.down.pop() {
            let reaction = self.arrive(world.taker, message)?;
            if self.scenario.incident == Incident::Repeats && !world.struck {
                after.arrived_down.push(message);
            }
            after.taker = reaction.after;
            after.up.append(reaction.sends);
            self.explore(after)
                .map_err(|trace| self.traced(trace, "reaches the taker", message))?;
        }
        let mut after = world;
        if let Some(message) = after.orders.pop() {
            after.taker = self.arrive(world.taker, message)?.after;
            self.explore(after)
                .map_err(|trace| self.traced(trace, "comes from the superior", message))?;
        }
        let mut after = world;
        if let Some(message) = after.up.pop() {
            let reaction = self.arrive(world.giver, message)?;
            if self.scenario.incident == Incident::Repeats && !world.struck {
                after.arrived_up.push(message);
            }
            after.giver = reaction.after;
            after.down.append(reaction.sends);
            self.explore(after)
                .map_err(|trace| self.traced(trace, "reaches the giver", message))?;
        }
        Ok(())
    }

    fn choose(&mut self, world: World) -> Result<(), Violation> {
        let (chosen, now) = (world.chosen + 1, self.now(world));
        for (reaction, message) in self.acts_of(world.giver, now).iter() {
            let giver = reaction.after;
            let mut after = World {
                giver,
                chosen,
                ..world
            };
            after.down.append(reaction.sends);
            self.explore(after)
                .map_err(|trace| self.traced(trace, "is done by the giver", *message))?;
        }
        for (reaction, message) in self.acts_of(world.taker, now).iter() {
            let taker = reaction.after;
            let mut after = World {
                taker,
                chosen,
                ..world
            };
            after.up.append(reaction.sends);
            self.explore(after)
                .map_err(|trace| self.traced(trace, "is done by the taker", *message))?;
        }
        // A superior learns of a leg from its taker's delay, so the taker has it.
        if self.scenario.superior && world.taker != NOTHING {
            for (superior, act) in world.superior.acts() {
                let message = self.message(now, act);
                let mut after = World {
                    superior,
                    chosen,
                    ..world
                };
                after.orders.push(message);
                self.explore(after)
                    .map_err(|trace| self.traced(trace, "is done by the superior", message))?;
            }
        }
        Ok(())
    }

    /// Acts happen halfway between two due dates; after a disk forgot, each a little later than the one before.
    fn now(&self, world: World) -> Time {
        let forgot = world.struck && self.scenario.incident == Incident::Forgets;
        let tick = i64::from(world.chosen) * i64::from(forgot);
        due(u32::from(world.clock)).at.plus_millis(tick - 1_800_000)
    }

    /// The worlds after the incident, should it happen now.
    fn strike(&mut self, world: World) -> Vec<World> {
        let none = Queue::default();
        let after = World {
            struck: true,
            arrived_down: none,
            arrived_up: none,
            ..world
        };
        match self.scenario.incident {
            Incident::Never => Vec::new(),
            Incident::Repeats => {
                let ups = world.arrived_up.suffixes();
                let pairs = world
                    .arrived_down
                    .suffixes()
                    .flat_map(|down| ups.clone().map(move |up| (down, up)));
                let again = |(mut down, mut up): (Queue, Queue)| {
                    down.append(world.down);
                    up.append(world.up);
                    World { down, up, ..after }
                };
                pairs.map(again).collect()
            }
            Incident::Forgets => {
                let giver = self.legs[world.giver as usize].clone();
                if world.taker == NOTHING || !giver.is_open() {
                    return Vec::new();
                }
                let (mut down, mut up) = (none, none);
                if giver.due_no > 0 {
                    let (no, due) = (giver.due_no, giver.due);
                    down.push(self.message(START, Act::NewDue { no, due }));
                }
                if let Some(lead) = giver.lead {
                    let term = giver.term;
                    down.push(self.message(START, Act::NameLead { term, lead }));
                }
                // Written down and receipted in one commit.
                let mut taker = Leg::open(LEG, Side::Taker, giver.offer, START);
                let now = self.now(world);
                taker.apply(Party::Taker, now, now, &Act::Receipt);
                up.push(self.message(now, Act::Receipt));
                let taker = self.intern(taker);
                vec![World {
                    taker,
                    down,
                    up,
                    ..after
                }]
            }
        }
    }

    /// Everything that the side holding this record may do now.
    fn acts_of(&mut self, leg_no: LegNo, now: Time) -> Choices {
        if leg_no == NOTHING {
            return Rc::new([]);
        }
        if let Some(known) = self.own.get(&(leg_no, now)) {
            return known.clone();
        }
        let leg = self.legs[leg_no as usize].clone();
        let by = if leg.side == Side::Giver {
            Party::Giver
        } else {
            Party::Taker
        };
        let mut acts = (self.scenario.tries)(&leg, by);
        if leg.due.at < now {
            acts.push(Act::Overdue { due: leg.due.at });
        }
        let mut found = Vec::new();
        for act in acts {
            if check(&leg, by, &act).is_err() {
                continue;
            }
            let mut after = leg.clone();
            after.apply(by, now, now, &act);
            let message = self.message(now, act);
            let mut sends = Queue::default();
            sends.push(message);
            found.push((
                Reaction {
                    after: self.intern(after),
                    sends,
                },
                message,
            ));
        }
        let found: Choices = found.into();
        self.own.insert((leg_no, now), found.clone());
        found
    }

    /// What the side holding this record does with a message.
    fn arrive(&mut self, leg_no: LegNo, message: u8) -> Result<Reaction, Violation> {
        if let Some(known) = self.arriving.get(&(leg_no, message)) {
            return Ok(*known);
        }
        let (at, act) = self.messages[usize::from(message)].clone();
        let reaction = match self.legs.get(leg_no as usize).cloned() {
            Some(leg) => self
                .react(leg_no, leg, at, &act)
                .map_err(|broken| vec![broken])?,
            None => match act {
                Act::Offer(offer) => {
                    let after = self.intern(Leg::open(LEG, Side::Taker, *offer, at));
                    Reaction {
                        after,
                        sends: Queue::default(),
                    }
                }
                _ => return Err(vec![format!("{act:?} overtook the offer")]),
            },
        };
        self.arriving.insert((leg_no, message), reaction);
        Ok(reaction)
    }

    fn react(&mut self, leg_no: LegNo, leg: Leg, at: Time, act: &Act) -> Result<Reaction, String> {
        let by = if leg.side == Side::Giver {
            Party::Taker
        } else {
            Party::Giver
        };
        let mut after = leg.clone();
        after.apply(by, at, at, act);
        let mut sends = Queue::default();
        match (self.scenario.receive)(&leg, by, at, act) {
            Reception::Apply => {
                while let Some(ruling) = automatic(&after) {
                    check(&after, Party::Giver, &ruling).map_err(|refusal| refusal.to_string())?;
                    after.apply(Party::Giver, at, at, &ruling);
                    sends.push(self.message(at, ruling));
                }
            }
            Reception::Late { .. } if leg.side == Side::Giver => {
                let answer = after.closed_since().ok_or("late on an open leg")?;
                check(&after, Party::Giver, &answer).map_err(|refusal| refusal.to_string())?;
                sends.push(self.message(at, answer));
            }
            // The superior could not know that the leg is closed.
            Reception::Late { .. } if matches!(act, Act::Supervise { issuer, .. } if *issuer == PROVINCE) =>
                {}
            Reception::Late { .. } => {
                return Err(format!(
                    "late at the taker, whom only the giver closes: {act:?}"
                ));
            }
            Reception::Void(why) => {
                if Face::of(&after) != Face::of(&leg) {
                    self.false_voids.push(format!("{why}: {act:?}"));
                }
                return Ok(Reaction {
                    after: leg_no,
                    sends,
                });
            }
            Reception::Refuse(refusal) => {
                return Err(format!("an honest act is refused: {act:?}: {refusal}"));
            }
        }
        Ok(Reaction {
            after: self.intern(after),
            sends,
        })
    }

    /// The promises, in every world and in every quiet one.
    fn judge(&mut self, world: World) -> Result<(), String> {
        let giver = &self.legs[world.giver as usize];
        let taker = self.legs.get(world.taker as usize);
        if giver.answerable() == Party::Taker
            && taker.is_none_or(|taker| taker.answerable() == Party::Giver)
        {
            return Err(
                "the giver's log says the taker, and the taker knows nothing of it: nobody answers"
                    .to_owned(),
            );
        }
        if let Some(taker) = taker {
            if !taker.is_open() && (taker.stage, taker.closed_at) != (giver.stage, giver.closed_at)
            {
                return Err("the taker closed otherwise than by the giver's closing".to_owned());
            }
            if taker.due_no > giver.due_no || taker.term > giver.term {
                return Err(
                    "the taker knows a due date or a lead that the giver never named".to_owned(),
                );
            }
            if !world.struck && giver.next_request() > taker.next_request() {
                return Err("the giver knows a request that the taker never made".to_owned());
            }
        }
        if world.is_quiet() {
            self.quiet += 1;
            let Some(taker) = taker else {
                return Err("quiet, and the offer is lost".to_owned());
            };
            let forgot = world.struck && self.scenario.incident == Incident::Forgets;
            let (giver, taker) = match self.scenario.incident {
                Incident::Repeats => (Face::once(giver), Face::once(taker)),
                Incident::Forgets if forgot => {
                    (Face::healed(giver, taker), Face::healed(taker, taker))
                }
                _ => (Face::shared(giver), Face::shared(taker)),
            };
            if giver != taker {
                return Err(format!(
                    "quiet, and yet\n  giver {giver:?}\n  taker {taker:?}"
                ));
            }
            let order = self.legs[world.taker as usize].order(SUPERIOR_ORDER);
            if order.is_some_and(|order| {
                order.ended_at.is_some() != (world.superior == Superior::Ended)
            }) {
                return Err("quiet, and an order ended otherwise than by its issuer".to_owned());
            }
        }
        Ok(())
    }

    fn intern(&mut self, leg: Leg) -> LegNo {
        let next = LegNo::try_from(self.legs.len()).unwrap();
        let number = *self
            .leg_numbers
            .entry((Face::of(&leg), leg.side == Side::Giver))
            .or_insert(next);
        if number == next {
            self.legs.push(leg);
        }
        number
    }

    fn message(&mut self, at: Time, act: Act) -> u8 {
        let message = (at, act);
        let known = self
            .messages
            .iter()
            .skip(1)
            .position(|known| *known == message);
        let number = known.map_or(self.messages.len(), |position| position + 1);
        if number == self.messages.len() {
            self.messages.push(message);
        }
        u8::try_from(number).expect("a scenario has at most 255 different messages")
    }

    fn traced(&self, trace: Violation, what: &str, message: u8) -> Violation {
        let (at, act) = &self.messages[usize::from(message)];
        step(&format!("{act:?} of {at} {what}"))(trace)
    }
}

fn step(what: &str) -> impl Fn(Violation) -> Violation {
    move |mut trace| {
        trace.push(what.to_owned());
        trace
    }
}
