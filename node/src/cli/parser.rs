//! The argument parser speaks Chinese: headings and placeholders of its help, and its errors from their kind and context.

use clap::builder::StyledStr;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, ArgAction, Command, CommandFactory as _, FromArgMatches as _};
use hotline_show::{Text, echo, shortened, shown};

use super::Cli;
use crate::causes::{chinese, is_chinese};

/// The help of every command.
const TEMPLATE: &str = "{about-with-newline}\n用法：{usage}\n\n{all-args}{after-help}";

/// Longest first line, in bytes.
const SAID_BYTES_MAX: usize = 1200;

/// What is printed instead of running a command, and with which exit code.
#[derive(Debug)]
pub struct Told {
    /// The text.
    pub text: Text,
    /// 0 for help that was asked for; it goes to standard output.
    pub code: u8,
}

/// Reads a command line.
///
/// # Errors
/// Help or version was asked for, or the line is wrong.
pub fn parse(words: impl IntoIterator<Item = std::ffi::OsString>) -> Result<Cli, Told> {
    let matches = command().try_get_matches_from(words);
    matches
        .and_then(|matches| Cli::from_arg_matches(&matches))
        .map_err(|error| told(&error))
}

/// The whole command line with its help in Chinese.
#[must_use]
pub fn command() -> Command {
    let version = Arg::new("version")
        .short('V')
        .long("version")
        .action(ArgAction::Version)
        .help("显示版本");
    in_chinese(Cli::command().disable_version_flag(true).arg(version))
}

fn in_chinese(command: Command) -> Command {
    let help = Arg::new("help")
        .short('h')
        .long("help")
        .action(ArgAction::Help)
        .help("显示用法");
    command
        .help_template(TEMPLATE)
        .disable_help_flag(true)
        .disable_help_subcommand(true)
        .propagate_version(false)
        .subcommand_value_name("命令")
        .subcommand_help_heading("命令")
        .arg(help)
        .mut_args(option)
        .mut_subcommands(in_chinese)
}

/// Headings, placeholders, defaults and the environment in Chinese, as a part of the help.
fn option(arg: Arg) -> Arg {
    let is_option = arg.get_long().is_some() || arg.get_short().is_some();
    let own_heading = arg.get_help_heading().is_some();
    let takes_value = arg.get_action().takes_values();
    let plain = |name: &str| {
        name.bytes()
            .all(|byte| byte.is_ascii_uppercase() || byte == b'_')
    };
    let unnamed = arg
        .get_value_names()
        .is_none_or(|names| names.iter().all(|name| plain(name)));
    let notes = notes(&arg);
    let words = arg.get_help().map(ToString::to_string).unwrap_or_default();
    let arg = match (own_heading, is_option) {
        (true, _) => arg,
        (false, true) => arg.help_heading("选项"),
        (false, false) => arg.help_heading("参数"),
    };
    let arg = if takes_value {
        arg.hide_default_value(true)
            .hide_env(true)
            .hide_possible_values(true)
    } else {
        arg
    };
    let arg = if takes_value && unnamed {
        arg.value_name("值")
    } else {
        arg
    };
    if notes.is_empty() {
        arg
    } else {
        arg.help(StyledStr::from(format!("{words}（{}）", notes.join("；"))))
    }
}

/// Default, possible values and environment variable of an option that takes a value.
fn notes(arg: &Arg) -> Vec<String> {
    let mut notes = Vec::new();
    if !arg.get_action().takes_values() {
        return notes;
    }
    let possible: Vec<_> = arg
        .get_possible_values()
        .iter()
        .filter(|value| !value.is_hide_set())
        .map(|value| value.get_name().to_owned())
        .collect();
    if !possible.is_empty() {
        notes.push(format!("可写 {}", possible.join("、")));
    }
    let default: Vec<_> = arg
        .get_default_values()
        .iter()
        .map(|value| value.to_string_lossy().into_owned())
        .collect();
    if !default.is_empty() && !arg.is_hide_default_value_set() {
        notes.push(format!("默认 {}", default.join(",")));
    }
    if let Some(variable) = arg.get_env() {
        notes.push(format!(
            "也可由环境变量 {} 给出",
            variable.to_string_lossy()
        ));
    }
    notes
}

