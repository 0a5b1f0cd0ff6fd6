use dogpile::dogpile;

struct Config;

#[dogpile(expire = "1h")]
fn config() -> Result<Config, String> {
    Ok(Config)
}

fn main() {}
