//! The texts of the verbs: each offers those that the door takes with it, and no others.

use crate::cli::text::{Personal, Words, personal, texts};
use clap::Args;
use hotline_proto::operator::v1 as pb;

/// Texts as they were given on the command line.
pub trait Texts: Args {
    /// Reads them.
    ///
    /// # Errors
    /// A file cannot be read.
    fn read(&self) -> anyhow::Result<Vec<pb::Text>>;
}

/// A set: its fields with the door's name and the help of each.
macro_rules! sets {
    ($($(#[$doc:meta])* $name:ident { $($field:ident $code:literal $help:literal;)* })*) => {$(
        $(#[$doc])*
        #[derive(Debug, Default, Args)]
        pub struct $name {
            $(
                #[arg(long, help = $help, value_name = "文字", help_heading = HEADING)]
                $field: Option<Words>,
            )*
        }

        impl Texts for $name {
            fn read(&self) -> anyhow::Result<Vec<pb::Text>> {
                Ok(texts(&[$(($code, &self.$field)),*])?)
            }
        }
    )*};
}

const HEADING: &str = "文字（可写 @文件，或 - 取自标准输入）";

sets! {
    /// 签收、备注.
    Noted {
        note "note" "备注";
    }
    /// Whatever gives a reason.
    Reasoned {
        reason "reason" "理由";
        note "note" "备注";
    }
    /// 转办、催办.
    Instructed {
        instruction "instruction" "办理要求";
        note "note" "备注";
    }
    /// 审核、改派、重办、主办、督办.
    Ruled {
        instruction "instruction" "办理要求";
        reason "reason" "理由";
        note "note" "备注";
    }
    /// 答复.
    Answered {
        answer "answer" "给诉求人的答复";
        note "note" "备注";
    }
    /// 结果、办结.
    Resulted {
        result "result_text" "办理情况";
        answer "answer" "给诉求人的答复";
        note "note" "备注";
    }
    /// 进展.
    Reported {
        stage_report "stage_report" "阶段性工作情况";
        note "note" "备注";
    }
    /// 延期、提级.
    Urged {
        reason "reason" "理由";
        stage_report "stage_report" "阶段性工作情况";
        note "note" "备注";
    }
    /// 回复督办.
    Replied {
        stage_report "stage_report" "阶段性工作情况";
        result "result_text" "办理情况";
        reason "reason" "理由";
        note "note" "备注";
    }
    /// 回访.
    Rated {
        rating_text "rating_text" "评价意见";
        note "note" "备注";
    }
    /// What the petitioner says, but for who it is.
    Told {
        title "title" "标题";
        content "content" "内容";
        place_text "place" "地点";
        note "note" "备注";
    }
}

/// 受理.
#[derive(Debug, Default, Args)]
pub struct TakenIn {
    #[command(flatten)]
    told: Told,
    /// 诉求人姓名:@文件、-（标准输入的一行）或 ?（在终端里询问）；不写在命令行上
    #[arg(
        long,
        value_name = "取自",
        help_heading = "诉求人（不在命令行上写明，免得留在进程列表和历史记录里）"
    )]
    name: Option<Personal>,
    /// 诉求人联系方式：写法同上
    #[arg(
        long,
        value_name = "取自",
        help_heading = "诉求人（不在命令行上写明，免得留在进程列表和历史记录里）"
    )]
    contact: Option<Personal>,
}

impl Texts for TakenIn {
    fn read(&self) -> anyhow::Result<Vec<pb::Text>> {
        let mut read = self.told.read()?;
        let who = [
            ("petitioner_name", "诉求人姓名", &self.name),
            ("contact", "诉求人联系方式", &self.contact),
        ];
        if self.told.takes_input()
            && who
                .iter()
                .any(|(.., from)| from.as_ref().is_some_and(Personal::is_input))
        {
            let words = "标准输入只能取一处；请把其中之一写成 @文件";
            return Err(crate::cli::door::Usage(words.into()).into());
        }
        read.extend(personal(&who)?);
        Ok(read)
    }
}

impl Told {
    fn takes_input(&self) -> bool {
        [&self.title, &self.content, &self.place_text, &self.note]
            .into_iter()
            .flatten()
            .any(Words::is_input)
    }
}
