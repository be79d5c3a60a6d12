//! `hotline bench`, small: that it runs through, and that its figures have the shape which programs read.

use hotline_tests::processes::program;
use serde_json::Value;

fn bench(args: &[&str]) -> Value {
    let folder = tempfile::tempdir().expect("a folder");
    let ended = std::process::Command::new(program())
        .args(["bench", "--json", "--dir"])
        .arg(folder.path())
        .args(args)
        .output()
        .expect("the program");
    let said = String::from_utf8_lossy(&ended.stderr);
    assert!(ended.status.success(), "{said}");
    let left: Vec<_> = std::fs::read_dir(folder.path()).expect("it").collect();
    assert!(left.is_empty(), "{left:?}");
    serde_json::from_slice(&ended.stdout).expect("JSON")
}

fn number(value: &Value, key: &str) -> f64 {
    let found = value[key].as_f64();
    let found = found.unwrap_or_else(|| panic!("{key} in {value}"));
    assert!(found.is_finite() && found >= 0.0, "{key}: {found}");
    found
}

#[test]
fn shares_of_the_bare_store_for_both_views() {
    let told = bench(&["--matters", "60", "--in-flight", "16", "--singles", "10"]);
    assert_eq!(told["matters"], 60);
    assert!(number(&told, "idle_mib") > 1.0);
    let views = told["views"].as_array().expect("a list");
    let names: Vec<_> = views.iter().map(|view| view["view"].clone()).collect();
    assert_eq!(names, ["sled", "fjall"]);
    for view in views {
        let bare = number(view, "bare_store_per_s");
        for part in ["commands", "hand_overs", "catch_up"] {
            let (rate, share) = (
                number(view, &format!("{part}_per_s")),
                number(view, &format!("{part}_share")),
            );
            assert!(rate > 0.0 && (share - rate / bare).abs() < 1e-6, "{view}");
            number(view, &format!("{part}_processor_us"));
        }
        // Offer, delivery, receipt are three commits; what the acknowledgements add is bounded.
        let syncs = number(view, "single_hand_over_syncs_p50");
        assert!((3.0..=6.0).contains(&syncs), "{view}");
        assert!(
            number(view, "hand_overs_syncs_each") <= number(view, "single_hand_over_syncs_p99")
        );
        assert!(number(view, "single_hand_over_ms_p50") <= number(view, "single_hand_over_ms_p99"));
    }
}

#[test]
fn a_node_with_many_tickets_and_a_crowd_of_idle_nodes() {
    let told = bench(&["--fill", "5000", "--view", "fjall"]);
    let fill = &told["fills"][0];
    assert!(
        fill["tickets"].as_u64() >= Some(5000) && fill["view"] == "fjall",
        "{told}"
    );
    for key in [
        "fill_per_s",
        "p99_ms",
        "ready_s",
        "rss_mib",
        "rebuild_s",
        "view_mib",
        "log_mib",
    ] {
        assert!(number(fill, key) > 0.0, "{key}");
    }
    let told = bench(&["--crowd", "4", "--view", "sled"]);
    let crowd = &told["crowds"][0];
    assert_eq!((&crowd["nodes"], &crowd["links"]), (&4.into(), &3.into()));
    assert!(number(crowd, "rss_mib") > 1.0);
}

#[test]
fn one_command_prints_what_the_pages_quote_and_only_what_it_measured() {
    let folder = tempfile::tempdir().expect("a folder");
    let ended = std::process::Command::new(program())
        .args(["bench", "page", "--matters", "30", "--in-flight", "8"])
        .args(["--singles", "4", "--rounds", "1", "--rest", "0"])
        .args(["--tickets", "300", "--timed", "100", "--dir"])
        .arg(folder.path())
        .output()
        .expect("the program");
    let said = String::from_utf8_lossy(&ended.stderr);
    assert!(ended.status.success(), "{said}");
    let page = String::from_utf8(ended.stdout).expect("text");
    let version = format!("program: version {}", env!("CARGO_PKG_VERSION"));
    for wanted in [
        version.as_str(),
        "| **A county's machine is enough.** |",
        "| | sled: per second | share | processor µs | fjall: per second |",
        "| hand-overs | ",
        "| | sled | fjall |",
        "件工单的节点，启动后静止时：sled",
    ] {
        assert!(page.contains(wanted), "{wanted}: {page}");
    }
    for unasked in ["nodes in one process", "NaN", "inf"] {
        assert!(!page.contains(unasked), "{unasked}: {page}");
    }
    assert_eq!(page.contains("数字没有意义"), cfg!(debug_assertions));
}
