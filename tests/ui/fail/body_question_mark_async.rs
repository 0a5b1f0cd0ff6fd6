use dogpile::dogpile;

#[dogpile(expire = "1h")]
async fn config(text: &str) -> Result<u32, String> {
    Ok(text.parse::<u32>()?)
}

fn main() {}
