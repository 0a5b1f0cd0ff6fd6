//! How many of the requests of some traces are hits, with the peers at the same capacity.
//!
//! Prints a table per capacity. With `--check` it exits with 1 if there is a trace on which ours falls short of the
//! better of the peers by more than two percentage points; `--quick` leaves out the larger capacity.
//! All traces are seeded. What still differs is our own hashing, which is seeded anew for every map, and from machine to
//! machine that `quick_cache` has a number of shards that depends on the number of processors.

mod caches;
mod requests;

use std::process::ExitCode;

use caches::{Cache, Moka, Ours, Quick};
use dogpile_bench::{has_flag, print_table};
use requests::{Trace, traces};

/// How far ours may be behind, in percentage points.
const TOLERANCE: f64 = 2.0;

/// The share of the requests that are hits, in per cent.
fn hit_ratio(cache: &mut impl Cache, keys: &[u64]) -> f64 {
    let hits = keys.iter().filter(|&&key| cache.access(key)).count();
    hits as f64 * 100.0 / keys.len() as f64
}

/// The row of a trace, and how far ours is ahead of the better peer.
fn run(Trace { name, keys }: Trace, capacity: usize) -> (Vec<String>, f64) {
    let ours = hit_ratio(&mut Ours::new(capacity), &keys);
    let peers = [hit_ratio(&mut Quick::new(capacity), &keys), hit_ratio(&mut Moka::new(capacity), &keys)];
    let ahead = ours - peers[0].max(peers[1]);
    let mut row = vec![name, format!("{:.2}", keys.len() as f64 / 1e6), format!("{ours:.2}")];
    row.extend(peers.map(|ratio| format!("{ratio:.2}")));
    row.push(format!("{ahead:+.2}"));
    (row, ahead)
}

fn main() -> ExitCode {
    let capacities: &[usize] = if has_flag("--quick") { &[1_000] } else { &[1_000, 10_000] };
    let mut least_ahead = f64::INFINITY;
    for &capacity in capacities {
        let (rows, ahead): (Vec<_>, Vec<_>) = traces(capacity).map(|trace| run(trace, capacity)).unzip();
        let head = format!("hits in per cent, capacity {capacity}");
        let head = [&head, "million requests", "**dogpile**", "quick_cache", "moka", "ahead of the better"];
        print_table(&head, &rows);
        least_ahead = ahead.into_iter().fold(least_ahead, f64::min);
    }
    println!("at the least {least_ahead:+.2}, wanted >= {:+.2}", -TOLERANCE);
    if has_flag("--check") && least_ahead < -TOLERANCE { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}
