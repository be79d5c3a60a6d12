//! Tickets: what was recorded of them, and the row that it folds to.

use super::field::{choice, noun};
use super::form::coded;
use hotline_domain::attachment::Attached;
use hotline_domain::clock::{Basis, DueOf, Reckoned};
use hotline_domain::ticket::{Rating, Ticket, TicketAct, TicketStage};
use hotline_proto::record::v1 as pb;
use pb::{basis, due_of, ticket_act as act};

coded!(TicketStage => pb::TicketStage { Open, Assigned, Reviewing, Closed });

choice!(TicketAct => pb::TicketAct [act: act::Act] {
    TakenIn: act::TakenIn {
        number, channel, kind, category, place, urgency, due: due_ms, happened_at: happened_at_ms, rules, content,
    },
    Received: act::Received { leg, due: due_ms },
    DueChanged: act::DueChanged { due: due_ms },
    DueSettled: act::DueSettled { was: was_ms, due: due_ms, calendar },
    AnsweredDirectly: act::AnsweredDirectly {},
    Refused: act::Refused { ground, basis },
    Determined: act::Determined { basis },
    Closed: act::Closed { ground },
    Reopened: act::Reopened { reason },
    CalledBack: act::CalledBack { rating, satisfied },
    CallBackMissed: act::CallBackMissed {},
    RedoOrdered: act::RedoOrdered { due: due_ms },
    Withdrawn: act::Withdrawn {},
    Overdue: act::Overdue {},
    LeadNamed: act::LeadNamed { term, lead, fixed },
    Noted: act::Noted {},
    Returned: act::Returned { leg },
    Mended: act::Mended { stage, closed_ground, closed_at: closed_at_ms, incoming, incoming_all, outgoing, round },
    Attached: act::Attached { attachment, local },
    AttachmentRead: act::AttachmentRead { id },
    AttachmentFetched: act::AttachmentFetched { id, leg, by },
});

noun!(Attached => pb::Attached {
    attachment, cover, at: at_ms, actor, local, source, given_on, came_on, fetched_by,
});

choice!(DueOf => pb::DueOf [of: due_of::Of] {
    Ticket(matter),
    Leg(leg),
    Order(order),
});

choice!(Basis => pb::Basis [basis: basis::Basis] {
    Rules: basis::Rules { from: from_ms, days },
    Incoming: basis::Incoming {},
    Offered: basis::Offered { from: from_ms },
});

noun!(Reckoned => pb::Reckoned { at: at_ms, calendar, basis, more });

noun!(Rating => pb::Rating { at: at_ms, code, satisfied });

noun!(Ticket => pb::Ticket {
    matter, number, origin, taken_in_at: taken_in_at_ms, since: since_ms, channel, kind, category, place, urgency, rules,
    fields, stage, closed_ground, closed_at: closed_at_ms, due: due_ms, overdue, incoming, incoming_all, outgoing, round,
    sights, returns, hops, determined, term, lead, lead_fixed, ratings, redos, withdrawn_at: withdrawn_at_ms,
    handled_by, entries, version,
});
