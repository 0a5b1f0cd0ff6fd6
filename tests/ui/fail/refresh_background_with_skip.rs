use dogpile::dogpile;

#[dogpile(expire = "1h", refresh = "background", skip(database))]
fn config(database: &str, id: u64) -> u64 {
    id + database.len() as u64
}

fn main() {}
