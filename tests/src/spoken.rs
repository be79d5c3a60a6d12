//! Whether what a program says is Chinese.

/// Three Latin words in a row, or more: English that nobody asked for. No such are a command to type (it begins with the
/// program's name, or is among options), and what stands behind a path's or a value's sign.
#[must_use]
pub fn english(text: &str) -> Vec<String> {
    text.lines().flat_map(in_line).collect()
}

fn in_line(line: &str) -> Vec<String> {
    let (mut found, mut run): (Vec<String>, Vec<&str>) = (Vec::new(), Vec::new());
    // Everything but a letter ends a word, and everything but a space or a stop between two words ends a sentence.
    let mut rest = line;
    while let Some(begin) = rest.find(is_letter) {
        let (between, word) = rest.split_at(begin);
        if !run.is_empty() && ![" ", ", ", ": ", "; "].contains(&between) {
            end(&mut run, &mut found);
        }
        let len = word.find(|c| !is_letter(c)).unwrap_or(word.len());
        let (word, behind) = word.split_at(len);
        // What letters are part of is a name, a path or a code.
        let glued = between.ends_with(GLUE) || behind.starts_with(GLUE);
        if glued || word.len() < 2 {
            end(&mut run, &mut found);
        } else {
            run.push(word);
        }
        rest = behind;
    }
    end(&mut run, &mut found);
    found
}

/// What joins letters to a name, a path, an option or a number.
const GLUE: [char; 14] = [
    '-', '_', '/', '.', '=', '@', '<', '[', '0', '1', '2', '3', '4', '5',
];

fn is_letter(c: char) -> bool {
    c.is_ascii_alphabetic() || c == '\''
}

fn end(run: &mut Vec<&str>, found: &mut Vec<String>) {
    if run.len() >= 3 && run[0] != "hotline" {
        found.push(run.join(" "));
    }
    run.clear();
}

#[cfg(test)]
mod tests {
    use super::english;

    #[test]
    fn sentences_are_found_and_commands_are_not() {
        assert_eq!(
            english("读不了：No such file or directory"),
            ["No such file or directory"]
        );
        assert_eq!(
            english("error: invalid value given"),
            ["error invalid value given"]
        );
        assert!(english("请执行 hotline ticket list").is_empty());
        assert!(english("A B C 工单 GB18030 UTF-8 a/b c.d").is_empty());
    }
}
