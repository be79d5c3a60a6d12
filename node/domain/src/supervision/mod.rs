//! Supervision (督办): orders, replies, reminders, exception notices.

mod exceptions;
mod notice;
mod orders;
mod subject;

#[cfg(test)]
mod tests;

pub use exceptions::{bounced, leg_due, reply_due, returned, ticket_due, unsatisfied_again};
pub use notice::{IssuedOrder, Notice, NoticeReason};
pub use orders::{came_back, end_order, received, remind, reply_arrived, reply_order, supervise};
