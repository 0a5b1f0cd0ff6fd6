use dogpile::dogpile;
use std::time::Duration;

struct Config;

impl Config {
    const LIFETIME: Duration = Duration::MAX;

    #[dogpile(expire = |_| Self::LIFETIME)]
    fn size() -> u32 {
        1
    }
}

fn main() {}
