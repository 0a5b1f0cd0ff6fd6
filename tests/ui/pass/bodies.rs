//! What a body may do: `return`, `?`, loops, items, recursion, diverging, coercions.
use dogpile::dogpile;
use std::sync::Arc;

#[dogpile(expire = "1h")]
fn early_return() -> u32 {
    for i in 0.. {
        if i * i > 50 {
            return i;
        }
    }
    unreachable!()
}

#[dogpile(expire = "1h")]
fn question_mark() -> Option<u32> {
    let first = [1, 2, 3].first()?;
    Some(*first)
}

#[dogpile(expire = "1h")]
fn items() -> u32 {
    use std::cmp::max;
    const A: u32 = 3;
    struct B(u32);
    impl B {
        fn get(&self) -> u32 {
            self.0
        }
    }
    macro_rules! twice {
        ($e:expr) => {
            $e * 2
        };
    }
    twice!(max(A, B(5).get()))
}

#[dogpile(expire = "1h")]
fn coerced() -> Arc<dyn Fn(u32) -> u32 + Send + Sync> {
    Arc::new(|x| x + 1)
}

#[dogpile(expire = "1h")]
fn coerced_branches() -> &'static [u8] {
    if early_return() > 5 { &[1, 2] } else { &[] }
}

#[dogpile(expire = "1h", original = mutually_uncached)]
fn mutually() -> u32 {
    early_return() + 1
}

#[allow(unused_variables, clippy::diverging_sub_expression)]
#[dogpile(expire = "1h")]
fn diverging() -> Result<u32, String> {
    let text: String = match std::env::args().count() {
        0 => panic!("no program name"),
        _ => return Err("early".to_owned()),
    };
    #[allow(unreachable_code)]
    Err(text)
}

#[dogpile(expire = "1h")]
fn labelled() -> u32 {
    'outer: loop {
        loop {
            break 'outer 4;
        }
    }
}

#[dogpile(expire = "1h")]
fn unit() {
    let _ = labelled();
}

fn main() {
    assert_eq!((early_return(), question_mark(), items()), (8, Some(1), 10));
    assert_eq!((coerced()(1), coerced_branches(), mutually(), mutually_uncached()), (2, &[1, 2][..], 9, 9));
    assert_eq!((diverging(), labelled()), (Err("early".to_owned()), 4));
    unit();
}
