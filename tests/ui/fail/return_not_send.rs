use dogpile::dogpile;
use std::marker::PhantomData;
use std::sync::MutexGuard;

#[derive(Clone)]
struct Guard(PhantomData<MutexGuard<'static, ()>>);

#[dogpile(expire = "1h")]
fn config() -> Guard {
    Guard(PhantomData)
}

fn main() {}
