use dogpile::dogpile;

#[dogpile(expire = "1h")]
fn config() -> &str {
    ""
}

fn main() {}
