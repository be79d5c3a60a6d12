use super::*;
use crate::catalogue::Target;
use crate::categories::categories;
use crate::draw::Draw;
use crate::region::Level;
use hotline_show::Text;

fn key(text: &str) -> RegionKey {
    text.parse().unwrap()
}

fn province(name: &str) -> Federation {
    generate(&Select::Province(name.into()), &Settings::default()).unwrap()
}

#[test]
fn whole_provinces_read_back_the_same() {
    for (name, nodes) in [
        ("辽宁省", 1 + 14 + 100 + 1406),
        ("四川省", 3316),
        ("海南省", 1 + 4 + 26 + 243),
    ] {
        let federation = province(name);
        assert_eq!(federation.regions().len(), nodes, "{name}");
        let text = federation.to_toml();
        assert_eq!(
            Federation::parse("federation.toml", &text).unwrap(),
            federation,
            "{name}"
        );
    }
}

#[test]
fn every_province_can_be_generated() {
    let provinces: Vec<_> = divisions()
        .into_iter()
        .filter(|division| division.parent.is_none())
        .collect();
    assert_eq!(provinces.len(), 31);
    let settings = Settings {
        depth: Some(2),
        ..Settings::default()
    };
    for province in provinces {
        let federation = generate(&Select::Below(province.key), &settings).unwrap();
        assert_eq!(
            federation.region(federation.root()).unwrap().name,
            province.name
        );
    }
}

#[test]
fn a_selection_is_closed_upwards() {
    let select = Select::Regions(vec![key("140525100000"), key("140502000000")]);
    let federation = generate(&select, &Settings::default()).unwrap();
    let names: Vec<_> = federation
        .regions()
        .values()
        .map(|region| region.name.as_str())
        .collect();
    assert_eq!(names, ["晋城市", "城区", "泽州县", "南村镇"]);
    let county = federation.region(key("140525000000")).unwrap();
    assert_eq!(
        county.endpoint.as_ref().unwrap().to_string(),
        "r140525000000.hotline.internal:7443"
    );
    assert_eq!(
        Federation::parse("f", &federation.to_toml()).unwrap(),
        federation
    );
}

#[test]
fn what_cannot_be_generated() {
    let settings = Settings::default();
    let make = |select: Select| generate(&select, &settings).unwrap_err().to_string();
    assert!(
        make(Select::Province("辽宁".into()))
            .starts_with("没有名为“辽宁”的省级区划；可选 北京市、")
    );
    assert_eq!(
        make(Select::Below(key("999999999999"))),
        "区划数据中没有 999999999999"
    );
    assert_eq!(
        make(Select::Regions(vec![])),
        GenerateError::NoCommonSuperior.to_string()
    );
    let far = vec![key("140525000000"), key("210000000000")];
    assert_eq!(
        make(Select::Regions(far)),
        GenerateError::NoCommonSuperior.to_string()
    );
    let below = Select::Below(key("140525000000"));
    let bad = Settings {
        host_suffix: "a b".into(),
        ..Settings::default()
    };
    assert!(
        generate(&below, &bad)
            .unwrap_err()
            .to_string()
            .contains("不是地址")
    );
    let bad = Settings {
        trust_domain: "A".into(),
        ..Settings::default()
    };
    assert!(
        generate(&below, &bad)
            .unwrap_err()
            .to_string()
            .contains("不是信任域")
    );
}

#[test]
fn the_standards_are_in_order() {
    let source = Source::new("standards.toml", STANDARDS);
    let document = source.parse().unwrap();
    let standards = read_standards(Table::top(&source, &document));
    assert_eq!(source.take(), []);
    assert_eq!(
        standards
            .iter()
            .map(|standard| standard.level)
            .collect::<Vec<_>>(),
        Level::ALL
    );
    let known: Vec<_> = categories().map(|category| category.code).collect();
    for rule in standards.iter().flat_map(|standard| &standard.rules) {
        assert!(
            rule.category.is_empty() || known.contains(&rule.category.as_str()),
            "{rule:?}"
        );
    }
}

#[test]
fn matters_find_their_way_down() {
    let federation = province("辽宁省");
    let (province, city, county, town) = (
        federation.root(),
        key("210100000000"),
        key("210102000000"),
        key("210102001000"),
    );
    let names =
        [province, city, county, town].map(|key| federation.region(key).unwrap().name.clone());
    assert_eq!(names, ["辽宁省", "沈阳市", "和平区", "浑河湾街道"]);
    let to = |at, category, place| match federation.lookup(at, category, place).unwrap() {
        Target::Unit(unit) => unit.to_string(),
        Target::Region(region) => federation.region(region).unwrap().name.clone(),
        Target::Local => unreachable!("lookup resolves it"),
    };
    // 物业管理 goes down to the county and stays with its bureau.
    assert_eq!(to(province, "0102", Some(town)), "沈阳市");
    assert_eq!(to(city, "0102", Some(town)), "和平区");
    assert_eq!(to(county, "0102", Some(town)), "住建局");
    assert_eq!(to(province, "0102", None), "住建厅");
    // 供热 stays with the city's company, 占道经营 goes to the township.
    assert_eq!(to(city, "0204", Some(town)), "热力公司");
    assert_eq!(to(county, "0302", Some(town)), "浑河湾街道");
    assert_eq!(to(county, "0302", Some(county)), "城管局");
    assert_eq!(to(town, "0302", Some(town)), "综合执法队");
    assert_eq!(to(county, "0501", None), "交警大队");
    // What the catalogue sends nowhere goes to the hotline's own centre.
    assert_eq!(to(province, "9901", None), "热线中心");
    assert_eq!(to(town, "1801", None), "便民服务中心");
    for region in federation.regions().values() {
        for category in categories() {
            assert!(federation.lookup(region.key, category.code, None).is_some());
        }
        if region.level == Level::County {
            break;
        }
    }
}

#[test]
fn the_tree_is_drawn_in_columns() {
    let select = Select::Regions(vec![key("140525100000"), key("140502000000")]);
    let federation = generate(&select, &Settings::default()).unwrap();
    let expected = "\
晋城市        140500000000  市级  承办单位 27  r140500000000.hotline.internal:7443
├─ 城区       140502000000  县级  承办单位 26  r140502000000.hotline.internal:7443
└─ 泽州县     140525000000  县级  承办单位 26  r140525000000.hotline.internal:7443
   └─ 南村镇  140525100000  乡级  承办单位  6  r140525100000.hotline.internal:7443
";
    assert_eq!(federation.draw(Draw::default()).as_str(), expected);
    let shallow = Draw {
        from: None,
        depth: Some(1),
    };
    assert!(
        federation
            .draw(shallow)
            .as_str()
            .ends_with("   └─ …… 以下 1 个区划未列出\n")
    );
    assert_eq!(
        federation.draw(Draw {
            from: Some(key("999999999999")),
            depth: None
        }),
        Text::new()
    );
}
