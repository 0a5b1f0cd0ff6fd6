use dogpile::dogpile;

#[dogpile(expire = "soon")]
fn config() -> u32 {
    1
}

fn main() {}
