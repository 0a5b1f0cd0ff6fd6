use dogpile::dogpile;

#[dogpile(expire = "1h", key(id), skip(day))]
fn config(id: u64, day: u8) -> u64 {
    id + u64::from(day)
}

fn main() {}
