use dogpile::{Dogpile, dogpile};

struct Settings {
    values: Dogpile<u32>,
}

impl Settings {
    #[dogpile(slot = self)]
    fn config(&self) -> u32 {
        1
    }
}

fn main() {}
