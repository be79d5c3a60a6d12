//! The ticket (工单): a matter as one node holds it, and the verbs that people use on it.

mod act;
mod state;

pub use act::TicketAct;
pub use state::{Rating, Sight, Ticket, TicketStage};
