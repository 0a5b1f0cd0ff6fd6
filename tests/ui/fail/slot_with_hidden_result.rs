use dogpile::{Dogpile, dogpile};

type Outcome = Result<u32, String>;

struct Settings {
    values: Dogpile<Outcome>,
}

impl Settings {
    #[dogpile(slot = self.values)]
    fn config(&self) -> Outcome {
        Ok(1)
    }
}

fn main() {}
