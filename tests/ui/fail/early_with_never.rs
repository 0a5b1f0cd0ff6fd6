use dogpile::dogpile;

#[dogpile(expire = "never", early = "5m")]
fn config() -> u32 {
    1
}

fn main() {}
