use dogpile::{Dogpile, policy};
use std::time::Duration;

static CONFIG: Dogpile<String> = Dogpile::new(policy!(expire = |text| Duration::from_secs(text.len() as u64)));

fn main() {
    CONFIG.set(String::new());
}
