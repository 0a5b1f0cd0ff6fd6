//! What the service stands in front of: slow, of limited capacity, and out of order at times.

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::Semaphore;

/// How long one call takes.
const LATENCY: Duration = Duration::from_millis(50);
/// How many calls it can work on at once; the others queue.
static CONNECTIONS: Semaphore = Semaphore::const_new(100);
static CALLS: AtomicU64 = AtomicU64::new(0);
static IS_DOWN: AtomicBool = AtomicBool::new(false);

/// An error that a whole herd can share.
#[derive(Clone, Debug)]
pub(crate) struct Down;

impl fmt::Display for Down {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the origin is down")
    }
}

/// How often it was called since the last time.
pub(crate) fn take_calls() -> u64 {
    CALLS.swap(0, Ordering::Relaxed)
}

/// From now on it fails for currencies of the first half of the alphabet, or is well again.
pub(crate) fn set_down(is_down: bool) {
    IS_DOWN.store(is_down, Ordering::Relaxed);
}

pub(crate) fn fails_for(currency: &str) -> bool {
    IS_DOWN.load(Ordering::Relaxed) && currency < "N"
}

/// The rate of a currency.
pub(crate) async fn rate(currency: &str) -> Result<String, Down> {
    CALLS.fetch_add(1, Ordering::Relaxed);
    let _connection = CONNECTIONS.acquire().await.map_err(|_| Down)?;
    tokio::time::sleep(LATENCY).await;
    if fails_for(currency) {
        return Err(Down);
    }
    let sum: u32 = currency.bytes().map(u32::from).sum();
    Ok(format!("{currency} {}.{:02}", sum / 100, sum % 100))
}
