use dogpile::{Dogpile, policy};

static CONFIG: Dogpile<u32> = Dogpile::new(policy!(expire = std::time::Duration::ZERO));

fn main() {
    CONFIG.set(1);
}
