//! `#[dogpile(…)]` on functions with parameters: what identifies a call, and what the body gets.

use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;

use dogpile::dogpile;
use dogpile::testing::freeze;

use crate::support::{Event, HOUR, NANOSECOND, eventually};

/// Counts, and tells how many there were.
fn next(counter: &AtomicU32) -> u32 {
    counter.fetch_add(1, Ordering::SeqCst) + 1
}

#[test]
fn each_key_is_computed_once_per_period() {
    static CALLS: AtomicU32 = AtomicU32::new(0);
    #[dogpile(expire = "1h")]
    fn profile(tenant: &str, id: u64) -> (String, u32) {
        (format!("{tenant}{id}"), next(&CALLS))
    }
    let time = freeze();
    assert_eq!((profile("a", 1), profile("a", 1)), (("a1".to_owned(), 1), ("a1".to_owned(), 1)));
    assert_eq!((profile("a", 2), profile("b", 1)), (("a2".to_owned(), 2), ("b1".to_owned(), 3)));
    time.advance(HOUR + NANOSECOND);
    assert_eq!(profile("a", 2).1, 4);
    assert_eq!(profile("a", 1).1, 5);
}

#[test]
fn keys_are_typed_and_not_joined() {
    #[dogpile(expire = "1h")]
    fn joined(first: &str, second: &str) -> String {
        format!("{first}|{second}")
    }
    let _time = freeze();
    assert_eq!(joined("a b", "c"), "a b|c");
    assert_eq!(joined("a", "b c"), "a|b c");
    assert_eq!((joined("", "ab"), joined("ab", "")), ("|ab".to_owned(), "ab|".to_owned()));
}

#[test]
fn borrowed_parameters_are_looked_up_by_their_contents() {
    static CALLS: AtomicU32 = AtomicU32::new(0);
    #[dogpile(expire = "1h")]
    fn borrowed(text: &str, bytes: &[u8], path: &Path, point: &Point) -> u32 {
        assert!(!text.is_empty() && !bytes.is_empty() && path.is_relative() && point.x > 0);
        next(&CALLS)
    }
    let _time = freeze();
    let (text, bytes, point) = (String::from("text"), vec![1, 2], Box::new(Point { x: 3, y: 4 }));
    assert_eq!(borrowed(&text, &bytes, Path::new("a/b"), &point), 1);
    assert_eq!(borrowed("text", &[1, 2], Path::new("a").join("b").as_path(), &Point { x: 3, y: 4 }), 1);
    assert_eq!(borrowed("text", &[1, 2, 3], Path::new("a/b"), &point), 2);
}

