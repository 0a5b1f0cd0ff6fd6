use dogpile::dogpile;

#[dogpile(expire = 1.5h)]
fn config() -> u32 {
    1
}

fn main() {}
