use dogpile::dogpile;

#[dogpile(expire = "1h")]
unsafe extern "C" fn config(_: ...) -> u32 {
    1
}

fn main() {}
