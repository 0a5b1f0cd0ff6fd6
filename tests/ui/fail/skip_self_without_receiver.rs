use dogpile::dogpile;

#[dogpile(expire = "1h", skip(self))]
fn config(id: u64) -> u64 {
    id
}

fn main() {}
