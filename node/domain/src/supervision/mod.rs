//! Supervision (督办): orders, replies, reminders, exception notices.

mod notice;

pub use notice::{IssuedOrder, Notice, NoticeReason};
