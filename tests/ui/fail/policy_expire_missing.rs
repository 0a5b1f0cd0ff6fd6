use dogpile::{Dogpile, policy};

static CONFIG: Dogpile<u32> = Dogpile::new(policy!());

fn main() {
    CONFIG.set(1);
}
