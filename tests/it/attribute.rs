//! `#[dogpile(…)]` on functions without parameters: what each option does, and where such functions may stand.

use std::io;
use std::sync::Barrier;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::Duration;

use dogpile::dogpile;
use dogpile::testing::freeze;

use crate::support::{Event, HOUR, NANOSECOND, eventually, until_waiting};

#[test]
fn annotated_function_computes_once_per_period() {
    static CALLS: AtomicU32 = AtomicU32::new(0);
    #[dogpile(expire = "1h")]
    fn calls() -> u32 {
        CALLS.fetch_add(1, Ordering::SeqCst) + 1
    }
    let time = freeze();
    assert_eq!((calls(), calls()), (1, 1));
    time.advance(HOUR);
    assert_eq!(calls(), 1);
    time.advance(NANOSECOND);
    assert_eq!((calls(), calls()), (2, 2));
}

#[test]
fn handle_names_the_static() {
    #[dogpile(expire = "1h", handle = HANDLED)]
    fn handled() -> u32 {
        7
    }
    let _time = freeze();
    assert!(!HANDLED.has_value());
    assert_eq!(handled(), 7);
    HANDLED.set(8);
    assert_eq!(handled(), 8);
    HANDLED.invalidate();
    assert_eq!(handled(), 7);
    assert_eq!(HANDLED.stats().computations, 2);
    assert!(format!("{HANDLED:?}").contains("attribute::handled"), "named after its path");
}

#[test]
fn original_is_the_function_uncached() {
    static CALLS: AtomicU32 = AtomicU32::new(0);
    #[dogpile(expire = "1h", original = counted_uncached)]
    fn counted() -> u32 {
        CALLS.fetch_add(1, Ordering::SeqCst) + 1
    }
    let _time = freeze();
    assert_eq!((counted(), counted_uncached(), counted_uncached(), counted()), (1, 2, 3, 1));
}

#[test]
fn name_is_shown_in_panics() {
    #[dogpile(expire = "1h", name = "the tail-eater")]
    fn eats_its_tail() -> u32 {
        eats_its_tail()
    }
    let _time = freeze();
    assert!(crate::support::panic_of(eats_its_tail).contains("`the tail-eater`"));
}

#[test]
fn options_reach_the_policy() {
    const MINUTE: Duration = Duration::from_secs(60);
    #[dogpile(expire = MINUTE.saturating_mul(2), stale = "1m 30s", retry = "250ms", cache_if = |n: &u32| *n > 0, handle = OPTIONS)]
    fn options() -> u32 {
        0
    }
    let _time = freeze();
    assert_eq!(OPTIONS.policy().lifetime(), Some(MINUTE * 2));
    assert_eq!(OPTIONS.policy().servable_after_expiry(), Some(Duration::from_secs(90)));
    assert_eq!(OPTIONS.policy().back_off(), Some(Duration::from_millis(250)));
    assert_eq!(options(), 0);
    assert!(!OPTIONS.has_value(), "refused by `cache_if`");
}

#[test]
fn never_and_forever_are_for_ever() {
    #[dogpile(expire = "never", stale = "forever", handle = ETERNAL)]
    fn eternal() -> u32 {
        1
    }
    let time = freeze();
    assert_eq!(eternal(), 1);
    assert_eq!((ETERNAL.policy().lifetime(), ETERNAL.policy().servable_after_expiry()), (None, None));
    time.advance(Duration::from_secs(1 << 32));
    assert!(!ETERNAL.is_expired());
}

#[test]
fn errors_of_a_fallible_function_are_shared_when_they_can_be() {
    static CALLS: AtomicU32 = AtomicU32::new(0);
    static GATHERED: Event = Event::new();
    #[dogpile(expire = "1h", handle = DOWN)]
    fn down() -> Result<u32, String> {
        GATHERED.wait("the herd has gathered");
        Err(format!("attempt {}", CALLS.fetch_add(1, Ordering::SeqCst) + 1))
    }
    let _time = freeze();
    thread::scope(|scope| {
        let herd: Vec<_> = (0..8).map(|_| scope.spawn(down)).collect();
        until_waiting(&DOWN, 7);
        GATHERED.happen();
        for caller in herd {
            assert_eq!(caller.join().unwrap(), Err(String::from("attempt 1")));
        }
    });
}

