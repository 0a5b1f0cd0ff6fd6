use dogpile::dogpile;

type Outcome = Result<u32, String>;

#[dogpile(expire = "1h")]
async fn config() -> Outcome {
    Ok(1)
}

fn main() {}
