use dogpile::dogpile;

struct Settings;

impl Settings {
    #[dogpile(expire = "1h", handle = CONFIG)]
    pub fn config() -> u32 {
        1
    }
}

fn main() {}
