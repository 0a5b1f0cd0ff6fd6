//! Stampede-proof memoization: one caller computes, everybody else keeps the value they have.
//!
//! ```
//! use dogpile::dogpile;
//!
//! #[dogpile(expire = "1h")]
//! fn config() -> String {
//!     // Slow: a file, a database, a remote service.
//!     std::fs::read_to_string("app.toml").unwrap_or_default()
//! }
//!
//! assert_eq!(config(), config()); // computed once
//! ```
//!
//! Calls return the cached value at the price of a plain read. They wait only while the very first value is computed.
//! After an hour exactly one caller regenerates it, and while it does everybody else keeps the old one. What is wrong
//! with an option is a compile error that says what to write.
//!
//! # Contents
//!
//! * [What a call does](#what-a-call-does): the whole algorithm in a table
//! * [Parameters](#parameters): keys, borrowed look-ups, bounded memory
//! * [Methods](#methods): values in the instance
//! * [Tasks](#tasks): async functions, cancellation
//! * [Failures](#failures): errors, panics, recursion
//! * [Time](#time): before expiry, at random, by the value, when computations hang
//! * [The handle](#the-handle): looking, replacing, invalidating, counting
//! * [Without the attribute](#without-the-attribute): [`Dogpile`], [`Policy`] and [`policy!`]
//! * [In the background](#in-the-background)
//! * [Testing](#testing): the frozen clock
//! * [What it costs](#what-it-costs)
//! * [Not supported](#not-supported)
//!
//! The options are listed at [`macro@dogpile`].
//!
//! # What a call does
//!
//! A value is *fresh* until `expire` has passed since its computation ended; then it is *stale*, and may still be
//! served for as long as `stale` says (for ever, unless told otherwise); or it is *gone*.
//!
//! | value | somebody computes | this call |
//! |---|---|---|
//! | fresh | – | returns it: no lock, no wait, no write to shared memory |
//! | stale | yes, or failed a moment ago | returns the stale value at once |
//! | stale | no | looks again under the lock, regenerates, returns the new value |
//! | gone | yes | waits for the outcome |
//! | gone | no | computes |
//!
//! This is the *dogpile lock* of Mike Bayer's `dogpile.core` and `dogpile.cache` for Python. Nobody waits while there
//! is a value that may be served; there is at most one computation at a time, and at most one that succeeds in a
//! period of `expire`; no code of yours ever runs under a lock of ours.
//!
//! # Parameters
//!
//! Every set of arguments has a value of its own, with all promises above. The key is the owned type of the parameter,
//! or the tuple of them; it is looked up as it is lent, and copied only when it has to be kept.
//!
//! ```
//! use dogpile::dogpile;
//!
//! #[dogpile(expire = "5m", capacity = 50_000, handle = PROFILES)]
//! fn profile(tenant: &str, id: u64) -> String {
//!     format!("{tenant}/{id}") // slow, no doubt
//! }
//!
//! assert_eq!(profile("north", 7), "north/7");
//! assert!(PROFILES.has_value(("north", &7))); // the handle is a map from `(String, u64)`
//! PROFILES.invalidate(("north", &7));
//! assert_eq!(PROFILES.len(), 0);
//! ```
//!
//! `key(…)` says what identifies a call where not every parameter does, or where one cannot (a `f64`, a `&mut`, an
//! `impl Trait`), and may look into parameters: `key(id, user.tenant: &str)`. `skip(…)` leaves parameters out.
//!
//! At most `capacity` keys have values, 10 000 unless told otherwise. Those that nobody asks for go first; a hit sets one
//! bit for that, if it is not set already.
//!
//! # Methods
//!
//! A static would be shared by all instances. So a method says what tells them apart (`key(self.id: u64)`), that nothing
//! does (`skip(self)`), or where the instance keeps its values: in a field, whose policy then rules.
//!
//! ```
//! use dogpile::{DogpileMap, Policy, dogpile};
//! use std::time::Duration;
//!
//! struct Directory {
//!     users: DogpileMap<u64, String>,
//! }
//!
//! impl Directory {
//!     fn new(lifetime: Duration) -> Self {
//!         Self { users: DogpileMap::new(Policy::expire(lifetime).capacity(1_000)) }
//!     }
//!
//!     #[dogpile(slot = self.users)]
//!     fn user(&self, id: u64) -> String {
//!         format!("user {id}")
//!     }
//! }
//!
//! let (one, other) = (Directory::new(Duration::from_secs(60)), Directory::new(Duration::from_secs(5)));
//! assert_eq!(one.user(3), "user 3");
//! assert!(one.users.has_value(&3) && !other.users.has_value(&3));
//! ```
//!
//! # Tasks
//!
//! `async` functions are annotated in the same way, and run on any executor. A hit, fresh or stale, is ready at the first
//! poll. Whoever waits blocks no thread. Threads and tasks that use one [`Dogpile`] share its computations.
//!
//! Any of the futures may be dropped at any time: if it was computing, one of those who wait computes in its place. With
//! the feature `tokio`, `refresh = "background"` runs every computation in a task of its own, so that no caller's going
//! away loses work.
//!
//! ```
//! use dogpile::dogpile;
//! use std::io;
//! # async fn fetch(_: &str) -> io::Result<f64> { Ok(1.08) }
//!
//! #[dogpile(expire = "30s", early = "10%", wait = "2s")]
//! async fn rate(currency: &str) -> io::Result<f64> {
//!     fetch(currency).await
//! }
//! # use std::{future::Future, pin::pin, task::{Context, Poll, Waker}};
//! # let Poll::Ready(rate) = pin!(rate("EUR")).poll(&mut Context::from_waker(Waker::noop())) else { panic!() };
//! # assert_eq!(rate.unwrap(), 1.08);
//! ```
//!
//! A future that computes a first value and is kept, but never polled again, holds up those who wait for it. Give
//! such a function a `lease`, a `wait`, or `refresh = "background"`. And a sync call blocks its thread while it waits: made
//! in a task on an executor's only thread, it keeps the task that computes from going on, and hangs until the `lease` ends.
//!
//! # Failures
//!
//! Of a function that returns a `Result`, only `Ok` is cached.
//!
//! ```
//! use dogpile::dogpile;
//! # #[derive(Clone, Debug, PartialEq)]
//! # struct DbError;
//! # fn count_users() -> Result<u64, DbError> { Ok(7) }
//!
//! #[dogpile(expire = "30s", stale = "10m", retry = "1s")]
//! fn users() -> Result<u64, DbError> {
//!     count_users()
//! }
//! # assert_eq!(users(), Ok(7));
//! ```
//!
//! * **An error with an old value at hand** is answered with the old value, also to the caller whose computation
//!   failed. The next attempt comes after `retry`, which doubles with every failure in a row, up to sixty times.
//! * **An error without one** goes to the caller, and to everybody who waited for it if it is
//!   `Clone + Send + Sync + 'static`: a failing origin is asked once per herd. Other errors stay with their caller,
//!   and those who waited try in their turn.
//! * **A panic** goes to the caller whose computation it was. One of those who waited takes over; nothing is poisoned.
//!   If there was an old value, the next attempt comes after `retry`, as with an error.
//! * **Recursion** into a value that is computed for the first time would wait for itself. It panics at once, with the
//!   names of all functions involved, also across threads.
//! * A `Result` behind a **type alias** is refused at compile time, unless `fallible = true` (or `false`) says what it
//!   is: no error is cached by accident.
//!
//! # Time
//!
//! | option | |
//! |---|---|
//! | `expire = \|value\| …` | the lifetime comes from the value, as that of a token does; zero: not stored |
//! | `early = "5m"`, `"10%"` | the election opens so long before expiry: where calls are frequent, nobody sees an expired value |
//! | `early = "auto"` | the same at a time that chance decides, the likelier the nearer expiry is and the longer computations take (`XFetch`) |
//! | `jitter = "10%"` | lifetimes are shortened at random, so that what was made together does not expire together |
//! | `lease = "30s"` | a computation that hangs is replaced; its late result is dropped |
//! | `wait = "2s"` | a caller waits so long for somebody else's first value, then it gets a [`WaitTimeout`] |
//!
//! ```
//! use dogpile::{WaitTimeout, dogpile};
//! use std::time::Duration;
//!
//! #[derive(Clone)]
//! struct Token {
//!     text: String,
//!     seconds: u64,
//! }
//!
//! #[derive(Clone, Debug)]
//! enum Error {
//!     Busy,
//! }
//!
//! impl From<WaitTimeout> for Error {
//!     fn from(_: WaitTimeout) -> Self {
//!         Error::Busy
//!     }
//! }
//!
//! // Renewed in the last tenth of its time. Nobody waits for it for more than two seconds, nor for a renewal that hangs.
//! #[dogpile(
//!     expire = |token| Duration::from_secs(token.seconds),
//!     early = "10%",
//!     jitter = "1%",
//!     lease = "30s",
//!     wait = "2s"
//! )]
//! fn token(user: &str) -> Result<Token, Error> {
//!     Ok(Token { text: format!("token of {user}"), seconds: 3600 })
//! }
//!
//! assert_eq!(token("alice").unwrap().text, "token of alice");
//! ```
//!
//! # The handle
//!
//! With `handle = NAME` the attribute gives the function's values a name, with the function's visibility. It is a
//! `static` of type [`Dogpile`], or [`DogpileMap`] if there is a key.
//!
//! ```
//! use dogpile::dogpile;
//!
//! #[dogpile(expire = "1h", handle = PRICES)]
//! fn prices() -> Vec<u32> {
//!     vec![3, 5, 8]
//! }
//!
//! prices();
//! assert_eq!(PRICES.read().unwrap().len(), 3); // without cloning
//! PRICES.set(vec![1]); //       wins over a computation under way
//! PRICES.expire(); //           the next call regenerates, the others keep `vec![1]` meanwhile
//! PRICES.invalidate(); //       gone: no later call sees anything computed before
//! assert_eq!(PRICES.get(), None);
//! assert_eq!(PRICES.stats().computations, 1);
//! ```
//!
//! # Without the attribute
//!
//! ```
//! use dogpile::{Dogpile, Policy, policy};
//! use std::time::Duration;
//!
//! static MOTD: Dogpile<String> = Dogpile::new(policy!(expire = "5m", stale = "1d"));
//! assert_eq!(MOTD.get_or_compute(|| "hello".to_owned()), "hello");
//!
//! // Durations known at run time, values in a field.
//! let ttl = Duration::from_secs(30);
//! let rates = Dogpile::new(Policy::expire(ttl).stale(ttl * 10));
//! assert_eq!(rates.try_get_or_compute(|| "1.08".parse::<f64>()), Ok(1.08));
//! ```
//!
//! # In the background
//!
//! With `refresh = "background"` a worker thread regenerates, and *every* caller gets the stale value at once. The
//! workers are few, named `dogpile-refresh-N`, shared by all functions, started when there is work and gone after ten
//! idle seconds. The first value is still computed by the caller who wants it, for there is nothing else to return.
//!
//! # Testing
//!
//! With the feature `test-util`, `dogpile::testing::freeze()` stops the clock of all dogpiles, and its guard advances
//! it by hand. Enable it for tests only: it makes every look at the clock a little slower.
//!
//! ```toml
//! [dev-dependencies]
//! dogpile = { version = "0.1", features = ["test-util"] }
//! ```
//!
//! # What it costs
//!
//! A hit reads a pointer that its thread has announced in memory of its own, compares the time, and clones the value.
//! It takes no lock, allocates nothing (unless `Clone` does, or it is its thread's first), and writes no memory that another thread reads or
//! writes in the steady state, so that hits of many threads do not slow each other down. Wrap large values in an
//! [`Arc`](std::sync::Arc), or look at them through [`Dogpile::read`]. The README has figures.
//!
//! Time is monotonic. Where the shortest duration of a policy is a second or longer, the coarse clock of the system is
//! read, which lags by a few milliseconds; where it is shorter, or decided by values or by chance, the precise one.
//!
//! Replacing a value costs a system call on Linux (`membarrier`), which interrupts the process's other running
//! threads for a moment; that is what makes the reads cheap. Elsewhere every read pays for a fence.
//!
//! # Not supported
//!
//! A generic function needs a key that settles its type parameters, or a `slot`: a `static` is shared by all instances.
//! Of an enclosing generic `impl` the attribute sees nothing; there a function's values are shared by all instances as
//! well. Weights, eviction listeners, expiry by idleness, shared stores (Redis, files): no. A computation that waits for
//! a *thread or task* which calls the same function is not detected, and hangs until its `lease` ends, and so do tasks
//! that wait for each other's computations in a circle. Where more than seven annotated async functions call each other and
//! the outermost is to be `Send`, the compiler asks for `#![recursion_limit = "256"]`. What an annotated function cannot be
//! or borrow is told at [`macro@dogpile`].
#![forbid(unsafe_code)]

