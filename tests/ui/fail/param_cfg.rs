use dogpile::dogpile;

#[dogpile(expire = "1h")]
fn config(id: u64, #[cfg(unix)] _day: u8) -> u64 {
    id
}

fn main() {}
