use dogpile::dogpile;

pub struct Config;

#[dogpile(expire = "1h")]
impl Config {}

fn main() {}
