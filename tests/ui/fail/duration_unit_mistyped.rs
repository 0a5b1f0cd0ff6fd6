use dogpile::dogpile;

#[dogpile(expire = "5 mintes")]
fn config() -> u32 {
    1
}

fn main() {}
