use dogpile::dogpile;

struct Settings;

impl Settings {
    #[dogpile(expire = "1h")]
    fn config(&self) -> u32 {
        1
    }
}

fn main() {}
