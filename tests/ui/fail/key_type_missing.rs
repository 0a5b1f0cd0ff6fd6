use dogpile::dogpile;

pub struct User {
    id: u64,
}

#[dogpile(expire = "1h", key(user.id))]
fn config(user: &User) -> u64 {
    user.id
}

fn main() {}
