//! Lints that would have something to say of what is emitted, each with the function that shows it.
#![allow(clippy::redundant_pub_crate)]

use dogpile::dogpile;

use super::{at_once, nothing, text};

/// Names that say that nobody looks: the key does.
#[dogpile(expire = "1h", refresh = "background")]
fn ignored(_word: &str, _list: Vec<u32>, ref mut number: u32) -> u32 {
    *number += 1;
    *number
}

/// In an expression, as well.
#[dogpile(expire = "1h", key(_ratio.to_bits(): u64))]
fn ignored_ratio(_ratio: f64) -> usize {
    text().len()
}

/// In a task, as well.
#[dogpile(expire = "1h")]
async fn ignored_task(_word: &str, ref mut number: u32) -> u32 {
    nothing().await;
    *number += 1;
    *number
}

/// Of one value.
struct Store(u32);

impl Store {
    /// In a method, as well.
    #[dogpile(expire = "1h", skip(self))]
    fn ignored(&self, _number: u32) -> u32 {
        self.0 + ignored("word", Vec::new(), 2)
    }
}

/// What could be `const`, if it were not cached.
#[dogpile(expire = "1h", original = halved_uncached)]
fn halved(number: u32) -> u32 {
    number / 2
}

/// Where all that is returned is to be seen so, also what we return.
#[deny(clippy::implicit_return)]
#[allow(clippy::needless_return)]
mod returning {
    use dogpile::dogpile;

    /// A value.
    #[dogpile(expire = "1h")]
    pub(super) fn value((low, high): (u32, u32)) -> u32 {
        return low + high;
    }

    /// A `Result`.
    #[dogpile(expire = "1h", refresh = "background")]
    pub(super) fn result(text: &str) -> Result<u32, String> {
        return text.parse().or(Err(String::new()));
    }

    /// Its error borrows.
    #[dogpile(expire = "1h")]
    pub(super) fn borrowing(text: &str) -> Result<u32, &str> {
        return text.parse().or(Err(text));
    }

    /// In a task.
    #[dogpile(expire = "1h")]
    pub(super) async fn task(number: u32) -> u32 {
        super::nothing().await;
        return number;
    }
}

#[test]
fn lints_have_nothing_to_say_of_what_is_emitted() {
    assert_eq!((ignored("word", vec![1], 2), ignored_ratio(0.5), Store(1).ignored(2)), (3, 4, 4));
    assert_eq!(at_once(ignored_task("word", 1)), 2);
    assert_eq!(halved(2), halved_uncached(2));
    let returned = (returning::value((1, 2)), returning::result("3"), returning::borrowing("x"));
    assert_eq!((returned, at_once(returning::task(4))), ((3, Ok(3), Err("x")), 4));
}
