//! Keys, and how calls look them up without owning one.
//!
//! Pure: nothing here knows a lock, an atomic or the time. Invariant: a [`Lookup`] hashes and compares exactly as the
//! key does that it would be turned into; the std traits behind it ([`Borrow`], [`ToOwned`]) promise that for the parts.

use std::borrow::Borrow;
use std::hash::{Hash, Hasher};

/// What a [`DogpileMap`](crate::DogpileMap) can be asked for: a key, or the borrowed form of one.
///
/// | key of the map | asked for with |
/// |---|---|
/// | any `K: Eq + Hash + Clone` | `&K` |
/// | `String`, `Vec<T>`, `PathBuf` | `&str`, `&[T]`, `&Path` |
/// | `(A, B)`, up to twelve parts | `&(A, B)`, or the tuple of what its parts are asked for with, such as `(&str, &u64)` |
///
/// That is: a reference to anything that [`ToOwned`] turns into the key, or a tuple of such references. Nothing is
/// copied to look; only a call that computes turns what it was given into a key. Sealed.
///
/// # Examples
///
/// ```
/// # use dogpile_runtime as dogpile;
/// use dogpile::Lookup;
///
/// let query = ("north", &7_u64);
/// assert!(query.matches(&("north".to_owned(), 7)));
/// assert_eq!(query.to_key(), ("north".to_owned(), 7));
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be looked up in a `DogpileMap`",
    label = "neither a reference nor a tuple of references",
    note = "help: write a reference to the key or to its borrowed form, such as `&id` or `\"text\"`, or a tuple of such \
            references with one for each part, such as `(\"text\", &id)`"
)]
pub trait Lookup: Sealed {
    /// The key that it stands for.
    type Key;

    /// Feeds `state` with what the key would feed it with.
    fn hash<H: Hasher>(&self, state: &mut H);

    /// Whether `key` is the one that it stands for.
    fn matches(&self, key: &Self::Key) -> bool;

    /// The key, owned.
    fn to_key(&self) -> Self::Key;
}

impl<Q> Lookup for &Q
where
    Q: ToOwned<Owned: Borrow<Q>> + Hash + Eq + ?Sized,
{
    type Key = Q::Owned;

    #[inline]
    fn hash<H: Hasher>(&self, state: &mut H) {
        Hash::hash(*self, state);
    }

    #[inline]
    fn matches(&self, key: &Q::Owned) -> bool {
        **self == *key.borrow()
    }

    #[inline]
    fn to_key(&self) -> Q::Owned {
        (**self).to_owned()
    }
}

/// The key of what has none.
impl Lookup for () {
    type Key = ();

    #[inline]
    fn hash<H: Hasher>(&self, _: &mut H) {}

    #[inline]
    fn matches(&self, (): &()) -> bool {
        true
    }

    #[inline]
    fn to_key(&self) {}
}

/// Tuples of references; std's own tuples hash part by part, too.
macro_rules! tuples {
    ($($part:ident $place:tt),+) => {
        impl<$($part),+> Lookup for ($(&$part),+)
        where
            $($part: ToOwned<Owned: Borrow<$part>> + Hash + Eq + ?Sized),+
        {
            type Key = ($($part::Owned),+);

            #[inline]
            fn hash<State: Hasher>(&self, state: &mut State) {
                $(Hash::hash(self.$place, state);)+
            }

            #[inline]
            fn matches(&self, key: &Self::Key) -> bool {
                $(*self.$place == *key.$place.borrow())&&+
            }

            #[inline]
            fn to_key(&self) -> Self::Key {
                ($(self.$place.to_owned()),+)
            }
        }

        impl<$($part: ?Sized),+> Sealed for ($(&$part),+) {}
    };
}

tuples!(A 0, B 1);
tuples!(A 0, B 1, C 2);
tuples!(A 0, B 1, C 2, D 3);
tuples!(A 0, B 1, C 2, D 3, E 4);
tuples!(A 0, B 1, C 2, D 3, E 4, F 5);
tuples!(A 0, B 1, C 2, D 3, E 4, F 5, G 6);
tuples!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7);
tuples!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8);
tuples!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9);
tuples!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10);
tuples!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10, L 11);

