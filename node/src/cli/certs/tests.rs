use super::*;
use clap::Parser;
use unicode_width::UnicodeWidthStr as _;

#[derive(Parser)]
struct Program {
    #[command(flatten)]
    certs: CertsArgs,
}

const NOW: Time = Time(1_767_196_800_000);

fn run(dir: &std::path::Path, words: &str) -> anyhow::Result<String> {
    run_at(dir, words, NOW)
}

fn run_at(dir: &std::path::Path, words: &str, now: Time) -> anyhow::Result<String> {
    let dir = dir.to_str().unwrap();
    let words = words.split_whitespace().chain(["--dir", dir]);
    Program::try_parse_from(std::iter::once("certs").chain(words))?
        .certs
        .command
        .run(now)
        .map(|text| text.as_str().to_owned())
}

#[test]
fn a_keeper_inits_issues_renews_revokes_and_shows() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("certs");
    assert!(
        run(&dir, "show")
            .unwrap_err()
            .to_string()
            .contains("hotline certs init")
    );
    run(&dir, "init --trust-domain 12345.example").unwrap();
    run(&dir, "issue authority --region 990000000000").unwrap();
    run(
        &dir,
        "issue authority --region 990100000000 --by 990000000000",
    )
    .unwrap();
    run(&dir, "issue node --region 990100000000").unwrap();
    run(
        &dir,
        "issue operator --region 990100000000 --by 990000000000 --name li.na",
    )
    .unwrap();
    let renewed = run(&dir, "renew node --region 990100000000 --days 10").unwrap();
    assert!(renewed.contains("2026-01-11"), "{renewed}");
    let serial = renewed
        .split("序列号 ")
        .nth(1)
        .unwrap()
        .split('，')
        .next()
        .unwrap();
    let revoked = run(
        &dir,
        &format!("revoke --serial {serial} --reason superseded"),
    )
    .unwrap();
    assert!(revoked.contains("authorities/990100000000/1"), "{revoked}");
    run(&dir, "refresh").unwrap();

    let shown = run(&dir, "show").unwrap();
    assert_eq!(shown.matches("节点").count(), 2, "{shown}");
    // The old node's, and that of its operators' port.
    assert_eq!(shown.matches("吊销（已换发）").count(), 2, "{shown}");
    assert_eq!(shown.matches(" 操作端口 ").count(), 2, "{shown}");
    assert_eq!(shown.matches("┆ 有效\n").count(), 5, "{shown}");
    assert_eq!(shown.matches("已 0 天，未到重签期限").count(), 3, "{shown}");
    let late = run_at(&dir, "show", Time(NOW.0 + 9 * 86_400_000)).unwrap();
    assert_eq!(late.matches("已 9 天，逾期 2 天").count(), 3, "{late}");
    // Chinese characters are two columns wide.
    let widths: Vec<_> = shown
        .lines()
        .filter_map(|line| line.rsplit_once('┆'))
        .map(|(before, _)| before.width())
        .collect();
    assert!(widths.len() > 5, "{shown}");
    assert!(widths.windows(2).all(|pair| pair[0] == pair[1]), "{shown}");
}

#[test]
fn what_cannot_be_done_is_said_in_words() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("certs");
    run(&dir, "init --trust-domain 12345.example").unwrap();
    for (words, says) in [
        ("init --trust-domain 12345.example", "不能再次初始化"),
        (
            "issue node --region 990100000000",
            "没有990100000000的签发机构",
        ),
        ("renew node --region 990100000000", "hotline certs issue"),
        (
            "revoke --serial 0102 --reason withdrawn",
            "没有签发过序列号 0102",
        ),
        ("revoke --serial xyz --reason withdrawn", "十六进制"),
        ("issue node --region 9901", "12 个字符"),
        ("init --trust-domain Hotline", "信任域"),
    ] {
        let error = format!("{:#}", run(&dir, words).unwrap_err());
        assert!(error.contains(says), "{words}: {error}");
    }
}

/// Real divisions: 山西省, 晋城市, 泽州县, 陵川县.
const PROVINCE: &str = "140000000000";
const CITY: &str = "140500000000";
const COUNTY: &str = "140525000000";
const OTHER: &str = "140524000000";

