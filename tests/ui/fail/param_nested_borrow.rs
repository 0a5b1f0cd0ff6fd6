use dogpile::dogpile;

#[dogpile(expire = "1h")]
fn config(names: &[&str]) -> usize {
    names.len()
}

fn main() {}