/// What an error of the parser says to people.
fn told(error: &clap::Error) -> Told {
    let asked_for = matches!(
        error.kind(),
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion
    );
    let shows = asked_for || error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand;
    let mut text = Text::new();
    if shows {
        for line in placeholders(&error.render().to_string()).lines() {
            text.line(line);
        }
        let code = if asked_for { 0 } else { 2 };
        return Told { text, code };
    }
    // What was typed is said back on the first line only, filtered and shortened.
    text.add(shortened(&what(error), SAID_BYTES_MAX).as_str());
    for (kind, label) in [
        (ContextKind::SuggestedSubcommand, "是不是想写"),
        (ContextKind::SuggestedArg, "是不是想写"),
        (ContextKind::SuggestedValue, "是不是想写"),
        (ContextKind::ValidValue, "可写"),
        (ContextKind::ValidSubcommand, "可写"),
    ] {
        let named = listed(error, kind).filter(|named| !named.is_empty());
        if let Some(mut named) = named {
            if label == "是不是想写" {
                // They come with the likest last; the others only look a little alike.
                named.drain(..named.len() - 1);
            }
            text += shown!("；{label} {}", named.join("、"));
        }
    }
    text.say("\n");
    if let Some(ContextValue::StyledStr(usage)) = error.get(ContextKind::Usage) {
        let usage = usage.to_string();
        let usage = usage.trim().trim_start_matches("Usage:").trim();
        text.say("用法：");
        for line in placeholders(usage).lines() {
            text.line(line);
        }
    }
    text.say("加上 --help 看全部用法\n");
    Told { text, code: 2 }
}

fn placeholders(text: &str) -> String {
    text.replace("[OPTIONS]", "[选项]")
        .replace("<COMMAND>", "<命令>")
        .replace("[COMMAND]", "[命令]")
        .replace("Usage: ", "用法：")
}

fn what(error: &clap::Error) -> String {
    let arg = listed(error, ContextKind::InvalidArg)
        .unwrap_or_default()
        .join("、");
    let value = listed(error, ContextKind::InvalidValue)
        .unwrap_or_default()
        .join("、");
    match error.kind() {
        ErrorKind::InvalidSubcommand => {
            let word = listed(error, ContextKind::InvalidSubcommand).unwrap_or_default();
            format!("没有命令“{}”", echo(&word.join("")))
        }
        ErrorKind::UnknownArgument => format!("没有选项或参数“{}”", echo(&arg)),
        ErrorKind::MissingRequiredArgument => format!("还须写明 {arg}"),
        ErrorKind::MissingSubcommand => "还须写明做什么".to_owned(),
        ErrorKind::ArgumentConflict => {
            let other = listed(error, ContextKind::PriorArg).unwrap_or_default();
            if other.is_empty() || other.join("、") == arg {
                format!("{arg} 只能写一次")
            } else {
                format!("{arg} 不能与 {} 一起写", other.join("、"))
            }
        }
        ErrorKind::InvalidValue if value.is_empty() => format!("{arg} 后面要写值"),
        ErrorKind::InvalidValue => format!("{arg} 不能写“{}”", echo(&value)),
        ErrorKind::ValueValidation => {
            let why = std::error::Error::source(error).map(|source| chinese(&source.to_string()));
            let why = why
                .filter(|why| is_chinese(why))
                .unwrap_or_else(|| "写法不对".to_owned());
            // Our own reasons quote the value already.
            if why.contains(&value) && !value.is_empty() {
                format!("{arg}：{why}")
            } else {
                format!("{arg} 不能写“{}”：{why}", echo(&value))
            }
        }
        ErrorKind::NoEquals => format!("{arg} 与值之间要写等号"),
        ErrorKind::TooManyValues => format!("{arg} 的值写多了：“{}”", echo(&value)),
        ErrorKind::TooFewValues | ErrorKind::WrongNumberOfValues => format!("{arg} 的值的个数不对"),
        ErrorKind::InvalidUtf8 => "命令行里有不是 UTF-8 的字符；请检查终端的编码".to_owned(),
        _ => "命令行写法不对".to_owned(),
    }
}

