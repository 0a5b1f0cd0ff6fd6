use dogpile::dogpile;

#[dogpile(expire = "1h")]
async fn config(path: &str) -> Result<u32, &str> {
    Err(path)
}

fn main() {}
