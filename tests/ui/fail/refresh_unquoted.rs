use dogpile::dogpile;

#[dogpile(expire = "1h", refresh = background)]
fn config() -> u32 {
    1
}

fn main() {}
