//! Computations that ask for what they are computing.

use std::sync::Barrier;
use std::thread;

use dogpile::testing::freeze;
use dogpile::{Dogpile, dogpile};

use crate::support::{HOUR, NANOSECOND, hourly, panic_of};

#[dogpile(expire = "1h")]
fn ouroboros() -> u32 {
    ouroboros() + 1
}

#[test]
fn recursion_on_a_first_value_panics_with_the_name() {
    let _time = freeze();
    let message = panic_of(ouroboros);
    assert!(message.contains("recursion::ouroboros`") && message.contains("help: "), "{message}");
    assert_eq!(panic_of(ouroboros), message, "and again: nothing is wedged");
}

#[dogpile(expire = "1h")]
fn chicken() -> u32 {
    egg()
}

#[dogpile(expire = "1h")]
fn egg() -> u32 {
    chicken()
}

#[test]
fn cycle_over_two_functions_panics_with_both_names() {
    let _time = freeze();
    let message = panic_of(chicken);
    assert!(message.contains("recursion::chicken`"), "{message}");
    assert_eq!(panic_of(egg).matches("recursion::").count(), 1, "back to its own key: plain recursion");
}

#[test]
fn cycle_over_two_threads_is_detected() {
    let _time = freeze();
    let (left, right) =
        (Dogpile::<u32>::new(hourly().name("left")), Dogpile::<u32>::new(hourly().name("right")));
    let both_lead = Barrier::new(2);
    let call = |mine: &Dogpile<u32>, other: &Dogpile<u32>, value| {
        panic_of(|| {
            mine.get_or_compute(|| {
                both_lead.wait();
                other.get_or_compute(|| value)
            })
        })
    };
    thread::scope(|scope| {
        let one = scope.spawn(|| std::panic::catch_unwind(|| call(&left, &right, 1)));
        let two = scope.spawn(|| std::panic::catch_unwind(|| call(&right, &left, 2)));
        let messages: Vec<String> = [one, two].into_iter().filter_map(|t| t.join().unwrap().ok()).collect();
        assert!(!messages.is_empty(), "whoever closed the circle panicked");
        let names_both = |message: &String| message.contains("`left`") && message.contains("`right`");
        assert!(messages.iter().any(names_both), "{messages:?}");
    });
    assert!(!left.is_computing() && !right.is_computing());
    for dogpile in [left, right] {
        dogpile.invalidate();
        assert_eq!(dogpile.get_or_compute(|| 3), 3, "nothing is wedged");
    }
}

#[test]
fn recursion_works_while_a_stale_value_exists() {
    let time = freeze();
    let dogpile = Dogpile::new(hourly());
    dogpile.set(1);
    time.advance(HOUR + NANOSECOND);
    assert_eq!(dogpile.get_or_compute(|| dogpile.get_or_compute(|| unreachable!("it is stale")) + 1), 2);
}

#[test]
fn one_function_may_call_another() {
    let _time = freeze();
    let (inner, outer) = (Dogpile::new(hourly()), Dogpile::new(hourly()));
    assert_eq!(outer.get_or_compute(|| inner.get_or_compute(|| 1) + 1), 2);
    assert_eq!((inner.get(), outer.get()), (Some(1), Some(2)));
}
