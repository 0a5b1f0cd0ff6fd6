use dogpile::dogpile;

#[dogpile(expire = "1h", refresh = "background")]
fn config(name: &'static str) -> &'static str {
    name
}

fn main() {}
