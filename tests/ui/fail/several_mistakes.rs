use dogpile::dogpile;

#[dogpile(expire = 1h, stale = "soon", refresh = background, colour = "red", handle = "H")]
pub const fn config<T>(x: u32) -> impl Copy {
    x
}

fn main() {}
