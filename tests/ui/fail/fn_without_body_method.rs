use dogpile::dogpile;

trait Config {
    #[dogpile(expire = "1h")]
    fn config(&self) -> u32;
}

fn main() {}
