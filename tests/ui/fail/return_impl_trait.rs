use dogpile::dogpile;

#[dogpile(expire = "1h")]
fn config() -> Option<impl Copy> {
    Some(1)
}

fn main() {}
