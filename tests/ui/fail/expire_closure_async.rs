use dogpile::dogpile;

const LIFETIME: std::time::Duration = std::time::Duration::MAX;

#[dogpile(expire = async |_| LIFETIME)]
fn config() -> u32 {
    1
}

fn main() {}
