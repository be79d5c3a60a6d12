//! What citizens say: a file of messages, or the sample that comes with the program.
//!
//! A file is a table in UTF-8, GB 18030 or UTF-16, separated by commas, tabs, semicolons or bars, with a header that
//! names at least 留言主题, 留言详情 and 留言时间; other columns are skipped. Line breaks within quotes are text. A row
//! that cannot be used is counted and named, never silently absent.

use crate::input::encoding::{Encoding, text_of};
use crate::input::table::header;
use chrono::NaiveDateTime;
use hotline_topology::{Kind, Time};
use std::borrow::Cow;
use std::path::Path;

/// Written for this program; nobody in it exists.
const SAMPLE: &str = include_str!("sample.csv");
/// Longest text used, in bytes; the operator door takes no longer one.
const TEXT_BYTES_MAX: usize = 60 * 1024;
/// Columns that a file must have.
const COLUMNS: [&str; 3] = ["留言主题", "留言详情", "留言时间"];
/// Bad rows told where no row is good.
const TOLD_MAX: usize = 5;

/// What one citizen said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// 留言主题
    pub title: String,
    /// 留言详情
    pub content: String,
    /// 留言时间, local.
    pub at: NaiveDateTime,
}

/// What was read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Messages {
    /// Usable messages in the file's order.
    pub good: Vec<Message>,
    /// For each row that cannot be used: its line and what is wrong with it.
    pub bad: Vec<String>,
}

/// The sample that comes with the program.
///
/// # Errors
/// Never: a test reads it.
pub fn sample() -> anyhow::Result<Messages> {
    read(SAMPLE.as_bytes())
}

/// The messages of a file.
///
/// # Errors
/// The file cannot be read, lacks a column, or has no usable row.
pub fn load(path: &Path) -> anyhow::Result<Messages> {
    use anyhow::Context as _;
    let bytes = std::fs::read(path).with_context(|| format!("读不了 {}", path.display()))?;
    let messages = read(&bytes).with_context(|| path.display().to_string())?;
    anyhow::ensure!(
        !messages.good.is_empty(),
        "{} 中没有一条可用的留言{}",
        path.display(),
        told(&messages.bad)
    );
    Ok(messages)
}

/// The first bad rows with their reasons, then how many there are in all.
fn told(bad: &[String]) -> String {
    if bad.is_empty() {
        return "：表头之下没有内容".to_owned();
    }
    let first: String = bad
        .iter()
        .take(TOLD_MAX)
        .map(|why| format!("\n  {why}"))
        .collect();
    format!("，{} 行都不能用：{first}", bad.len())
}

fn read(bytes: &[u8]) -> anyhow::Result<Messages> {
    let encoding = Encoding::of(bytes);
    // In UTF-8 and GB 18030 no part of a letter looks like a separator, a quote or a line end, so a row with a flaw
    // costs that row only; UTF-16 is read as a whole.
    let (encoding, bytes) = match encoding {
        Encoding::Utf8 | Encoding::Gb18030 => {
            (encoding, Cow::Borrowed(encoding.without_mark(bytes)))
        }
        Encoding::Utf16Le | Encoding::Utf16Be => {
            let text = text_of(bytes).map_err(anyhow::Error::msg)?;
            (Encoding::Utf8, Cow::Owned(text.into_owned().into_bytes()))
        }
    };
    let mut lines = bytes.split(|byte| *byte == b'\n');
    let first = lines
        .find(|line| !line.trim_ascii().is_empty())
        .unwrap_or_default();
    let first = encoding.text(first).ok_or_else(|| {
        let name = encoding.name();
        anyhow::anyhow!("表头不是 {name} 文字；请在原来的程序里另存为 UTF-8")
    })?;
    let header = header(&first, &COLUMNS).map_err(anyhow::Error::msg)?;
    let mut reader = csv::ReaderBuilder::new()
        .flexible(true)
        .delimiter(header.separator)
        .from_reader(&*bytes);
    let mut messages = Messages::default();
    for record in reader.byte_records() {
        let read = record
            .map_err(|_| "表格到此不能再读".to_owned())
            .and_then(|record| {
                let line = record.position().map_or(0, csv::Position::line);
                message(&record, &header.columns, encoding)
                    .map_err(|why| format!("第 {line} 行:{why}"))
            });
        match read {
            Ok(message) => messages.good.push(message),
            Err(why) => messages.bad.push(why),
        }
    }
    Ok(messages)
}

fn message(
    record: &csv::ByteRecord,
    columns: &[usize],
    encoding: Encoding,
) -> Result<Message, String> {
    let text = |at: usize| {
        let name = COLUMNS[at];
        let bytes = columns
            .get(at)
            .and_then(|column| record.get(*column))
            .ok_or_else(|| format!("列数不足,没有{name}"))?;
        let text = encoding
            .text(bytes)
            .ok_or_else(|| format!("{name}不是 {}", encoding.name()))?;
        let text = text.trim();
        match text.len() {
            0 => Err(format!("{name}为空")),
            1..=TEXT_BYTES_MAX => Ok(text.to_owned()),
            _ => Err(format!("{name}超过 {TEXT_BYTES_MAX} 字节")),
        }
    };
    let at = text(2)?;
    let at: Time = at.parse().map_err(|why| format!("留言时间{why}"))?;
    Ok(Message {
        title: text(0)?,
        content: text(1)?,
        at: at.to_local().naive_local(),
    })
}

