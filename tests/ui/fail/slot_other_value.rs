use dogpile::{Dogpile, dogpile};

struct Settings {
    values: Dogpile<u64>,
}

impl Settings {
    #[dogpile(slot = self.values)]
    fn config(&self) -> u32 {
        1
    }
}

fn main() {}
