use dogpile::dogpile;

#[dogpile(expire = "1h", refresh = "backgruond")]
fn config() -> u32 {
    1
}

fn main() {}
