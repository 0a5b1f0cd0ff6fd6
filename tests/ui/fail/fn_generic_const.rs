use dogpile::dogpile;

#[dogpile(expire = "1h")]
fn config<const N: usize>() -> usize {
    N
}

fn main() {}
