use dogpile::{DogpileMap, dogpile};

struct Settings {
    values: DogpileMap<(String, u64), u32>,
}

impl Settings {
    #[dogpile(slot = self.values)]
    fn config(&self, _name: &str, _id: u32) -> u32 {
        1
    }
}

fn main() {}
