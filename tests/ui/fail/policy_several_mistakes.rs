use dogpile::{Dogpile, policy};

static CONFIG: Dogpile<u32> = Dogpile::new(policy!(expire = 60, stale = "soon", colour = 1));

fn main() {
    CONFIG.set(1);
}
