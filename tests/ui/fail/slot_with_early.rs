use dogpile::{Dogpile, dogpile};

struct Service {
    one: Dogpile<u32>,
}

impl Service {
    #[dogpile(slot = self.one, early = "10%", jitter = "10%", lease = "30s")]
    fn config(&self) -> u32 {
        1
    }
}

fn main() {}
