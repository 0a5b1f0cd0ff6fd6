//! `r#` belongs to the source, not to the name.
use dogpile::dogpile;

#[dogpile(expire = "1h", handle = r#static, original = r#loop)]
#[allow(non_upper_case_globals)]
fn r#match() -> u32 {
    r#fn()
}

#[dogpile(r#expire = "1h")]
fn r#fn() -> u32 {
    1
}

mod r#mod {
    #[dogpile::dogpile(expire = "1h", handle = TYPE)]
    pub fn r#type() -> u32 {
        2
    }
}

fn main() {
    assert_eq!((r#match(), r#loop(), r#mod::r#type()), (1, 1, 2));
    assert_eq!(r#static.get(), Some(1));
    let shown = format!("{:?}", r#static);
    assert!(shown.contains("::match\""), "{shown}");
    let shown = format!("{:?}", r#mod::TYPE);
    assert!(shown.contains("type\"") && !shown.contains("::r#type"), "{shown}");
}
