use dogpile::dogpile;

#[dogpile(expire = "1h")]
fn config((a, b): (f64, u8)) -> u8 {
    a as u8 + b
}

fn main() {}
