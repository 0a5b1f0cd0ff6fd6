use dogpile::dogpile;

pub struct Config;

#[dogpile(expire = "1h")]
async fn config() -> Config {
    Config
}

fn main() {}
