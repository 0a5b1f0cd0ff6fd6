use dogpile::dogpile;

#[dogpile(expire = "1h", stale = #[cfg(unix)] "1d")]
fn config() -> u32 {
    1
}

fn main() {}
