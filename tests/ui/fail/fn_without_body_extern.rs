use dogpile::dogpile;

unsafe extern "C" {
    #[dogpile(expire = "1h")]
    safe fn config() -> u32;
}

fn main() {}