/// # Examples
///
/// Several options, and everything a body may do:
///
/// ```
/// use dogpile::dogpile;
/// use std::num::ParseIntError;
/// use std::time::Duration;
///
/// const MINUTE: Duration = Duration::from_secs(60);
///
/// #[dogpile(expire = MINUTE, stale = "1h", cache_if = |&limit| limit > 0, handle = LIMIT, original = limit_uncached)]
/// pub fn limit() -> Result<u32, ParseIntError> {
///     let text = std::env::var("LIMIT").unwrap_or_else(|_| "10".to_owned());
///     Ok(text.trim().parse::<u32>()?)
/// }
///
/// assert_eq!(limit(), limit_uncached());
/// assert!(LIMIT.has_value());
/// ```
///
/// A `Result` behind an alias, and a crate that re-exports this one:
///
/// ```
/// mod framework {
///     pub use dogpile as caching;
/// }
/// use framework::caching::dogpile;
///
/// type Outcome = Result<u32, String>;
///
/// #[dogpile(expire = "never", fallible = true, crate = framework::caching)]
/// fn answer() -> Outcome {
///     Ok(42)
/// }
///
/// assert_eq!(answer(), Ok(42));
/// ```
///
/// Parameters are the key, unless told otherwise; methods may keep their values in the instance:
///
/// ```
/// use dogpile::{DogpileMap, dogpile, policy};
///
/// #[derive(Clone)]
/// struct User {
///     tenant: String,
/// }
///
/// #[dogpile(expire = "5m", key(user.tenant: &str, id), capacity = 1_000)]
/// fn greeting(user: &User, id: u64, loudness: f32) -> String {
///     format!("{}/{id} at {loudness}", user.tenant)
/// }
///
/// struct Directory {
///     users: DogpileMap<u64, User>,
/// }
///
/// impl Directory {
///     #[dogpile(slot = self.users)]
///     fn user(&self, id: u64) -> User {
///         User { tenant: format!("tenant of {id}") }
///     }
/// }
///
/// #[dogpile(expire = "1m", skip(directory))]
/// fn first_word(directory: &Directory, id: u64) -> String {
///     directory.user(id).tenant.split(' ').next().unwrap_or_default().to_owned()
/// }
///
/// let directory = Directory { users: DogpileMap::new(policy!(expire = "1h", capacity = "unbounded")) };
/// assert_eq!(first_word(&directory, 7), "tenant");
/// assert_eq!(greeting(&directory.user(7), 1, 0.5), greeting(&directory.user(7), 1, 0.9));
/// ```
///
/// A mistake is a compile error with help:
///
/// ```compile_fail
/// #[dogpile::dogpile(expire = "5 mintes")] // `mintes` is not a unit of time; help: did you mean `minutes`?
/// fn config() -> String {
///     String::new()
/// }
/// ```
pub use dogpile_macros::dogpile;
/// # Examples
///
/// ```
/// use dogpile::{Dogpile, policy};
///
/// static WORDS: Dogpile<Vec<String>> =
///     Dogpile::new(policy!(expire = "never", cache_if = |words: &Vec<String>| !words.is_empty(), name = "words"));
/// assert!(WORDS.get_or_compute(Vec::new).is_empty());
/// assert!(!WORDS.has_value(), "an empty list is not stored");
/// ```
pub use dogpile_macros::policy;
#[doc(hidden)]
pub use dogpile_runtime::private as __private;
#[cfg(feature = "test-util")]
pub use dogpile_runtime::testing;
pub use dogpile_runtime::{
    Background, Caller, Dogpile, DogpileMap, Lookup, Policy, Ref, Refresh, RefreshAsync, Stats, WaitTimeout,
};
