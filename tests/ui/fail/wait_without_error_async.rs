use dogpile::dogpile;

#[derive(Clone)]
struct ConfigError;

#[dogpile(expire = "1h", wait = "2s")]
async fn config() -> Result<u32, ConfigError> {
    Err(ConfigError)
}

fn main() {}
