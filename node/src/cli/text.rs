//! Texts of a command: given as they are, from a file (`@file`), or from standard input (`-`).

use super::door::Usage;
use crate::input::encoding::text_of;
use crate::out;
use hotline_proto::operator::v1 as pb;
use hotline_show::shown;
use std::io::{BufRead as _, IsTerminal as _, Read as _};
use std::str::FromStr;

/// Longest text read from a file, in bytes; the door takes less.
const FILE_BYTES_MAX: u64 = 1 << 20;

/// A text of the command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Words(String);

impl FromStr for Words {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Ok(Self(text.to_owned()))
    }
}

impl Words {
    /// Whether it comes from standard input.
    #[must_use]
    pub fn is_input(&self) -> bool {
        self.0 == "-"
    }

    fn read(&self) -> Result<String, Usage> {
        let (from, what) = match self.0.strip_prefix('@') {
            Some(file) => {
                let open = std::fs::File::open(file)
                    .map_err(|error| Usage(shown!("读不了文件 {file}：{error}")))?;
                (Box::new(open) as Box<dyn std::io::Read>, file)
            }
            None if self.0 == "-" => (
                Box::new(std::io::stdin()) as Box<dyn std::io::Read>,
                "标准输入",
            ),
            None => return Ok(self.0.clone()),
        };
        let mut bytes = Vec::new();
        let read = from.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes);
        read.map_err(|error| Usage(shown!("读不了 {what}：{error}")))?;
        // Said before decoding: where the limit cuts a letter, what was read is no text.
        if bytes.len() as u64 > FILE_BYTES_MAX {
            return Err(Usage(shown!(
                "{what} 超过 {FILE_BYTES_MAX} 字节；请只写要点，全文作为附件上传（hotline ticket attach）"
            )));
        }
        let text = text_of(&bytes).map_err(|why| Usage(shown!("{what} {why}")))?;
        Ok(text.trim_end().to_owned())
    }
}

/// Where a text about a person comes from. It never stands on the command line itself: other users of the machine see that
/// in the list of processes, and the shell keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Personal {
    /// `@file`.
    File(Words),
    /// `-`: the next line of standard input.
    Input,
    /// `?`: a question at the terminal.
    Asked,
}

impl FromStr for Personal {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "-" => Ok(Self::Input),
            "?" | "？" => Ok(Self::Asked),
            _ if text.len() > 1 && text.starts_with('@') => Ok(Self::File(Words(text.to_owned()))),
            _ => Err(
                "姓名、联系方式不写在命令行上（会留在进程列表和历史记录里）；请写 @文件、-（标准输入的一行）或 ?（在终端里询问）"
                    .to_owned(),
            ),
        }
    }
}

impl Personal {
    /// Whether it comes from standard input.
    #[must_use]
    pub fn is_input(&self) -> bool {
        matches!(self, Self::Input)
    }

    fn read(&self, what: &str) -> Result<String, Usage> {
        let from_line = match self {
            Self::File(words) => return words.read(),
            Self::Input => false,
            Self::Asked => true,
        };
        if from_line {
            if !std::io::stdin().is_terminal() {
                return Err(Usage(shown!(
                    "要在终端里询问{what}，但标准输入不是终端；请写 @文件 或 -"
                )));
            }
            out::tell(&shown!("{what}："));
        }
        let mut line = Vec::new();
        std::io::stdin()
            .lock()
            .take(FILE_BYTES_MAX)
            .read_until(b'\n', &mut line)
            .map_err(|error| Usage(shown!("读不了标准输入：{error}")))?;
        let text = text_of(&line).map_err(|why| Usage(shown!("标准输入 {why}")))?;
        let text = text.trim();
        if text.is_empty() {
            return Err(Usage(shown!("标准输入里没有{what}；每项写一行")));
        }
        Ok(text.to_owned())
    }
}