/// Words that tell the category; the first that occurs decides.
const CATEGORIES: [(&str, &str); 24] = [
    ("停水", "0201"),
    ("自来水", "0201"),
    ("停电", "0202"),
    ("供暖", "0204"),
    ("暖气", "0204"),
    ("电梯", "0206"),
    ("燃气", "0203"),
    ("物业", "0102"),
    ("垃圾", "0301"),
    ("占道", "0302"),
    ("路灯", "0305"),
    ("停车", "0306"),
    ("公交", "0401"),
    ("出租车", "0402"),
    ("公路", "0403"),
    ("噪声", "0601"),
    ("油烟", "0602"),
    ("污水", "0603"),
    ("工资", "0701"),
    ("社保", "0703"),
    ("医保", "0803"),
    ("入学", "0901"),
    ("低保", "1001"),
    ("食品", "1102"),
];

impl Message {
    /// Code of the category, guessed from words; people would choose it.
    #[must_use]
    pub fn category(&self) -> &'static str {
        let says = |word: &str| self.title.contains(word) || self.content.contains(word);
        let found = CATEGORIES.iter().find(|(word, _)| says(word));
        found.map_or("9901", |(_, code)| code)
    }

    /// The kind, guessed from words.
    #[must_use]
    pub fn kind(&self) -> Kind {
        let says = |word: &str| self.title.contains(word) || self.content.contains(word);
        let kinds = [
            ("咨询", Kind::Consult),
            ("请问", Kind::Consult),
            ("建议", Kind::Suggestion),
            ("举报", Kind::Report),
            ("投诉", Kind::Complaint),
        ];
        let found = kinds.iter().find(|(word, _)| says(word));
        found.map_or(Kind::Help, |(_, kind)| *kind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_quoted_breaks_and_other_columns_are_no_hindrance() {
        let text = "\u{feff}编号,留言主题,留言时间,留言详情\r\n1,停水,2020/1/2 10:20:30,\"第一行\n第二行,含逗号和\"\"引号\"\"\"\r\n";
        let read = read(text.as_bytes()).unwrap();
        assert_eq!(read.bad, Vec::<String>::new());
        assert_eq!(read.good.len(), 1);
        assert_eq!(read.good[0].content, "第一行\n第二行,含逗号和\"引号\"");
        assert_eq!(read.good[0].at.to_string(), "2020-01-02 10:20:30");
        assert_eq!(read.good[0].category(), "0201");
    }

    #[test]
    fn bad_rows_are_counted_and_named_by_their_line() {
        let text = "留言主题,留言详情,留言时间\n甲,\"乙\n丙\",2020-01-02\n,空主题,2020-01-02\n甲,乙\n甲,乙,昨天\n丁,戊,2021-03-04 05:06\n";
        let read = read(text.as_bytes()).unwrap();
        assert_eq!(read.good.len(), 2);
        assert_eq!(
            read.bad,
            [
                "第 4 行:留言主题为空",
                "第 5 行:列数不足,没有留言时间",
                "第 6 行:留言时间“昨天”不是时间；请写成 2026-03-04 或 2026-03-04 17:00:00"
            ]
        );
    }

    #[test]
    fn bytes_that_are_no_text_are_a_bad_row() {
        let mut bytes = "留言主题,留言详情,留言时间\n".as_bytes().to_vec();
        bytes.extend_from_slice(b"\xb1\xb1,x,2020-01-02\n");
        let read = read(&bytes).unwrap();
        assert_eq!((read.good.len(), read.bad.len()), (0, 1));
        assert!(read.bad[0].contains("UTF-8"), "{:?}", read.bad);
    }

    #[test]
    fn files_of_other_programs_are_read() {
        let rows = |separator: &str| {
            let header = ["编号", "留言主题", "留言时间\u{200b}", "留言详情"].join(separator);
            let row = ["1", "停水", "2019年12月30日 17:06", "三天没水"].join(separator);
            format!("{header}\r\n{row}\r\n")
        };
        let utf16: Vec<u8> = rows("\t")
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect();
        let gbk = encoding_rs::GB18030.encode(&rows(",")).0.into_owned();
        for bytes in [rows("\t").into(), rows(";").into(), gbk, utf16] {
            let read = read(&bytes).unwrap();
            assert_eq!(read.bad, Vec::<String>::new());
            assert_eq!(read.good[0].content, "三天没水");
            assert_eq!(read.good[0].at.to_string(), "2019-12-30 17:06:00");
        }
    }

    #[test]
    fn a_file_without_a_good_row_says_why() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("留言.csv");
        let rows = "甲,乙,昨天\n".repeat(7);
        std::fs::write(&file, format!("留言主题,留言详情,留言时间\n{rows}")).unwrap();
        let said = load(&file).unwrap_err().to_string();
        assert!(
            said.contains("7 行都不能用") && said.contains("第 6 行"),
            "{said}"
        );
        assert!(!said.contains("第 7 行"), "{said}");
        std::fs::write(&file, "留言主题,留言详情,留言时间\n").unwrap();
        let said = load(&file).unwrap_err().to_string();
        assert!(said.contains("没有内容"), "{said}");
    }

    #[test]
    fn a_missing_column_is_said() {
        let error = read("主题,详情\n".as_bytes()).unwrap_err();
        assert!(error.to_string().contains("留言主题"), "{error}");
    }

    #[test]
    fn the_sample_is_whole_and_varied() {
        let sample = sample().unwrap();
        assert_eq!(sample.bad, Vec::<String>::new());
        assert_eq!(sample.good.len(), 60);
        let categories: std::collections::BTreeSet<_> =
            sample.good.iter().map(Message::category).collect();
        assert!(categories.len() >= 20, "{categories:?}");
        let kinds: std::collections::BTreeSet<_> = sample
            .good
            .iter()
            .map(|message| message.kind().as_str())
            .collect();
        assert!(kinds.len() >= 5, "{kinds:?}");
    }
}
