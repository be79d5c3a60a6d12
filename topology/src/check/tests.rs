use super::*;
use crate::region::Level;

/// A small federation in order: one city, two counties, one township.
pub(crate) const GOOD: &str = r#"trust_domain = "hotline.example"
version = 3
effective_from = "2026-01-01"

[edge_default]
up = ["result_text", "reason", "answer"]

[[standard]]
level = "county"

[[standard.unit]]
key = "热线中心"
name = "县政务服务热线中心"
kind = "centre"

[[standard.unit]]
key = "住建局"
name = "住房和城乡建设局"
responsibilities = ["房屋", "物业"]

[[standard.dispatch]]
categories = ["01"]
unit = "住建局"

[[standard.dispatch]]
categories = ["02"]
local = true

[[region]]
key = "140500000000"
name = "晋城市"
level = "city"
endpoint = "r140500000000.hotline.internal:7443"

[[region.unit]]
key = "热线中心"
name = "市政务服务热线中心"
kind = "centre"

[[region.unit.handler]]
id = "zhang"
name = "张某"

[[region]]
key = "140525000000"
name = "泽州县"
level = "county"
parent = "140500000000"
endpoint = "r140525000000.hotline.internal:7443"

[[region.unit]]
key = "物业科"
name = "物业管理科"
parent = "住建局"

[[region]]
key = "140502000000"
name = "城区"
level = "county"
parent = "140500000000"

[[region]]
key = "140525100000"
name = "南村镇"
level = "township"
parent = "140525000000"
node = false

[[dispatch]]
region = "140525000000"
categories = ["0101"]
unit = "物业科"

[[dispatch]]
region = "140500000000"
categories = [""]
local = true

[[edge]]
parent = "140500000000"
child = "140525000000"
down = ["title", "content", "contact"]
"#;

fn faults(text: &str) -> Vec<String> {
    check("federation.toml", text)
        .iter()
        .map(ToString::to_string)
        .collect()
}

/// The good file with one passage replaced; the passage must be there.
fn changed(from: &str, to: &str) -> String {
    assert!(GOOD.contains(from), "{from}");
    faults(&GOOD.replacen(from, to, 1)).join("\n")
}

#[test]
fn a_file_in_order_is_read_whole() {
    assert_eq!(faults(GOOD), [""; 0]);
    let federation = Federation::parse("federation.toml", GOOD).unwrap();
    assert_eq!(
        (federation.trust_domain(), federation.version()),
        ("hotline.example", 3)
    );
    assert_eq!(
        federation.effective_from().to_string(),
        "2026-01-01 00:00:00"
    );
    let county = federation
        .region(RegionKey::literal("140525000000"))
        .unwrap();
    let units: Vec<_> = county.units.iter().map(|unit| unit.key.as_str()).collect();
    assert_eq!(units, ["热线中心", "住建局", "物业科"]);
    assert_eq!(county.level, Level::County);
    let city = federation.region(federation.root()).unwrap();
    assert_eq!(city.units[0].handlers[0].id, "zhang");
}

#[test]
fn what_was_built_in_memory_is_checked_alike() {
    let good = Federation::parse("federation.toml", GOOD).unwrap();
    let mut parts = good.clone().into_parts();
    assert_eq!(Federation::build(parts.clone()).unwrap(), good);
    parts.regions[1].parent = None;
    parts.regions[2].endpoint = parts.regions[0].endpoint.clone();
    let faults: Vec<_> = Federation::build(parts)
        .unwrap_err()
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(faults.len(), 2, "{faults:?}");
    assert!(
        faults[0].starts_with("region[1].parent：140502000000 没有上级"),
        "{faults:?}"
    );
    assert!(
        faults[1].starts_with("region[2].endpoint：地址"),
        "{faults:?}"
    );
}

const FAULTY: &str = r#"trust_domain = "hotline.example"
version = 0
effective_from = "2026-01-01"

[[region]]
key = "210000000000"
name = "甲省"
level = "province"
endpoint = "r210000000000.hotline.internal:7443"
[[region.unit]]
key = "办公室"
name = "办公室"

[[region]]
key = "210100000000"
name = "乙市"
level = "province"
parent = "210000000000"
endpoint = "r210000000000.hotline.internal:7443"
[[region.unit]]
key = "办公室"
name = "办公室"

[[region]]
key = "210100000000"
name = "丙市"
level = "city"
parent = "219900000000"
endpoint = "丙市的主机"
standart = true
[[region.unit]]
key = "办公室"
name = "办公室"

[[dispatch]]
region = "210000000000"
categories = ["0101"]
unit = "没有的局"

[[edge]]
parent = "210000000000"
child = "210199000000"
"#;

