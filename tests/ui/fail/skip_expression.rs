use dogpile::dogpile;

#[dogpile(expire = "1h", skip(user.name))]
fn config(user: u64) -> u64 {
    user
}

fn main() {}
