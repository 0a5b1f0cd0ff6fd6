use dogpile::{Dogpile, policy};

static CONFIG: Dogpile<u32> = Dogpile::new(policy!(expire = "0s"));

fn main() {
    CONFIG.set(1);
}
