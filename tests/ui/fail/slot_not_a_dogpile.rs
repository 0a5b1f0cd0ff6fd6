use dogpile::dogpile;

struct Settings {
    values: Option<u32>,
}

impl Settings {
    #[dogpile(slot = self.values)]
    fn config(&self) -> u32 {
        1
    }
}

fn main() {}
