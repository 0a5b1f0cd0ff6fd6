use dogpile::dogpile;

#[dogpile(expire = "1h")]
fn config() -> u32 {
    let text = "1";
    text
}

fn main() {}
