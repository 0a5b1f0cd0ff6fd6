use dogpile::{Dogpile, dogpile};

type Outcome = Result<u32, String>;

struct Store {
    one: Dogpile<Outcome>,
}

impl Store {
    #[dogpile(slot = self.one)]
    async fn config(&self) -> Outcome {
        Ok(1)
    }
}

fn main() {}
