use dogpile::dogpile;

#[dogpile(expire = "1h", early = true)]
fn config() -> u32 {
    1
}

fn main() {}
