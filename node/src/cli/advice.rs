//! What to write on the command line after a refusal: the option that was missing or wrong, and the next command. The
//! rules speak to people and programs alike, and know nothing of options.

/// By rule, what to do.
const ADVICE: &[(&str, &str)] = &[
    (
        "intake.content",
        "写 --channel、--category，和 --title 或 --content",
    ),
    ("intake.category", "写在 --category"),
    ("intake.time", "写在 --happened-at"),
    ("intake.place", "写在 --place；用 hotline codes 区划 查找"),
    ("answer.empty", "加上 --answer"),
    ("assign.takers", "写在 --to；用 hotline codes 单位 查找"),
    ("assign.lead", "写在 --lead，须是 --to 之一"),
    ("assign.due", "写在 --due"),
    (
        "assign.determination",
        "加上 --determination，写明职责认定的依据",
    ),
    (
        "assign.determination-due",
        "加上 --determination，写明职责认定的依据",
    ),
    ("close.answer", "加上 --answer"),
    ("due.past", "写在 --until"),
    ("erase.reason", "加上 --reason"),
    ("escalate.report", "加上 --reason 和 --stage-report"),
    ("escalate.incoming", "用 hotline ticket escalate"),
    ("escalation.report", "加上 --reason 和 --stage-report"),
    ("extension.reason", "加上 --reason"),
    ("lead.leg", "用 hotline ticket show 查看交办编号"),
    ("note.empty", "加上 --note"),
    ("order.reply", "加上 --stage-report"),
    ("order.unknown", "用 hotline ticket show 查看督办单编号"),
    ("progress.stage", "加上 --stage"),
    ("recall.reason", "加上 --reason"),
    ("refuse.basis", "加上 --basis"),
    ("result.text", "加上 --result"),
    ("return.basis", "加上 --basis"),
    ("rule.determination", "加上 --basis，写明职责认定"),
    ("rule.reason", "加上 --basis"),
    ("supervise.reply-by", "写在 --reply-by"),
    ("supervise.text", "加上 --instruction"),
    ("attachment.cover", "换一个文件名（--name）再传"),
    ("request.kind", "写在 --kind；用 hotline codes 类型 查看"),
    (
        "request.urgency",
        "写在 --urgency；用 hotline codes 紧急程度 查看",
    ),
    (
        "request.category",
        "写在 --category；用 hotline codes 事项 查找",
    ),
    (
        "request.channel",
        "写在 --channel；用 hotline codes 渠道 查看",
    ),
    (
        "request.ground",
        "写在 --ground；用 hotline codes 理由 查看",
    ),
    (
        "request.rating",
        "写在 --rating；用 hotline codes 评价 查看",
    ),
    (
        "request.trigger",
        "写在 --trigger；用 hotline codes 督办 查看",
    ),
    ("request.basis", "写在 --basis"),
    ("request.determination", "写在 --determination"),
    ("request.key", "写在 --key"),
    ("request.table", "写在 --table"),
    ("request.by", "写在 --by"),
    ("request.from", "写在 --from"),
    ("request.to", "写在 --to"),
    ("request.sort", "写在 --sort"),
    ("request.stages", "写在 --stage"),
    ("request.cursor", "写在 --cursor"),
    ("request.media", "写在 --media"),
    ("request.name", "写在 --name"),
];

/// What to do after a refusal by that rule; `None` where its words say it already, or where nothing on the command line
/// helps.
#[must_use]
pub fn of(rule: &str, words: &str) -> Option<&'static str> {
    let found = ADVICE.iter().find(|(known, _)| *known == rule);
    let advice = found.map(|(_, advice)| *advice)?;
    let option = advice
        .split(['，', '；', '、', ' '])
        .find(|word| word.starts_with("--"));
    option
        .is_none_or(|option| !words.contains(option))
        .then_some(advice)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    /// Rules that refuse wrong input and need no option: what is wrong is no option's value.
    const WITHOUT: &[&str] = &[
        "attachment.empty",
        "attachment.file-size",
        "attachment.not-that-media",
        "attachment.not-that-size",
        "command.key-reused",
        "command.verb",
        "escalate.top",
        "leg.ruling.kind",
        "redo.taker",
        "assign.reach",
        "restore.unknown",
        "reading.nothing",
    ];

    /// `Class::Invalid, "rule"` in the rules' sources.
    fn rules(folder: &Path, found: &mut Vec<String>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                if path.file_name().is_some_and(|name| name != "tests") {
                    rules(&path, found);
                }
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                let text = std::fs::read_to_string(&path).unwrap();
                let parts = text.split("Class::Invalid").skip(1);
                found.extend(parts.filter_map(|part| {
                    let (between, rest) = part.split_once('"')?;
                    let plain = between.chars().all(|c| c == ',' || c.is_whitespace());
                    plain.then(|| rest.split('"').next().map(str::to_owned))?
                }));
            }
        }
    }

    #[test]
    fn whoever_wrote_something_wrong_is_told_where_to_write_it_right() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("domain/src");
        let mut found = Vec::new();
        for part in ["ticket", "lead", "supervision"] {
            rules(&folder.join(part), &mut found);
        }
        assert!(found.len() > 15, "{found:?}");
        let missing: Vec<_> = found
            .iter()
            .filter(|rule| !WITHOUT.contains(&rule.as_str()) && of(rule, "").is_none())
            .collect();
        assert!(missing.is_empty(), "no advice for {missing:?}");
    }

    #[test]
    fn what_is_said_already_is_not_said_again() {
        assert_eq!(of("refuse.basis", "须说明依据"), Some("加上 --basis"));
        assert_eq!(of("refuse.basis", "须用 --basis 说明"), None);
        assert_eq!(of("no.such-rule", ""), None);
    }
}
