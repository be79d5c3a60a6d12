use super::*;

/// The default pack with one passage replaced; the passage must be there.
fn changed(from: &str, to: &str) -> Result<PolicyPack, Vec<String>> {
    let text = PolicyPack::default_text();
    assert!(text.contains(from), "{from}");
    PolicyPack::parse("pack.toml", &text.replacen(from, to, 1))
        .map_err(|faults| faults.iter().map(ToString::to_string).collect())
}

#[test]
fn the_default_pack_is_complete() {
    let pack = PolicyPack::default_pack();
    assert_eq!(
        (pack.id.as_str(), pack.version, pack.issuer),
        ("default", 1, None)
    );
    assert_eq!(pack.handling.len(), Kind::ALL.len() * Urgency::ALL.len());
    for kind in Kind::ALL {
        for urgency in Urgency::ALL {
            assert!(pack.handling(kind, urgency).unwrap().limit.is_some());
        }
    }
    assert_eq!(pack.open_limits().count(), 0);
    assert_eq!(pack.returns.max_dispatches, 3);
    assert_eq!(pack.redo.max, 1);
    assert_eq!(pack.co_handling.lead, LeadRule::EarliestReceipt);
    assert_eq!(
        pack.closing("uncooperative").unwrap().after,
        Some(Span::NaturalDays(30))
    );
    assert_eq!(
        pack.closings
            .iter()
            .filter(|closing| closing.ground.article.contains("第十四条"))
            .count(),
        11
    );
    for event in TriggerEvent::ALL {
        assert!(pack.trigger(event).is_some(), "{event:?}");
    }
    let codes = [
        "not-our-duty",
        "not-our-area",
        "site-finding",
        "out-of-scope",
    ];
    assert!(codes.iter().all(|code| pack.return_ground(code).is_some()));
    assert!(pack.escalation_ground("beyond-authority").is_some());
    assert!(
        pack.refusal("emergency-line")
            .unwrap()
            .channel
            .contains("110")
    );
    assert!(!pack.rating("unsatisfied").unwrap().satisfied);
    assert!(pack.rating("?").is_none());
}

#[test]
fn a_limit_may_be_left_open_to_someone() {
    let pack = changed("limit = \"15个工作日\"", "left_to = \"市级主管部门\"").unwrap();
    let open: Vec<_> = pack.open_limits().map(|rule| rule.kind).collect();
    assert_eq!(open, [Kind::Complaint, Kind::Report]);
    let rule = pack.handling(Kind::Report, Urgency::Normal).unwrap();
    assert_eq!(rule.left_to.as_deref(), Some("市级主管部门"));
}

#[test]
fn each_fault_names_its_line_and_field() {
    let faults = |from, to| changed(from, to).unwrap_err().join("\n");
    assert_eq!(
        faults("window = \"当日\"", "window = \"三天\""),
        "pack.toml:49:10: assign.window：“三天”不是期限；请写成“12小时”“5个工作日”“30日”或“当日”，数字不超过 3660"
    );
    assert_eq!(
        faults("max = 6", "max = 6\nmini = 1"),
        "pack.toml:102:1: hops.mini：没有这个字段；这里可以写 max、article"
    );
    assert_eq!(
        faults("max = 6", ""),
        "pack.toml:100:1: hops.max：缺少这个字段"
    );
    assert_eq!(
        faults("max = 6", "max = 0"),
        "pack.toml:101:7: hops.max：应为 1 到 100 的整数"
    );
    assert_eq!(
        faults("code = \"site-finding\"", "code = \"not-our-duty\""),
        "pack.toml:79:8: return.ground[2].code：代码“not-our-duty”在本列表中重复"
    );
    assert!(faults("kinds = [\"other\"]", "kinds = [\"help\"]").contains("“其他·一般”"));
    assert!(faults("kinds = [\"other\"]", "kinds = [\"help\"]").contains("已在前面规定"));
    assert!(faults("limit = \"12小时\"", "").contains("应当写且只写一个"));
    assert!(faults("event = \"overdue\"", "event = \"manual\"").contains("超期督办"));
    assert!(faults("escalate_after = 2", "escalate_after = 3").contains("最多延期 2 次"));
    assert!(faults("id = \"default\"", "id = ").contains("TOML 语法有误"));
}

#[test]
fn all_faults_come_at_once() {
    let faults = PolicyPack::parse(
        "pack.toml",
        "id = 5\nversion = 0\n[assign]\nwindow = \"当日\"\n",
    )
    .unwrap_err();
    let fields: Vec<_> = faults.iter().map(|fault| fault.field.as_str()).collect();
    for field in [
        "id",
        "version",
        "title",
        "effective_from",
        "sign",
        "return",
        "assign.article",
        "supplement",
    ] {
        assert!(fields.contains(&field), "{field} of {fields:?}");
    }
    assert_eq!(
        faults.iter().filter(|fault| fault.field.is_empty()).count(),
        19
    );
}

#[test]
fn a_pack_governs_its_issuer_and_all_below() {
    let below = crate::Select::Below("140525000000".parse().unwrap());
    let federation = crate::generate(&below, &crate::Settings::default()).unwrap();
    let key = |text: &str| text.parse::<RegionKey>().unwrap();
    let pack = changed("# issuer = \"210000000000\"", "issuer = \"140525000000\"").unwrap();
    assert!(pack.may_govern(&federation, key("140525000000")));
    assert!(pack.may_govern(&federation, key("140525100000")));
    let other = changed("# issuer = \"210000000000\"", "issuer = \"140525100000\"").unwrap();
    assert!(!other.may_govern(&federation, key("140525000000")));
    assert!(PolicyPack::default_pack().may_govern(&federation, key("140525000000")));
}
