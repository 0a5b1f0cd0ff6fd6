use dogpile::dogpile;

#[dogpile(expire = "1h", key(name: u64))]
fn config(name: &str) -> u64 {
    name.len() as u64
}

fn main() {}
