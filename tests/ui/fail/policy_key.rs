use dogpile::{DogpileMap, policy};

static CONFIG: DogpileMap<u64, u32> = DogpileMap::new(policy!(expire = "1h", key(id)));

fn main() {}