/// The words that an error names in a context.
fn listed(error: &clap::Error, kind: ContextKind) -> Option<Vec<String>> {
    Some(match error.get(kind)? {
        ContextValue::String(text) => vec![text.clone()],
        ContextValue::Strings(texts) => texts.clone(),
        ContextValue::StyledStr(text) => vec![text.to_string()],
        ContextValue::StyledStrs(texts) => texts.iter().map(ToString::to_string).collect(),
        ContextValue::Number(number) => vec![number.to_string()],
        _ => Vec::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use hotline_show::is_hidden;

    fn said(line: &str) -> Told {
        parse(line.split(' ').map(Into::into)).expect_err(line)
    }

    #[test]
    fn a_wrong_line_is_explained_in_chinese_with_the_way_on() {
        for (line, words) in [
            ("hotline tiket list", "没有命令“tiket”；是不是想写 ticket\n"),
            (
                "hotline ticket list --overdu",
                "没有选项或参数“--overdu”；是不是想写 --overdue",
            ),
            ("hotline ticket assign", "还须写明 <工单>"),
            ("hotline ticket rule A", "还须写明 <--grant|--deny>"),
            (
                "hotline ticket rule A --grant --deny",
                "--grant 不能与 --deny 一起写",
            ),
            (
                "hotline ticket list --limit x",
                "--limit <值> 不能写“x”：应为整数",
            ),
            ("hotline ticket extend A --days", "--days <值> 后面要写值"),
            ("hotline ticket assign A --due 昨天", "“昨天”不是时间"),
            (
                "hotline ticket take-in --kind help --category 0201 --name 张三",
                "@文件",
            ),
            ("hotline status x", "没有选项或参数“x”"),
            (
                "hotline ticket rule A --grant --result 好",
                "没有选项或参数“--result”",
            ),
        ] {
            let told = said(line);
            assert_eq!(told.code, 2, "{line}");
            assert!(
                told.text.as_str().contains(words),
                "{line}: {:?}",
                told.text
            );
            assert!(told.text.as_str().contains("--help"), "{told:?}");
        }
    }

    #[test]
    fn help_is_in_chinese_on_every_level() {
        fn each(command: &Command, path: &[String], check: &mut dyn FnMut(&[String])) {
            check(path);
            for sub in command.get_subcommands() {
                let mut path = path.to_vec();
                path.push(sub.get_name().to_owned());
                each(sub, &path, check);
            }
        }
        let mut seen = 0;
        each(&command(), &["hotline".to_owned()], &mut |path| {
            seen += 1;
            let told = said(&format!("{} --help", path.join(" ")));
            assert_eq!(told.code, 0, "{path:?}");
            for english in [
                "Usage",
                "Options",
                "Commands",
                "Arguments",
                "[default",
                "[env",
                "[possible",
                "Print ",
                "OPTIONS",
                "COMMAND",
            ] {
                assert!(
                    !told.text.as_str().contains(english),
                    "{english} in {path:?}:\n{:?}",
                    told.text
                );
            }
        });
        assert!(seen > 60, "{seen} commands");
        let told = said("hotline --version");
        assert!(
            told.code == 0 && told.text.as_str().starts_with("hotline "),
            "{told:?}"
        );
        assert_eq!(said("hotline").code, 2);
    }

    #[test]
    fn what_was_typed_is_said_back_harmless_and_short() {
        let hostile = format!("\u{1b}[2J\u{202e}\r\n2026-03-04 办结{}", "长".repeat(9000));
        for line in [
            vec!["hotline", hostile.as_str()],
            vec!["hotline", "ticket", hostile.as_str()],
            vec!["hotline", "ticket", "show", "A", hostile.as_str()],
            vec!["hotline", "ticket", "list", "--limit", hostile.as_str()],
            vec![
                "hotline",
                "topology",
                "sign",
                "f",
                "--kind",
                hostile.as_str(),
                "--out",
                "o",
            ],
            vec!["hotline", "ticket", "due", "A", "--until", hostile.as_str()],
            vec!["hotline", "certs", "revoke", hostile.as_str()],
        ] {
            let told = parse(line.iter().map(Into::into)).expect_err("it is wrong");
            let shown = told.text.as_str();
            assert!(shown.chars().count() < 2000, "{shown}");
            for line in shown.lines() {
                assert!(!line.chars().any(is_hidden), "{line:?}");
                assert!(!line.starts_with("2026-03-04"), "{line:?}");
            }
        }
    }
}
