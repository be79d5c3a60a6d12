//! What the door takes at most: stored keys are short, peers set longer codes aside, and a slip should be named here
//! rather than fail far away. Every text of every verb has its kind here, so that a new one cannot be forgotten.

use super::refusal::{echo, invalid};
use hotline_domain::body::Actor;
use hotline_proto::operator::v1 as pb;
use hotline_proto::operator::v1::command::Verb;
use hotline_show::is_hidden;
use tonic::Status;

/// Longest code, in bytes.
const CODE_BYTES_MAX: usize = 160;
/// Longest name of a matter, leg, order, body or region, in bytes.
const NAME_BYTES_MAX: usize = 400;
/// Longest basis, determination or reason, in bytes.
const WORDS_BYTES_MAX: usize = 16 * 1024;
/// Longest idempotency key, in bytes.
const KEY_BYTES_MAX: usize = 128;
/// Longest idempotency key with its operator's name, in bytes: both stand in one stored key.
const KEY_AND_NAME_BYTES_MAX: usize = 400;

/// What a text of a verb is.
#[derive(Clone, Copy)]
enum Is {
    /// Names a thing that is looked up.
    Name,
    /// Stored and sent as it is.
    Code,
    /// A sentence without personal data; stored and sent, too.
    Words,
}

use Is::{Code, Name, Words};

/// Checks a command's key and the texts of its verb.
///
/// # Errors
/// `INVALID_ARGUMENT` with the field.
pub fn check(actor: &Actor, command: &pb::Command) -> Result<(), Status> {
    let key = &command.key;
    if key.len() > KEY_BYTES_MAX || key.len() + actor.name.len() > KEY_AND_NAME_BYTES_MAX {
        let words = format!(
            "幂等键最长 {KEY_BYTES_MAX} 字节，连同操作人的名字最长 {KEY_AND_NAME_BYTES_MAX} 字节"
        );
        return Err(invalid("key", words));
    }
    plain("key", key)?;
    let texts = command.verb.as_ref().map(texts).unwrap_or_default();
    for (field, text, is) in texts {
        let (what, most) = match is {
            Name => ("编号或名称", NAME_BYTES_MAX),
            Code => ("代码", CODE_BYTES_MAX),
            Words => ("说明", WORDS_BYTES_MAX),
        };
        if text.len() > most {
            let words = format!("{field} 是{what}，最长 {most} 字节；所填为“{}”", echo(text));
            return Err(invalid(field, words));
        }
        // A name is looked up, as it stands or without what came along when it was pasted; it is stored by nobody.
        if !matches!(is, Name) {
            plain(field, text)?;
        }
    }
    Ok(())
}

/// A text of one line, of letters that can be seen.
pub(super) fn plain(field: &str, text: &str) -> Result<(), Status> {
    let Some(at) = text.chars().position(is_hidden) else {
        return Ok(());
    };
    let hidden = text.chars().nth(at).map_or(0, u32::from);
    let words = format!(
        "{field} 须是一行看得见的文字：第 {} 个字符是 U+{hidden:04X}（控制、换行或方向符），请删去",
        at + 1
    );
    Err(invalid(field, words))
}

type Text<'a> = (&'static str, &'a str, Is);

