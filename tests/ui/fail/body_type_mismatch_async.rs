use dogpile::dogpile;

#[dogpile(expire = "1h")]
async fn config(path: &str) -> u32 {
    let text = path;
    text
}

fn main() {}
