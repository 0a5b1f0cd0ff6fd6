use dogpile::dogpile;

#[dogpile(expire = "1h")]
fn config((id, day): (u64, u8)) -> u64 {
    let sum = id + u64::from(day);
    let text = "1";
    if sum > 1 { text } else { sum }
}

fn main() {}
