//! The user's items may be called like anything that is emitted.
#![allow(non_upper_case_globals, dead_code)]

use dogpile::dogpile;

static __DOGPILE: u32 = 7;
const __dogpile_body: u32 = 8;
struct Attempt;
struct ReturnType;
trait ShareError {
    fn __dogpile_try(&self) -> u32 {
        9
    }
}
impl<T> ShareError for Vec<T> {}
fn call() -> u32 {
    10
}
fn try_call() -> u32 {
    11
}

#[dogpile(expire = "1h")]
fn sum() -> u32 {
    __DOGPILE + __dogpile_body + vec![1].__dogpile_try() + call() + try_call()
}

#[dogpile(expire = "1h")]
fn fallible_sum() -> Result<u32, String> {
    Ok(__DOGPILE + __dogpile_body + vec![1].__dogpile_try() + call() + try_call())
}

#[dogpile(expire = "1h", handle = dogpile_handle)]
fn __dogpile_try() -> u32 {
    static __DOGPILE: u32 = 12;
    __DOGPILE
}

// A constant whose name is the upper-cased function name.
const CONFIG: u32 = 13;

#[dogpile(expire = "1h")]
fn config() -> u32 {
    CONFIG
}

mod named_dogpile {
    #[dogpile::dogpile(expire = "1h", handle = DOGPILE)]
    pub fn dogpile() -> u32 {
        14
    }
}

/// For everything, so that it competes with what is found by method resolution.
trait Blanket: Sized {
    const IS_RESULT: bool = true;
    const KIND: u8 = 15;
    const MAKER: u8 = 16;
    const THIS: u8 = 17;
    fn key(self) -> u32 {
        18
    }
    fn probe() -> u32 {
        19
    }
    fn clone(self) {}
    fn borrow(self) {}
}
impl<T> Blanket for T {}

#[derive(Clone)]
struct Number(u32);

#[dogpile(expire = "1h", refresh = "background")]
fn in_background(text: &str, number: u32) -> Number {
    Number(number + text.len() as u32)
}

#[dogpile(expire = "1h", wait = "1s")]
fn patient(number: u32) -> std::io::Result<u32> {
    Ok(number + ().key())
}

struct Store {
    one: dogpile::Dogpile<Number>,
}

impl Store {
    #[dogpile(slot = self.one)]
    fn number(&self) -> Number {
        Number(<()>::KIND.into())
    }
}

fn main() {
    assert_eq!(sum(), 45);
    assert_eq!(fallible_sum(), Ok(45));
    assert_eq!((__dogpile_try(), config(), named_dogpile::dogpile()), (12, 13, 14));
    let store = Store { one: dogpile::Dogpile::new(dogpile::policy!(expire = "1h")) };
    assert_eq!((in_background("a", 1).0, patient(1).ok(), store.number().0), (2, Some(19), 15));
}
