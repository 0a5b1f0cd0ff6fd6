use dogpile::dogpile;

#[dogpile(expire = "1.h")]
fn config() -> u32 {
    1
}

fn main() {}
