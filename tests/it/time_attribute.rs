//! The options of `#[dogpile(…)]` that decide when a computation starts, and how long anybody depends on one.

use std::fmt;
use std::io;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use dogpile::testing::{freeze, seed};
use dogpile::{Dogpile, DogpileMap, WaitTimeout, dogpile, policy};

use crate::by_hand::{Task, at_once, hang};
use crate::support::{Event, HOUR, NANOSECOND, eventually, until_waiting};

const MINUTE: Duration = Duration::from_secs(60);

/// Counts, and tells how many there were.
fn next(counter: &AtomicU32) -> u32 {
    counter.fetch_add(1, Ordering::SeqCst) + 1
}

#[derive(Clone)]
struct Token {
    lifetime: Duration,
    number: u32,
}

impl Token {
    fn lifetime(&self) -> Duration {
        self.lifetime
    }
}

#[test]
fn lifetime_is_decided_by_the_value() {
    static CALLS: AtomicU32 = AtomicU32::new(0);
    #[dogpile(expire = |token| token.lifetime(), handle = TOKENS)]
    fn token(minutes: u32) -> Token {
        Token { lifetime: MINUTE * minutes, number: next(&CALLS) }
    }
    let time = freeze();
    let call = |minutes| token(minutes).number;
    assert_eq!((call(1), call(2), call(1), call(2)), (1, 2, 1, 2));
    time.advance(MINUTE + NANOSECOND);
    assert_eq!((call(1), call(2)), (3, 2));
    assert_eq!((call(0), call(0)), (4, 5), "a lifetime of zero is not stored");
    assert!(!TOKENS.has_value(&0));
}

#[test]
fn lifetime_of_a_fallible_function_is_decided_by_its_value() {
    #[dogpile(expire = |value: &u64| MINUTE * u32::try_from(*value).unwrap_or(1), handle = SECONDS)]
    fn seconds() -> Result<u64, String> {
        Ok(2)
    }
    let time = freeze();
    assert_eq!(seconds(), Ok(2));
    time.advance(MINUTE * 2);
    assert!(!SECONDS.is_expired());
    time.advance(NANOSECOND);
    assert!(SECONDS.is_expired());
}

#[test]
fn early_by_a_duration() {
    static CALLS: AtomicU32 = AtomicU32::new(0);
    #[dogpile(expire = "1h", early = "5m")]
    fn literal() -> u32 {
        next(&CALLS)
    }
    static CONST_CALLS: AtomicU32 = AtomicU32::new(0);
    #[dogpile(expire = HOUR, early = MINUTE.saturating_mul(5))]
    fn constant() -> u32 {
        next(&CONST_CALLS)
    }
    let time = freeze();
    assert_eq!((literal(), constant()), (1, 1));
    time.advance(MINUTE * 55);
    assert_eq!((literal(), constant()), (1, 1));
    time.advance(NANOSECOND);
    assert_eq!((literal(), constant()), (2, 2));
    assert_eq!((literal(), constant()), (2, 2));
}

#[test]
fn early_by_a_percentage_of_each_lifetime() {
    static CALLS: AtomicU32 = AtomicU32::new(0);
    #[dogpile(expire = |token| token.lifetime, early = "2.5 %")]
    fn token(minutes: u32) -> Token {
        Token { lifetime: MINUTE * minutes, number: next(&CALLS) }
    }
    let time = freeze();
    let call = |minutes| token(minutes).number;
    assert_eq!((call(40), call(400)), (1, 2));
    time.advance(MINUTE * 39);
    assert_eq!(call(40), 1);
    time.advance(NANOSECOND);
    assert_eq!((call(40), call(400)), (3, 2));
}

#[test]
fn early_refresh_in_the_background_lets_nobody_see_an_expired_value() {
    static CALLS: AtomicU32 = AtomicU32::new(0);
    #[dogpile(expire = "1h", stale = "0s", early = "10%", refresh = "background", handle = STEADY)]
    fn steady() -> u32 {
        next(&CALLS)
    }
    let time = freeze();
    assert_eq!(steady(), 1);
    for round in 1..5 {
        time.advance(MINUTE * 55);
        assert_eq!(steady(), round, "at once, and fresh");
        eventually("the worker has landed", || STEADY.get() == Some(round + 1));
    }
    assert_eq!(STEADY.stats().waits, 0);
}

