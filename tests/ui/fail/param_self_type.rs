use dogpile::dogpile;

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Day(u8);

impl Day {
    #[dogpile(expire = "1h")]
    fn after(day: Self) -> u8 {
        day.0 + 1
    }
}

fn main() {}
