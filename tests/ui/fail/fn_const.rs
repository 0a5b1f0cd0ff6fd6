use dogpile::dogpile;

#[dogpile(expire = "1h")]
const fn config() -> u32 {
    1
}

fn main() {}
