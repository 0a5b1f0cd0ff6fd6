//! Parameters of all shapes: types, patterns, names, attributes, lifetimes, bodies that consume them.
#![deny(warnings)]

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fmt::Debug;
use std::path::Path;
use std::sync::Arc;

use dogpile::dogpile;

#[derive(Clone, PartialEq, Eq, Hash)]
struct Point {
    x: u32,
    y: u32,
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct Name(String);

#[dogpile(expire = "1h")]
fn borrowed(text: &str, bytes: &[u8], path: &Path, os: &OsStr, point: &Point, array: &[u8; 2]) -> usize {
    text.len() + bytes.len() + path.as_os_str().len() + os.len() + point.x as usize + array.len()
}

#[dogpile(expire = "1h")]
fn owned(text: String, map: BTreeMap<u8, Vec<u8>>, unit: (), function: fn(&str) -> usize) -> (usize, String) {
    let () = unit;
    (map.into_values().map(|list| list.len()).sum::<usize>() + function(&text), text)
}

#[dogpile(expire = "1h")]
fn forever(cow: Cow<'static, str>, text: &'static str, list: Vec<&'static str>) -> &'static str {
    let _: Vec<&'static str> = list;
    if cow.is_empty() { "empty" } else { text }
}

#[dogpile(expire = "1h")]
fn patterns(
    (mut a, b): (u32, u32),
    Point { x, y: ref why }: Point,
    &c: &u32,
    Name(ref name): Name,
    [d, .., e]: [u32; 3],
    mut f: Vec<u32>,
    whole @ Point { .. }: Point,
    (): (),
    (): (),
) -> u32 {
    a += b;
    f.push(a);
    f.iter().sum::<u32>() + x + *why + c + name.len() as u32 + d + e + whole.y
}

#[dogpile(expire = "1h")]
fn changed_in_place(ref mut list: Vec<u8>, (ref mut other, _): (Vec<u8>, u8)) -> usize {
    list.append(other);
    list.len()
}

#[dogpile(expire = "1h", refresh = "background")]
fn changed_in_background(ref mut list: Vec<u8>, (ref mut other, _): (Vec<u8>, u8)) -> usize {
    list.append(other);
    list.len()
}

#[dogpile(expire = "1h", refresh = "background", skip(_), original = in_background_uncached)]
fn in_background<'a>(
    (mut a, b): (u32, u32),
    text: &'a str,
    mut f: Vec<u32>,
    &c: &u32,
    Point { x, .. }: &Point,
    r#type: String,
    #[allow(unused_variables)] unused: u8,
    _: u16,
) -> Result<u32, String>
where
    'a: 'a,
{
    a += b;
    f.push(a);
    if r#type.is_empty() {
        return Err(r#type);
    }
    Ok(f.iter().sum::<u32>() + text.len() as u32 + c + *x)
}

#[dogpile(expire = "1h", refresh = "background")]
fn alone_in_background(text: &str) -> String {
    text.to_owned()
}

#[dogpile(expire = "1h")]
#[allow(clippy::too_many_arguments)]
fn named_like_ours(
    key: u8,
    value: u8,
    cache: u8,
    inner: u8,
    self_: u8,
    query: u8,
    probed: u8,
    compute: u8,
    __dogpile_probed: u8,
    __dogpile_key: u8,
    r#match: u8,
    __dogpile_0: u8,
) -> u8 {
    key + value + cache + inner + self_ + query + probed + compute + __dogpile_probed + __dogpile_key + r#match
        + __dogpile_0
}

#[dogpile(expire = "1h")]
#[allow(unused_variables)]
fn shadowed_by_items((a, b): (u32, u32)) -> u32 {
    #[allow(non_upper_case_globals)]
    const a: u32 = 10;
    a + b
}

#[dogpile(expire = "1h", skip(_, database))]
fn skipped(database: &mut Vec<f64>, _: &&str, id: u64, _: f32) -> u64 {
    database.push(0.5);
    id
}

#[dogpile(expire = "1h", skip(text))]
fn keyless_after_all(text: impl AsRef<str>) -> usize {
    text.as_ref().len()
}

#[dogpile(expire = "1h", key(text.as_ref(): &str, r#type, list.first().copied(): Option<u8>), capacity = "unbounded")]
fn picked(text: impl AsRef<str>, r#type: &str, (list, _): (&mut Vec<u8>, f64), #[cfg(any())] gone: u8) -> usize {
    list.push(1);
    text.as_ref().len() + r#type.len() + list.len()
}

#[dogpile(expire = "1h", key(text.as_ref(): &str))]
fn generic<T: AsRef<str>, const N: usize>(text: T, padding: [u8; N]) -> usize {
    text.as_ref().len() + padding.len()
}

#[dogpile(expire = "1h", skip(source))]
fn injected<S>(source: &S, id: u64) -> u64
where
    S: Fn(u64) -> u64 + ?Sized,
{
    source(id)
}

#[dogpile(expire = "1h", skip(gone, kept))]
fn configured(id: u64, #[cfg(any())] gone: u64, #[cfg(all())] kept: u64) -> u64 {
    id + kept
}

#[dogpile(expire = "1h")]
fn attributes(#[allow(unused_variables)] a: u8, #[expect(unused_variables)] b: u8, #[allow(unused_variables)] (c, d): (u8, u8)) -> u8 {
    1
}

#[dogpile(expire = "1h")]
fn error_borrows<'a>(text: &'a str, other: &str) -> Result<u32, &'a str> {
    text.parse().map_err(|_| text).map(|number: u32| number + other.len() as u32)
}

