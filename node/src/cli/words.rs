//! Codes of the door in the words that a clerk reads. A code that has no word stands for itself.

use hotline_topology::{Time, category_name};

/// One vocabulary a line: what it names, then code and word in pairs.
const WORDS: &[(&str, &[(&str, &str)])] = &[
    (
        "document",
        &[
            ("topology", "拓扑"),
            ("calendar", "日历"),
            ("pack", "规则包"),
            ("trust", "信任根"),
            ("revocations", "吊销列表"),
        ],
    ),
    (
        "step",
        &[
            ("issued", "签发"),
            ("reminded", "催办"),
            ("replied", "回复"),
            ("ended", "了结"),
        ],
    ),
    (
        "kind",
        &[
            ("consult", "咨询"),
            ("help", "求助"),
            ("complaint", "投诉"),
            ("report", "举报"),
            ("suggestion", "建议"),
            ("other", "其他"),
        ],
    ),
    (
        "offence",
        &[
            ("garbage", "乱码"),
            ("contradiction", "自相矛盾"),
            ("flood", "洪水"),
            ("forbidden", "越权"),
            ("unreadable", "内容不可读"),
            ("refused", "被规则拒绝"),
        ],
    ),
    (
        "urgency",
        &[
            ("normal", "一般"),
            ("urgent", "紧急"),
            ("emergency", "突发"),
        ],
    ),
    (
        "channel",
        &[
            ("phone", "电话"),
            ("web", "网站"),
            ("app", "客户端"),
            ("wechat", "微信"),
            ("mail", "信件"),
            ("visit", "来访"),
            ("mailbox", "邮箱"),
        ],
    ),
    (
        "stage",
        &[
            ("open", "待派"),
            ("assigned", "在办"),
            ("reviewing", "待审"),
            ("closed", "已办结"),
        ],
    ),
    (
        "leg",
        &[
            ("offered", "待送达"),
            ("delivered", "待签收"),
            ("signed", "办理中"),
            ("accepted", "上级已接"),
            ("return-asked", "申请退单"),
            ("extension-asked", "申请延期"),
            ("escalation-asked", "申请提级"),
            ("result-reported", "已报结果"),
            ("overdue", "超期"),
            ("closed", "已结束"),
        ],
    ),
    (
        "role",
        &[("sole", "独办"), ("lead", "主办"), ("co-handler", "会办")],
    ),
    ("way", &[("downward", "下交"), ("upward", "上报")]),
    (
        "asking",
        &[
            ("return", "退单"),
            ("extension", "延期"),
            ("escalation", "提级"),
            ("result", "办理结果"),
        ],
    ),
    (
        "closure",
        &[
            ("done", "已办结"),
            ("returned", "已退单"),
            ("escalated", "已提级"),
            ("recalled", "已收回"),
            ("withdrawn", "已撤诉"),
            ("released", "已解除会办"),
            ("closed", "已结束"),
        ],
    ),
    (
        "reason",
        &[
            ("overdue", "超期"),
            ("refused-past-bound", "多次退单"),
            ("bounced", "无法送达"),
            ("unsatisfactory-again", "再次不满意"),
            ("order-unanswered", "督办未复"),
        ],
    ),
    (
        "lane",
        &[("urgent", "急件"), ("ordinary", "普通"), ("bulk", "批量")],
    ),
    ("side", &[("parent", "上级"), ("child", "下级")]),
    (
        "link",
        &[
            ("connected", "连通"),
            ("disconnected", "断开"),
            ("quarantined", "隔离"),
            ("blocked", "停用"),
        ],
    ),
    (
        "missing",
        &[
            ("span", "一段时间"),
            ("number", "编号"),
            ("petitioner", "诉求人"),
            ("giver", "交办方"),
            ("unasked", "未核对"),
            ("forked", "两份经过"),
            ("unproven", "未经证实"),
        ],
    ),
    (
        "level",
        &[
            ("province", "省级"),
            ("city", "市级"),
            ("county", "县级"),
            ("township", "乡级"),
        ],
    ),
    (
        "measure",
        &[
            ("taken-in", "受理"),
            ("answered-directly", "直接答复"),
            ("refused", "不予受理"),
            ("assigned", "转办"),
            ("escalated", "提级"),
            ("returned", "退单"),
            ("supervised", "督办"),
            ("redone", "重办"),
            ("closed-in-time", "按时办结"),
            ("closed-late", "逾期办结"),
            ("overdue-now", "当前超期"),
            ("open-now", "当前在办"),
        ],
    ),
    (
        "media-kind",
        &[
            ("picture", "图片"),
            ("document", "文档"),
            ("audio", "录音"),
            ("video", "视频"),
        ],
    ),
    (
        "purpose",
        &[
            ("handle", "办理"),
            ("call-back", "回访"),
            ("petitioner", "本人申请"),
            ("supervise", "督办"),
            ("quality", "质检"),
            ("audit", "审计"),
            ("legal", "依法调取"),
        ],
    ),
    (
        "entrance",
        &[
            ("local", "本机"),
            ("front-end", "前端系统"),
            ("remote", "远程"),
        ],
    ),
    (
        "field",
        &[
            ("title", "标题"),
            ("content", "内容"),
            ("place", "地点"),
            ("petitioner_name", "诉求人"),
            ("contact", "联系方式"),
            ("instruction", "交办要求"),
            ("result_text", "办理情况"),
            ("reason", "理由"),
            ("note", "备注"),
            ("answer", "答复"),
            ("stage_report", "阶段情况"),
            ("rating_text", "评价意见"),
            ("attachment", "附件"),
        ],
    ),
];