#[test]
fn early_auto_elects_before_expiry_and_not_long_before() {
    static CALLS: AtomicU32 = AtomicU32::new(0);
    static TIME: AtomicU64 = AtomicU64::new(0);
    #[dogpile(expire = "1h", early = "auto", handle = BY_CHANCE)]
    fn by_chance() -> u32 {
        TIME.fetch_add(1, Ordering::SeqCst);
        next(&CALLS)
    }
    let time = freeze();
    seed(7);
    // What a computation takes, as the frozen clock sees it.
    let slow = || {
        BY_CHANCE.get_or_compute(|| {
            time.advance(Duration::from_secs(10));
            next(&CALLS)
        })
    };
    assert_eq!(slow(), 1);
    time.advance(MINUTE * 30);
    assert_eq!(by_chance(), 1, "more than 36.74 computation times before the end");
    let mut seconds = 0;
    time.advance(MINUTE * 20);
    while by_chance() == 1 {
        time.advance(Duration::from_secs(1));
        seconds += 1;
    }
    assert!(seconds < 600, "elected after {seconds} s, of 600 until expiry");
}

#[test]
fn jitter_shortens_lifetimes_by_chance() {
    #[dogpile(expire = "100m", jitter = "10%", handle = SPREAD, capacity = "unbounded")]
    fn spread(id: u32) -> u32 {
        id
    }
    let time = freeze();
    seed(7);
    (0..1_000).for_each(|id| assert_eq!(spread(id), id));
    let expired = || (0..1_000).filter(|id| SPREAD.is_expired(id)).count();
    time.advance(MINUTE * 90);
    assert_eq!(expired(), 0, "never by more than it says");
    time.advance(MINUTE * 5);
    assert!((400..600).contains(&expired()), "uniformly: {} of 1000", expired());
    time.advance(MINUTE * 5 + NANOSECOND);
    assert_eq!(expired(), 1_000, "never longer");
}

#[test]
fn lease_replaces_a_leader_that_hangs() {
    static CALLS: AtomicU32 = AtomicU32::new(0);
    #[dogpile(expire = "1h", lease = "30s", handle = LEASED)]
    async fn leased(name: &str) -> u32 {
        let call = next(&CALLS);
        if call == 1 {
            return hang().await;
        }
        call + u32::try_from(name.len()).unwrap_or_default()
    }
    let time = freeze();
    let mut hung = Task::pending(leased("four"));
    let mut follower = Task::pending(leased("four"));
    time.advance(Duration::from_secs(30));
    assert_eq!(follower.poll(), None);
    time.advance(NANOSECOND);
    assert_eq!(follower.finish(), 6);
    assert_eq!((LEASED.get("four"), LEASED.policy().leased_for()), (Some(6), Some(Duration::from_secs(30))));
    assert_eq!(hung.poll(), None);
}

