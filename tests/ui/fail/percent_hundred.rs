use dogpile::dogpile;

#[dogpile(expire = "1h", jitter = "100 %")]
fn config() -> u32 {
    1
}

fn main() {}
