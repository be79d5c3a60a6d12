//! Errors in words for people: an error and its causes in one line, in Chinese whatever library they come from.
//!
//! ```text
//! mod.rs       the chain of causes → one line
//! system.rs    what the operating system says, by its number or kind
//! phrases.rs   what the libraries say, by pattern
//! ```
//!
//! To add a phrase: its line in the table of `phrases.rs`.

mod phrases;
mod system;

use std::error::Error;

/// The words, then each cause, outermost first; what has been said already is left out. Libraries often repeat in an
/// error's text what its cause says again, and wrap a cause in words that say nothing: where a cause below is more exact,
/// words without any Chinese are passed over.
#[must_use]
pub fn in_one_line(words: String, cause: Option<&(dyn Error + 'static)>) -> String {
    let mut said = vec![words];
    let mut next = cause;
    while let Some(cause) = next {
        said.push(cause.to_string());
        next = cause.source();
    }
    said.retain(|words| !words.is_empty());
    let last = said.len().saturating_sub(1);
    let mut text = String::new();
    for (at, words) in said.into_iter().enumerate() {
        if at < last && !is_chinese(&words) {
            continue;
        }
        let words = chinese(&words);
        if text.is_empty() {
            text = words;
        } else if !text.contains(&words) {
            text = format!("{text}：{words}");
        }
    }
    text
}

/// A text with everything in it that system and libraries say in English said in Chinese.
#[must_use]
pub fn chinese(text: &str) -> String {
    if text.is_ascii() && !text.contains(' ') {
        return text.to_owned();
    }
    phrases::chinese(&system::chinese(text))
}

/// What a library says of a faulty text of TOML; where it is not known what it says, that the way of writing is wrong.
#[must_use]
pub fn toml(text: &str) -> String {
    let said = chinese(text);
    if is_chinese(&said) {
        said
    } else {
        "写法不对（是否少了引号、等号或方括号）".to_owned()
    }
}

/// Whether a text holds Chinese at all.
#[must_use]
pub fn is_chinese(text: &str) -> bool {
    text.chars()
        .any(|letter| matches!(letter, '\u{4e00}'..='\u{9fff}'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::StoreError;
    use std::io;
    use std::path::Path;

    #[test]
    fn what_a_cause_says_is_said_once() {
        let source = io::Error::from_raw_os_error(5);
        let error = StoreError::io("锁定", Path::new("data/LOCK"), source);
        let text = in_one_line("启动失败".to_owned(), Some(&error));
        assert!(text.starts_with("启动失败：锁定 data/LOCK"), "{text}");
        assert_eq!(text.matches("磁盘读写出错").count(), 1, "{text}");
    }

    #[test]
    fn without_words_the_cause_speaks() {
        let error = io::Error::other("断了");
        assert_eq!(in_one_line(String::new(), Some(&error)), "断了");
        assert_eq!(in_one_line("断了".to_owned(), None), "断了");
    }

    #[test]
    fn wrappers_of_libraries_are_passed_over() {
        #[derive(Debug, thiserror::Error)]
        #[error("transport error")]
        struct Wrapper(#[source] io::Error);
        let error = Wrapper(io::Error::from_raw_os_error(111));
        assert_eq!(in_one_line(String::new(), Some(&error)), "连接被拒绝");
        let said = in_one_line("拨号失败".to_owned(), Some(&error));
        assert_eq!(said, "拨号失败：连接被拒绝");
    }

    #[test]
    fn a_faulty_toml_is_never_explained_in_english() {
        assert_eq!(
            toml("unheard of syntax trouble"),
            "写法不对（是否少了引号、等号或方括号）"
        );
        assert_eq!(toml("missing field `region`"), "缺少“region”");
    }
}
