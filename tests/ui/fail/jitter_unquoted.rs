use dogpile::dogpile;

#[dogpile(expire = "1h", jitter = 10%, stale = "1d")]
fn config() -> u32 {
    1
}

fn main() {}
