use dogpile::dogpile;

#[dogpile(expire = "1h", skip(pair))]
fn config((a, b): (u8, u8)) -> u8 {
    a + b
}

fn main() {}
