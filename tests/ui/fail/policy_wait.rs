use dogpile::{Dogpile, policy};

static CONFIG: Dogpile<u32> = Dogpile::new(policy!(expire = "1h", wait = "2s"));

fn main() {
    CONFIG.set(1);
}
