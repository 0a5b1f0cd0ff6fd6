use dogpile::{Dogpile, dogpile};

struct Service {
    one: Dogpile<u32>,
}

impl Service {
    #[dogpile(slot = self.one, wait = "2s")]
    fn config(&self) -> Result<u32, Box<dyn std::error::Error>> {
        Ok(1)
    }
}

fn main() {}
