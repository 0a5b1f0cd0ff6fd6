use dogpile::dogpile;

#[dogpile(expire = "1h", handle = config::HANDLE)]
fn config() -> u32 {
    1
}

fn main() {}
