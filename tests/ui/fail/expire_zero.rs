use dogpile::dogpile;

#[dogpile(expire = "0s")]
fn config() -> u32 {
    1
}

fn main() {}