#[derive(Clone, Debug, PartialEq)]
enum Failure {
    TookTooLong(&'static str),
}

impl From<WaitTimeout> for Failure {
    fn from(timeout: WaitTimeout) -> Self {
        Self::TookTooLong(timeout.name())
    }
}

#[test]
fn wait_bounds_how_long_a_follower_waits() {
    static LED: Event = Event::new();
    static DONE: Event = Event::new();
    #[dogpile(expire = "1h", wait = "2s", handle = SLOW, name = "slow")]
    fn slow() -> Result<u32, Failure> {
        LED.happen();
        DONE.wait("the follower has given up");
        Ok(1)
    }
    let time = freeze();
    thread::scope(|scope| {
        let leader = scope.spawn(slow);
        LED.wait("somebody leads");
        let follower = scope.spawn(slow);
        until_waiting(&SLOW, 1);
        time.advance(Duration::from_secs(2));
        assert_eq!(follower.join().unwrap(), Err(Failure::TookTooLong("slow")));
        DONE.happen();
        assert_eq!(leader.join().unwrap(), Ok(1), "what a caller computes takes as long as it takes");
    });
    assert_eq!(slow(), Ok(1));
}

#[test]
fn wait_of_errors_that_cannot_be_cloned() {
    static LED: Event = Event::new();
    static DONE: Event = Event::new();
    #[dogpile(expire = "1h", wait = Duration::ZERO, fallible = true)]
    fn file(id: u8) -> io::Result<u8> {
        LED.happen();
        DONE.wait("the follower has given up");
        Ok(id)
    }
    let _time = freeze();
    thread::scope(|scope| {
        let leader = scope.spawn(|| file(1));
        LED.wait("somebody leads");
        let timeout = file(1).expect_err("nobody waits for no time at all");
        assert_eq!(timeout.kind(), io::ErrorKind::TimedOut);
        DONE.happen();
        assert_eq!(leader.join().unwrap().unwrap(), 1);
    });
}

#[test]
fn wait_of_a_task() {
    #[dogpile(expire = "1h", wait = "2s")]
    async fn shared(name: &str) -> Result<usize, Failure> {
        if name == "quick" { Ok(name.len()) } else { hang().await }
    }
    #[dogpile(expire = "1h", wait = "2s")]
    async fn alone(name: &str) -> io::Result<usize> {
        if name == "quick" { Ok(name.len()) } else { hang().await }
    }
    let time = freeze();
    let mut leaders = (Task::pending(shared("a")), Task::pending(alone("a")));
    let mut followers = (Task::pending(shared("a")), Task::pending(alone("a")));
    time.advance(Duration::from_secs(2));
    let Err(Failure::TookTooLong(name)) = followers.0.finish() else { panic!("it has a value") };
    assert!(name.ends_with("shared"), "{name}");
    assert_eq!(followers.1.finish().unwrap_err().kind(), io::ErrorKind::TimedOut);
    let waits = (leaders.0.poll().is_none(), leaders.1.poll().is_none());
    assert_eq!(waits, (true, true), "what a caller computes takes as long as it takes");
    assert_eq!((at_once(shared("quick")), at_once(alone("quick")).ok()), (Ok(5), Some(5)));
}

/// An error that borrows, and is made of a timeout all the same.
#[derive(Debug)]
enum Borrowed<'a> {
    Missing(&'a str),
    TookTooLong,
}

impl From<WaitTimeout> for Borrowed<'_> {
    fn from(_: WaitTimeout) -> Self {
        Self::TookTooLong
    }
}

impl fmt::Display for Borrowed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing(name) => write!(f, "{name} is missing"),
            Self::TookTooLong => f.write_str("it took too long"),
        }
    }
}

#[test]
fn wait_of_errors_that_borrow() {
    static LED: Event = Event::new();
    static DONE: Event = Event::new();
    #[dogpile(expire = "1h", wait = "0s")]
    fn find<'a>(name: &'a str) -> Result<usize, Borrowed<'a>> {
        if name.is_empty() {
            return Err(Borrowed::Missing("nameless"));
        }
        LED.happen();
        DONE.wait("the follower has given up");
        Ok(name.len())
    }
    let _time = freeze();
    assert_eq!(find("").unwrap_err().to_string(), "nameless is missing");
    thread::scope(|scope| {
        let leader = scope.spawn(|| find("four"));
        LED.wait("somebody leads");
        assert_eq!(find("four").unwrap_err().to_string(), "it took too long");
        DONE.happen();
        assert_eq!(leader.join().unwrap().unwrap(), 4);
    });
}

#[test]
fn policy_takes_the_same_options() {
    static TOKENS: Dogpile<Token> = Dogpile::new(policy!(
        expire = |token: &Token| token.lifetime(),
        early = "10%",
        jitter = "1%",
        lease = MINUTE
    ));
    static NUMBERS: DogpileMap<u8, u8> =
        DogpileMap::new(policy!(expire = "1h", early = "auto", capacity = 9));
    let time = freeze();
    assert_eq!(TOKENS.policy().leased_for(), Some(MINUTE));
    TOKENS.set(Token { lifetime: MINUTE, number: 1 });
    time.advance(MINUTE + NANOSECOND);
    assert!(TOKENS.is_expired());
    let shown = format!("{:?} {:?}", TOKENS.policy(), NUMBERS.policy());
    assert!(shown.contains("early: Share(10%), jitter: 1%") && shown.contains("early: Auto"), "{shown}");
}
