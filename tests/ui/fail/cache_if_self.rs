use dogpile::dogpile;

struct Settings;

impl Settings {
    fn is_good(value: &u32) -> bool {
        *value > 0
    }

    #[dogpile(expire = "1h", cache_if = Self::is_good)]
    pub fn config() -> u32 {
        1
    }
}

fn main() {}