#[test]
fn an_authority_that_may_not_certify_a_region_is_refused_before_it_signs() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("certs");
    run(&dir, "init --trust-domain 12345.example").unwrap();
    for region in [PROVINCE, OTHER] {
        run(&dir, &format!("issue authority --region {region}")).unwrap();
    }
    let by = |what: &str, by: &str| format!("{what} --region {COUNTY} --by {by}");
    for what in [
        "issue node",
        "issue authority",
        "issue operator --name li.na",
    ] {
        let error = run(&dir, &by(what, OTHER)).unwrap_err().to_string();
        assert!(
            error.contains("不在其下") && error.contains("--topology"),
            "{error}"
        );
    }
    run(&dir, &by("issue node", PROVINCE)).unwrap();
    let error = run(&dir, &by("renew node", OTHER)).unwrap_err().to_string();
    assert!(error.contains("不在其下"), "{error}");
    let error = run(&dir, &by("renew node", "根")).unwrap_err().to_string();
    assert!(error.contains("根只给签发机构签发"), "{error}");
    // The federation's own tree has the last word.
    let file = folder.path().join("tree.toml");
    let tree = crate::demo::world::federation().unwrap();
    std::fs::write(&file, tree.to_toml()).unwrap();
    let with_tree = |words: String| format!("{words} --topology {}", file.display());
    let error = run(&dir, &with_tree(by("renew node", OTHER))).unwrap_err();
    assert!(error.to_string().contains("按拓扑文件"), "{error}");
    run(&dir, &with_tree(by("renew node", PROVINCE))).unwrap();
}

#[test]
fn a_certificate_is_renewed_by_another_signer_and_revoked_by_region_and_name() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("certs");
    run(&dir, "init --trust-domain 12345.example").unwrap();
    run(&dir, &format!("issue authority --region {PROVINCE}")).unwrap();
    run(
        &dir,
        &format!("issue authority --region {CITY} --by {PROVINCE}"),
    )
    .unwrap();
    run(
        &dir,
        &format!("issue node --region {COUNTY} --by {PROVINCE}"),
    )
    .unwrap();
    run(
        &dir,
        &format!("issue operator --region {COUNTY} --by {CITY} --name li.na"),
    )
    .unwrap();
    run(&dir, &format!("renew node --region {COUNTY} --by {CITY}")).unwrap();
    run(&dir, &format!("renew authority --region {CITY} --by 根")).unwrap();
    let shown = run(&dir, "show").unwrap();
    let by_city = shown
        .lines()
        .filter(|line| line.contains("authorities/140500000000/1"));
    // The node, its operators' port, the operator.
    assert_eq!(by_city.count(), 3, "{shown}");
    let by_root = |line: &&str| line.contains("authority/140500000000") && line.contains("root/1");
    assert_eq!(shown.lines().filter(by_root).count(), 1, "{shown}");

    let revoke = |more: &str, reason: &str| {
        run(
            &dir,
            &format!("revoke --region {COUNTY} {more} --reason {reason}"),
        )
    };
    // Superseded is what a newer one stands for.
    let told = revoke("", "superseded").unwrap();
    assert_eq!(told.matches("已吊销").count(), 2, "{told}");
    assert!(
        told.contains("authorities/140000000000/1") && told.contains("/door/"),
        "{told}"
    );
    let told = revoke("", "cessation").unwrap();
    assert!(told.contains("authorities/140500000000/1"), "{told}");
    let told = revoke("--name li.na", "withdrawn").unwrap();
    assert!(told.contains("operator/140525000000/li.na"), "{told}");
    for (more, says) in [
        ("", "没有可吊销的有效证书"),
        ("--name zhang.wei", "没有可吊销的有效证书"),
        ("--authority", "没有可吊销的有效证书"),
    ] {
        let error = revoke(more, "withdrawn").unwrap_err().to_string();
        assert!(error.contains(says), "{more}: {error}");
    }
}

/// The serial number of a subject's newest certificate in `issued.toml`, by the end of its URI.
fn newest(dir: &std::path::Path, uri_ends: &str) -> String {
    let ledger = dir.join(format!("authorities/{PROVINCE}/1/issued.toml"));
    let text = std::fs::read_to_string(ledger).unwrap();
    let ledger: toml::Table = text.parse().unwrap();
    let mut records = ledger["certificate"].as_array().unwrap().iter();
    let of = |record: &&toml::Value| record["uri"].as_str().unwrap().ends_with(uri_ends);
    let record = records.rfind(of).unwrap();
    record["serial"].as_str().unwrap().to_owned()
}

