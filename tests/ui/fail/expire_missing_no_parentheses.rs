use dogpile::dogpile;

#[dogpile]
fn config() -> u32 {
    1
}

fn main() {}
