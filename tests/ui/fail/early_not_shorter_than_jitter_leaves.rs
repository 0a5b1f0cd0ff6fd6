use dogpile::dogpile;

#[dogpile(expire = "1h", early = "30m", jitter = "50%")]
fn config() -> u32 {
    1
}

fn main() {}
