use super::*;

const GOOD: &str = r#"
[node]
region = "140525000000"
data = "data"
topology = "federation.toml"
certs = "certs"
[links]
listen = "127.0.0.1:7443"
[operator]
socket = "operator.sock"
[[operator.person]]
name = "zhang"
uid = 1000
roles = ["clerk", "dispatcher"]
"#;

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("federation.toml"), "").expect("a file");
    std::fs::create_dir(folder.path().join("certs")).expect("a folder");
    folder
}

#[test]
fn a_good_file_has_defaults_and_absolute_paths() {
    let folder = folder();
    let config = Config::parse(GOOD, folder.path()).expect("good");
    assert_eq!(config.node.data, folder.path().join("data"));
    assert_eq!(config.store, Store::default());
    assert_eq!(
        config.operator.people[0]
            .actor()
            .map(|actor| actor.roles.len()),
        Ok(2)
    );
}

#[test]
fn all_faults_are_reported_at_once() {
    let folder = folder();
    let bad = GOOD
        .replace("140525000000", "1405")
        .replace("federation.toml", "missing.toml")
        .replace("127.0.0.1:7443", "nowhere")
        .replace("\"clerk\"", "\"king\"");
    let faults = Config::parse(&bad, folder.path()).expect_err("bad");
    let keys: Vec<_> = faults.iter().map(|fault| fault.key.as_str()).collect();
    assert_eq!(
        keys,
        [
            "node.region",
            "node.topology",
            "links.listen",
            "operator.person[0].roles"
        ]
    );
}

#[test]
fn unknown_keys_are_refused_with_their_place() {
    let folder = folder();
    let bad = GOOD.replace("socket =", "sokcet =");
    let faults = Config::parse(&bad, folder.path()).expect_err("bad");
    assert_eq!(faults.len(), 1);
    assert!(
        faults[0].key.starts_with("operator") && faults[0].key.contains("行"),
        "{faults:?}"
    );
}
