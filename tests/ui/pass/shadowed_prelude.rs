//! The user's names for things mean what the user says; ours are absolute.
#![no_implicit_prelude]
#![allow(dead_code, unused_macros)]

use ::core::clone::Clone;
use ::core::marker::Copy;

mod dogpile {}
mod core {}
mod std {}

#[derive(Clone, Copy)]
struct Option;
#[derive(Clone, Copy)]
struct Duration;
#[derive(Clone, Copy)]
struct Vec;
struct Some;
struct None;
struct Ok;
struct Err;
struct String;
struct Dogpile;
struct Policy;
struct Caller;
struct Background;
struct Fallible;
trait Send {}
trait Sync {}
trait Fn {}
trait FnOnce {}
trait Sized {}
trait Drop {}

macro_rules! concat {
    ($($t:tt)*) => { ::core::compile_error!("the user's `concat!` was used") };
}
macro_rules! module_path {
    ($($t:tt)*) => { ::core::compile_error!("the user's `module_path!` was used") };
}
macro_rules! assert {
    ($($t:tt)*) => { ::core::compile_error!("the user's `assert!` was used") };
}

#[::dogpile::dogpile(expire = "1h", handle = OPTION, original = option_uncached)]
fn option() -> Option {
    let _ = (concat as fn(), module_path as fn());
    Option
}

fn concat() {}
fn module_path() {}

#[::dogpile::dogpile(expire = "1h", stale = "1d", refresh = "background")]
fn duration() -> ::core::result::Result<(Duration, Vec), u8> {
    ::core::result::Result::Ok((Duration, Vec))
}

trait Hash {}
trait ToOwned {}
trait Borrow {}
struct DogpileMap;
#[allow(non_camel_case_types)]
struct usize;
#[allow(non_camel_case_types)]
struct str;

#[::dogpile::dogpile(expire = "1h", capacity = "unbounded", refresh = "background")]
fn keyed(text: &::core::primitive::str, (a, b): (::core::primitive::u8, ::core::primitive::u8), list: &[::core::primitive::u8]) -> Option {
    let _ = (text, a, b, list);
    Option
}

#[::dogpile::dogpile(expire = "1h", key(text.len(): ::core::primitive::usize))]
fn picked(text: &::core::primitive::str) -> Option {
    let _ = text;
    Option
}

struct Slots {
    many: ::dogpile::DogpileMap<::core::primitive::u8, Option>,
}

impl Slots {
    #[::dogpile::dogpile(slot = self.many)]
    fn many(&self, id: ::core::primitive::u8) -> Option {
        let _ = id;
        Option
    }
}

static BY_HAND: ::dogpile::Dogpile<Option> = ::dogpile::Dogpile::new(::dogpile::policy!(expire = "1h"));

fn main() {
    let _: Option = option();
    let _: Option = option_uncached();
    OPTION.invalidate();
    BY_HAND.set(Option);
    let _: (Option, Option) = (keyed("a", (1, 2), &[3]), picked("a"));
    let slots = Slots { many: ::dogpile::DogpileMap::new(::dogpile::policy!(expire = "1h")) };
    let _: Option = slots.many(1);
    ::core::assert!(duration().is_ok());
}
