//! Look-ups in a text, cached by word: what is asked for often is kept, the memory is bounded.
//!
//! ```text
//! cargo run --release --example keyed                # looks up all the words of DESIGN.md in it
//! cargo run --release --example keyed -- my-text.txt # those of a file of yours
//! ```
//!
//! The example checks what it tells: if something else happened, it says so and ends with exit code 1.

mod index;

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use std::{env, thread};

use dogpile::dogpile;

use crate::index::{Index, Match, TextError};

/// How many words are kept, far fewer than there are.
const CAPACITY: usize = 256;
const THREADS: usize = 4;
/// How often each thread goes through the text.
const PASSES: usize = 2;

/// Words of the text that look like `word`. The index is left out of the key, for there is only one; the word is looked
/// up as it is lent, and copied only when it has to be computed.
#[dogpile(expire = "10m", capacity = CAPACITY, skip(index), handle = SIMILAR)]
fn similar(index: &Index, word: &str) -> Arc<[Match]> {
    COMPUTED.fetch_add(1, Ordering::Relaxed);
    index.similar(word).into()
}

/// Our own count, to hold against the stats.
static COMPUTED: AtomicU64 = AtomicU64::new(0);

/// What one thread saw.
struct Seen {
    calls: usize,
    hits: Vec<Duration>,
    misses: Vec<Duration>,
}

fn main() -> ExitCode {
    let shipped = || concat!(env!("CARGO_MANIFEST_DIR"), "/DESIGN.md").into();
    let mut arguments = env::args_os().skip(1);
    let file = PathBuf::from(arguments.next().unwrap_or_else(shipped));
    let outcome = match arguments.next() {
        None => run(&file),
        Some(_) => Err("expected one file\nhelp: cargo run --example keyed -- my-text.txt".into()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            if error.is::<TextError>() {
                eprintln!("help: give the path of a text file in UTF-8, or none for the shipped one");
            }
            ExitCode::FAILURE
        }
    }
}

fn run(file: &Path) -> Result<(), Box<dyn Error>> {
    let index = Index::of(file)?;
    let (words, distinct) = (index.words.len(), index.distinct());
    println!(
        "`{}` has {words} words, {distinct} of them different; at most {CAPACITY} are kept",
        file.display()
    );
    let most = AtomicUsize::new(0);
    let seen: Vec<Seen> = thread::scope(|scope| {
        let (index, most) = (&index, &most);
        let readers: Vec<_> =
            (0..THREADS).map(|reader| scope.spawn(move || read(index, reader, most))).collect();
        readers.into_iter().map(|reader| reader.join().expect("a reader panicked")).collect()
    });
    report(&seen, most.into_inner())?;
    example(&index);
    Ok(())
}

/// Asks for every word of the text in turn; each thread begins somewhere else.
fn read(index: &Index, reader: usize, most: &AtomicUsize) -> Seen {
    let count = index.words.len();
    let mut seen = Seen { calls: 0, hits: Vec::new(), misses: Vec::new() };
    for at in 0..count * PASSES {
        let word = &index.words[(at + reader * count / THREADS) % count];
        let begun = Instant::now();
        let is_hit = SIMILAR.has_value(word.as_str());
        let found = similar(index, word);
        let took = begun.elapsed();
        assert!(found.iter().any(|found| found.word == *word), "every word looks like itself");
        if is_hit {
            seen.hits.push(took);
        } else {
            seen.misses.push(took);
        }
        seen.calls += 1;
        if at % 64 == 0 {
            most.fetch_max(SIMILAR.len(), Ordering::Relaxed);
        }
    }
    seen
}

fn report(seen: &[Seen], most: usize) -> Result<(), Box<dyn Error>> {
    let stats = SIMILAR.stats();
    let calls: usize = seen.iter().map(|seen| seen.calls).sum();
    let computed = COMPUTED.load(Ordering::Relaxed);
    let uncomputed = (calls as u64).saturating_sub(computed) * 100 / (calls as u64).max(1);
    println!("{THREADS} threads made {calls} calls:");
    println!("   computed {computed}; the other {uncomputed} % of the calls found a value, or waited for it");
    println!("   waited for another thread's computation of the same word {} times", stats.waits);
    println!(
        "   evicted {}, kept {} in the end, and at most {most} at any time",
        stats.evictions,
        SIMILAR.len()
    );
    let median = |pick: fn(&Seen) -> &Vec<Duration>| {
        let mut all: Vec<_> = seen.iter().flat_map(pick).copied().collect();
        all.sort_unstable();
        all.get(all.len() / 2).copied().unwrap_or_default()
    };
    println!(
        "   median call: {:?} with the word at hand, {:?} without",
        median(|s| &s.hits),
        median(|s| &s.misses)
    );
    ensure(computed == stats.computations, "the stats do not say what was computed")?;
    ensure(SIMILAR.len() <= CAPACITY, "more was kept than there is room for")?;
    // While a thread lands a value, it may be there beside one that is just leaving.
    ensure(most <= CAPACITY + THREADS, "more was kept on the way than there is room for")
}

/// What the look-ups are good for.
fn example(index: &Index) {
    let often =
        index.words.iter().max_by_key(|word| index.words.iter().filter(|other| other == word).count());
    if let Some(word) = often {
        println!("\nthe commonest word, and what looks like it:");
        for Match { word, lines } in similar(index, word).iter() {
            println!("   {word}: on {} lines, first on line {}", lines.len(), lines[0]);
        }
    }
}

fn ensure(holds: bool, otherwise: &str) -> Result<(), Box<dyn Error>> {
    if holds { Ok(()) } else { Err(otherwise.into()) }
}
