//! `hotline codes`: the codes that commands take, with their labels; found by words.

use super::door::{DoorArgs, Shown};
use super::json::Json as _;
use super::table::Listing;
use clap::Args;
use hotline_proto::operator::v1 as pb;
use hotline_show::{Text, shown};

/// `hotline codes`.
#[derive(Debug, Args)]
pub struct CodesArgs {
    #[command(flatten)]
    door: DoorArgs,
    /// 哪一种：事项、理由（不予受理、退单、提级、办结）、评价、督办、单位、区划、目的、类型、紧急程度、渠道
    #[arg(value_name = "种类")]
    vocabulary: String,
    /// 只列含有这些词的；没有时列出相近的
    #[arg(value_name = "词")]
    words: Vec<String>,
    /// 最多几项，1 到 500
    #[arg(long, default_value_t = 500)]
    limit: u32,
}

impl CodesArgs {
    /// Runs the command.
    ///
    /// # Errors
    /// Wrong usage, a refusal, or the node is not reachable.
    pub fn run(self) -> anyhow::Result<()> {
        let request = pb::ListCodesRequest {
            vocabulary: self.vocabulary,
            words: self.words.join(" "),
            limit: self.limit,
        };
        self.door.run(async |caller| {
            let answer = caller.client.list_codes(caller.who(), request).await?;
            Ok(Shown {
                text: text(&answer),
                json: answer.json(),
            })
        })
    }
}

fn text(answer: &pb::ListCodesResponse) -> Text {
    let first = answer.codes.first().map(|code| &code.vocabulary);
    let mixed = answer
        .codes
        .iter()
        .any(|code| Some(&code.vocabulary) != first);
    let mut header = vec!["代码", "名称", "说明"];
    if mixed {
        header.insert(0, "种类");
    }
    let mut listing = Listing::new(&header);
    for code in &answer.codes {
        let mut row = vec![code.code.clone(), code.label.clone(), code.note.clone()];
        if mixed {
            row.insert(0, code.vocabulary_label.clone());
        }
        listing.row(row);
    }
    let mut text = listing.or("没有相符或相近的代码；不写词则列出全部");
    if answer.left_out > 0 {
        text += shown!(
            "还有 {} 项没有列出；请在后面写几个词缩小范围\n",
            answer.left_out
        );
    }
    text
}
