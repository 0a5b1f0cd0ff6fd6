use dogpile::dogpile;

#[dogpile(expire = "1h", early = auto)]
fn config() -> u32 {
    1
}

fn main() {}