#[test]
fn all_faults_of_a_file_are_reported_at_once_with_their_lines() {
    let expected = "\
federation.toml:2:11: version：应为 1 到 4294967294 的整数
federation.toml:17:9: region[1].level：210100000000的层级（省级）应低于上级 210000000000 的层级（省级）（见第 8 行）
federation.toml:19:12: region[1].endpoint：地址 r210000000000.hotline.internal:7443 重复（见第 9 行）
federation.toml:25:7: region[2].key：区划代码 210100000000 重复（见第 15 行）
federation.toml:28:10: region[2].parent：上级 219900000000 不在本文件中
federation.toml:29:12: region[2].endpoint：“丙市的主机”不是地址；请写成 主机名:端口，如 r210000000000.hotline.internal:7443
federation.toml:30:1: region[2].standart：没有这个字段；这里可以写 key、name、level、parent、endpoint、node、standard、unit、succeeds
federation.toml:35:1: dispatch[0].unit：210000000000 没有承办单位“没有的局”
federation.toml:40:1: edge[0].child：区划 210199000000 不在本文件中";
    assert_eq!(faults(FAULTY).join("\n"), expected);
}

#[test]
fn trees_that_are_none() {
    let second_root = changed("parent = \"140500000000\"\nendpoint", "endpoint");
    assert!(
        second_root.contains(
            "region[1].parent：140525000000 没有上级，而最上级已是 140500000000（见第 29 行）"
        ),
        "{second_root}"
    );
    let cycle = changed(
        "level = \"city\"\n",
        "level = \"city\"\nparent = \"140525000000\"\n",
    );
    assert!(cycle.contains("没有最上级的区划"), "{cycle}");
    assert_eq!(
        cycle
            .matches("上下级成环：140500000000 → 140525000000 → 140500000000")
            .count(),
        1,
        "{cycle}"
    );
    assert!(
        faults("trust_domain = \"a\"\nversion = 1\neffective_from = \"2026-01-01\"")
            .join("")
            .contains("一个区划也没有")
    );
    let own_parent = changed(
        "name = \"城区\"\nlevel = \"county\"\nparent = \"140500000000\"",
        "name = \"城区\"\nlevel = \"county\"\nparent = \"140502000000\"",
    );
    assert!(
        own_parent.contains("上下级成环：140502000000 → 140502000000"),
        "{own_parent}"
    );
}

#[test]
fn who_succeeds_whom() {
    let city = "name = \"城区\"\nlevel = \"county\"\nparent = \"140500000000\"";
    let heir = |keys: &str| changed(city, &format!("{city}\nsucceeds = [{keys}]"));
    // One that is gone from the tree already may be named; so may one that still drains.
    assert_eq!(heir("\"140503000000\""), "");
    let parent_left = heir("\"140525000000\"");
    assert!(
        parent_left.contains("140525000000 已并入他处，不能再是 140525100000 的上级"),
        "{parent_left}"
    );
    assert_eq!(parent_left.lines().count(), 1, "{parent_left}");
    assert!(heir("\"140502000000\"").contains("140502000000 的并入成环"));
    assert!(heir("\"140503000000\", \"140503000000\"").contains("写了两次"));
    assert!(heir("\"140500000000\"").contains("最上级的区划不能并入他处"));
    let circle = changed(
        "node = false",
        "node = false\nsucceeds = [\"140502000000\"]",
    );
    assert!(circle.contains("没有节点，不能接收并入的区划"), "{circle}");
}

#[test]
fn nodes_and_endpoints() {
    assert!(
        changed("name = \"晋城市\"", "name = \"晋城市\"\nnode = false")
            .contains("最上级的区划必须有节点")
    );
    assert!(
        changed("endpoint = \"r140500000000.hotline.internal:7443\"", "").contains("缺少 endpoint")
    );
    for bad in ["x", "x:0", "x:99999", ":7443", "a b:1", "-a:1", "a..b:1"] {
        let faults = changed("r140525000000.hotline.internal:7443", bad);
        assert!(faults.contains("region[1].endpoint：“"), "{bad}: {faults}");
        assert_eq!(faults.lines().count(), 1, "{faults}");
    }
    assert!(
        changed("node = false", "node = false\nendpoint = \"a:1\"")
            .contains("没有节点的区划由上级当作承办单位")
    );
    assert!(changed("node = false", "").contains("没有承办单位"));
}

#[test]
fn units() {
    assert!(
        changed("parent = \"住建局\"", "parent = \"教育局\"")
            .contains("上级单位“教育局”不在本区划中")
    );
    assert!(
        changed("parent = \"住建局\"", "parent = \"物业科\"")
            .contains("承办单位“物业科”的上下级成环")
    );
    let twice = changed(
        "[[region.unit.handler]]",
        "[[region.unit.handler]]\nid = \"zhang\"\nname = \"张\"\n[[region.unit.handler]]",
    );
    assert!(twice.contains("承办人“zhang”在本区划中重复"), "{twice}");
    assert!(changed("kind = \"centre\"", "kind = \"center\"").contains("不是单位类别"));
    let opted_out = changed("name = \"泽州县\"", "name = \"泽州县\"\nstandard = false");
    assert!(
        opted_out.contains("上级单位“住建局”不在本区划中"),
        "{opted_out}"
    );
}

