//! One of a list of codes, named as people name things: by code, by label, or by a part of the label that fits only one.

/// One code of a list.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Choice {
    /// What is stored and sent.
    pub code: String,
    /// What people call it.
    pub label: String,
    /// More about it: the article, or where it lies; may be empty.
    pub note: String,
}

impl Choice {
    /// A code with its label.
    #[must_use]
    pub fn new(code: impl Into<String>, label: impl Into<String>) -> Self {
        Self {
            code: code.into(),
            label: label.into(),
            note: String::new(),
        }
    }

    /// Code and label for a sentence.
    #[must_use]
    pub fn told(&self) -> String {
        if self.label.is_empty() || self.label == self.code {
            self.code.clone()
        } else {
            format!("{}（{}）", self.code, self.label)
        }
    }
}

/// What a text names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Named<'a> {
    /// This one.
    One(&'a Choice),
    /// It fits each of these.
    Several(Vec<&'a Choice>),
    /// None; these are the nearest.
    None(Vec<&'a Choice>),
}

/// Fewest characters of a part that names the whole.
const PART_MIN: usize = 2;
/// Nearest ones told.
const NEAREST_MAX: usize = 5;

/// Which choice a text names: the code, else the label, else the only label that contains it.
#[must_use]
pub fn named<'a>(choices: &'a [Choice], text: &str) -> Named<'a> {
    let plain = folded(text);
    let all = |fits: &dyn Fn(&Choice) -> bool| -> Vec<&'a Choice> {
        choices.iter().filter(|choice| fits(choice)).collect()
    };
    let by_code = all(&|choice| choice.code == text || folded(&choice.code) == plain);
    let by_label = all(&|choice| folded(&choice.label) == plain);
    let by_part = if plain.chars().count() < PART_MIN {
        Vec::new()
    } else {
        all(&|choice| folded(&choice.label).contains(&plain))
    };
    let found = [by_code, by_label, by_part]
        .into_iter()
        .find(|found| !found.is_empty());
    match found.as_deref() {
        Some([one]) => Named::One(one),
        Some(several) => Named::Several(several.to_vec()),
        None => Named::None(nearest(choices, text)),
    }
}

/// What somebody looks for by words: those that hold every word in code, label or note; where none does, the nearest.
#[must_use]
pub fn search<'a>(choices: &'a [Choice], words: &str) -> Vec<&'a Choice> {
    let words: Vec<String> = words.split_whitespace().map(folded).collect();
    let holds = |choice: &&Choice| {
        let own = [&choice.code, &choice.label, &choice.note].map(|text| folded(text));
        words
            .iter()
            .all(|word| own.iter().any(|text| text.contains(word)))
    };
    let found: Vec<_> = choices.iter().filter(holds).collect();
    if found.is_empty() {
        nearest(choices, &words.concat())
    } else {
        found
    }
}

/// Those most alike, the most alike first; none where nothing is.
#[must_use]
pub fn nearest<'a>(choices: &'a [Choice], text: &str) -> Vec<&'a Choice> {
    let plain = folded(text);
    let mut scored: Vec<_> = choices
        .iter()
        .map(|choice| {
            let label = likeness(&folded(&choice.label), &plain);
            (label.max(likeness(&folded(&choice.code), &plain)), choice)
        })
        .filter(|(score, _)| *score > 0)
        .collect();
    scored.sort_by_key(|(score, _)| std::cmp::Reverse(*score));
    // What shares next to nothing with the text only distracts where something is really like it.
    let best = scored.first().map_or(0, |(score, _)| *score);
    let near = scored.into_iter().filter(|(score, _)| *score * 2 >= best);
    near.take(NEAREST_MAX).map(|(_, choice)| choice).collect()
}

/// Characters in common and twice the pairs of neighbours in common, in thousandths of what there could be.
fn likeness(one: &str, other: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (one.chars().collect(), other.chars().collect());
    if a.is_empty() || b.is_empty() {
        return 0;
    }
    let single = a.iter().filter(|letter| b.contains(letter)).count();
    let pairs = a
        .windows(2)
        .filter(|pair| b.windows(2).any(|other| other == *pair))
        .count();
    // In a word of Latin letters single ones say nothing.
    let single = if b.iter().all(char::is_ascii) {
        0
    } else {
        single
    };
    (single + 2 * pairs) * 1000 / (a.len() + b.len())
}

/// Full width as half, small letters, without blanks, marks that take no place, and quotes.
#[must_use]
pub fn folded(text: &str) -> String {
    let plain = |letter: char| match letter {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(letter) - 0xfee0).unwrap_or(letter),
        other => other,
    };
    let kept = |letter: &char| {
        !letter.is_whitespace()
            && !letter.is_control()
            && !matches!(letter, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
            && !matches!(letter, '「' | '」' | '“' | '”' | '"' | '《' | '》')
    };
    text.chars()
        .filter(kept)
        .map(plain)
        .collect::<String>()
        .to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ratings() -> Vec<Choice> {
        [
            ("satisfied", "满意"),
            ("basically-satisfied", "基本满意"),
            ("unsatisfied", "不满意"),
            ("very-unsatisfied", "非常不满意"),
            ("not-our-duty", "不属于本单位职责"),
        ]
        .map(|(code, label)| Choice::new(code, label))
        .into()
    }

    #[test]
    fn a_code_a_label_or_a_part_names_one() {
        let ratings = ratings();
        for (text, code) in [
            ("satisfied", "satisfied"),
            ("满意", "satisfied"),
            ("不满意", "unsatisfied"),
            ("“不满意”", "unsatisfied"),
            ("ＵＮＳＡＴＩＳＦＩＥＤ", "unsatisfied"),
            ("单位职责", "not-our-duty"),
            (" 非常 不满意\u{200b}", "very-unsatisfied"),
        ] {
            let Named::One(found) = named(&ratings, text) else {
                panic!("{text}: {:?}", named(&ratings, text));
            };
            assert_eq!(found.code, code, "{text}");
        }
    }

    #[test]
    fn what_fits_several_or_none_is_told_with_what_is_near() {
        let ratings = ratings();
        let Named::None(near) = named(&ratings, "satisfyed") else {
            panic!("not one");
        };
        assert_eq!(near[0].code, "satisfied");
        let Named::None(near) = named(&ratings, "职责不属单位") else {
            panic!("not one");
        };
        assert_eq!(near[0].code, "not-our-duty");
        assert_eq!(named(&ratings, "xq"), Named::None(Vec::new()));
        assert_eq!(named(&ratings, ""), Named::None(Vec::new()));
        let water = [Choice::new("0201", "供水"), Choice::new("0503", "供水水质")];
        assert!(matches!(named(&water, "供水"), Named::One(found) if found.code == "0201"));
        assert!(matches!(named(&water, "水质"), Named::One(found) if found.code == "0503"));
        let lights = [Choice::new("1", "路灯甲"), Choice::new("2", "路灯乙")];
        assert!(matches!(named(&lights, "路灯"), Named::Several(found) if found.len() == 2));
    }

    #[test]
    fn words_are_sought_in_everything() {
        let mut ratings = ratings();
        ratings[4].note = "辽宁省办法第七条".to_owned();
        let codes = |words: &str| -> Vec<_> {
            let found = search(&ratings, words);
            found
                .into_iter()
                .map(|choice| choice.code.as_str())
                .collect()
        };
        assert_eq!(codes("单位 第七条"), ["not-our-duty"]);
        assert_eq!(codes("").len(), 5);
        assert_eq!(codes("very"), ["very-unsatisfied"]);
        assert!(codes("不满yi").contains(&"unsatisfied"));
    }
}
