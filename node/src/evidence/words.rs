//! What was found, for people and for programs. The words claim no more than was proven, and say what to ask for next.

use super::bundle::Way;
use super::cross::hex;
use super::delivery::Delivered;
use super::examine::{Examined, Seal, Seen, hands_over, label};
use super::judge::Judged;
use super::mark::State;
use super::verdict::{Class, Finding};
use crate::cli::table::Listing;
use hotline_show::{Text, shown};
use serde_json::{Value, json};

/// The report for people.
#[must_use]
pub fn report(judged: &Judged) -> Text {
    let mut text = Text::new();
    for (file, delivered) in judged.files.iter().zip(&judged.deliveries) {
        one(&mut text, file, delivered);
    }
    for (name, why) in &judged.unusable {
        text += shown!("文件不可用：{name}：{why}；视为没有提交，其余文件照常核对\n");
    }
    if !judged.knows_tree {
        text += shown!(
            "提示：信任文件夹中没有拓扑文件（federation*.toml），未核对签发机构是否越出辖区，也未核对日期的先后\n"
        );
    }
    for finding in &judged.findings {
        text += shown!("{}（规则 {}）\n", headed(finding), finding.rule);
        for (no, exhibit) in (1..).zip(&finding.exhibits) {
            let letter = exhibit
                .letter
                .map_or_else(Text::new, |id| shown!("信件 {id} "));
            text += shown!(
                "  证据 {no}：{} 中的{letter}：{}\n",
                exhibit.file,
                exhibit.shows
            );
        }
    }
    text += conclusion(judged);
    text
}

/// A finding with how strong it is.
fn headed(finding: &Finding) -> String {
    let Finding { who, words, .. } = finding;
    match finding.class {
        Class::Lie => format!("判定：{who} 的签名不能同真：{words}"),
        Class::Contradiction => format!("矛盾：{words}"),
        Class::VoidDenial => format!("否认无效：{words}"),
        Class::Unusable => format!("文件不可用：{words}"),
        Class::TooOld => format!("过旧：{words}"),
        Class::Unproven => format!("不能证明：{words}"),
    }
}

fn conclusion(judged: &Judged) -> Text {
    let absent: Vec<String> = judged.absent.iter().map(ToString::to_string).collect();
    let absent = match absent.is_empty() {
        true => String::new(),
        false => format!("；未提交盖章证据的各方：{}", absent.join("、")),
    };
    if judged.exit() == 0 {
        let until: Vec<String> = judged
            .files
            .iter()
            .map(|file| format!("{} {}", file.node(), file.file.bundle.made_at))
            .collect();
        return shown!(
            "结论：所给 {} 份文件在所列交办上一致，截至 {}{absent}\n",
            judged.files.len(),
            until.join("、")
        );
    }
    let count = |class: Class| {
        let of = judged.findings.iter();
        of.filter(|finding| finding.class == class).count()
    };
    let parts = [
        (count(Class::Lie), "签名不能同真"),
        (count(Class::Contradiction), "矛盾而分不出是谁"),
        (count(Class::VoidDenial), "否认无效"),
        (judged.unusable.len(), "文件不可用"),
        (count(Class::TooOld), "过旧"),
        (count(Class::Unproven), "不能证明"),
    ];
    let parts: Vec<String> = parts
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| format!("{what} {count} 处"))
        .collect();
    shown!("结论：{}{absent}\n", parts.join("，"))
}

