use dogpile::dogpile;

#[dogpile(expire = "1h")]
fn config<'a>() -> &'a str {
    ""
}

fn main() {}
