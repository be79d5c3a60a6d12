//! Words that come from another node are letters: what a neighbour's door let in against the rules goes no further.
//!
//! Codes are checked as they are read, since they stand in keys. Here it is words alone, and of what is written from now
//! on: what came before stays readable, and a line's end in it, which older programs let in, is no reason to stop a
//! hand-over.

use crate::leg::{Act, Asking};
use crate::link::Message;
use crate::refusal::{Class, Refusal};

/// Refuses a message whose words hold characters that do something instead of being read.
pub(super) fn check(message: &Message) -> Result<(), Refusal> {
    let Message::Leg { act, .. } = message else {
        return Ok(());
    };
    let words = match act {
        Act::Offer(offer) => &offer.basis,
        Act::Request {
            asking: Asking::Return { basis, .. },
            ..
        }
        | Act::Ruling { basis, .. } => basis,
        _ => return Ok(()),
    };
    let drives = |letter: char| letter.is_control() && !matches!(letter, '\n' | '\r' | '\t');
    match words.chars().any(drives) {
        false => Ok(()),
        true => Err(Refusal::new(
            Class::Invalid,
            "words.control",
            "依据里有控制字符，不予接收；请发件节点改写后重办",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::LegId;
    use hotline_topology::Time;

    fn return_asked(basis: &str) -> Message {
        Message::Leg {
            leg: LegId([1; 16]),
            at: Time(0),
            act: Act::Request {
                no: 1,
                asking: Asking::Return {
                    ground: "not-ours".to_owned(),
                    basis: basis.to_owned(),
                },
            },
        }
    }

    #[test]
    fn words_that_drive_a_terminal_are_refused_and_lines_are_not() {
        for bad in ["\0", "依据\u{1b}[2J", "\u{9b}2J", "\u{7}"] {
            let refused = check(&return_asked(bad)).unwrap_err();
            assert_eq!(refused.rule, "words.control");
        }
        for good in ["", "三定方案", "第一条\n第二条\t三"] {
            assert_eq!(check(&return_asked(good)), Ok(()));
        }
    }
}
