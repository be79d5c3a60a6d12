//! Folds what happened into the ticket. Total: a fact carries everything that was decided.

use super::{Rating, Sight, Ticket, TicketAct, TicketStage};
use crate::field::SealedField;
use crate::id::{LegId, MatterId};
use crate::leg::{Act, Closure, LegKind, Offer, RecallGround, RuleVersion};
use hotline_topology::{Kind, RegionKey, Time, Urgency};

impl Ticket {
    /// A ticket before its first act.
    #[must_use]
    pub fn blank(matter: MatterId, origin: RegionKey, at: Time) -> Self {
        Self {
            matter,
            number: String::new(),
            origin,
            taken_in_at: at,
            since: at,
            channel: String::new(),
            kind: Kind::Other,
            category: String::new(),
            urgency: Urgency::Normal,
            place: None,
            rules: RuleVersion {
                pack: String::new(),
                version: 0,
            },
            fields: Vec::new(),
            stage: TicketStage::Open,
            closed_ground: None,
            closed_at: None,
            due: None,
            overdue: false,
            incoming: None,
            incoming_all: Vec::new(),
            outgoing: Vec::new(),
            round: 0,
            sights: Vec::new(),
            returns: 0,
            hops: 0,
            determined: false,
            term: 0,
            lead: None,
            lead_fixed: false,
            ratings: Vec::new(),
            redos: 0,
            withdrawn_at: None,
            handled_by: Vec::new(),
            entries: 0,
            version: 0,
        }
    }

    /// A ticket as a taker first holds it: what the offer says.
    #[must_use]
    pub fn of_offer(offer: &Offer, at: Time) -> Self {
        Self {
            number: offer.number.clone(),
            taken_in_at: offer.taken_in_at,
            kind: offer.request_kind,
            category: offer.category.clone(),
            place: offer.place,
            urgency: offer.urgency,
            hops: offer.hops,
            rules: offer.rules.clone(),
            since: at,
            ..Self::blank(offer.matter, offer.origin, offer.taken_in_at)
        }
    }

    /// Folds an act of the ticket's own.
    pub fn apply(
        &mut self,
        at: Time,
        actor: Option<&str>,
        act: &TicketAct,
        fields: &[SealedField],
    ) {
        self.version += u32::from(!act.is_reading());
        match act {
            TicketAct::TakenIn {
                number,
                channel,
                kind,
                category,
                urgency,
                place,
                due,
                rules,
                happened_at,
                content: _,
            } => {
                self.number.clone_from(number);
                self.channel.clone_from(channel);
                self.kind = *kind;
                self.category.clone_from(category);
                self.urgency = *urgency;
                self.place = *place;
                self.due = Some(*due);
                self.rules = rules.clone();
                self.taken_in_at = *happened_at;
                self.fields = fields.to_vec();
            }
            TicketAct::Received { leg, due } => {
                self.incoming = Some(*leg);
                self.incoming_all.push(*leg);
                self.set_due(*due);
                self.add_fields(fields);
                self.begin_round();
            }
            TicketAct::DueChanged { due } | TicketAct::DueSettled { due, .. } => {
                self.set_due(*due);
            }
            TicketAct::AnsweredDirectly => self.close(at, actor, "answered-directly"),
            // The pack's ground stays in the timeline; figures know refusals by this word.
            TicketAct::Refused { .. } => self.close(at, actor, "refused"),
            TicketAct::Determined { .. } => self.determined = true,
            TicketAct::Closed { ground } => self.close(at, actor, ground),
            TicketAct::Reopened { .. } => self.open_again(),
            TicketAct::CalledBack { rating, satisfied } => {
                self.ratings.push(Rating {
                    at,
                    code: rating.clone(),
                    satisfied: *satisfied,
                });
            }
            TicketAct::RedoOrdered { due } => {
                self.redos += 1;
                self.set_due(*due);
                self.begin_round();
            }
            TicketAct::Withdrawn => self.withdrawn_at = Some(at),
            TicketAct::Overdue => self.overdue = true,
            TicketAct::LeadNamed { term, lead, fixed } => {
                self.term = *term;
                self.lead = Some(*lead);
                self.lead_fixed = *fixed;
            }
            // The leg counts as given on only now that there is a ticket.
            TicketAct::Returned { leg } => self.gave(*leg, self.hops),
            TicketAct::Mended {
                stage,
                closed_ground,
                closed_at,
                incoming,
                incoming_all,
                outgoing,
                round,
            } => {
                self.stage = *stage;
                self.closed_ground.clone_from(closed_ground);
                self.closed_at = *closed_at;
                self.incoming = *incoming;
                self.incoming_all.clone_from(incoming_all);
                self.outgoing.clone_from(outgoing);
                self.round = *round;
            }
            TicketAct::CallBackMissed
            | TicketAct::Noted
            | TicketAct::Attached { .. }
            | TicketAct::AttachmentRead { .. }
            | TicketAct::AttachmentFetched { .. } => {}
        }
    }

