use dogpile::dogpile;

#[dogpile(expire = "1h", refresh = "background", key(name.len(): usize))]
fn config(name: &str) -> u64 {
    name.len() as u64
}

fn main() {}
