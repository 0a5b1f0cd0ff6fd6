use dogpile::dogpile;

#[dogpile(expire = "1h", refresh = 1)]
fn config() -> u32 {
    1
}

fn main() {}
