//! Keys (stub).
use std::borrow::Borrow;
use std::hash::{Hash, Hasher};

/// What a key is looked up by.
pub trait Lookup {
    /// The key.
    type Key;
    /// As the key hashes.
    fn hash<H: Hasher>(&self, state: &mut H);
    /// Whether it is this key.
    fn matches(&self, key: &Self::Key) -> bool;
    /// The key itself.
    fn to_key(&self) -> Self::Key;
}

impl<Q: ToOwned + Hash + Eq + ?Sized> Lookup for &Q
where
    Q::Owned: Borrow<Q>,
{
    type Key = Q::Owned;
    #[inline]
    fn hash<H: Hasher>(&self, state: &mut H) {
        Hash::hash(*self, state);
    }
    #[inline]
    fn matches(&self, key: &Self::Key) -> bool {
        *self == key.borrow()
    }
    fn to_key(&self) -> Self::Key {
        (*self).to_owned()
    }
}

impl Lookup for () {
    type Key = ();
    fn hash<H: Hasher>(&self, _: &mut H) {}
    fn matches(&self, (): &()) -> bool {
        true
    }
    fn to_key(&self) {}
}
