use dogpile::dogpile;

#[derive(Clone, PartialEq, Eq)]
pub struct Day(u8);

#[dogpile(expire = "1h")]
fn config(id: u64, day: Day) -> u64 {
    id + u64::from(day.0)
}

fn main() {}
