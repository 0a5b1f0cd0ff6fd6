use dogpile::dogpile;

use std::rc::Rc;

#[dogpile(expire = "1h")]
fn config(id: u64, day: Rc<str>) -> u64 {
    id + day.len() as u64
}

fn main() {}
