use dogpile::dogpile;

#[dogpile(expire = "1h")]
fn config<'a>() -> Result<&'a str, String> {
    Ok("")
}

fn main() {}
