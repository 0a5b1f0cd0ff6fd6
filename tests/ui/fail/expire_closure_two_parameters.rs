use dogpile::dogpile;

#[dogpile(expire = |value, other| value.lifetime(other))]
fn config() -> u32 {
    1
}

fn main() {}
