use dogpile::dogpile;

#[dogpile(expire = "1h")]
pub struct Config;

fn main() {}
