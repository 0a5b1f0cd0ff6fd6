use dogpile::dogpile;

#[dogpile(expire = "1h", stale = |_: &u32| "1h")]
fn config() -> u32 {
    1
}

fn main() {}
