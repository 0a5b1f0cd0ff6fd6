use dogpile::dogpile;

#[dogpile(expire = |_| lifetime)]
fn config(lifetime: std::time::Duration) -> u32 {
    1
}

fn main() {}
