use dogpile::dogpile;

#[dogpile(expire = "1h")]
trait Config {}

fn main() {}