/// A vocabulary: codes with their words.
#[must_use]
pub fn vocabulary(name: &str) -> &'static [(&'static str, &'static str)] {
    let known = WORDS.iter().find(|(known, _)| *known == name);
    known.map_or(&[], |(_, words)| words)
}

/// The word of a code.
#[must_use]
pub fn word(vocabulary: &str, code: &str) -> String {
    let known = WORDS.iter().find(|(name, _)| *name == vocabulary);
    let found = known.and_then(|(_, words)| words.iter().find(|(known, _)| *known == code));
    found.map_or(code, |(_, word)| word).to_owned()
}

/// A category's code with its name.
#[must_use]
pub fn category(code: &str) -> String {
    match category_name(code) {
        Some(name) => format!("{code} {name}"),
        None => code.to_owned(),
    }
}

/// An instant in local time to the minute; nothing where there is none.
#[must_use]
pub fn time(ms: i64) -> String {
    if ms == 0 {
        return String::new();
    }
    Time(ms).to_string().chars().take(16).collect()
}

/// A due date; one that counts through a year without a calendar says so.
#[must_use]
pub fn due(ms: i64, provisional: bool) -> String {
    let doubt = if provisional { "（暂定）" } else { "" };
    format!("{}{doubt}", time(ms))
}

#[cfg(test)]
mod tests {
    use super::*;
    use hotline_domain::figures::Measure;
    use hotline_domain::policy::purpose::Purpose;
    use hotline_domain::supervision::NoticeReason;
    use hotline_topology::policy::MediaKind;
    use hotline_topology::{FieldName, Kind, Level, Urgency};

    #[test]
    fn every_code_of_the_rules_has_its_word() {
        let named = |vocabulary: &str, code: &str| {
            assert_ne!(word(vocabulary, code), code, "{vocabulary}");
        };
        Measure::ALL
            .iter()
            .for_each(|code| named("measure", code.as_str()));
        FieldName::ALL
            .iter()
            .for_each(|code| assert_eq!(word("field", code.as_str()), code.label()));
        for purpose in Purpose::ALL {
            assert_eq!(word("purpose", purpose.code()), purpose.label());
        }
        for kind in Kind::ALL {
            assert_eq!(word("kind", kind.as_str()), kind.label());
        }
        for kind in MediaKind::ALL {
            assert_eq!(word("media-kind", kind.as_str()), kind.label());
        }
        for urgency in Urgency::ALL {
            assert_eq!(word("urgency", urgency.as_str()), urgency.label());
        }
        for level in Level::ALL {
            assert_eq!(word("level", level.as_str()), level.label());
        }
        for reason in [
            NoticeReason::Overdue,
            NoticeReason::RefusedPastBound,
            NoticeReason::Bounced,
            NoticeReason::UnsatisfactoryAgain,
            NoticeReason::OrderUnanswered,
        ] {
            named("reason", reason.as_str());
        }
    }

    #[test]
    fn times_are_local_and_unknown_codes_stand_for_themselves() {
        assert_eq!(time(1_772_614_800_000), "2026-03-04 17:00");
        assert_eq!(time(0), "");
        assert_eq!(word("kind", "new-kind"), "new-kind");
        assert_eq!(category("0201"), "0201 供水");
    }
}
