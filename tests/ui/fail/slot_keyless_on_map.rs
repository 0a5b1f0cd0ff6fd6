use dogpile::{DogpileMap, dogpile};

struct Settings {
    values: DogpileMap<u8, u32>,
}

impl Settings {
    #[dogpile(slot = self.values)]
    fn config(&self) -> u32 {
        1
    }
}

fn main() {}
