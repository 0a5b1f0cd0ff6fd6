use dogpile::dogpile;

#[dogpile(expire = "1h", capacity = "lots")]
fn config(id: u64) -> u64 {
    id
}

fn main() {}