#[test]
fn a_node_revoked_by_serial_takes_the_certificate_of_its_port_along() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("certs");
    run(&dir, "init --trust-domain 12345.example").unwrap();
    run(&dir, &format!("issue authority --region {PROVINCE}")).unwrap();
    for region in [COUNTY, OTHER] {
        run(
            &dir,
            &format!("issue node --region {region} --by {PROVINCE}"),
        )
        .unwrap();
    }
    let node = format!("region/{COUNTY}");
    let (first, first_port) = (newest(&dir, &node), newest(&dir, &format!("door/{COUNTY}")));
    run(&dir, &format!("renew node --region {COUNTY}")).unwrap();
    let revoke = |serial: &str, reason: &str| {
        run(&dir, &format!("revoke --serial {serial} --reason {reason}")).unwrap()
    };
    // Of the two pairs the older one goes, and what stands is said with what revokes it.
    let told = revoke(&first, "key-compromise");
    assert_eq!(told.matches("已吊销").count(), 2, "{told}");
    assert!(
        told.contains(&first) && told.contains(&first_port),
        "{told}"
    );
    let (second, second_port) = (newest(&dir, &node), newest(&dir, &format!("door/{COUNTY}")));
    let (_, standing) = told.split_once("还有有效的证书").unwrap();
    assert!(
        standing.contains(&second) && standing.contains(&second_port),
        "{told}"
    );
    let command = format!("--region {COUNTY} --reason key-compromise");
    assert!(standing.contains(&command), "{told}");
    // A port by itself, whose node stands.
    let told = revoke(&second_port, "withdrawn");
    assert_eq!(told.matches("已吊销").count(), 1, "{told}");
    assert!(
        told.split_once("还有有效的证书")
            .unwrap()
            .1
            .contains(&second),
        "{told}"
    );
    // Then the node: nothing of it stands, and nothing is said of its port again.
    let told = revoke(&second, "cessation");
    assert_eq!(told.matches("已吊销").count(), 1, "{told}");
    assert!(!told.contains("还有有效的证书"), "{told}");
    let told = run(&dir, &format!("revoke --region {OTHER} --reason withdrawn")).unwrap();
    assert_eq!(told.matches("已吊销").count(), 2, "{told}");
    assert!(!told.contains("还有有效的证书"), "{told}");
}

#[test]
fn a_stolen_key_is_revoked_with_the_date_since_when_after_it_ran_out_too() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("certs");
    run(&dir, "init --trust-domain 12345.example").unwrap();
    run(&dir, &format!("issue authority --region {PROVINCE}")).unwrap();
    run(
        &dir,
        &format!("issue node --region {COUNTY} --by {PROVINCE}"),
    )
    .unwrap();
    let serial = newest(&dir, &format!("region/{COUNTY}"));
    // NOW is the beginning of 2026; the certificate ran out in April.
    let later = Time(NOW.0 + 300 * 86_400_000);
    let revoke = |words: &str| run_at(&dir, &format!("revoke {words}"), later);
    let by_region = format!("--region {COUNTY} --reason cessation");
    let error = revoke(&by_region).unwrap_err().to_string();
    assert!(error.contains("--expired"), "{error}");
    let told = revoke(&format!("{by_region} --expired")).unwrap();
    assert_eq!(told.matches("停用").count(), 2, "{told}");
    // A list of before the theft was known becomes one with it; a later date changes nothing.
    let stolen = |since: &str| {
        let words = format!("--serial {serial} --reason 失窃 --since {since}");
        revoke(&words).unwrap()
    };
    for (since, says) in [
        ("2026-03-02", "自 2026-03-02 00:00"),
        ("2026-05-01", "自 2026-03-02 00:00"),
        ("2026-02-01", "自 2026-02-01 00:00"),
    ] {
        let told = stolen(since);
        assert!(told.contains("私钥泄露") && told.contains(says), "{told}");
    }
    let shown = run_at(&dir, "show", later).unwrap();
    assert!(shown.contains("自 2026-02-01"), "{shown}");
    for (words, says) in [
        ("--reason superseded --since 2026-03-02", "--since 只用于"),
        ("--reason key-compromise --since 2027-03-02", "还没有到"),
    ] {
        let error = revoke(&format!("--serial {serial} {words}")).unwrap_err();
        assert!(error.to_string().contains(says), "{error}");
    }
}

#[test]
fn the_commands_of_the_readme_are_commands() {
    let readme = include_str!("../../../../certs-example/README.md");
    let commands: Vec<_> = readme
        .lines()
        .filter_map(|l| l.strip_prefix("hotline "))
        .collect();
    assert!(commands.len() > 7, "{commands:?}");
    for command in commands {
        if let Err(error) = Program::try_parse_from(command.split_whitespace()) {
            panic!("{command}: {error}");
        }
    }
}