fn one(text: &mut Text, file: &Examined, delivered: &[Delivered]) {
    let bundle = &file.file.bundle;
    let seal = match (&file.seal, &file.sealed) {
        (Seal::Made(..), State::Good) => "已盖章",
        (Seal::Missing, _) => "未盖章，只有其中验过的信件说话",
        (Seal::Former, _) => "旧版盖章，只有其中验过的信件说话",
        _ => "盖章不能证明，只有其中验过的信件说话",
    };
    *text += shown!(
        "{}：{} 截至 {} 的证据（{seal}），信件 {} 封\n",
        file.name,
        bundle.node,
        bundle.made_at,
        bundle.letters.len()
    );
    let mut listing = Listing::new(&["写成", "作者", "收件", "内容", "签名", "结果"]);
    for (at, (letter, seen)) in file.seen().enumerate() {
        let result = match letter.way {
            Way::Received(effect) => format!("收于 {}，{}", letter.at, effect.label()),
            Way::Sent(..) => delivered
                .iter()
                .find(|(of, _)| *of == at)
                .map_or_else(|| "送出".to_owned(), |(_, delivery)| delivery.words()),
        };
        listing.row([
            letter.envelope.written_at.to_string(),
            letter.envelope.author.to_string(),
            letter.envelope.addressee.to_string(),
            label(seen),
            signature(seen).to_owned(),
            result,
        ]);
    }
    *text += listing.or("没有信件");
    if file.letters.iter().any(|seen| seen.shut) {
        text.say(
            "  说明：封装的信件不作证；其签名只证明作者签过当时的日志位置，编号、内容、去向都证明不了，内容由收件方的证据证明\n",
        );
    }
    text.say("\n");
}

/// What a letter's signature is worth.
fn signature(seen: &Seen) -> &'static str {
    match (&seen.state, seen.shut) {
        (State::Nothing(_), _) => "无效",
        (State::Unproven(_), _) => "不能证明",
        (State::Good, true) => "不作证",
        (State::Good, false) => "有效",
    }
}

/// The report for programs.
#[must_use]
pub fn report_json(judged: &Judged) -> Value {
    let files = judged.files.iter().zip(&judged.deliveries);
    json!({
        "exit": judged.exit(),
        "consistent": judged.exit() == 0,
        "subtrees_checked": judged.knows_tree,
        "absent": judged.absent.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "files": files.map(|(file, delivered)| file_json(file, delivered)).collect::<Vec<_>>(),
        "unusable": judged.unusable.iter().map(|(name, why)| json!({
            "file": name,
            "why": why,
        })).collect::<Vec<_>>(),
        "findings": judged.findings.iter().map(|finding| json!({
            "class": finding.class.code(),
            "region": finding.who.to_string(),
            "rule": finding.rule,
            "words": finding.words,
            "exhibits": finding.exhibits.iter().map(|exhibit| json!({
                "file": exhibit.file,
                "letter": exhibit.letter.map(|id| id.to_string()),
                "shows": exhibit.shows,
            })).collect::<Vec<_>>(),
        })).collect::<Vec<_>>(),
    })
}

fn file_json(file: &Examined, delivered: &[Delivered]) -> Value {
    let bundle = &file.file.bundle;
    json!({
        "file": file.name,
        "node": bundle.node.to_string(),
        "as_of_ms": bundle.made_at.0,
        "exported_at_ms": bundle.sealed_at.0,
        "sealed": file.head().is_some(),
        "letters": file.seen().enumerate().map(|(at, (letter, seen))| json!({
            "id": letter.envelope.id.to_string(),
            "leg": letter.envelope.leg.map(|leg| leg.to_string()),
            "author": letter.envelope.author.to_string(),
            "addressee": letter.envelope.addressee.to_string(),
            "written_at_ms": letter.envelope.written_at.0,
            "seen_at_ms": seen.seen_at.map(|at| at.0),
            "what": label(seen),
            "hands_over": hands_over(seen.message.as_ref()),
            "statement": hex(&seen.statement),
            "proven": seen.speaks(),
            "sealed_to_addressee": seen.shut,
            "received": match letter.way {
                Way::Received(effect) => Some(effect.label()),
                Way::Sent(..) => None,
            },
            "delivery": delivered.iter().find(|(of, _)| *of == at)
                .map(|(_, delivery)| delivery.words()),
        })).collect::<Vec<_>>(),
    })
}
