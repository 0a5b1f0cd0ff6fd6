use dogpile::dogpile;

const HOUR: std::time::Duration = std::time::Duration::from_secs(3600);

#[dogpile(expire = HOUR, early = HOUR)]
fn config() -> u32 {
    1
}

fn main() {}
