use dogpile::dogpile;

#[dogpile(expire = "5 fortnights")]
fn config() -> u32 {
    1
}

fn main() {}
