use dogpile::dogpile;

#[dogpile(expire = "1h")]
fn config() -> ! {
    panic!()
}

fn main() {}
