use dogpile::dogpile;

#[dogpile(expire = "1h", key(id))]
fn config<T: From<u64>>(id: u64) -> T {
    T::from(id)
}

fn main() {}
