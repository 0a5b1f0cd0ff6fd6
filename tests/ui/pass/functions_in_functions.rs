//! Annotated functions inside bodies, with and without a handle, each with a static of its own.
use dogpile::dogpile;

#[dogpile(expire = "1h")]
fn outer() -> u32 {
    #[dogpile(expire = "1h", handle = INNER)]
    fn inner() -> u32 {
        #[dogpile(expire = "1h")]
        fn innermost() -> u32 {
            1
        }
        innermost() + 1
    }
    let value = inner();
    assert_eq!(INNER.get(), Some(2));
    value + 1
}

fn main() {
    #[dogpile(expire = "1h", original = local_uncached)]
    fn local() -> u32 {
        10
    }
    assert_eq!((outer(), outer(), local(), local_uncached()), (3, 3, 10, 10));
}
