//! Every spelling of the options about time, and hostile surroundings.
#![deny(warnings)]

use dogpile::{Dogpile, DogpileMap, WaitTimeout, dogpile, policy};

/// What would be found first, were the generated paths not absolute.
#[allow(dead_code)]
mod core {
    pub mod time {
        pub struct Duration;
    }
}
#[allow(dead_code)]
struct Duration;

type Time = std::time::Duration;

const MINUTE: Time = Time::from_secs(60);

#[derive(Clone)]
struct Token {
    age: u64,
}

impl Token {
    fn lifetime(&self) -> Time {
        Time::from_secs(self.age)
    }
}

#[dogpile(expire = |token| token.lifetime())]
fn token(age: u64) -> Token {
    Token { age }
}

#[dogpile(expire = |Token { age }: &Token| -> Time { Time::from_secs(*age, ) }, jitter = "0.0001%")]
fn taken_apart() -> Result<Token, String> {
    Ok(Token { age: 1 })
}

fn ten_minutes(_: &u32) -> Time {
    MINUTE * 10
}

#[dogpile(expire = |count| ten_minutes(count), early = "2.5 %", jitter = " 99.9999% ")]
fn through_a_function() -> u32 {
    1
}

#[dogpile(expire = "1h", early = "59m 59s 999ms", lease = "1ns", stale = "0s", refresh = "background", retry = "1s")]
fn just_before() -> u32 {
    2
}

#[dogpile(expire = MINUTE.saturating_mul(2), early = { const HALF: Time = MINUTE; HALF }, lease = MINUTE)]
fn constants() -> u32 {
    3
}

#[dogpile(expire = "never", lease = "30s", wait = "0s")]
fn impatient() -> Result<u32, Box<dyn std::error::Error + Send + Sync>> {
    Ok(4)
}

#[derive(Debug, Clone, PartialEq)]
struct Failure<'a>(&'a str);

impl From<WaitTimeout> for Failure<'_> {
    fn from(_: WaitTimeout) -> Self {
        Self("timeout")
    }
}

type Outcome<'a> = Result<u32, Failure<'a>>;

#[dogpile(expire = "1h", early = "auto", wait = MINUTE)]
fn borrowing<'a>(name: &'a str) -> Result<u32, Failure<'a>> {
    if name.is_empty() { Err(Failure("nameless")) } else { Ok(5) }
}

#[dogpile(expire = "1h", wait = "1m", fallible = true)]
fn aliased() -> Outcome<'static> {
    Ok(6)
}

#[dogpile(expire = "1h", wait = "1m", lease = "1h", early = "1s", refresh = "background")]
async fn task(name: &str) -> std::io::Result<usize> {
    Ok(name.len())
}

struct Service;

impl Service {
    const WAIT: Time = MINUTE;

    #[dogpile(expire = "1h", wait = Self::WAIT, skip(self))]
    fn number(&self) -> Result<u32, Failure<'static>> {
        Ok(7)
    }
}

macro_rules! cached {
    ($name:ident, $expire:expr, $early:literal, $jitter:expr, $wait:expr) => {
        #[dogpile(expire = $expire, early = $early, jitter = $jitter, wait = $wait, fallible = true)]
        fn $name() -> Outcome<'static> {
            Ok(8)
        }
    };
}

mod made {
    use super::{Failure, Time};
    use dogpile::dogpile;

    type Outcome<'a> = std::result::Result<u32, Failure<'a>>;
    cached!(by_macro, "1h", "10%", "10%", "1s");
    cached!(by_macro_too, |value: &u32| Time::from_secs(u64::from(*value)), "auto", "1%", super::MINUTE);

    pub(super) fn both() -> (Outcome<'static>, Outcome<'static>) {
        (by_macro(), by_macro_too())
    }
}

static TOKENS: Dogpile<Token> =
    Dogpile::new(policy!(expire = |token: &Token| token.lifetime(), early = "10%", jitter = "1%", lease = MINUTE));

fn main() {
    assert_eq!((token(1).age, token(2).age), (1, 2));
    assert_eq!(taken_apart().unwrap().age, 1);
    assert_eq!((through_a_function(), just_before(), constants()), (1, 2, 3));
    assert_eq!(impatient().unwrap(), 4);
    assert_eq!((borrowing("a"), borrowing("")), (Ok(5), Err(Failure("nameless"))));
    assert_eq!((aliased(), Service.number()), (Ok(6), Ok(7)));
    assert_eq!(made::both(), (Ok(8), Ok(8)));
    drop(task("a"));
    assert_eq!(TOKENS.get_or_compute(|| Token { age: 9 }).age, 9);
    let by_value: DogpileMap<u8, Token> = DogpileMap::new(policy!(expire = |token: &Token| token.lifetime()));
    assert_eq!(by_value.get_or_compute(1, || Token { age: 0 }).age, 0);
    assert!(by_value.is_empty());
}