#[test]
fn catalogue_and_edges() {
    assert!(
        changed("unit = \"物业科\"", "child = \"140502000000\"")
            .contains("140502000000 不是 140525000000 的下级")
    );
    assert_eq!(changed("unit = \"物业科\"", "child = \"140525100000\""), "");
    assert!(changed("unit = \"物业科\"", "local = false").contains("应当写且只写一个"));
    assert!(
        changed("unit = \"物业科\"", "unit = \"物业科\"\nlocal = true")
            .contains("应当写且只写一个")
    );
    assert!(
        changed(
            "unit = \"物业科\"",
            "unit = \"物业科\"\nplace = \"140502000000\""
        )
        .contains("不是 140525000000 的下级")
    );
    assert!(changed("categories = [\"0101\"]", "categories = [\"物业\"]").contains("不是事项代码"));
    assert!(
        changed("region = \"140525000000\"", "region = \"140525100000\"")
            .contains("没有节点，不能有派单目录")
    );
    assert!(changed("unit = \"住建局\"\n", "unit = \"教育局\"\n").contains("不在县级的标准单位中"));
    assert!(
        changed(
            "categories = [\"02\"]\nlocal = true",
            "categories = [\"01\"]\nunit = \"热线中心\""
        )
        .contains("在目录中重复（见第 22 行）")
    );
    assert!(
        changed(
            "child = \"140525000000\"\ndown",
            "child = \"140525100000\"\ndown"
        )
        .contains("没有这条边")
    );
    assert!(changed("\"contact\"", "\"phone\"").contains("“phone”不是字段"));
}

#[test]
fn calendars() {
    let with = |calendar: &str| faults(&format!("{GOOD}\n{calendar}")).join("\n");
    let notice =
        "[[calendar.notice]]\npublished = \"2026-11-10\"\nyear = 2027\noff = [\"2027-01-01\"]\n";
    assert_eq!(with(&format!("[calendar]\nversion = 16\n{notice}")), "");
    assert_eq!(with("[calendar]\nversion = 15\n"), "");
    assert!(
        with(&format!("[calendar]\nversion = 15\n{notice}"))
            .contains("version 应大于程序自带日历的 15")
    );
    assert!(with("[calendar]\nversion = 16\n").contains("没有增加通知"));
    assert!(
        with(&format!(
            "[calendar]\nversion = 17\n{notice}{}",
            notice.replace("2026-11", "2026-10")
        ))
        .contains("先后排列")
    );
}

#[test]
fn no_text_makes_the_reader_panic() {
    for cut in (0..FAULTY.len())
        .step_by(7)
        .filter(|at| FAULTY.is_char_boundary(*at))
    {
        assert!(!faults(&FAULTY[..cut]).is_empty());
    }
    for cut in (0..GOOD.len())
        .step_by(7)
        .filter(|at| GOOD.is_char_boundary(*at))
    {
        check("federation.toml", &GOOD[cut..]);
    }
}

#[test]
fn every_sort_of_section_reads_back() {
    let text = GOOD
        .replace(
            "effective_from = \"2026-01-01\"",
            "effective_from = \"2026-01-01T08:00:00.250+08:00\"",
        )
        .replace(
            "name = \"物业管理科\"",
            "name = \"物业\\\"管理\\\\科\\u0007\"\ncontact = \"0000-0000\"",
        )
        .replace(
            "name = \"城区\"",
            "name = \"城区\"\nstandard = false\n[[region.unit]]\nkey = \"甲\"\nname = \"甲\"\n#",
        )
        .replace("#\nlevel = \"county\"\nparent = \"140500000000\"\n", "")
        .replace(
            "key = \"140502000000\"",
            "key = \"140502000000\"\nlevel = \"county\"\nparent = \"140500000000\"",
        )
        + "[calendar]\nversion = 16\n[[calendar.notice]]\npublished = \"2026-11-10\"\nyear = 2027\n\
           off = [\"2027-01-01..2027-01-03\"]\non = [\"2027-01-09\"]\n";
    let federation = Federation::parse("federation.toml", &text).unwrap();
    assert_eq!(federation.effective_from().millis() % 1000, 250);
    let unit = &federation
        .region(RegionKey::literal("140525000000"))
        .unwrap()
        .units[2];
    assert_eq!(
        (unit.name.as_str(), unit.contact.as_str()),
        ("物业\"管理\\科\u{7}", "0000-0000")
    );
    assert_eq!(
        federation
            .region(RegionKey::literal("140502000000"))
            .unwrap()
            .units
            .len(),
        1
    );
    let written = federation.to_toml();
    assert_eq!(
        Federation::parse("written.toml", &written).unwrap(),
        federation
    );
    assert_eq!(
        Federation::parse("written.toml", &written)
            .unwrap()
            .to_toml(),
        written
    );
}