#[dogpile(expire = "1h")]
fn error_borrows_elided(text: &str) -> Result<u32, &str> {
    text.parse().map_err(|_| text)
}

#[dogpile(expire = "1h")]
fn error_borrows_in_a_trait_object(text: &str) -> Result<u32, Arc<dyn Debug + Send + Sync + '_>> {
    text.parse().map_err(|_| Arc::new(text) as Arc<dyn Debug + Send + Sync + '_>)
}

#[dogpile(expire = "1h")]
fn fib(n: u32) -> u64 {
    #[dogpile(expire = "1h")]
    fn inner(n: u32) -> u64 {
        fib(n)
    }
    if n < 2 { n.into() } else { fib(n - 1) + inner(n - 2) }
}

fn main() {
    let point = Point { x: 1, y: 2 };
    assert_eq!(borrowed("a", &[1], Path::new("p"), OsStr::new("o"), &point, &[1, 2]), 7);
    assert_eq!(owned("ab".to_owned(), BTreeMap::from([(1, vec![1])]), (), str::len), (3, "ab".to_owned()));
    assert_eq!(forever(Cow::Borrowed("a"), "b", vec!["c"]), "b");
    let sum = patterns((1, 2), point.clone(), &3, Name("four".to_owned()), [5, 6, 7], vec![8], point.clone(), (), ());
    assert_eq!(sum, 35);
    assert_eq!((changed_in_place(vec![1], (vec![2], 3)), changed_in_background(vec![1], (vec![2], 3))), (2, 2));
    let background = || in_background((1, 2), "three", vec![4], &5, &point, "six".to_owned(), 7, 8);
    assert_eq!((background(), background()), (Ok(18), Ok(18)));
    assert_eq!(in_background_uncached((1, 2), "three", vec![4], &5, &point, "six".to_owned(), 7, 8), Ok(18));
    assert_eq!(alone_in_background("alone"), "alone");
    assert_eq!(named_like_ours(1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1), 12);
    assert_eq!(shadowed_by_items((1, 2)), 12);
    assert_eq!(skipped(&mut Vec::new(), &"", 3, 0.5), 3);
    assert_eq!((keyless_after_all("four"), keyless_after_all("fourteen")), (4, 4));
    assert_eq!(picked("one", "two", (&mut vec![3], 0.5)), 8);
    assert_eq!(generic("one", [0; 4]), 7);
    assert_eq!(injected(&|id| id + 1, 1), 2);
    assert_eq!(configured(1, 2), 3);
    assert_eq!(attributes(1, 2, (3, 4)), 1);
    assert_eq!((error_borrows("x", "y"), error_borrows("1", "y")), (Err("x"), Ok(2)));
    assert_eq!((error_borrows_elided("x"), error_borrows_elided("1")), (Err("x"), Ok(1)));
    assert_eq!(error_borrows_in_a_trait_object("x").map_err(|text| format!("{text:?}")), Err("\"x\"".to_owned()));
    assert_eq!(fib(90), 2_880_067_194_370_816_120);
}
