use dogpile::dogpile;

pub struct Config;

#[dogpile(expire = "1h")]
async fn config() -> Result<Config, String> {
    Ok(Config)
}

fn main() {}
