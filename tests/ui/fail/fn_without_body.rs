use dogpile::dogpile;

trait Config {
    #[dogpile(expire = "1h")]
    fn config() -> u32;
}

fn main() {}