/// The texts of a verb. Whoever adds a verb says here what its texts are.
fn texts(verb: &Verb) -> Vec<Text<'_>> {
    match verb {
        Verb::TakeIn(pb::TakeIn {
            channel,
            kind,
            category,
            urgency,
            place,
            happened_at_ms: _,
        }) => vec![
            ("channel", channel, Code),
            ("kind", kind, Code),
            ("category", category, Code),
            ("urgency", urgency, Code),
            ("place", place, Name),
        ],
        Verb::Refuse(pb::Refuse {
            matter,
            ground,
            basis,
        }) => vec![
            ("matter", matter, Name),
            ("ground", ground, Code),
            ("basis", basis, Words),
        ],
        Verb::Assign(ask) => assign(ask),
        Verb::AnswerDirectly(pb::OnMatter { matter })
        | Verb::Withdraw(pb::OnMatter { matter })
        | Verb::Note(pb::OnMatter { matter }) => vec![("matter", matter, Name)],
        Verb::Sign(pb::OnLeg { leg })
        | Verb::Recall(pb::OnLeg { leg })
        | Verb::Release(pb::OnLeg { leg })
        | Verb::AskExtension(pb::AskExtension { leg, days: _ })
        | Verb::SetDue(pb::SetDue { leg, due_ms: _ })
        | Verb::WithdrawRequest(pb::OnRequest { leg, request: _ }) => vec![("leg", leg, Name)],
        Verb::Progress(pb::Progress { leg, stage }) => {
            vec![("leg", leg, Name), ("stage", stage, Code)]
        }
        Verb::AskReturn(pb::AskReturn { leg, ground, basis }) => vec![
            ("leg", leg, Name),
            ("ground", ground, Code),
            ("basis", basis, Words),
        ],
        Verb::AskEscalation(pb::OnGround { leg, ground })
        | Verb::SubmitResult(pb::OnGround { leg, ground }) => {
            vec![("leg", leg, Name), ("ground", ground, Code)]
        }
        Verb::Rule(pb::Rule {
            leg,
            request: _,
            granted: _,
            basis,
        }) => vec![("leg", leg, Name), ("basis", basis, Words)],
        Verb::Reassign(pb::Reassign { leg, taker, basis }) => vec![
            ("leg", leg, Name),
            ("taker", taker, Name),
            ("basis", basis, Words),
        ],
        Verb::Close(pb::Close { matter, ground })
        | Verb::Escalate(pb::Close { matter, ground }) => {
            vec![("matter", matter, Name), ("ground", ground, Code)]
        }
        Verb::CallBack(pb::CallBack { matter, rating }) => {
            vec![("matter", matter, Name), ("rating", rating, Code)]
        }
        Verb::Redo(pb::Redo { matter, taker }) => {
            vec![("matter", matter, Name), ("taker", taker, Name)]
        }
        Verb::NameLead(pb::NameLead { matter, leg }) => {
            vec![("matter", matter, Name), ("leg", leg, Name)]
        }
        Verb::Supervise(pb::Supervise {
            leg,
            trigger,
            reply_by_ms: _,
        }) => vec![("leg", leg, Name), ("trigger", trigger, Code)],
        Verb::Remind(pb::OnOrder { order, leg })
        | Verb::ReplyOrder(pb::OnOrder { order, leg })
        | Verb::EndOrder(pb::OnOrder { order, leg }) => {
            vec![("order", order, Name), ("leg", leg, Name)]
        }
        Verb::ReopenLink(pb::ReopenLink { region })
        | Verb::ForgiveLink(pb::ForgiveLink { region }) => vec![("region", region, Name)],
        Verb::Erase(pb::Erase { matter, reason }) => {
            vec![("matter", matter, Name), ("reason", reason, Words)]
        }
        Verb::RotateKey(pb::RotateKey { revoke: _, reason }) => vec![("reason", reason, Words)],
        Verb::ConfirmClock(pb::ConfirmClock {}) => Vec::new(),
        // Its bytes are judged by what they were signed with.
        Verb::PublishDocument(pb::PublishDocument { document: _ }) => Vec::new(),
    }
}

fn assign(ask: &pb::Assign) -> Vec<Text<'_>> {
    let pb::Assign {
        matter,
        takers,
        lead,
        basis,
        due_ms: _,
        determination,
    } = ask;
    let mut texts: Vec<Text<'_>> = vec![
        ("matter", matter, Name),
        ("lead", lead, Name),
        ("basis", basis, Words),
        ("determination", determination, Words),
    ];
    texts.extend(takers.iter().map(|taker| ("takers", taker.as_str(), Name)));
    texts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(verb: Verb) -> Result<(), Status> {
        let actor = Actor {
            name: "wang".to_owned(),
            roles: Vec::new(),
            unit: None,
        };
        let command = pb::Command {
            verb: Some(verb),
            ..pb::Command::default()
        };
        check(&actor, &command)
    }

    #[test]
    fn nothing_unseen_gets_in_by_any_text() {
        for hidden in [
            "\0",
            "\u{1b}[2J",
            "一\n二",
            "\r",
            "\u{85}",
            "\u{202e}",
            "\u{200b}",
        ] {
            let text = format!("依据{hidden}");
            let verbs = [
                Verb::Assign(pb::Assign {
                    basis: text.clone(),
                    ..pb::Assign::default()
                }),
                Verb::Assign(pb::Assign {
                    determination: text.clone(),
                    ..pb::Assign::default()
                }),
                Verb::Rule(pb::Rule {
                    basis: text.clone(),
                    ..pb::Rule::default()
                }),
                Verb::Erase(pb::Erase {
                    reason: text.clone(),
                    ..pb::Erase::default()
                }),
                Verb::RotateKey(pb::RotateKey {
                    reason: text.clone(),
                    ..pb::RotateKey::default()
                }),
                Verb::Close(pb::Close {
                    ground: text.clone(),
                    ..pb::Close::default()
                }),
                Verb::TakeIn(pb::TakeIn {
                    channel: text.clone(),
                    ..pb::TakeIn::default()
                }),
            ];
            for verb in verbs {
                let status = checked(verb.clone()).expect_err(&format!("{hidden:?} {verb:?}"));
                assert_eq!(status.code(), tonic::Code::InvalidArgument);
                assert!(!status.message().contains(hidden), "{status:?}");
            }
        }
        let plain = pb::Rule {
            basis: "《通化市办法》第十五条：退回（第 2 款）— see §3".to_owned(),
            ..pb::Rule::default()
        };
        assert!(checked(Verb::Rule(plain)).is_ok());
    }

    #[test]
    fn a_long_value_is_echoed_short() {
        let verb = Verb::CallBack(pb::CallBack {
            rating: "很".repeat(3000),
            ..pb::CallBack::default()
        });
        let status = checked(verb).unwrap_err();
        assert!(status.message().chars().count() < 200, "{status:?}");
        assert!(status.message().contains("很很很"), "{status:?}");
    }
}
