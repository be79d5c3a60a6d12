//! What is said where the command line itself cannot be understood: the one place where clap's errors are rendered.

use clap::error::{ContextKind, ContextValue, ErrorKind};
use hotline_show::{Text, echo, shown};
use std::error::Error as _;

/// The error for people; help and version are such "errors", too. What was typed is said back filtered and shortened.
#[must_use]
pub fn told(mut error: clap::Error) -> Text {
    if error.kind() == ErrorKind::ValueValidation
        && let Some(text) = wrong_value(&error)
    {
        return text;
    }
    let given: Vec<_> = error
        .context()
        .map(|(kind, value)| (kind, harmless(value)))
        .collect();
    for (kind, value) in given {
        if let Some(value) = value {
            error.insert(kind, value);
        }
    }
    let mut text = Text::new();
    for line in error.render().to_string().lines() {
        text.line(line);
    }
    text
}

/// A value that its own type refuses, in that type's words.
fn wrong_value(error: &clap::Error) -> Option<Text> {
    let given = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text.as_str()),
        _ => None,
    };
    let (argument, value) = (
        given(ContextKind::InvalidArg)?,
        given(ContextKind::InvalidValue)?,
    );
    let why = error.source()?;
    Some(shown!("{} 不能是「{}」：{why}\n", argument, echo(value)))
}

fn harmless(value: &ContextValue) -> Option<ContextValue> {
    match value {
        ContextValue::String(text) => Some(ContextValue::String(echo(text).to_string())),
        ContextValue::Strings(texts) => Some(ContextValue::Strings(
            texts.iter().map(|text| echo(text).to_string()).collect(),
        )),
        // Numbers, and what clap itself composed of the command's own words.
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::Cli;
    use clap::Parser as _;
    use hotline_show::is_hidden;

    #[test]
    fn what_was_typed_is_said_back_harmless_and_short() {
        let hostile = format!("\u{1b}[2J\u{202e}\r\n2026-03-04 办结{}", "长".repeat(9000));
        for line in [
            vec!["hotline", hostile.as_str()],
            vec!["hotline", "ticket", hostile.as_str()],
            vec!["hotline", "ticket", "show", "A", hostile.as_str()],
            vec!["hotline", "ticket", "list", "--limit", hostile.as_str()],
            vec!["hotline", "link", "reopen", hostile.as_str()],
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
            let text = told(Cli::try_parse_from(&line).unwrap_err());
            let shown = text.as_str();
            assert!(shown.chars().count() < 2000, "{shown}");
            assert!(shown.contains("␛[2J") || shown.contains("--"), "{shown}");
            for line in shown.lines() {
                assert!(!line.chars().any(is_hidden), "{line:?}");
                assert!(!line.starts_with("2026-03-04"), "{line:?}");
            }
        }
    }
}
