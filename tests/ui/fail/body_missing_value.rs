use dogpile::dogpile;

#[dogpile(expire = "1h")]
fn config() -> u32 {
    let _ = 1;
}

fn main() {}
