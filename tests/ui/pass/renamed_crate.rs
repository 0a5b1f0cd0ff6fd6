//! The facade behind another path, for libraries that re-export it.
mod vendor {
    pub mod inner {
        pub use dogpile as pile;
    }
}

use vendor::inner::pile::{dogpile as memoize, policy};

// The name is taken by something else.
#[allow(dead_code)]
mod dogpile {}

#[memoize(expire = "1h", crate = crate::vendor::inner::pile, handle = ONE, refresh = "background")]
fn one() -> Result<u32, String> {
    Ok(1)
}

mod nested {
    #[super::memoize(expire = "1h", crate = super::vendor::inner::pile)]
    pub fn two() -> u32 {
        2
    }
}

static THREE: vendor::inner::pile::Dogpile<u32> =
    vendor::inner::pile::Dogpile::new(policy!(expire = "1h", crate = vendor::inner::pile));

fn main() {
    assert_eq!((one(), nested::two(), THREE.get_or_compute(|| 3)), (Ok(1), 2, 3));
    assert_eq!(ONE.get(), Some(1));
}
