use dogpile::dogpile;

use std::borrow::Cow;

#[dogpile(expire = "1h")]
fn config(name: Cow<'_, str>) -> usize {
    name.len()
}

fn main() {}
