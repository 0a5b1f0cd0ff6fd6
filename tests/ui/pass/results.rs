//! Every spelling of a `Result`, and look-alikes.
#![allow(unused_parens)]

use dogpile::dogpile;
use std::{fmt, io};

type Outcome<T> = Result<T, String>;
type Swapped<E, T> = Result<T, E>;

#[dogpile(expire = "1h")]
fn io_result() -> io::Result<u32> {
    Err(io::ErrorKind::NotFound.into())
}

#[dogpile(expire = "1h")]
fn fmt_result() -> fmt::Result {
    use fmt::Write as _;
    write!(String::new(), "{}", 1)?;
    Ok(())
}

#[dogpile(expire = "1h")]
fn parenthesized() -> (::std::result::Result<u32, Box<dyn std::error::Error>>) {
    Ok("2".parse()?)
}

#[dogpile(expire = "1h", fallible = true)]
fn aliased() -> Outcome<u32> {
    Ok(3)
}

#[dogpile(expire = "1h", fallible = true)]
fn swapped() -> Swapped<String, u32> {
    Ok(4)
}

#[dogpile(expire = "1h", fallible = false)]
fn errors_are_values() -> Outcome<u32> {
    Err("kept".to_owned())
}

mod look_alike {
    #[derive(Clone, Debug, PartialEq)]
    pub struct Result(pub u32);

    #[dogpile::dogpile(expire = "1h", fallible = false)]
    pub fn result() -> Result {
        Result(5)
    }
}

#[dogpile(expire = "1h")]
fn result_inside() -> Option<Result<u32, String>> {
    Some(Err("inside".to_owned()))
}

#[dogpile(expire = "1h")]
fn borrowing_error<'a>() -> Result<u32, &'a str> {
    Err("borrowed")
}

fn generic_message<'a>(text: &'a str) -> Result<u32, std::borrow::Cow<'a, str>> {
    Err(text.into())
}

#[dogpile(expire = "1h")]
fn borrowing_error_deep<'a>() -> Result<u32, std::borrow::Cow<'a, str>> {
    generic_message("deep")?;
    Ok(1)
}

#[dogpile(expire = "1h")]
fn error_without_any_trait() -> Result<u32, std::rc::Rc<std::cell::Cell<u8>>> {
    Ok(6)
}

#[dogpile(expire = "1h")]
fn static_borrow() -> &'static str {
    "static"
}

#[dogpile(expire = "1h")]
fn function_pointer() -> for<'x> fn(&'x str) -> usize {
    |text| text.len()
}

fn main() {
    assert_eq!(io_result().unwrap_err().kind(), io::ErrorKind::NotFound);
    assert_eq!(fmt_result(), Ok(()));
    assert_eq!(parenthesized().unwrap(), 2);
    assert_eq!((aliased(), swapped()), (Ok(3), Ok(4)));
    assert_eq!(errors_are_values(), Err("kept".to_owned()));
    assert_eq!(look_alike::result(), look_alike::Result(5));
    assert_eq!(result_inside(), Some(Err("inside".to_owned())));
    assert_eq!(borrowing_error(), Err("borrowed"));
    assert_eq!(borrowing_error_deep().unwrap_err(), "deep");
    assert_eq!(error_without_any_trait(), Ok(6));
    assert_eq!(static_borrow(), "static");
    assert_eq!(function_pointer()("four"), 4);
}
