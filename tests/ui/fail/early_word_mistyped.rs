use dogpile::dogpile;

#[dogpile(expire = "1h", early = "atuo")]
fn config() -> u32 {
    1
}

fn main() {}
