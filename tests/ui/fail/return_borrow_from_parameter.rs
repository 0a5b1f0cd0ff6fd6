use dogpile::dogpile;

#[dogpile(expire = "1h")]
fn config(name: &str) -> &str {
    name.trim()
}

fn main() {}
