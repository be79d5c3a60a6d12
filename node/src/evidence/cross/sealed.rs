//! What a sealed file shows of its own node and is false.

use super::voice::{Found, seal_exhibit};
use crate::evidence::examine::Examined;
use crate::evidence::mark::Mark;
use crate::evidence::verdict::{Class, Exhibit, Finding};

/// K12, `sealed-falsehood`: a sealed file shows a letter of its own node, or one that it opened, under a signature that is
/// not over it. What arrives is judged before it is taken, and `evidence export` judges its own file before it seals it.
/// What was passed on unread, and what a program of before left unsigned, is no falsehood.
pub(super) fn falsehoods(files: &[&Examined], found: &mut Found) {
    for file in files.iter().filter(|file| file.binds().is_some()) {
        for (letter, seen) in file.seen() {
            let Mark::Forged(why) = &seen.mark else {
                continue;
            };
            if !file.answers_for(letter) {
                continue;
            }
            let (id, author) = (letter.envelope.id, letter.envelope.author);
            found.push(Finding {
                class: Class::Lie,
                who: file.node(),
                rule: "sealed-falsehood",
                words: format!("盖章的证据里信件 {id}（{author} 所写）与其签名不符：{why}"),
                exhibits: vec![
                    Exhibit {
                        file: file.name.clone(),
                        letter: Some(id),
                        shows: "内容与签名不符".to_owned(),
                    },
                    seal_exhibit(file, "该节点为整份文件盖了章".to_owned()),
                ],
            });
        }
    }
}
