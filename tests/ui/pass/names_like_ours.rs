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

fn main() {
    assert_eq!(sum(), 45);
    assert_eq!(fallible_sum(), Ok(45));
    assert_eq!((__dogpile_try(), config(), named_dogpile::dogpile()), (12, 13, 14));
}
