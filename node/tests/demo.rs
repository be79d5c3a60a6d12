//! The demonstration as a newcomer runs it, with a wire cut and a node killed in the middle: seven processes of the
//! program under test, judged by their exported logs alone.

use std::process::Command;

#[test]
fn nothing_is_lost_or_doubled_when_a_wire_is_cut_and_a_node_killed() {
    let done = Command::new(env!("CARGO_BIN_EXE_hotline"))
        .args([
            "demo",
            "--json",
            "--outage",
            "--tickets",
            "44",
            "--seed",
            "7",
        ])
        .output()
        .expect("the program runs");
    let said = String::from_utf8_lossy(&done.stdout);
    let complained = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{said}\n{complained}");
    let outcome: serde_json::Value = serde_json::from_str(said.trim()).expect("one object");
    for (field, wanted) in [
        ("messages", 44),
        ("taken_in", 44),
        ("closed", 44),
        ("lost", 0),
        ("duplicated", 0),
    ] {
        assert_eq!(outcome[field], wanted, "{field} in {outcome}");
    }
    // Every kind of story was told, so each of these happened.
    for field in [
        "escalated",
        "co_handled",
        "returned",
        "supervised",
        "redone",
    ] {
        assert!(outcome[field].as_u64() > Some(0), "{field} in {outcome}");
    }
    assert!(
        outcome["retried"].as_u64() > Some(0),
        "no outage: {outcome}"
    );
    assert_eq!(outcome["audit"]["ok"], true, "{outcome}");
    let figures = &outcome["figures"];
    assert_eq!(figures["total"], figures["recount"], "{outcome}");
    assert_eq!(figures["complete"], true, "{outcome}");
}
