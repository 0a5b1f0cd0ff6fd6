use dogpile::dogpile;

#[dogpile(expire = "1h")]
extern "C" fn config() -> u32 {
    1
}

fn main() {}
