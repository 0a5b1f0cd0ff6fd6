use dogpile::dogpile;

#[dogpile(expire = "1h")]
fn config(names: Vec<&str>) -> usize {
    names.len()
}

fn main() {}
