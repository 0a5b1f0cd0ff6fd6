use dogpile::dogpile;
use std::rc::Rc;

#[dogpile(expire = "1h", refresh = "background")]
async fn config() -> u32 {
    let one = Rc::new(1);
    std::future::ready(()).await;
    *one
}

fn main() {}
