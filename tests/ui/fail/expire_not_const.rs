use dogpile::dogpile;

fn lifetime() -> std::time::Duration {
    std::time::Duration::from_secs(1)
}

#[dogpile(expire = lifetime())]
fn config() -> u32 {
    1
}

fn main() {}
