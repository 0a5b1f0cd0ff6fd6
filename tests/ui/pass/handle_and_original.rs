//! What the user names is there, with the function's visibility and nothing else is.
mod settings {
    use dogpile::dogpile;
    use std::sync::atomic::{AtomicU32, Ordering};

    static CALLS: AtomicU32 = AtomicU32::new(0);

    #[dogpile(expire = "1h", handle = CONFIG, original = config_uncached)]
    pub(super) fn config() -> u32 {
        CALLS.fetch_add(1, Ordering::Relaxed)
    }
}

use settings::*;

// An empty module beside it shows that the attribute adds no names of its own.
#[allow(dead_code)]
static __DOGPILE: u8 = 0;

fn main() {
    assert_eq!((config(), config()), (0, 0));
    assert_eq!((config_uncached(), config_uncached()), (1, 2));
    CONFIG.invalidate();
    assert_eq!((config(), config()), (3, 3));
    CONFIG.set(100);
    assert_eq!(config(), 100);
    assert!(format!("{CONFIG:?}").contains("settings::config"));
}