#[test]
fn body_may_consume_its_parameters() {
    #[dogpile(expire = "1h")]
    fn consumed(mut name: String, list: Vec<String>) -> String {
        for word in list {
            name.push_str(&word);
        }
        name
    }
    let _time = freeze();
    for _ in 0..2 {
        assert_eq!(consumed("a".to_owned(), vec!["b".to_owned()]), "ab");
        assert_eq!(consumed("a".to_owned(), Vec::new()), "a");
    }
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct Point {
    x: u32,
    y: u32,
}

#[test]
fn patterns_are_whole_keys() {
    static CALLS: AtomicU32 = AtomicU32::new(0);
    #[dogpile(expire = "1h")]
    fn taken_apart((mut a, _): (u32, u32), Point { x, .. }: Point, &[b, ..]: &[u32; 4]) -> (u32, u32) {
        a += x + b;
        (a, next(&CALLS))
    }
    let _time = freeze();
    assert_eq!(taken_apart((1, 2), Point { x: 3, y: 4 }, &[5; 4]), (9, 1));
    assert_eq!(taken_apart((1, 2), Point { x: 3, y: 4 }, &[5; 4]), (9, 1));
    assert_eq!(
        taken_apart((1, 3), Point { x: 3, y: 4 }, &[5; 4]),
        (9, 2),
        "what the body ignores is in the key"
    );
    assert_eq!(taken_apart((1, 2), Point { x: 3, y: 5 }, &[5; 4]), (9, 3));
}

#[test]
fn skipped_parameters_make_no_difference() {
    #[dogpile(expire = "1h", skip(log, _))]
    fn skipping(log: &mut Vec<u64>, id: u64, _: f64) -> u64 {
        log.push(id);
        id
    }
    let _time = freeze();
    let (mut first, mut second) = (Vec::new(), Vec::new());
    assert_eq!(
        (skipping(&mut first, 1, 0.5), skipping(&mut second, 1, 1.5), skipping(&mut second, 2, 0.5)),
        (1, 1, 2)
    );
    assert_eq!((first, second), (vec![1], vec![2]));
}

#[test]
fn skipping_everything_keeps_one_value() {
    #[dogpile(expire = "1h", skip(first), handle = FIRST)]
    fn whoever_is_first(first: u32) -> u32 {
        first
    }
    let _time = freeze();
    assert_eq!((whoever_is_first(1), whoever_is_first(2)), (1, 1));
    assert_eq!(FIRST.get(), Some(1));
}

struct User {
    tenant: String,
    ratio: f64,
}

impl User {
    fn tenant(&self) -> String {
        self.tenant.to_lowercase()
    }
}

#[test]
fn key_expressions_identify_a_call() {
    #[dogpile(expire = "1h", key(user.tenant: &str, user.ratio.to_bits(): u64, id), handle = RATIOS)]
    fn by_field(user: &User, id: u8, weight: f64) -> f64 {
        user.ratio * f64::from(id) + weight
    }
    #[dogpile(expire = "1h", key(user.tenant(): &str))]
    fn by_temporary(user: User) -> String {
        user.tenant
    }
    let _time = freeze();
    let user = |tenant: &str, ratio| User { tenant: tenant.to_owned(), ratio };
    let call = |tenant, ratio, id, weight| by_field(&user(tenant, ratio), id, weight).to_bits();
    assert_eq!((call("a", 0.5, 2, 1.0), call("a", 0.5, 2, 9.0)), (2.0_f64.to_bits(), 2.0_f64.to_bits()));
    assert_eq!((call("a", 1.5, 2, 1.0), call("a", 0.5, 4, 1.0)), (4.0_f64.to_bits(), 3.0_f64.to_bits()));
    assert_eq!(RATIOS.get(("a", &0.5_f64.to_bits(), &2)).map(f64::to_bits), Some(2.0_f64.to_bits()));
    assert_eq!(
        (by_temporary(user("A", 0.5)), by_temporary(user("a", 0.5))),
        ("A".to_owned(), "A".to_owned())
    );
}

#[test]
fn recursion_over_keys_memoizes() {
    static CALLS: AtomicU32 = AtomicU32::new(0);
    #[dogpile(expire = "1h")]
    fn fib(n: u32) -> u64 {
        next(&CALLS);
        if n < 2 { n.into() } else { fib(n - 1) + fib(n - 2) }
    }
    let _time = freeze();
    assert_eq!(fib(90), 2_880_067_194_370_816_120);
    assert_eq!(CALLS.load(Ordering::SeqCst), 91);
}

#[test]
fn errors_are_shared_per_key_and_never_kept() {
    static CALLS: AtomicU32 = AtomicU32::new(0);
    static GATHERED: Event = Event::new();
    #[dogpile(expire = "1h", handle = DOWN)]
    fn down(host: &str) -> Result<u32, String> {
        if host == "up" {
            return Ok(1);
        }
        GATHERED.wait("the herd has gathered");
        Err(format!("{host}: attempt {}", next(&CALLS)))
    }
    let _time = freeze();
    thread::scope(|scope| {
        let herd: Vec<_> = (0..4).map(|_| scope.spawn(|| down("down"))).collect();
        eventually("followers wait", || DOWN.stats().waits >= 3);
        assert_eq!(down("up"), Ok(1), "another key waits for nobody");
        GATHERED.happen();
        for caller in herd {
            assert_eq!(caller.join().unwrap(), Err(String::from("down: attempt 1")));
        }
    });
    assert_eq!((DOWN.get("down"), DOWN.get("up")), (None, Some(1)));
    assert_eq!(down("down"), Err(String::from("down: attempt 2")));
}

#[test]
fn handle_finds_the_key_that_a_call_used() {
    static CALLS: AtomicU32 = AtomicU32::new(0);
    #[dogpile(expire = "1h", handle = PRICES, capacity = 100)]
    fn price(article: &str, size: Option<u8>) -> u32 {
        assert!(!article.is_empty() && size != Some(0));
        next(&CALLS)
    }
    let _time = freeze();
    assert_eq!((price("shirt", Some(1)), price("shirt", None)), (1, 2));
    assert_eq!(PRICES.get(("shirt", &Some(1))), Some(1));
    assert_eq!(PRICES.get(&("shirt".to_owned(), None)), Some(2));
    PRICES.invalidate(("shirt", &Some(1)));
    assert_eq!((price("shirt", Some(1)), price("shirt", None)), (3, 2));
    PRICES.set(("hat".to_owned(), None), 7);
    assert_eq!(price("hat", None), 7);
    assert_eq!(PRICES.policy().most_keys(), Some(100));
}

#[test]
fn capacity_reaches_the_policy() {
    const FEW: usize = 3;
    #[dogpile(expire = "1h", capacity = FEW * 2, handle = FEW_KEYS)]
    fn few(id: u8) -> u8 {
        id
    }
    #[dogpile(expire = "1h", capacity = "unbounded", handle = ALL_KEYS)]
    fn all(id: u8) -> u8 {
        id
    }
    let _time = freeze();
    assert_eq!((few(1), all(1)), (1, 1));
    assert_eq!((FEW_KEYS.policy().most_keys(), ALL_KEYS.policy().most_keys()), (Some(6), None));
}

#[test]
fn background_worker_has_its_parameters_out_of_the_key() {
    static CALLS: AtomicU32 = AtomicU32::new(0);
    #[dogpile(expire = "1h", refresh = "background", handle = REFRESHED, skip(_))]
    fn refreshed(
        name: &str,
        mut list: Vec<u32>,
        (a, _): (u32, u32),
        &[b, ..]: &[u32; 4],
        _: u8,
    ) -> (String, u32) {
        list.push(next(&CALLS));
        (
            format!("{name}{}", thread::current().name().unwrap_or_default().len().min(1)),
            list.iter().sum::<u32>() + a + b,
        )
    }
    let time = freeze();
    let call = || refreshed("n", vec![100], (20, 30), &[3; 4], 4).1;
    assert_eq!((call(), call()), (124, 124));
    assert_eq!(refreshed("n", vec![200], (20, 30), &[3; 4], 4).1, 225);
    time.advance(HOUR + NANOSECOND);
    assert_eq!(call(), 124, "at once, and stale");
    let found = || REFRESHED.get(("n", &vec![100], &(20, 30), &[3; 4])).map(|value| value.1);
    eventually("the worker has landed", || found() == Some(126));
    assert_eq!(call(), 126);
}

#[test]
fn background_worker_of_a_single_borrowed_key() {
    static CALLS: AtomicU32 = AtomicU32::new(0);
    #[dogpile(expire = "1h", refresh = "background", handle = LENGTHS)]
    fn length(text: &str) -> Result<usize, String> {
        Ok(text.len() + 100 * next(&CALLS) as usize)
    }
    let time = freeze();
    assert_eq!(length("four"), Ok(104));
    time.advance(HOUR + NANOSECOND);
    assert_eq!(length("four"), Ok(104));
    eventually("the worker has landed", || LENGTHS.get("four") == Some(204));
}

#[test]
#[expect(clippy::many_single_char_names, clippy::too_many_arguments, reason = "there are twelve of them")]
fn twelve_parameters_are_twelve_parts() {
    static CALLS: AtomicU32 = AtomicU32::new(0);
    #[dogpile(expire = "1h")]
    fn twelve(
        a: u8,
        b: &str,
        c: u8,
        d: u8,
        e: u8,
        f: u8,
        g: u8,
        h: u8,
        i: u8,
        j: u8,
        k: u8,
        l: &[u8],
    ) -> u32 {
        assert!(b.len() + l.len() < 9 && a + c + d + e + f + g + h + i + j + k < 99);
        next(&CALLS)
    }
    let _time = freeze();
    assert_eq!(twelve(1, "b", 3, 4, 5, 6, 7, 8, 9, 10, 11, &[12]), 1);
    assert_eq!(twelve(1, "b", 3, 4, 5, 6, 7, 8, 9, 10, 11, &[12]), 1);
    assert_eq!(twelve(1, "b", 3, 4, 5, 6, 7, 8, 9, 10, 11, &[13]), 2);
    assert_eq!(twelve(0, "b", 3, 4, 5, 6, 7, 8, 9, 10, 11, &[12]), 3);
}

#[test]
fn raw_identifiers_and_conditional_parameters() {
    #[dogpile(expire = "1h", skip(r#gen, verbose, gone))]
    fn raw(r#match: u8, r#gen: u8, #[cfg(test)] verbose: bool, #[cfg(any())] gone: u8) -> u8 {
        if verbose { 0 } else { r#match + r#gen }
    }
    let _time = freeze();
    assert_eq!((raw(1, 2, false), raw(1, 9, true), raw(2, 9, false)), (3, 3, 11));
}

#[test]
fn original_takes_the_parameters_as_written() {
    static CALLS: AtomicU32 = AtomicU32::new(0);
    #[dogpile(expire = "1h", original = sum_uncached)]
    fn sum((mut a, b): (u32, u32), mut c: u32) -> u32 {
        a += b;
        c += a;
        c + 100 * next(&CALLS)
    }
    let _time = freeze();
    assert_eq!((sum((1, 2), 3), sum_uncached((1, 2), 3), sum((1, 2), 3)), (106, 206, 106));
}
