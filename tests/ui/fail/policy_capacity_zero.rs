use dogpile::{DogpileMap, policy};

static CONFIG: DogpileMap<u64, u32> = DogpileMap::new(policy!(expire = "1h", capacity = 0));

fn main() {}
