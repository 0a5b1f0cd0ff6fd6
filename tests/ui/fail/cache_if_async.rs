use dogpile::dogpile;

#[dogpile(expire = "1h", cache_if = async |value| true)]
fn config() -> u32 {
    1
}

fn main() {}