/// The texts about a person that were given: field name, what it is called, where it comes from.
///
/// # Errors
/// A file cannot be read; nobody is at a terminal to be asked; a line is missing.
pub fn personal(given: &[(&str, &str, &Option<Personal>)]) -> Result<Vec<pb::Text>, Usage> {
    let given = given
        .iter()
        .filter_map(|(field, what, from)| from.as_ref().map(|from| (field, what, from)));
    given
        .map(|(field, what, from)| {
            Ok(pb::Text {
                field: (*field).to_owned(),
                value: from.read(what)?,
                erased: false,
            })
        })
        .collect()
}

/// The texts that were given, by field name.
///
/// # Errors
/// A file cannot be read; standard input asked for twice.
pub fn texts(given: &[(&str, &Option<Words>)]) -> Result<Vec<pb::Text>, Usage> {
    let given: Vec<_> = given
        .iter()
        .filter_map(|(field, words)| words.as_ref().map(|words| (*field, words)))
        .collect();
    if given.iter().filter(|(_, words)| words.0 == "-").count() > 1 {
        return Err(Usage("只能有一段文字取自标准输入".into()));
    }
    given
        .into_iter()
        .map(|(field, words)| {
            Ok(pb::Text {
                field: field.to_owned(),
                value: words.read()?,
                erased: false,
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_stands_for_itself_or_for_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("正文.txt");
        std::fs::write(&file, "路灯不亮\n").unwrap();
        let from_file = Some(Words(format!("@{}", file.display())));
        let read = texts(&[
            ("title", &Some(Words("路灯".to_owned()))),
            ("content", &from_file),
            ("note", &None),
        ])
        .unwrap();
        let read: Vec<_> = read
            .iter()
            .map(|text| (text.field.as_str(), text.value.as_str()))
            .collect();
        assert_eq!(read, [("title", "路灯"), ("content", "路灯不亮")]);
    }

    #[test]
    fn a_file_is_read_in_its_encoding_and_its_size_is_told_before_its_letters() {
        let folder = tempfile::tempdir().unwrap();
        let said = |name: &str, bytes: &[u8]| {
            let file = folder.path().join(name);
            std::fs::write(&file, bytes).unwrap();
            Words(format!("@{}", file.display())).read()
        };
        let gbk = encoding_rs::GB18030.encode("路灯不亮\r\n").0.into_owned();
        assert_eq!(said("甲.txt", &gbk).unwrap(), "路灯不亮");
        let long = "路".repeat(350_000);
        let words = said("乙.txt", long.as_bytes()).unwrap_err().0;
        assert!(words.as_str().contains("超过 1048576 字节"), "{words:?}");
        let words = said("丙.txt", b"\xe8\xb7\xaf\xe7\x81\xaf\xe4")
            .unwrap_err()
            .0;
        assert!(
            words.as_str().contains("丙.txt 第 1 行不是 UTF-8"),
            "{words:?}"
        );
    }

    #[test]
    fn who_the_petitioner_is_does_not_stand_on_the_command_line() {
        for bad in ["张三", "13900000000", "@", ""] {
            let said = bad.parse::<Personal>().unwrap_err();
            assert!(said.contains("@文件") && said.contains("?"), "{said}");
        }
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("姓名");
        std::fs::write(&file, "某人\n").unwrap();
        let from = Some(format!("@{}", file.display()).parse().unwrap());
        let read = personal(&[("petitioner_name", "姓名", &from), ("contact", "", &None)]).unwrap();
        assert_eq!((read.len(), read[0].value.as_str()), (1, "某人"));
        assert_eq!("-".parse(), Ok(Personal::Input));
        assert_eq!("？".parse(), Ok(Personal::Asked));
    }

    #[test]
    fn a_missing_file_and_two_standard_inputs_are_wrong_usage() {
        let missing = Some(Words("@/no/such/file".to_owned()));
        assert!(
            texts(&[("note", &missing)])
                .unwrap_err()
                .0
                .as_str()
                .contains("/no/such/file")
        );
        let stdin = Some(Words("-".to_owned()));
        assert!(texts(&[("note", &stdin), ("title", &stdin)]).is_err());
    }
}
