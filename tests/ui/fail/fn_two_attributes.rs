use dogpile::dogpile;

#[dogpile(expire = "1h")]
#[dogpile(expire = "2h")]
fn config() -> u32 {
    1
}

fn main() {}
