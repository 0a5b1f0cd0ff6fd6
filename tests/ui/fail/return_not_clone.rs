use dogpile::dogpile;

struct Config;

#[dogpile(expire = "1h")]
fn config() -> Config {
    Config
}

fn main() {}
