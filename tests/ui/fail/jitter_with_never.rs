use dogpile::dogpile;

#[dogpile(expire = "never", jitter = "10%")]
fn config() -> u32 {
    1
}

fn main() {}
