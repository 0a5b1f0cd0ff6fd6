use dogpile::dogpile;

#[dogpile(expire = "1h")]
mod config {}

fn main() {}
