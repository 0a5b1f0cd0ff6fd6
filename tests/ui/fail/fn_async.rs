use dogpile::dogpile;

#[dogpile(expire = "1h")]
async fn config() -> u32 {
    1
}

fn main() {}
