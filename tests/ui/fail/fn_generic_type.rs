use dogpile::dogpile;

#[dogpile(expire = "1h")]
fn config<T: Default>() -> u32 {
    let _ = T::default();
    1
}

fn main() {}
