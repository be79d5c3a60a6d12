//! Supervision (督办): orders, replies, reminders, exception notices.

mod back;
mod exceptions;
mod notice;
mod orders;
mod subject;
mod word;

#[cfg(test)]
mod tests;

pub use back::{came_back, came_back_afar};
pub use exceptions::{
    assign_due, bounced, leg_due, reply_due, returned, ticket_due, unsatisfied_again,
};
pub use notice::{IssuedOrder, Notice, NoticeReason};
pub use orders::{end_order, received, remind, reply_arrived, reply_order, stands, supervise};
pub use subject::{ends, noticed_by};
pub use word::{OrderStep, OrderWord};
