use dogpile::{DogpileMap, dogpile};

struct Settings {
    values: DogpileMap<u8, u32>,
}

impl Settings {
    #[dogpile(slot = self.values, capacity = 10)]
    fn config(&self, _id: u8) -> u32 {
        1
    }
}

fn main() {}
