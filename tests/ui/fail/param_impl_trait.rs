use dogpile::dogpile;

#[dogpile(expire = "1h")]
fn config(text: impl AsRef<str>) -> usize {
    text.as_ref().len()
}

fn main() {}