    /// Folds an offer of an outgoing leg; `hops` is what the offer says. Bodies that share a matter got it in one hop.
    pub fn gave(&mut self, leg: LegId, hops: u32) {
        self.version += 1;
        self.outgoing.push(leg);
        self.hops = self.hops.max(hops);
        self.stage = TicketStage::Assigned;
        self.closed_ground = None;
        self.closed_at = None;
    }

    /// Folds the closing of an outgoing leg; `stage` is where the ticket stands by the legs that remain.
    pub fn came_back(&mut self, kind: LegKind, closure: Closure, stage: TicketStage) {
        if closure == Closure::Returned && kind == LegKind::Downward {
            self.returns += 1;
        }
        self.goes_on(stage);
    }

    /// Folds the closing of an incoming leg that does not end this node's part: the matter is its own, or another
    /// incoming leg is open.
    pub fn goes_on(&mut self, stage: TicketStage) {
        self.version += 1;
        if self.is_open() {
            self.stage = stage;
        }
    }

    /// Folds who handled the matter here.
    pub fn handled(&mut self, actor: &str) {
        if !self.handled_by.iter().any(|known| known == actor) {
            self.handled_by.push(actor.to_owned());
        }
    }

    /// Folds the closing of the last incoming leg: this node's part is over. `result` is the accepted result's ground.
    pub fn incoming_closed(&mut self, at: Time, closure: Closure, result: Option<&str>) {
        let ground = match closure {
            Closure::Done => result.unwrap_or("leg-done"),
            Closure::Returned => "leg-returned",
            Closure::Escalated => "leg-escalated",
            Closure::Recalled(RecallGround::Recalled) => "leg-recalled",
            Closure::Recalled(RecallGround::Withdrawn) => "leg-withdrawn",
            Closure::Recalled(RecallGround::Released) => "leg-released",
        };
        if self.is_open() {
            self.version += 1;
            self.close(at, None, ground);
        }
    }

    /// Folds a sight; an older one never overwrites a newer one.
    pub fn saw(&mut self, sight: &Sight) {
        match self.sights.iter_mut().find(|known| known.leg == sight.leg) {
            // A giver whose disk was rolled back counts anew: its later word is the newer one.
            Some(known) if (known.since, known.version) >= (sight.since, sight.version) => {}
            Some(known) => known.clone_from(sight),
            None => self.sights.push(sight.clone()),
        }
    }

    /// Whether an act on the incoming leg changes what this ticket shows.
    pub fn touched_by(&mut self, _act: &Act) {
        self.version += 1;
    }

    fn add_fields(&mut self, fields: &[SealedField]) {
        for field in fields {
            match self
                .fields
                .iter_mut()
                .find(|known| known.name == field.name)
            {
                Some(known) => known.clone_from(field),
                None => self.fields.push(field.clone()),
            }
        }
    }

    /// A date that passed stays passed; another one is another chance.
    fn set_due(&mut self, due: Time) {
        self.overdue &= self.due == Some(due);
        self.due = Some(due);
    }

    fn begin_round(&mut self) {
        self.round = u32::try_from(self.outgoing.len()).unwrap_or(u32::MAX);
        self.open_again();
    }

    fn open_again(&mut self) {
        self.stage = TicketStage::Open;
        self.closed_ground = None;
        self.closed_at = None;
    }

    fn close(&mut self, at: Time, actor: Option<&str>, ground: &str) {
        self.stage = TicketStage::Closed;
        self.closed_ground = Some(ground.to_owned());
        self.closed_at = Some(at);
        if let Some(actor) = actor {
            self.handled(actor);
        }
    }
}
