//! An error and its causes in one line for people.

use std::error::Error;

/// The words, then each cause, outermost first; what has been said already is left out. Libraries often repeat in an
/// error's text what its cause says again.
#[must_use]
pub fn in_one_line(words: String, cause: Option<&(dyn Error + 'static)>) -> String {
    let mut text = words;
    let mut next = cause;
    while let Some(cause) = next {
        let words = cause.to_string();
        if text.is_empty() {
            text = words;
        } else if !text.contains(&words) {
            text = format!("{text}:{words}");
        }
        next = cause.source();
    }
    text
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
        let cause = source.to_string();
        let error = StoreError::io("锁定", Path::new("data/LOCK"), source);
        let text = in_one_line("启动失败".to_owned(), Some(&error));
        assert!(text.starts_with("启动失败:锁定 data/LOCK"), "{text}");
        assert_eq!(text.matches(&cause).count(), 1, "{text}");
    }

    #[test]
    fn without_words_the_cause_speaks() {
        let error = io::Error::other("断了");
        assert_eq!(in_one_line(String::new(), Some(&error)), "断了");
        assert_eq!(in_one_line("断了".to_owned(), None), "断了");
    }
}