mod sealed {
    pub trait Sealed {}
    impl<Q: ?Sized> Sealed for &Q {}
    impl Sealed for () {}
}
use sealed::Sealed;

/// A type that a part of a key can be looked up as: `str` for the key `String`, any key for itself. Generated code names
/// key types through it, so that the compiler says what the parameter's type lacks, instead of telling what a static is
/// made of.
pub trait Keyable {
    /// The key, or the part of it.
    type Owned;
}

impl<Q> Keyable for Q
where
    Q: ToOwned<Owned: Borrow<Q> + Eq + Hash + Clone + Send + Sync + 'static> + Hash + Eq + ?Sized,
{
    type Owned = Q::Owned;
}

/// A look-up that finds keys of type `K`; [`Lookup`] with a complaint of its own about the wrong ones.
#[diagnostic::on_unimplemented(
    message = "a map with keys of type `{K}` cannot be asked for `{Self}`",
    label = "does not find a `{K}`",
    note = "help: a key is asked for by a reference to it or to its borrowed form, such as `&str` for `String`, and a tuple by \
            one such reference for each of its parts; where there is no key, a `Dogpile` keeps the one value"
)]
pub trait KeyOf<K>: Lookup<Key = K> {}

#[diagnostic::do_not_recommend]
impl<K, Q: Lookup<Key = K>> KeyOf<K> for Q {}

/// The absence of a key.
#[diagnostic::on_unimplemented(
    message = "a `Dogpile` keeps one value, and this call has a key",
    label = "a key of type `{Self}`",
    note = "help: make the field a `DogpileMap`, or leave all parameters out of the key with `skip(…)`"
)]
pub trait Keyless {}

impl Keyless for () {}

#[cfg(test)]
mod tests {
    use std::hash::{BuildHasher, RandomState};
    use std::path::{Path, PathBuf};

    use super::*;

    /// Whether `query` is found where `key` was put.
    #[expect(clippy::needless_pass_by_value, reason = "queries are references, or tuples of them")]
    fn finds<Q: Lookup<Key: Hash + Eq>>(query: Q, key: &Q::Key) -> bool {
        let hashes = RandomState::new();
        let mut state = hashes.build_hasher();
        query.hash(&mut state);
        state.finish() == hashes.hash_one(key) && query.matches(key) && query.to_key() == *key
    }

    #[test]
    fn borrowed_forms_find_their_keys() {
        assert!(finds("text", &String::from("text")));
        assert!(finds(&[1_u8, 2][..], &vec![1, 2]));
        assert!(finds(Path::new("a/b"), &PathBuf::from("a/b")));
        assert!(finds(&7_u64, &7));
        assert!(finds(&[1_u8; 4], &[1; 4]));
        assert!(finds((), &()));
    }

    #[test]
    fn tuples_of_references_find_tuples() {
        assert!(finds(("a b", "c"), &("a b".to_owned(), "c".to_owned())));
        assert!(!finds(("a b", "c"), &("a".to_owned(), "b c".to_owned())));
        assert!(finds(&("a".to_owned(), 7_u64), &("a".to_owned(), 7)));
        assert!(finds(("a", &7_u64, &[3_u8][..]), &("a".to_owned(), 7, vec![3])));
        let (zero, twelve) = (&0_u8, "twelve");
        let query = (zero, zero, zero, zero, zero, zero, zero, zero, zero, zero, zero, twelve);
        assert!(finds(query, &(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, "twelve".to_owned())));
    }

    #[test]
    #[expect(clippy::many_single_char_names, reason = "twelve of a kind")]
    fn every_part_counts() {
        for part in 0..12 {
            let mut other = [0_u8; 12];
            other[part] = 1;
            let [a, b, c, d, e, f, g, h, i, j, k, l] = &other;
            let query = (a, b, c, d, e, f, g, h, i, j, k, l);
            assert!(!query.matches(&(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)), "part {part}");
        }
    }
}
