use dogpile::dogpile;

struct Settings;

impl Settings {
    const LIFETIME: std::time::Duration = std::time::Duration::from_secs(1);

    #[dogpile(expire = Self::LIFETIME)]
    pub fn config() -> u32 {
        1
    }
}

fn main() {}
