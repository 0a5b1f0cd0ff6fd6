use dogpile::dogpile;

macro_rules! add_to {
    ($name:ident) => {
        #[dogpile(expire = "1h", skip($name))]
        fn sum(number: u32, $name: u32) -> u32 {
            number + $name
        }
    };
}

add_to!(number);

fn main() {
    sum(1, 2);
}
