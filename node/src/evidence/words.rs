//! What was found, for people and for programs.

use super::bundle::Way;
use super::cross::{Conviction, hex};
use super::examine::{Examined, Seal, Seen, hands_over, label};
use crate::cli::table::Listing;
use hotline_show::{Text, shown};
use serde_json::{Value, json};

/// The report for people.
#[must_use]
pub fn report(files: &[Examined], convictions: &[Conviction], knows_tree: bool) -> Text {
    let mut text = Text::new();
    for file in files {
        one(&mut text, file);
    }
    if !knows_tree {
        text +=
            shown!("提示：信任文件夹中没有拓扑文件 federation.toml，未核对签发机构是否越出辖区\n");
    }
    for conviction in convictions {
        text += shown!(
            "判定：{} 说法自相矛盾（规则 {}）：{}\n",
            conviction.who,
            conviction.rule,
            conviction.words
        );
        for (no, exhibit) in (1..).zip(&conviction.exhibits) {
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
    let faults: usize = files.iter().map(|file| file.faults.len()).sum();
    text += match (faults, convictions.len()) {
        (0, 0) => "结论：证据完好，未见矛盾\n".into(),
        (faults, convictions) => {
            shown!("结论：签名或文件的问题 {faults} 个，自相矛盾 {convictions} 处\n")
        }
    };
    text
}

fn one(text: &mut Text, file: &Examined) {
    let bundle = &file.file.bundle;
    let seal = match &file.seal {
        Seal::Good => "已盖章",
        Seal::Missing => "未盖章：其中的信件有效，其余说法不约束任何人",
        Seal::Broken(_) => "盖章不符",
    };
    *text += shown!(
        "{}：{} 截至 {} 的证据（{seal}），信件 {} 封\n",
        file.name,
        bundle.node,
        bundle.made_at,
        bundle.letters.len()
    );
    let mut listing = Listing::new(&["写成", "作者", "收件", "内容", "签名", "结果"]);
    for (at, (letter, seen)) in bundle.letters.iter().zip(&file.letters).enumerate() {
        let result = match letter.way {
            Way::Received(effect) => format!("收于 {}，{}", letter.at, effect.label()),
            Way::Sent(..) => file
                .deliveries
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
            "  说明：封装的信件不作证；其签名只证明作者签过当时的日志位置，编号、内容、去向都证明不了，内容由收件方的证据证明
",
        );
    }
    for fault in &file.faults {
        *text += shown!("  问题：{fault}\n");
    }
    text.say("\n");
}

/// What a letter's signature is worth.
fn signature(seen: &Seen) -> &'static str {
    match (&seen.proven, seen.shut) {
        (Err(_), _) => "无效",
        (Ok(()), true) => "不作证",
        (Ok(()), false) => "有效",
    }
}

/// The report for programs.
#[must_use]
pub fn report_json(files: &[Examined], convictions: &[Conviction], knows_tree: bool) -> Value {
    json!({
        "sound": convictions.is_empty() && files.iter().all(|file| file.faults.is_empty()),
        "subtrees_checked": knows_tree,
        "files": files.iter().map(file_json).collect::<Vec<_>>(),
        "convictions": convictions.iter().map(|conviction| json!({
            "region": conviction.who.to_string(),
            "rule": conviction.rule,
            "words": conviction.words,
            "exhibits": conviction.exhibits.iter().map(|exhibit| json!({
                "file": exhibit.file,
                "letter": exhibit.letter.map(|id| id.to_string()),
                "shows": exhibit.shows,
            })).collect::<Vec<_>>(),
        })).collect::<Vec<_>>(),
    })
}

fn file_json(file: &Examined) -> Value {
    let bundle = &file.file.bundle;
    let letters = bundle.letters.iter().zip(&file.letters).enumerate();
    json!({
        "file": file.name,
        "node": bundle.node.to_string(),
        "as_of_ms": bundle.made_at.0,
        "sealed": file.seal == Seal::Good,
        "faults": file.faults,
        "letters": letters.map(|(at, (letter, seen))| json!({
            "id": letter.envelope.id.to_string(),
            "leg": letter.envelope.leg.map(|leg| leg.to_string()),
            "author": letter.envelope.author.to_string(),
            "addressee": letter.envelope.addressee.to_string(),
            "written_at_ms": letter.envelope.written_at.0,
            "witnessed_at_ms": seen.witnessed_at.0,
            "what": label(seen),
            "hands_over": hands_over(seen.message.as_ref()),
            "statement": hex(&seen.statement),
            "proven": seen.speaks(),
            "sealed_to_addressee": seen.shut,
            "received": match letter.way {
                Way::Received(effect) => Some(effect.label()),
                Way::Sent(..) => None,
            },
            "delivery": file.deliveries.iter().find(|(of, _)| *of == at)
                .map(|(_, delivery)| delivery.words()),
        })).collect::<Vec<_>>(),
    })
}
