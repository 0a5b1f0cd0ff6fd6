use dogpile::dogpile;

#[dogpile(expire = "1h")]
fn config(id: u64, _: u8) -> u64 {
    id
}

fn main() {}
