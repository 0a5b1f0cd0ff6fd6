use dogpile::dogpile;

#[dogpile(expire = |_: &u32| "1h")]
fn config() -> u32 {
    1
}

fn main() {}
