//! An HTTP service in front of a slow origin that fails at times: ten thousand requests at once, with `#[dogpile]` and
//! without.
//!
//! ```text
//! cargo run --release --example async            # 10 000 requests at once
//! cargo run --release --example async -- 1000    # another number of them
//! ```
//!
//! Server and client run in this process and speak HTTP/2 over loopback. The example checks what it tells: if something
//! else happened, it says so and ends with exit code 1.

mod http;
mod origin;

use std::error::Error;
use std::process::ExitCode;
use std::time::Duration;

use dogpile::dogpile;

use crate::http::{Answer, request_all, serve};
use crate::origin::Down;

/// One dogpile for each currency. While it is regenerated, and while the origin is down, callers get the old rate.
#[dogpile(expire = "10m", stale = "1h", handle = RATES, original = rate_uncached)]
async fn rate(currency: &str) -> Result<String, Down> {
    origin::rate(currency).await
}

const CURRENCIES: [&str; 20] = [
    "AUD", "BRL", "CAD", "CHF", "CZK", "DKK", "EUR", "GBP", "HUF", "INR", "JPY", "KRW", "MXN", "NOK", "NZD",
    "PLN", "SEK", "THB", "TRY", "ZAR",
];

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

fn main() -> ExitCode {
    let outcome = requests_wanted().and_then(|requests| {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        runtime.block_on(run(requests))
    });
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn requests_wanted() -> Outcome<usize> {
    let Some(wanted) = std::env::args().nth(1) else { return Ok(10_000) };
    match wanted.parse() {
        Ok(requests @ 100..=50_000) => Ok(requests),
        _ => Err(format!(
            "`{wanted}` is not a number from 100 to 50000\nhelp: cargo run --example async -- 1000"
        )
        .into()),
    }
}

/// `/cached/EUR` or `/plain/EUR`.
async fn answer(path: String) -> Result<String, String> {
    let outcome = match path.trim_start_matches('/').split_once('/') {
        Some(("cached", currency)) => rate(currency).await,
        Some(("plain", currency)) => rate_uncached(currency).await,
        _ => return Err(format!("nothing is at `{path}`")),
    };
    outcome.map_err(|error| error.to_string())
}

async fn run(requests: usize) -> Outcome<()> {
    let address = serve(answer).await?;
    println!("{requests} requests at once for {} currencies, each time", CURRENCIES.len());
    println!("{:<44} | origin calls |  p50 ms |  p99 ms |  max ms | errors | stale", "");
    let herd = |kind: &'static str| {
        let path = move |number| format!("/{kind}/{}", CURRENCIES[number % CURRENCIES.len()]);
        request_all(address, (0..requests).map(path).collect())
    };
    let keys = CURRENCIES.len() as u64;

    let cold = row("dogpile, nothing cached yet", herd("cached").await?);
    ensure(
        cold.origin_calls == keys && cold.errors == 0,
        "a cold herd was to call the origin once per currency",
    )?;

    RATES.expire_all();
    let expired = row("dogpile, all rates expired", herd("cached").await?);
    ensure(expired.origin_calls == keys && expired.errors == 0, "each rate was to be computed once again")?;
    ensure(expired.stale > 0, "a herd on expired rates was to be served old ones")?;

    origin::set_down(true);
    RATES.expire_all();
    let down = row("dogpile, expired, origin down for 13 of 20", herd("cached").await?);
    ensure(down.errors == 0 && down.stale > 0, "nobody was to see an error of the origin")?;

    let plain = row("without dogpile, origin down for 13 of 20", herd("plain").await?);
    ensure(plain.errors > 0, "the origin was to be down")?;
    ensure(plain.origin_calls == requests as u64, "without a cache every request is a call")?;

    origin::set_down(false);
    let plain = row("without dogpile, origin well again", herd("plain").await?);
    ensure(plain.errors == 0, "the origin was to be well again")
}

/// What one herd came to.
struct Row {
    origin_calls: u64,
    errors: usize,
    stale: u64,
}

fn row(what: &str, answers: Vec<Answer>) -> Row {
    static BEFORE: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(0);
    let served = RATES.stats().stale_served;
    let stale = served - BEFORE.swap(served, std::sync::atomic::Ordering::Relaxed);
    let errors = answers.iter().filter(|answer| !answer.is_ok).count();
    let mut times: Vec<Duration> = answers.into_iter().map(|answer| answer.took).collect();
    times.sort_unstable();
    let at = |per_cent: usize| times[(times.len() - 1) * per_cent / 100].as_millis();
    let origin_calls = origin::take_calls();
    println!(
        "{what:<44} | {origin_calls:>12} | {:>7} | {:>7} | {:>7} | {errors:>6} | {stale:>5}",
        at(50),
        at(99),
        at(100)
    );
    Row { origin_calls, errors, stale }
}

fn ensure(holds: bool, otherwise: &str) -> Outcome<()> {
    if holds { Ok(()) } else { Err(otherwise.into()) }
}
