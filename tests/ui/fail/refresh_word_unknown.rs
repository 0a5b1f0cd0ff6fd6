use dogpile::dogpile;

#[dogpile(expire = "1h", refresh = "me")]
fn config() -> u32 {
    1
}

fn main() {}
