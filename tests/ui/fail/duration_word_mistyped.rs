use dogpile::dogpile;

#[dogpile(expire = "Never")]
fn config() -> u32 {
    1
}

fn main() {}
