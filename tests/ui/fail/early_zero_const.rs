use dogpile::dogpile;

const NONE: std::time::Duration = std::time::Duration::ZERO;

#[dogpile(expire = "1h", early = NONE)]
fn config() -> u32 {
    1
}

fn main() {}
