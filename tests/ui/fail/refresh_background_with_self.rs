use dogpile::dogpile;

struct Settings {
    depth: u32,
}

impl Settings {
    #[dogpile(expire = "1h", refresh = "background", skip(self))]
    fn config(&self) -> u32 {
        self.depth
    }
}

fn main() {}
