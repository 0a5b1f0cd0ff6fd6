use dogpile::dogpile;

#[dogpile(expire = "1h", key(tenat, id))]
fn config(tenant: &str, id: u64) -> u64 {
    id + tenant.len() as u64
}

fn main() {}
