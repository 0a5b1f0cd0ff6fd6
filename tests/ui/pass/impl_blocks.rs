//! Associated functions, inherent and of traits; `Self` in the body and in the error.
use dogpile::{dogpile, policy, Dogpile};
use std::sync::atomic::{AtomicU32, Ordering};

static CALLS: AtomicU32 = AtomicU32::new(0);

#[derive(Debug, PartialEq)]
struct Settings {
    depth: u32,
}

impl Settings {
    const DEPTH: u32 = 3;

    #[dogpile(expire = "1h")]
    pub fn depth() -> u32 {
        CALLS.fetch_add(1, Ordering::Relaxed);
        Self::DEPTH + Self { depth: 1 }.depth
    }

    #[dogpile(expire = "1h", original = checked_uncached)]
    fn checked() -> Result<u32, Self> {
        match Self::depth() {
            4 => Err(Self { depth: 4 }),
            other => Ok(other),
        }
    }
}

trait Source {
    type Error;
    fn value() -> u32;
    fn fallible() -> Result<u32, Self::Error>;
}

struct A;
struct B;

impl Source for A {
    type Error = String;

    #[dogpile(expire = "1h")]
    fn value() -> u32 {
        Self::fallible().unwrap_or(10)
    }

    #[dogpile(expire = "1h")]
    fn fallible() -> Result<u32, Self::Error> {
        Err("a".to_owned())
    }
}

impl Source for B {
    type Error = std::rc::Rc<str>;

    #[dogpile(expire = "1h")]
    fn value() -> u32 {
        20
    }

    #[dogpile(expire = "1h", stale = "1d", retry = "5s")]
    fn fallible() -> Result<u32, <Self as Source>::Error> {
        Ok(21)
    }
}

static BY_HAND: Dogpile<u32> = Dogpile::new(policy!(expire = "1h"));

fn main() {
    assert_eq!((Settings::depth(), Settings::depth()), (4, 4));
    assert_eq!(CALLS.load(Ordering::Relaxed), 1);
    assert_eq!(Settings::checked(), Err(Settings { depth: 4 }));
    assert_eq!(Settings::checked_uncached(), Err(Settings { depth: 4 }));
    assert_eq!((A::value(), B::value()), (10, 20));
    assert_eq!(A::fallible(), Err("a".to_owned()));
    assert_eq!(B::fallible(), Ok(21));
    assert_eq!(BY_HAND.get_or_compute(|| 5), 5);
}
