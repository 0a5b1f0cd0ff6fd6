use dogpile::dogpile;

#[dogpile(expire = "1h")]
async fn config() -> u32 {
    let _ = 1;
}

fn main() {}
