use dogpile::dogpile;

#[dogpile(expire = "1h", skip())]
fn config(id: u64) -> u64 {
    id
}

fn main() {}
