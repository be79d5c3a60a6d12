//! `hotline ticket readings`: who opened what of a ticket, and what for; and the purpose that a reading names.

use super::list::more;
use crate::cli::door::{Caller, Shown};
use crate::cli::json::Json as _;
use crate::cli::table::Listing;
use crate::cli::words::{time, word};
use clap::Args;
use hotline_proto::operator::v1 as pb;
use hotline_show::{Text, shown};

/// What texts or a file are opened for.
#[derive(Debug, Args)]
pub struct Purpose {
    /// 查阅目的：办理 handle、回访 call-back、本人申请 petitioner、督办 supervise、质检 quality、审计 audit、依法调取 legal；
    /// 正在承办的单位人员可以不写，即为办理
    #[arg(
        long,
        value_name = "目的",
        default_value = "",
        hide_default_value = true
    )]
    pub purpose: String,
}

/// 谁查阅过
#[derive(Debug, Args)]
pub struct Readings {
    /// 工单编号
    #[arg(value_name = "工单")]
    ticket: String,
    /// 一页几条，1 到 500
    #[arg(long, default_value_t = 50)]
    limit: u32,
    /// 从上一页给出的标记接着列
    #[arg(long, default_value = "", hide_default_value = true)]
    cursor: String,
}

impl Readings {
    /// Asks and shows one page.
    ///
    /// # Errors
    /// The node refuses or cannot be reached.
    pub async fn run(self, caller: &Caller) -> anyhow::Result<Shown> {
        let request = pb::ListReadingsRequest {
            ticket: self.ticket,
            limit: self.limit,
            cursor: self.cursor,
        };
        let answer = caller.client.list_readings(caller.who(), request).await?;
        Ok(Shown {
            text: shown!("{}{}", table(&answer.readings), more(&answer.cursor)),
            json: answer.json(),
        })
    }
}

fn table(readings: &[pb::Reading]) -> Text {
    let mut listing = Listing::new(&["时间", "人", "单位", "目的", "来处", "内容"]);
    for reading in readings {
        let fields = reading.fields.iter().map(|field| word("field", field));
        let short = |id: &str| id.chars().take(12).collect::<String>();
        let opened = match (reading.attachment.as_str(), reading.order.as_str()) {
            ("", "") => fields.collect::<Vec<_>>().join("、"),
            ("", id) => format!("督办单 {}", short(id)),
            (id, _) => format!("附件 {}", short(id)),
        };
        listing.row([
            time(reading.at_ms),
            reading.who.clone(),
            reading.unit.clone(),
            word("purpose", &reading.purpose),
            word("entrance", &reading.entrance),
            opened,
        ]);
    }
    listing.or("没有查阅记录")
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[derive(clap::Parser)]
    struct Alone {
        #[command(flatten)]
        _purpose: Purpose,
    }

    #[test]
    fn the_help_names_every_purpose_by_label_and_code() {
        let help = Alone::command().render_long_help().to_string();
        for purpose in hotline_domain::policy::purpose::Purpose::ALL {
            let named = format!("{} {}", purpose.label(), purpose.code());
            assert!(help.contains(&named), "{named} in {help}");
        }
    }

    #[test]
    fn a_reading_is_one_line_in_words() {
        let reading = pb::Reading {
            at_ms: 1_772_614_800_000,
            who: "张三".to_owned(),
            unit: "住建局".to_owned(),
            fields: vec!["title".to_owned(), "contact".to_owned()],
            attachment: String::new(),
            order: String::new(),
            purpose: "handle".to_owned(),
            entrance: "front-end".to_owned(),
        };
        let text = table(&[reading]);
        let text = text.as_str();
        for said in [
            "2026-03-04 17:00",
            "张三",
            "住建局",
            "办理",
            "前端系统",
            "标题、联系方式",
        ] {
            assert!(text.contains(said), "{said} in {text}");
        }
    }
}
