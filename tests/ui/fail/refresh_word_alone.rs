use dogpile::dogpile;

#[dogpile(expire = "1h", background)]
fn config() -> u32 {
    1
}

fn main() {}
