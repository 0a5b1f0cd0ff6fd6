use dogpile::dogpile;

#[dogpile(expire = "1h", jitter = "1.2.3%")]
fn config() -> u32 {
    1
}

fn main() {}
