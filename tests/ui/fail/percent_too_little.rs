use dogpile::dogpile;

#[dogpile(expire = "1h", jitter = "0.00001%")]
fn config() -> u32 {
    1
}

fn main() {}
