//! Epochs: a log is in the epoch that its last restart began.

use super::voice::{Found, seal_exhibit};
use crate::evidence::examine::Examined;
use crate::evidence::verdict::{Class, Finding};
use hotline_domain::kernel::FIRST_EPOCH;

/// K10, `unexplained-epoch`: a sealed file is of the epoch that the last restart in it began, or of the first. Both are folded
/// from the same facts.
pub(super) fn unexplained(files: &[&Examined], found: &mut Found) {
    for file in files {
        let Some(sealed) = file.binds() else { continue };
        let restarts = &file.file.bundle.restarts;
        let began = restarts.last().map_or(FIRST_EPOCH, |last| last.began);
        let mut before = FIRST_EPOCH;
        let in_order = restarts.iter().all(|restart| {
            let follows = restart.ended.epoch == before
                && restart.began > before
                && restart.ended.commit < sealed.commit;
            before = restart.began;
            follows
        });
        if began == sealed.epoch && in_order {
            continue;
        }
        let who = file.node();
        found.push(Finding {
            class: Class::Lie,
            who,
            rule: "unexplained-epoch",
            words: format!(
                "盖章时其日志在第 {} 纪元，自己所列的数据恢复却止于第 {began} 纪元：换纪元没有来由",
                sealed.epoch
            ),
            exhibits: vec![seal_exhibit(
                file,
                format!(
                    "盖章所称纪元 {}，所列恢复 {} 次",
                    sealed.epoch,
                    restarts.len()
                ),
            )],
        });
    }
}
