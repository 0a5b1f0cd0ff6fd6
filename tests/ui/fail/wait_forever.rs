use dogpile::dogpile;

#[dogpile(expire = "1h", wait = "forever")]
fn config() -> Result<u32, Box<dyn std::error::Error>> {
    Ok(1)
}

fn main() {}
