use dogpile::dogpile;

#[dogpile(expire = "1h")]
fn config(ratio: f64) -> u64 {
    ratio as u64
}

fn main() {}
