use dogpile::dogpile;

#[dogpile(expire = 60)]
fn config() -> u32 {
    1
}

fn main() {}
