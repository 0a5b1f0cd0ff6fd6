use dogpile::dogpile;

struct Settings {
    depth: u32,
}

impl Settings {
    #[dogpile(expire = "1h", key(self))]
    fn config(&self) -> u32 {
        self.depth
    }
}

fn main() {}
