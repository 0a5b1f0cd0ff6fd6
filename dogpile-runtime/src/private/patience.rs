//! What becomes of a caller that would not wait any longer: whether the function has an error for it.

use std::marker::PhantomData;
use std::time::Duration;

use crate::timeout::{Patience, WaitTimeout};

/// The error of a return type. Tells one that can be made of a [`WaitTimeout`] from every other: the inherent constant
/// wins over the trait's.
#[derive(Debug)]
pub struct ErrorOf<T>(PhantomData<fn() -> T>);

impl<T> ErrorOf<T> {
    /// The one there is.
    pub const THIS: Self = Self(PhantomData);
}

impl<T, E: From<WaitTimeout>> ErrorOf<Result<T, E>> {
    /// It can.
    pub const __DOGPILE_MAKER: FromTimeout = FromTimeout;
}

/// The answer for every other.
pub trait NotOfTimeout {
    /// It cannot.
    const __DOGPILE_MAKER: NoMaker = NoMaker;
}

impl<T> NotOfTimeout for ErrorOf<T> {}

/// Makes errors of timeouts.
#[derive(Debug)]
pub struct FromTimeout;

/// Makes none.
#[derive(Debug)]
pub struct NoMaker;

/// What an impatient caller gets its error from.
#[diagnostic::on_unimplemented(
    message = "`wait` ends with a `dogpile::WaitTimeout`, which `{E}` cannot be made of",
    label = "followers get it as an error of the function",
    note = "help: write `impl From<dogpile::WaitTimeout> for …` for the error, or remove `wait`"
)]
pub trait Makes<E> {
    /// The error.
    fn make(timeout: WaitTimeout) -> E;
}

impl<E: From<WaitTimeout>> Makes<E> for FromTimeout {
    fn make(timeout: WaitTimeout) -> E {
        E::from(timeout)
    }
}

/// For how long a caller waits, and what it makes of it then.
#[inline]
pub fn patience<T, E, M: Makes<E>>(wait: Duration, _: ErrorOf<Result<T, E>>, _: M) -> Patience<E> {
    Patience { wait, error: M::make }
}
