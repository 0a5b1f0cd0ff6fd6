use dogpile::{Dogpile, policy};

static CONFIG: Dogpile<u32> = Dogpile::new(policy!(expire = "1h", fallible = true));

fn main() {
    CONFIG.set(1);
}
