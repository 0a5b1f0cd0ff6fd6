use dogpile::dogpile;

#[dogpile(expire = "1h", stale = "0s", refresh = "background")]
fn config() -> u32 {
    1
}

fn main() {}
