use dogpile::dogpile;

#[derive(Clone)]
struct Settings;

impl Settings {
    #[dogpile(expire = "1h")]
    fn config() -> Result<Self, String> {
        Ok(Self)
    }
}

fn main() {}
