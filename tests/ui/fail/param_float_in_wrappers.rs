use dogpile::dogpile;

#[dogpile(expire = "1h")]
fn config(ratios: &[Option<f32>]) -> usize {
    ratios.len()
}

fn main() {}
