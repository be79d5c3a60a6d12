//! What a list's line shows of a ticket besides its head: title, place, who has it; and which lines a search finds, or are
//! a person's own. Only what the line would show is sought.

use super::show::body_name;
use crate::app::NodeHandle;
use crate::grpc::refusal::unwell;
use crate::input::choice::folded;
use hotline_domain::body::Actor;
use hotline_domain::fact::Fact;
use hotline_domain::leg::{Leg, Side};
use hotline_domain::policy::reading::Readable;
use hotline_domain::policy::waiting;
use hotline_domain::row::{Row, RowKey};
use hotline_domain::ticket::{Ticket, folded_number};
use hotline_domain::view::{Rows as _, View};
use hotline_proto::operator::v1 as pb;
use hotline_topology::FieldName;
use tonic::Status;

/// Longest title in a line, in characters.
const TITLE_CHARS_MAX: usize = 60;
/// Entries of a timeline looked at for a person's hand.
const ENTRIES_MAX: usize = 200;

/// What is asked of lines beyond their heads.
#[derive(Debug, Clone, Default)]
pub(super) struct Asked {
    /// Only those that the person has had a hand in.
    pub mine: bool,
    /// Only those that wait for an act of the person.
    pub waiting: bool,
    /// Only those in whose line each of these stands.
    words: Vec<String>,
}

impl Asked {
    pub fn of(request: &pb::ListTicketsRequest) -> Self {
        Self {
            mine: request.mine,
            waiting: request.waiting,
            words: request
                .search
                .split_whitespace()
                .map(str::to_owned)
                .collect(),
        }
    }
}

/// Lines for one person.
pub(super) struct Lines<'a> {
    pub node: &'a NodeHandle,
    pub rows: &'a (dyn View + Send + Sync),
    pub actor: &'a Actor,
    pub asked: Asked,
}

/// What stands in a line besides the head.
#[derive(Debug, Clone, Default)]
pub(super) struct Line {
    title: String,
    place: String,
    with: String,
}

impl Lines<'_> {
    /// The ticket's line; `None` where it is not asked for.
    pub fn of(&self, ticket: &Ticket, readable: Readable) -> Result<Option<Line>, Status> {
        let legs = self.legs(ticket)?;
        let me = self.node.shared().surroundings.me();
        if self.asked.waiting && !waiting::waits_for(self.actor, me, ticket, &legs) {
            return Ok(None);
        }
        if self.asked.mine
            && !waiting::is_of(self.actor, me, ticket, &legs)
            && !self.has_acted(ticket)?
        {
            return Ok(None);
        }
        let line = Line {
            title: self.title(ticket, readable)?,
            place: self.place(ticket),
            with: self.with(&legs),
        };
        Ok(self.is_found(ticket, &line).then_some(line))
    }

    fn legs(&self, ticket: &Ticket) -> Result<Vec<Leg>, Status> {
        let mut legs = Vec::new();
        for id in ticket.incoming.iter().chain(&ticket.outgoing) {
            legs.extend(self.rows.leg(*id).map_err(unwell)?);
        }
        Ok(legs)
    }

    fn has_acted(&self, ticket: &Ticket) -> Result<bool, Status> {
        let from = RowKey::Timeline(ticket.matter, 0);
        let to = RowKey::Timeline(ticket.matter, ticket.entries);
        let found = self.rows.scan(&from, &to, ENTRIES_MAX).map_err(unwell)?;
        Ok(found.into_iter().any(|(_, row)| {
            let Row::Timeline(fact) = row else {
                return false;
            };
            match *fact {
                Fact::Ticket { actor, .. } | Fact::Leg { actor, .. } => {
                    actor.as_ref() == Some(&self.actor.name)
                }
                _ => false,
            }
        }))
    }

    fn title(&self, ticket: &Ticket, readable: Readable) -> Result<String, Status> {
        if !readable.content {
            return Ok(String::new());
        }
        let of = |name: FieldName| ticket.fields.iter().find(|field| field.name == name);
        let Some(field) = of(FieldName::Title).or_else(|| of(FieldName::Content)) else {
            return Ok(String::new());
        };
        let read = self.node.shared().sealer.read(field);
        let text = read.map_err(|error| Status::unavailable(error.to_string()))?;
        let text = text.unwrap_or_else(|| "（已依法删除）".to_owned());
        let one_line: String = text
            .chars()
            .map(|letter| if letter.is_control() { ' ' } else { letter })
            .take(TITLE_CHARS_MAX)
            .collect();
        Ok(one_line.trim().to_owned())
    }

    fn place(&self, ticket: &Ticket) -> String {
        let known = self.node.shared().surroundings.known();
        let region = ticket
            .place
            .and_then(|place| known.federation.region(place));
        region.map_or_else(String::new, |region| region.name.clone())
    }

    /// Who has it now: the open takers, else nobody but this node.
    fn with(&self, legs: &[Leg]) -> String {
        let known = self.node.shared().surroundings.known();
        let open = legs
            .iter()
            .filter(|leg| leg.is_open() && leg.side != Side::Taker);
        let names = open.map(|leg| {
            let name = body_name(&known.federation, leg.taker());
            // Of a unit of this node its own name suffices.
            let short = name.rsplit(' ').next().map(str::to_owned);
            short.unwrap_or(name)
        });
        names.collect::<Vec<_>>().join("、")
    }

    fn is_found(&self, ticket: &Ticket, line: &Line) -> bool {
        let shown = folded(&format!("{} {} {}", line.title, line.place, line.with));
        let number: String = folded_number(&ticket.number).to_ascii_lowercase();
        self.asked.words.iter().all(|word| {
            let plain = folded_number(word).to_ascii_lowercase();
            let in_number = plain.len() >= 4 && number.contains(&plain);
            in_number || shown.contains(&folded(word))
        })
    }
}

impl Line {
    /// Adds it to the ticket's head.
    pub fn fill(self, ticket: &mut pb::Ticket) {
        ticket.title = self.title;
        ticket.place_name = self.place;
        ticket.with = self.with;
    }
}
