use dogpile::dogpile;

#[dogpile(expire = "1h")]
const CONFIG: u32 = 1;

fn main() {}
