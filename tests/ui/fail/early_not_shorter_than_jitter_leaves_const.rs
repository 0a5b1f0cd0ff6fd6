use dogpile::dogpile;
use std::time::Duration;

const EARLY: Duration = Duration::from_secs(54 * 60);

#[dogpile(expire = "1h", early = EARLY, jitter = "10%")]
fn config() -> u8 {
    1
}

fn main() {
    config();
}
