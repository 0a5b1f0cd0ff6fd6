use dogpile::dogpile;
use std::sync::Arc;

#[dogpile(expire = "1h")]
fn length_of(text: &str) -> Arc<dyn Fn() -> usize + Send + Sync + '_> {
    Arc::new(move || text.len())
}

fn main() {}
