use dogpile::dogpile;

#[dogpile(expire = "1h", skip(databse))]
fn config(database: &u8, id: u64) -> u64 {
    id + u64::from(*database)
}

fn main() {}
