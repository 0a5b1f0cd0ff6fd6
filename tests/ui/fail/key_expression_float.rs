use dogpile::dogpile;

#[dogpile(expire = "1h", key(ratio * 2.0: f64))]
fn config(ratio: f64) -> u64 {
    ratio as u64
}

fn main() {}
