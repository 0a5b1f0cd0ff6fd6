use dogpile::dogpile;
use std::borrow::Cow;

#[dogpile(expire = "1h")]
fn config<'a>() -> Vec<Cow<'a, str>> {
    Vec::new()
}

fn main() {}
