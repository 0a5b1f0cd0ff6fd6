use dogpile::{Dogpile, policy};

static CONFIG: Dogpile<u32> = Dogpile::new(policy!(expire = "1h", handle = CONFIG));

fn main() {
    CONFIG.set(1);
}
