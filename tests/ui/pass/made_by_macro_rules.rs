//! Functions, and parts of them, that come out of `macro_rules!`.
use dogpile::dogpile;

macro_rules! cached {
    ($(#[$attr:meta])* $vis:vis fn $name:ident() -> $ty:ty $body:block, $lifetime:expr, $handle:ident) => {
        $(#[$attr])*
        #[dogpile(expire = $lifetime, handle = $handle, cache_if = |value| *value > 0)]
        $vis fn $name() -> $ty $body
    };
}

cached!(
    /// Documented.
    #[must_use]
    pub fn three() -> u32 { 3 }, "1h", THREE
);
cached!(fn four() -> Result<u32, String> { Ok("4".parse::<u32>().map_err(|e| e.to_string())?) }, "1h", FOUR);
cached!(fn five() -> u32 { 5 }, std::time::Duration::from_secs(5), FIVE);

macro_rules! whole_item {
    ($item:item) => {
        #[dogpile(expire = "1h")]
        $item
    };
}

whole_item! {
    fn six() -> u32 {
        6
    }
}

macro_rules! ten_times {
    ($($name:ident = $value:literal),*) => {
        $(#[dogpile(expire = "1h")] fn $name() -> u32 { let value = $value; value * 10 })*
    };
}

ten_times!(seventy = 7, eighty = 8);

macro_rules! hygienic {
    ($($name:ident: $expr:expr),*) => {
        // A local of the macro's with the name of one of ours, and the user's expression beside it.
        $(#[dogpile(expire = "1h")] fn $name() -> u32 { let __dogpile_body = 40; __dogpile_body + $expr })*
    };
}

hygienic!(forty_two: 2);

macro_rules! through_dollar_crate {
    () => {
        #[dogpile(expire = "1h", crate = $crate::reexported::dogpile)]
        fn nine() -> Result<u32, String> {
            Ok(9)
        }
    };
}

mod reexported {
    pub use dogpile;
}

through_dollar_crate!();

macro_rules! keyed {
    ($name:ident, $pat:pat, $ty:ty, $arg:ident: $of:ty, $refresh:literal, $body:expr) => {
        #[dogpile(expire = "1h", refresh = $refresh, capacity = 10)]
        fn $name($pat: $ty, $arg: $of, inner: u8) -> u32 {
            u32::from(inner) + $body
        }
    };
}

keyed!(patterns, (a, mut b), (u32, u32), name: &str, "caller", { b += a; b + name.len() as u32 });
keyed!(in_background, (a, mut b), (u32, u32), name: &str, "background", { b += a; b + name.len() as u32 });

macro_rules! picked {
    ($name:ident, $arg:ident, $part:expr, $ty:ty, $skipped:ident) => {
        #[dogpile(expire = "1h", key($part: $ty, $arg))]
        fn $name($arg: $ty, $skipped: f64) -> u32 {
            $part.len() as u32 + $skipped as u32
        }
    };
}

picked!(picked_part, text, text.trim(), &str, scale);

struct Slots {
    many: dogpile::DogpileMap<u8, u32>,
}

macro_rules! slot {
    ($name:ident, $self:ident, $slot:expr, $arg:ident) => {
        impl Slots {
            #[dogpile(slot = $slot)]
            fn $name(&$self, $arg: u8) -> u32 {
                $arg.into()
            }
        }
    };
}

slot!(many, self, self.many, id);

fn main() {
    assert_eq!((patterns((1, 2), "abc", 4), in_background((1, 2), "abc", 4)), (10, 10));
    assert_eq!(picked_part(" a ", 2.5), 3);
    assert_eq!(Slots { many: dogpile::DogpileMap::new(dogpile::policy!(expire = "1h")) }.many(5), 5);

    assert_eq!((three(), four(), five(), six()), (3, Ok(4), 5, 6));
    assert_eq!((THREE.get(), FOUR.get(), FIVE.get()), (Some(3), Some(4), Some(5)));
    assert_eq!((seventy(), eighty(), forty_two(), nine()), (70, 80, 42, Ok(9)));
}
