//! The shipped sample names every setting, and every name in it is one.

use super::*;

const SAMPLE: &str = include_str!("../../../deploy/node.toml");

/// The sample with its optional settings switched on: lines `#key = …`, not the sentences, which begin `# `.
fn everything() -> String {
    let line = |line: &str| match line.strip_prefix('#') {
        Some(rest) if rest.starts_with(|c: char| c.is_ascii_lowercase()) => rest.to_owned(),
        _ => line.to_owned(),
    };
    SAMPLE.lines().map(line).collect::<Vec<_>>().join("\n")
}

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("federation.toml"), "").expect("a file");
    std::fs::create_dir(folder.path().join("certs")).expect("a folder");
    std::fs::create_dir(folder.path().join("policy")).expect("a folder");
    std::fs::write(folder.path().join("policy/v1.toml"), "").expect("a file");
    folder
}

#[test]
fn the_sample_loads_as_it_stands_and_with_every_setting_on() {
    let folder = folder();
    let plain = Config::parse(SAMPLE, folder.path()).expect("the sample");
    let all = Config::parse(&everything(), folder.path()).expect("every setting");
    // What is commented out shows the default.
    assert_eq!(plain.store, all.store);
    assert_eq!(plain.node.drain_seconds, all.node.drain_seconds);
    assert_eq!(plain.log.format, all.log.format);
    assert_eq!(plain.log.filter, all.log.filter);
}

#[test]
fn every_setting_stands_in_the_sample() {
    let debug = format!(
        "{:?}",
        Config::parse(&everything(), folder().path()).expect("every setting")
    );
    let sample = everything();
    // Field names as the structures print them; the demonstration's clock is no operator's setting.
    for name in debug
        .split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
        .filter(|word| debug.contains(&format!("{word}: ")))
    {
        let known = matches!(name, "" | "demo_clock" | "people")
            || sample.contains(&format!("{name} ="))
            || sample.contains(&format!("[{name}]"));
        assert!(known, "{name} is missing in deploy/node.toml");
    }
}
