use dogpile::dogpile;

#[dogpile(expire = "h")]
fn config() -> u32 {
    1
}

fn main() {}