#[test]
fn errors_that_cannot_be_cloned_are_each_callers_own() {
    static CALLS: AtomicU32 = AtomicU32::new(0);
    static GATHERED: Event = Event::new();
    #[dogpile(expire = "1h", handle = FILE)]
    fn file() -> io::Result<u32> {
        GATHERED.wait("the herd has gathered");
        CALLS.fetch_add(1, Ordering::SeqCst);
        Err(io::Error::other("no such luck"))
    }
    let _time = freeze();
    thread::scope(|scope| {
        let herd: Vec<_> = (0..4).map(|_| scope.spawn(file)).collect();
        until_waiting(&FILE, 3);
        GATHERED.happen();
        assert!(herd.into_iter().all(|caller| caller.join().unwrap().is_err()));
    });
    assert_eq!(CALLS.load(Ordering::SeqCst), 4);
}

type Outcome = Result<u32, String>;

#[test]
fn fallible_says_that_an_alias_is_a_result() {
    static FAILS: AtomicU32 = AtomicU32::new(1);
    #[dogpile(expire = "1h", fallible = true)]
    fn aliased() -> Outcome {
        if FAILS.swap(0, Ordering::SeqCst) == 1 { Err(String::from("not cached")) } else { Ok(1) }
    }
    let _time = freeze();
    assert!(aliased().is_err());
    assert_eq!(aliased(), Ok(1));
}

#[test]
fn fallible_false_caches_a_result_whole() {
    static CALLS: AtomicU32 = AtomicU32::new(0);
    #[dogpile(expire = "1h", fallible = false)]
    fn negative() -> Result<u32, String> {
        CALLS.fetch_add(1, Ordering::SeqCst);
        Err(String::from("cached on purpose"))
    }
    let _time = freeze();
    assert!(negative().is_err() && negative().is_err());
    assert_eq!(CALLS.load(Ordering::SeqCst), 1);
}

#[test]
fn background_refresh_of_a_function() {
    static CALLS: AtomicU32 = AtomicU32::new(0);
    #[dogpile(expire = "1h", refresh = "background", handle = REFRESHED)]
    fn refreshed() -> u32 {
        CALLS.fetch_add(1, Ordering::SeqCst) + 1
    }
    let time = freeze();
    assert_eq!(refreshed(), 1);
    time.advance(HOUR + NANOSECOND);
    assert_eq!(refreshed(), 1, "at once, and stale");
    eventually("the worker has landed", || REFRESHED.get() == Some(2));
    assert_eq!(refreshed(), 2);
}

struct Settings;

trait Load {
    fn load() -> u32;
}

impl Settings {
    #[dogpile(expire = "1h")]
    fn fallible() -> Result<u32, <Self as Failing>::Error> {
        Ok(<Self as Load>::load() + 1)
    }
}

trait Failing {
    type Error;
}

impl Failing for Settings {
    type Error = io::Error;
}

impl Load for Settings {
    #[dogpile(expire = "1h")]
    fn load() -> u32 {
        static CALLS: AtomicU32 = AtomicU32::new(0);
        CALLS.fetch_add(1, Ordering::SeqCst) + 1
    }
}

#[test]
fn associated_functions_are_cached_too() {
    let _time = freeze();
    assert_eq!((Settings::load(), Settings::load()), (1, 1));
    assert_eq!(Settings::fallible().unwrap(), 2);
}

#[test]
fn functions_of_the_same_name_do_not_share() {
    mod one {
        #[dogpile::dogpile(expire = "1h")]
        pub(crate) fn value() -> u32 {
            1
        }
    }
    mod two {
        #[dogpile::dogpile(expire = "1h")]
        pub(crate) fn value() -> u32 {
            2
        }
    }
    let _time = freeze();
    assert_eq!((one::value(), two::value()), (1, 2));
}

#[test]
fn herd_on_an_annotated_function_computes_once() {
    static CALLS: AtomicU32 = AtomicU32::new(0);
    #[dogpile(expire = "1h")]
    fn expensive() -> u32 {
        thread::yield_now();
        CALLS.fetch_add(1, Ordering::SeqCst) + 1
    }
    const HERD: usize = 8;
    let _time = freeze();
    let start = Barrier::new(HERD);
    thread::scope(|scope| {
        for _ in 0..HERD {
            scope.spawn(|| {
                start.wait();
                assert_eq!(expensive(), 1);
            });
        }
    });
}
