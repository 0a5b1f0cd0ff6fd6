//! Qualifiers and generics that a function without parameters can still have.
#![deny(unsafe_op_in_unsafe_fn)]

use dogpile::dogpile;

#[dogpile(expire = "1h", original = lifetimes_uncached)]
fn lifetimes<'a, 'b: 'a>() -> Result<u32, (&'a str, &'b [u8])>
where
    'a: 'static,
    u32: Clone,
{
    Ok(1)
}

unsafe fn inner() -> u32 {
    2
}

/// # Safety
///
/// None needed; it is a test.
#[dogpile(expire = "1h", original = dangerous_uncached)]
unsafe fn dangerous() -> u32 {
    // SAFETY: it does nothing.
    unsafe { inner() }
}

struct Holder<'h>(&'h str);

impl<'h> Holder<'h> {
    #[dogpile(expire = "1h")]
    fn len() -> usize {
        let holder: Holder<'h> = Holder("abc");
        holder.0.len()
    }
}

fn main() {
    assert_eq!((lifetimes(), lifetimes_uncached()), (Ok(1), Ok(1)));
    // SAFETY: both do nothing.
    assert_eq!(unsafe { (dangerous(), dangerous_uncached()) }, (2, 2));
    assert_eq!(Holder::len(), 3);
    let pointer: fn() -> usize = Holder::len;
    assert_eq!(pointer(), 3);
}
