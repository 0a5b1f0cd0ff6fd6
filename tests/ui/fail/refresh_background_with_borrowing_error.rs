use dogpile::dogpile;

#[dogpile(expire = "1h", refresh = "background")]
fn config<'a>() -> Result<u32, &'a str> {
    Ok(1)
}

fn main() {}
