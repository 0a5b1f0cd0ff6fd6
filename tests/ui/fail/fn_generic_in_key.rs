use dogpile::dogpile;

#[dogpile(expire = "1h")]
fn config<T: Into<u64>>(id: T) -> u64 {
    id.into()
}

fn main() {}
