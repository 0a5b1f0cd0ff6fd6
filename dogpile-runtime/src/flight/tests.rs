use std::time::Duration;

use super::elect::{Election, Following};
use super::*;
use crate::policy::Policy;
use crate::sync::current_thread;
use crate::wait::Awaited as _;

fn flights() -> Arc<Flights<u32>> {
    let policy = Policy::expire(Duration::from_secs(3600));
    Arc::new(Flights::new(Arc::new(Terms::new(policy)), ()))
}

/// A leader of an empty dogpile, and a follower that has not gone to sleep yet.
fn leader_and_follower(flights: &Arc<Flights<u32>>) -> (Lead<u32, ()>, Arc<Following<u32, ()>>) {
    match (flights.elect(Manner::Inline, Missed::Nothing), flights.elect(Manner::Inline, Missed::Nothing)) {
        (Election::Lead(lead, None), Election::Follow(following)) => (lead, following),
        _ => panic!("the first is to lead and the second to follow"),
    }
}

#[test]
fn follower_waits_while_its_flight_is_under_way() {
    let flights = flights();
    let (lead, following) = leader_and_follower(&flights);
    assert_eq!(following.leader(), Some(current_thread()));
    flights.invalidate();
    assert_eq!(following.leader(), Some(current_thread()), "it gets the result of the orphan");
    lead.land(7, 1, None);
    assert_eq!(following.leader(), None);
}

#[test]
fn follower_with_a_value_from_elsewhere_is_in_nobodys_circle() {
    // It may not have woken up yet, and must not count as waiting for its old leader even so.
    let flights = flights();
    let (lead, following) = leader_and_follower(&flights);
    flights.set(7).unwrap();
    assert_eq!(following.leader(), None);
    flights.invalidate();
    assert_eq!(following.leader(), None, "it looks again, whatever became of the value meanwhile");
    drop(lead);
}

#[test]
fn follower_of_a_failed_flight_waits_for_nobody() {
    let flights = flights();
    let (lead, following) = leader_and_follower(&flights);
    drop(lead);
    assert_eq!(following.leader(), None);
    assert!(
        matches!(flights.elect(Manner::Inline, Missed::Nothing), Election::Lead(_, None)),
        "the next one takes over"
    );
}
