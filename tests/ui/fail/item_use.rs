use dogpile::dogpile;

#[dogpile(expire = "1h")]
pub use std::mem;

fn main() {}
