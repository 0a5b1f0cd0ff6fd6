use dogpile::dogpile;

#[dogpile(expire = "1h")]
fn config(buffer: &mut Vec<u8>) -> usize {
    buffer.len()
}

fn main() {}
