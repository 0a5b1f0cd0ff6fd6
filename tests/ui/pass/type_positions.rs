//! Return types of every shape.
use dogpile::dogpile;
use std::collections::BTreeMap;
use std::sync::Arc;

macro_rules! pair {
    ($a:ty, $b:ty) => { ($a, $b) };
}

trait Kind {
    type Of;
}
impl Kind for u8 {
    type Of = Vec<u8>;
}
mod deep {
    pub mod er {
        #[derive(Clone, PartialEq, Debug)]
        pub struct Thing<const N: usize>(pub [u8; N]);
    }
}

#[dogpile(expire = "1h")]
fn array() -> [u8; 2 + 1] {
    [1; 3]
}
#[dogpile(expire = "1h")]
fn macro_type() -> pair!(u8, BTreeMap<String, u8>) {
    (1, BTreeMap::new())
}
#[dogpile(expire = "1h")]
fn projection() -> <u8 as Kind>::Of {
    vec![1]
}
#[dogpile(expire = "1h")]
fn object() -> Arc<dyn for<'x> Fn(&'x str) -> &'x str + Send + Sync + 'static> {
    Arc::new(|text| text)
}
#[dogpile(expire = "1h")]
fn path() -> self::deep::er::Thing<2> {
    deep::er::Thing([1, 2])
}
#[dogpile(expire = "1h")]
fn pointer() -> (fn(u8) -> u8, Option<&'static [&'static str]>) {
    (|x| x, None)
}
#[dogpile(expire = "1h")]
fn nested() -> Result<Option<Result<u8, u8>>, Vec<Result<u8, u8>>> {
    Ok(None)
}

fn main() {
    assert_eq!((array(), macro_type().0, projection()), ([1; 3], 1, vec![1]));
    assert_eq!((object()("x"), path(), (pointer().0)(3), nested()), ("x", deep::er::Thing([1, 2]), 3, Ok(None)));
}
