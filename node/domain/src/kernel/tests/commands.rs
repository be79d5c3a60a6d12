//! Idempotency keys, versions seen, the clock in doubt.

use crate::command::Verb;
use crate::kernel::{Input, next_timer};
use crate::testing::{CITY, DAY, Fed, ZEZHOU, node};
use hotline_topology::{Kind, Urgency};

#[test]
fn the_same_key_gives_the_same_answer_and_does_nothing_twice() {
    let mut fed = Fed::new();
    let take_in = |fed: &mut Fed, digest| {
        let desk = fed.at(CITY).keyed("k1", digest);
        desk.try_take_in(Kind::Help, Urgency::Normal)
    };
    let first = take_in(&mut fed, 1).done();
    let commits = fed.nodes[&CITY].log.len();
    assert_eq!(take_in(&mut fed, 1).done(), first);
    assert_eq!(fed.nodes[&CITY].log.len(), commits);
    take_in(&mut fed, 2).fails("command.key-reused");
}

#[test]
fn a_key_belongs_to_its_operator() {
    let mut fed = Fed::new();
    let one = fed.at(CITY).named("甲").keyed("k1", 1);
    let one = one.try_take_in(Kind::Help, Urgency::Normal).done();
    let other = fed.at(CITY).named("乙").keyed("k1", 2);
    let other = other.try_take_in(Kind::Help, Urgency::Normal).done();
    assert_ne!(one.matter, other.matter);
}

#[test]
fn a_refused_command_may_be_repeated_under_its_key() {
    let mut fed = Fed::new();
    let matter = fed.at(CITY).take_in();
    let leg = fed.at(CITY).assign(matter, [node(ZEZHOU)]).leg();
    fed.at(CITY)
        .keyed("k1", 1)
        .close(matter, "solved")
        .fails("close.open-legs");
    fed.at(CITY).recall(leg).done();
    fed.at(CITY).keyed("k1", 1).close(matter, "solved").done();
    let said = fed.at(CITY).keyed("k1", 1).close(matter, "solved");
    said.done();
}

#[test]
fn who_saw_an_older_version_looks_again() {
    let mut fed = Fed::new();
    let matter = fed.at(CITY).take_in();
    let seen = fed.ticket(CITY, matter).version;
    fed.at(CITY).having_seen(seen).note(matter).done();
    let leg = fed
        .at(CITY)
        .having_seen(seen)
        .assign(matter, [node(ZEZHOU)]);
    leg.fails("ticket.stale");
    let seen = fed.ticket(CITY, matter).version;
    let leg = fed
        .at(CITY)
        .having_seen(seen)
        .assign(matter, [node(ZEZHOU)])
        .leg();
    fed.at(CITY)
        .having_seen(seen)
        .recall(leg)
        .fails("ticket.stale");
    let seen = fed.ticket(ZEZHOU, matter).version;
    fed.at(ZEZHOU).having_seen(seen).sign(leg).done();
    fed.at(ZEZHOU)
        .having_seen(seen)
        .progress(leg, "working")
        .fails("ticket.stale");
}

#[test]
fn while_the_clock_is_in_doubt_timers_wait_and_intake_goes_on() {
    let mut fed = Fed::new();
    let matter = fed.at(CITY).take_in();
    fed.at(CITY)
        .command(Verb::ConfirmClock)
        .fails("clock.not-held");
    let why = "差两小时".to_owned();
    fed.input(CITY, Input::ClockDoubt { why });
    assert!(next_timer(&fed.nodes[&CITY].view).unwrap().is_none());
    fed.pass(10 * DAY);
    assert!(!fed.ticket(CITY, matter).overdue);
    fed.at(CITY).take_in();
    fed.at(CITY).command(Verb::ConfirmClock).done();
    fed.pass(1);
    assert!(fed.ticket(CITY, matter).overdue, "however long it waited");
}

#[test]
fn time_never_runs_backwards() {
    let mut fed = Fed::new();
    fed.pass(DAY);
    fed.at(CITY).take_in();
    let later = fed.now;
    fed.now = later.plus_millis(-DAY);
    let matter = fed.at(CITY).take_in();
    assert_eq!(fed.ticket(CITY, matter).since, later);
}
