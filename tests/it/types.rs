//! The handle's own methods.

use std::panic::{RefUnwindSafe, UnwindSafe};
use std::time::Duration;

use dogpile::testing::freeze;
use dogpile::{Background, Dogpile, Policy, Ref, Stats, policy};

use crate::support::{HOUR, NANOSECOND, hourly};

static CHECKED: Dogpile<String> =
    Dogpile::new(policy!(expire = "1h", stale = "1d", retry = "5s", name = "checked"));

static HAND_MADE: Dogpile<String> = Dogpile::new(
    Policy::expire(HOUR).stale(Duration::from_secs(86_400)).retry(Duration::from_secs(5)).name("checked"),
);

#[test]
fn macro_and_builder_make_the_same_policy() {
    assert_eq!(format!("{:?}", CHECKED.policy()), format!("{:?}", HAND_MADE.policy()));
    assert_eq!(CHECKED.policy().lifetime(), Some(HOUR));
    assert_eq!(CHECKED.policy().servable_after_expiry(), Some(Duration::from_secs(86_400)));
    assert_eq!(CHECKED.policy().back_off(), Some(Duration::from_secs(5)));
}

#[test]
fn nothing_is_known_before_the_first_value() {
    let dogpile = Dogpile::<u32>::new(hourly());
    assert_eq!((dogpile.get(), dogpile.age(), dogpile.has_value()), (None, None, false));
    assert!(dogpile.is_expired() && !dogpile.is_computing() && dogpile.read().is_none());
    let mut nothing = Stats::default();
    nothing.name = "u32";
    assert_eq!(dogpile.stats(), nothing);
    dogpile.invalidate();
    dogpile.expire();
}

#[test]
fn set_is_as_good_as_a_first_computation() {
    let time = freeze();
    let dogpile = Dogpile::new(hourly());
    dogpile.set(1);
    assert_eq!(dogpile.get_or_compute(|| unreachable!("it was set")), 1);
    assert!(!dogpile.is_expired());
    time.advance(HOUR + NANOSECOND);
    assert!(dogpile.is_expired() && dogpile.has_value());
}

#[test]
fn age_counts_from_the_end_of_the_computation() {
    let time = freeze();
    let dogpile = Dogpile::new(hourly().stale(HOUR));
    dogpile.get_or_compute(|| time.advance(HOUR));
    assert_eq!(dogpile.age(), Some(Duration::ZERO));
    time.advance(HOUR);
    assert_eq!(dogpile.age(), Some(HOUR));
    assert!(!dogpile.is_expired());
    time.advance(HOUR + NANOSECOND);
    assert_eq!(dogpile.age(), None, "too old to be served");
}

#[test]
fn reader_keeps_its_value_whatever_becomes_of_the_dogpile() {
    let _time = freeze();
    let dogpile = Dogpile::new(hourly());
    dogpile.set(String::from("old"));
    let reader = dogpile.read().unwrap();
    dogpile.set(String::from("new"));
    dogpile.invalidate();
    assert_eq!(*reader, "old");
    assert_eq!(format!("{reader:?}"), "\"old\"");
}

#[test]
fn debug_names_the_dogpile_and_hides_the_value() {
    let _time = freeze();
    let dogpile = Dogpile::new(hourly().name("secrets"));
    assert_eq!(dogpile.stats().name, "secrets", "before anything has happened");
    dogpile.set("hunter2");
    assert_eq!(dogpile.stats().name, "secrets");
    let shown = format!("{dogpile:?}");
    assert!(shown.contains("\"secrets\"") && !shown.contains("hunter2"), "{shown}");
    assert!(format!("{:?}", Dogpile::<u32>::new(hourly())).contains("u32"), "unnamed ones go by their type");
}

#[test]
fn durations_beyond_the_clock_mean_never_and_for_ever() {
    let time = freeze();
    let dogpile = Dogpile::new(Policy::expire(Duration::MAX));
    assert_eq!(dogpile.policy().lifetime(), None);
    dogpile.set(1);
    time.advance(Duration::from_secs(u64::from(u32::MAX)));
    assert!(!dogpile.is_expired());
}

#[test]
fn types_are_fit_for_statics_and_threads() {
    fn fit<T: Send + Sync + UnwindSafe + RefUnwindSafe>() {}
    fn shared<T: Send + Sync>() {}
    // Not itself unwind-safe, and not to infect the dogpile.
    struct Opaque(#[expect(dead_code, reason = "its type is the point")] Box<dyn Fn() + Send + Sync>);
    fit::<Dogpile<Opaque>>();
    fit::<Dogpile<u8, Background>>();
    fit::<Policy<u8>>();
    shared::<Ref<'static, u8>>();
}
