use dogpile::dogpile;

#[derive(Clone)]
pub struct Result;

#[dogpile(expire = "1h")]
fn config() -> Result {
    Result
}

fn main() {}
